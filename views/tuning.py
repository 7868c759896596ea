"""Score Calibration, tab Tuning: what outcomes say about the factor of each segment, and its approval."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

import ui
from actors import same_person
from analytics.accuracy import band_rates
from analytics.judged_cases import Judged, judged_leads
from analytics.tuning import (
    HIGHEST,
    LOWEST,
    MOVE,
    RECOMMENDED,
    TuningRules,
    factored,
    ranking_effect,
    read_tuning_rules,
    segment_averages,
    suggested_factors,
)
from score_changes import needs_second
from segment_factors import approve_factors, approve_proposed, close_proposed, propose_factors
from settings import FACTOR_NAME
from stores.accuracy import read_scored_leads
from stores.factor_proposals import read_open
from stores.outcomes import read_outcome_frame
from stores.summary_views import read_views

_RATE = st.column_config.NumberColumn


def approve_now(frame: ui.Frame, segment: str, seen_version: int, evidence: dict[str, Any]) -> None:
    """Callback: the factor that was typed comes into force."""
    with ui.act():
        done = approve_factors(
            frame.db, config_dir=frame.settings.config_dir, factors={segment: float(st.session_state[f"factor_{segment}"])},
            seen_version=seen_version, reason=st.session_state.get("factor_reason", ""),
            now=datetime.now(UTC).replace(microsecond=0), actor=ui.approver(frame), evidence=evidence,
        )  # fmt: skip
        ui.flash("success", f"Version {done.version} is in force: {_told(done.changes)}.")


def propose_now(frame: ui.Frame, segment: str, seen_version: int, evidence: dict[str, Any]) -> None:
    """Callback: the factor that was typed waits for another person."""
    with ui.act():
        propose_factors(
            frame.db, config_dir=frame.settings.config_dir, factors={segment: float(st.session_state[f"factor_{segment}"])},
            seen_version=seen_version, reason=st.session_state.get("factor_reason", ""),
            now=datetime.now(UTC).replace(microsecond=0), actor=ui.approver(frame), evidence=evidence,
        )  # fmt: skip
        ui.flash("success", f"The factor of {segment} is proposed. Another person decides here.")


def decide_now(frame: ui.Frame, proposal: int, is_approved: bool) -> None:
    """Callback: the proposed factor comes into force, or is off the table."""
    reason, now = st.session_state.get("proposed_reason", ""), datetime.now(UTC).replace(microsecond=0)
    with ui.act():
        if is_approved:
            done = approve_proposed(
                frame.db, config_dir=frame.settings.config_dir, proposal=proposal, reason=reason, now=now,
                actor=ui.approver(frame),
            )  # fmt: skip
            ui.flash("success", f"Version {done.version} is in force: {_told(done.changes)}.")
        else:
            close_proposed(frame.db, proposal=proposal, reason=reason, now=now, actor=ui.approver(frame))
            ui.flash("success", "The proposal is off the table. It stays in the audit.")


def show_tuning(frame: ui.Frame) -> None:
    """The whole tab: verdicts, averages, bands, outliers, approval, and who looked at summaries."""
    leads, started, views, waiting = ui.read_all(
        frame, read_scored_leads, partial(read_outcome_frame, population="all"), read_views, read_open
    )
    rules = read_tuning_rules(frame.settings.config_dir)
    factors = frame.icp.data["scoring"]["segments"]
    maturity = frame.icp.data["calibration"]["maturity_days"]
    judged = judged_leads(leads, started, as_of=frame.today, maturity_days=maturity)
    table = suggested_factors(judged.cases.reindex(columns=["segment", "points", "hit"]), factors)
    moved = table[table["verdict"] == MOVE]
    st.markdown(
        f"#### Outcomes contradict the factor of {', '.join(moved['segment'])}" if len(moved)
        else f"#### No segment's factor is contradicted by its {judged.cases['hit'].sum():,} deliveries"
    )  # fmt: skip
    st.caption(
        "A factor multiplies the whole score before the cap at 100. It cannot change who comes first within a segment; it moves a "
        f"segment against the others. From {LOWEST:g} to {HIGHEST:g}; {RECOMMENDED[0]:g} to {RECOMMENDED[1]:g} is recommended."
    )
    if waiting:
        st.info("A proposed factor waits for a decision below.", icon=":material/gavel:")
    with st.container(horizontal=True):
        st.metric("For all segments", f"{frame.settings.environment_factor:g}", border=True, help=f"{FACTOR_NAME} of this machine; no page changes it.")  # fmt: skip
        for segment, factor in factors.items():
            st.metric(ui.plain(segment), f"{factor:g}", border=True)
    _show_factors(table, judged, maturity)
    left, right = st.columns(2, gap="large")
    with left:
        _show_averages(leads, rules)
    with right:
        _show_bands(leads, judged)
    _show_outliers(judged, rules)
    if waiting:
        _show_waiting(frame, waiting)
    _show_approval(frame, table, judged)
    with st.expander(f"Who looked at the summaries of leads ({len(views):,} newest)"):
        st.dataframe(views, hide_index=True, alt="Views of lead summaries, newest first", key="summary_views", column_config={
            "at": ui.time_column(frame, "When"), "event": "Event", "lead_id": "Lead", "domain": "Domain", "segment": "Segment",
            "offer_tier": "Offer tier", "potential": "Potential", "urgency": "Urgency", "viewed_by": "By"})  # fmt: skip


def _show_factors(table: pd.DataFrame, judged: Judged, maturity: int) -> None:
    st.dataframe(
        table, hide_index=True, placeholder="–", alt="What outcomes say about each segment's factor", key="factors",
        column_order=["segment", "verdict", "current", "suggested", "low", "high", "leads", "deliveries", "expected"],
        column_config={
            "segment": "Segment", "verdict": "Verdict", "current": _RATE("In force", format="%.2f"),
            "suggested": _RATE("Suggested", format="%.2f"), "low": _RATE("from", format="%.2f"), "high": _RATE("to", format="%.2f"),
            "leads": _RATE("Judged", format="localized"), "deliveries": "Delivered", "expected": _RATE("Expected by points", format="%.1f")},
    )  # fmt: skip
    named = zip(table["segment"], table["why"], strict=True)
    st.markdown("\n".join(f"- **{ui.plain(segment)}**: {ui.plain(why)}" for segment, why in named))
    st.caption(
        f"Judged: leads exported at least {maturity} days ago; {judged.too_young:,} are too young. The suggestion is pulled toward 1; "
        "the interval is exact and holds the plain ratio of deliveries to those expected."
    )


def _show_averages(leads: pd.DataFrame, rules: TuningRules) -> None:
    st.subheader("Average score by segment", anchor=False)
    table = segment_averages(leads["score"], leads["segment"], rules)
    table["band"] = [f"{low:g}–{high:g}" if low == low else "none" for low, high in zip(table["expected_low"], table["expected_high"], strict=True)]  # fmt: skip
    st.dataframe(
        table, hide_index=True, placeholder="–", alt="Average score by segment beside the expected band", key="averages",
        column_order=["segment", "status", "band", "average", "low", "high", "leads"],
        column_config={"segment": "Segment", "status": "Is", "average": _RATE("Average", format="%.1f"),
                       "low": _RATE("from", format="%.1f"), "high": _RATE("to", format="%.1f"), "band": "Expected",
                       "leads": _RATE("Leads", format="localized")},
    )  # fmt: skip


def _show_bands(leads: pd.DataFrame, judged: Judged) -> None:
    st.subheader("Scores and conversion by band", anchor=False)
    known = leads["score"].dropna().astype("float64")
    spread = band_rates(known, [False] * len(known))["cases"]
    scored = judged.cases[judged.cases["score"].notna()]
    rates = band_rates(scored["score"].astype("float64"), scored["hit"])
    rates = rates.assign(exported=spread, **{name: 100 * rates[name] for name in ("rate", "low", "high")})
    st.dataframe(
        rates, hide_index=True, placeholder="–", alt="Exported leads and their conversion by band of score", key="bands",
        column_order=["band", "exported", "cases", "hits", "rate", "low", "high"],
        column_config={"band": "Score", "exported": _RATE("Exported", format="localized"), "cases": _RATE("Judged", format="localized"),
                       "hits": "Delivered", "rate": _RATE("Rate", format="%.1f %%"), "low": _RATE("from", format="%.1f %%"),
                       "high": _RATE("to", format="%.1f %%")},
    )  # fmt: skip


def _show_outliers(judged: Judged, rules: TuningRules) -> None:
    scored = judged.cases[judged.cases["score"].notna()]
    failed = scored[(scored["score"] >= rules.high_score) & ~scored["hit"].astype(bool)].sort_values(
        "score", ascending=False
    )
    won = scored[(scored["score"] < rules.low_score) & scored["hit"].astype(bool)].sort_values("score")
    shown = {
        "company_name": "Company",
        "segment": "Segment",
        "score": "Score",
        "sic_code": "SIC",
        "state": "State",
        "batch_id": "Batch",
    }
    for title, rows, key in (
        (
            f"High score, not delivered: {len(failed):,} at {rules.high_score:g} or more",
            failed,
            "outliers_high",
        ),
        (f"Low score, delivered: {len(won):,} below {rules.low_score:g}", won, "outliers_low"),
    ):
        with st.expander(title):
            if rows.empty:
                st.write("None.")
            else:
                st.dataframe(
                    rows[list(shown)].head(500),
                    hide_index=True,
                    alt=title,
                    key=key,
                    column_config=dict(shown),
                )


def _show_approval(frame: ui.Frame, table: pd.DataFrame, judged: Judged) -> None:
    st.subheader("Change a factor", anchor=False)
    if not frame.may("manager"):
        st.caption("A manager approves factors.")
        return
    segment = st.selectbox("Segment", table["segment"].tolist(), key="factor_segment", bind="query-params")
    row = table.set_index("segment").loc[segment]
    usual = row["suggested"] if row["verdict"] == MOVE else row["current"]
    factor = st.number_input(
        "Factor", LOWEST, HIGHEST, float(usual), 0.01, key=f"factor_{segment}", format="%.2f"
    )
    points = judged.cases.loc[judged.cases["segment"] == segment, "points"].to_numpy(dtype=float)
    at_top = int((factored(points, float(row["current"])) >= 100).sum())
    _, effect = ranking_effect(points, float(row["current"]), float(factor))
    st.write(f"{effect} {at_top:,} of the judged ones stand at 100 today.")
    if not RECOMMENDED[0] <= factor <= RECOMMENDED[1]:
        st.warning(
            f"{factor:g} is outside the recommended {RECOMMENDED[0]:g} to {RECOMMENDED[1]:g}.",
            icon=":material/warning:",
        )
    st.text_input("Why?", key="factor_reason", max_chars=300)
    ui.ask_at_the_act("factor_name")
    evidence = {name: row[name].item() if hasattr(row[name], "item") else row[name] for name in ("leads", "deliveries", "expected", "low", "high", "verdict")}  # fmt: skip
    two = needs_second(frame.icp)
    st.button("Propose the factor" if two else "Put the factor into force", type="primary", key="approve_factor",
              on_click=propose_now if two else approve_now, args=(frame, segment, frame.weight_version, evidence))  # fmt: skip
    st.caption(
        ("icp.yaml asks for a second approver: another person decides. " if two else "")
        + "It becomes a version like any other and can be rolled back under Current weights."
    )


def _show_waiting(frame: ui.Frame, waiting: dict[str, Any]) -> None:
    """The proposed factor that waits for another person, with its evidence and its decision."""
    evidence = waiting["evidence"]
    st.subheader("A factor waits for a decision", anchor=False)
    with st.container(border=True):
        st.markdown(f"**{ui.plain(_told(waiting['changes']))}**")
        known = f" {evidence['deliveries']:g} of {evidence['leads']:,} judged leads were delivered, {evidence['expected']:.1f} expected by points." if evidence.get("expected") is not None else ""  # fmt: skip
        st.caption(
            ui.plain(
                f"{waiting['proposed_by']} on {ui.day(waiting['at'])}: {waiting['reason'].rstrip('.')}.{known}"
            )
        )
        if not frame.may("manager"):
            return
        is_own = same_person(frame.actor.name, waiting["proposed_by"])
        if is_own:
            st.info("You proposed it: another person decides. You can withdraw it.", icon=":material/group:")
        st.text_input("Why?", key="proposed_reason", max_chars=300, placeholder="A few words for those who look later")  # fmt: skip
        ui.ask_at_the_act("proposed_name")
        with st.container(horizontal=True):
            if not is_own:
                st.button("Approve", type="primary", icon=":material/check:", key="approve_proposed_factor",
                          on_click=decide_now, args=(frame, waiting["id"], True))  # fmt: skip
            st.button("Withdraw" if is_own else "Refuse", icon=":material/close:", key="close_proposed_factor",
                      on_click=decide_now, args=(frame, waiting["id"], False))  # fmt: skip


def _told(changes: list[dict[str, Any]]) -> str:
    return ", ".join(f"{one['value']} from {one['before']:g} to {one['after']:g}" for one in changes)
