"""Batches: one batch with how far it came, its leads, what stayed, how it was made, and what can be done with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

import ui
from analytics.batch_compare import age_in_days, by_operator, compare_batches
from analytics.rates import wilson_interval
from export import file_name, void_batch
from preflight import rejects_csv
from stores import batches
from turso_db import Database
from vanillasoft_layout import read_layout
from vanillasoft_workbook import workbook_bytes
from views.light_table import show_table

_STEPS = {"contacted": "Contacted", "appointments": "Appointments", "deliveries": "Delivered"}


def void_now(frame: ui.Frame, batch_id: str) -> None:
    """Callback: make the batch void."""
    with ui.act():
        void_batch(frame.db, batch_id=batch_id, reason=st.session_state.get("void_reason", ""),
                   now=datetime.now(UTC).replace(microsecond=0), actor=frame.actor)  # fmt: skip
        ui.flash("success", f"{batch_id} is void. Its leads are free for another export.")


def batch_readers(batch_id: str) -> list[Callable[[Database], Any]]:
    """What one batch is shown from, for ui.read_all at the top of the page."""
    return [
        partial(batches.read_batch, batch_id=batch_id),
        partial(batches.read_batch_leads, batch_id=batch_id, limit=500),
        partial(batches.read_misses, batch_id=batch_id, limit=500),
    ]


def show_batch(frame: ui.Frame, batch: dict[str, Any], every: pd.DataFrame) -> None:
    """One batch; `every` is all batches with their companies and outcomes (stores.batches.read_batches)."""
    batch_id = batch["batch_id"]
    st.subheader(batch_id, anchor=False)
    if batch["status"] == "void":
        st.warning(
            ui.plain(
                f"Void since {ui.day(batch['voided_at'])} by {batch['voided_by']}: {batch['void_reason']}"
            )
        )
    made = json.loads(batch["parameters"])
    if made.get("made_elsewhere"):
        _show_made_elsewhere(batch, made)
    else:
        _show_file(frame, batch)
    mine = every[every["batch_id"] == batch_id]
    parts: dict[str, Callable[[], Any]] = {
        "Conversion so far": partial(show_conversion, frame, mine.iloc[0].to_dict() if len(mine) else None),
        "Compare": partial(show_comparison, frame, batch_id, every),
        "Leads": partial(_show_leads, frame, batch_id),
        "Did not go out": partial(_show_misses, frame, batch),
        "How it was made": partial(
            st.json, made | {"operator": batch["operator_name"], "segment": batch["segment"]}
        ),
    }
    tabs = st.tabs(list(parts), key="part", on_change="rerun", bind="query-params")
    for tab, show in zip(tabs, parts.values(), strict=True):
        if tab.open:
            with tab:
                show()
    if batch["status"] == "closed" and frame.may("ops"):
        with st.popover("Make this batch void", icon=":material/block:"):
            st.write(
                "Its leads become free for another export; the ID is never used again and its history stays."
            )
            st.text_input("Reason", key="void_reason", max_chars=300)
            st.button("Make void", type="primary", on_click=void_now, args=(frame, batch_id))


def _show_made_elsewhere(batch: dict[str, Any], made: dict[str, Any]) -> None:
    """How a batch came in whose file was made before this product, or beside it."""
    scores = f" with the scores of version {batch['weight_version']}" if batch["weight_version"] else ""
    st.markdown(ui.plain(
        f"{batch['exported']:,} leads, exported {ui.day(batch['exported_at'])} by another tool{scores}, and brought in by "
        f"{made.get('imported_by')} on {ui.day(made.get('imported_at'))} from {batch['source_file'] or 'an unnamed file'}."
    ))  # fmt: skip
    st.info(
        "Its file was made elsewhere, so there is none to download here. Its leads and their outcomes count like all others.",
        icon=":material/info:",
    )


def _show_file(frame: ui.Frame, batch: dict[str, Any]) -> None:
    """How a batch was exported, what of its source went out, and its file again."""
    batch_id = batch["batch_id"]
    st.markdown(ui.plain(
        f"{batch['exported']:,} leads, exported {ui.day(batch['exported_at'])} by {batch['exported_by']} "
        f"({'by distance' if batch['workflow_type'] == 'geography' else 'by buying signal'}) with the scores of version "
        f"{batch['weight_version']}, from {batch['source_file'] or 'an unnamed file'}."
    ))  # fmt: skip
    with st.container(horizontal=True):
        for name, label in (("rows_in", "In the file"), ("exported", "Exported"), ("excluded", "Filtered out"),
                            ("duplicates", "Duplicates"), ("suppressed", "Do not call"), ("rejected", "Unreadable")):  # fmt: skip
            st.metric(label, f"{batch[name]:,}", border=True)
    with st.container(horizontal=True):
        st.download_button(
            "Download the file again", lambda: batches.read_batch_csv(frame.db, batch_id=batch_id) or b"",
            file_name(batch_id), "text/csv", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "To look at in Excel", lambda: _workbook(frame, batch_id), file_name(batch_id).replace(".csv", ".xlsx"),
            icon=":material/table:", on_click="ignore", key="workbook",
        )  # fmt: skip
    st.caption(f"SHA-256 {batch['sha256']}")


def _workbook(frame: ui.Frame, batch_id: str) -> bytes:
    content = batches.read_batch_csv(frame.db, batch_id=batch_id) or b""
    return workbook_bytes(content, read_layout(frame.settings.config_dir))


def maturity(frame: ui.Frame, batch: dict[str, Any]) -> str:
    """How old the batch is, and whether it can be judged."""
    needed = frame.icp.data["calibration"]["maturity_days"]
    age = age_in_days(batch["exported_at"], pd.Timestamp(frame.now))
    if age >= needed:
        return f"{age} days old: old enough to judge."
    return (
        f"{age} days old: too young to judge before it is {needed}; what is not delivered yet may still come."
    )


def show_conversion(frame: ui.Frame, batch: dict[str, Any] | None) -> None:
    """How many of the batch's companies came how far, with intervals."""
    if batch is None or not batch["companies"]:
        ui.empty("No company of this batch is known yet.")
        return
    n = int(batch["companies"])
    low, high = wilson_interval([batch[step] for step in _STEPS], [n] * len(_STEPS))
    with st.container(horizontal=True):
        age = ui.many(age_in_days(batch["exported_at"], pd.Timestamp(frame.now)), "day")
        st.metric("Companies", ui.count(n), f"{age} old", delta_color="off", delta_arrow="off", border=True)
        for (step, label), down, up in zip(_STEPS.items(), low, high, strict=True):
            st.metric(label, f"{ui.count(batch[step])} · {ui.percent(batch[step] / n)}", f"95 % interval {ui.interval(down, up)}",
                      delta_color="off", delta_arrow="off", border=True)  # fmt: skip
    st.caption(f"The batch is {maturity(frame, batch)}")


def show_operators(frame: ui.Frame, every: pd.DataFrame) -> None:
    """What became of the companies found for each operator; `every`: stores.batches.read_batches."""
    table = by_operator(
        every, now=pd.Timestamp(frame.now), maturity_days=frame.icp.data["calibration"]["maturity_days"]
    )
    old = table["companies"] - table["too_young"]
    told = [f"{ui.percent(r)} ({ui.interval(lo, hi)})" if n else "too young"
            for r, lo, hi, n in zip(table["rate"], table["low"], table["high"], old, strict=True)]  # fmt: skip
    than = {"above": "above the rate of all", "below": "below the rate of all"}
    says = [
        than.get(t, "not distinguishable from all") if n else "–"
        for t, n in zip(table["than_all"].fillna(""), old, strict=True)
    ]
    st.dataframe(
        table.assign(told=told, old=old, says=says).head(500),
        column_order=("operator", "told", "deliveries", "old", "companies", "batches", "says"),
        hide_index=True, alt="Deliveries by operator, most companies first", height=min(390, 38 + 35 * len(table)), key="operators_table",
        column_config={"operator": st.column_config.TextColumn("Operator", pinned=True), "batches": "Batches",
                       **{name: st.column_config.NumberColumn(label, format="localized") for name, label in
                          (("companies", "Companies"), ("old", "of companies old enough"), ("deliveries", "Delivered"))},
                       "told": st.column_config.TextColumn("Rate (95 % interval)", width="medium"), "says": "Which is"},
    )  # fmt: skip


def show_comparison(frame: ui.Frame, batch_id: str, every: pd.DataFrame) -> None:
    """The batch beside another one, with the difference and whether it is more than chance."""
    others = [other for other in every["batch_id"] if other != batch_id]
    if not others or len(others) == len(
        every
    ):  # the ledger lists the newest batches; an older one stands alone
        ui.empty("There is no other batch to compare with yet.")
        return
    chosen = st.selectbox("With", others, index=None, key="compare_with", placeholder="Choose a batch", bind="query-params")  # fmt: skip
    if chosen is None:
        st.caption("Choose another batch to see how far its companies came beside this one.")
        return
    both = every.set_index("batch_id").loc[[batch_id, chosen]].reset_index().to_dict("records")
    first, second = ({str(k): v for k, v in row.items()} for row in both)
    table = compare_batches(first, second)
    show_table(
        pd.DataFrame({
            "Came to": table["step"].map(_STEPS),
            first["batch_id"]: [_told(*row) for row in zip(table["first"], table["first_rate"], table["first_low"], table["first_high"], strict=True)],
            second["batch_id"]: [_told(*row) for row in zip(table["second"], table["second_rate"], table["second_low"], table["second_high"], strict=True)],
            "Difference (95 % interval)": [f"{ui.signed(100 * d, 1)} points ({ui.signed(100 * lo, 1)} to {ui.signed(100 * hi, 1)})" if pd.notna(d) else "–"
                           for d, lo, hi in zip(table["difference"], table["difference_low"], table["difference_high"], strict=True)],
            "Which is": ["more than chance" if distinct else "not distinguishable from chance" for distinct in table["distinct"]],
        }),
        title="Two batches beside each other",
    )  # fmt: skip
    rows: list[tuple[str, str, Callable[[Any], Any]]] = [
        ("Exported", "exported_at", ui.day), ("By", "exported_by", ui.blank), ("Workflow", "workflow_type", ui.WORKFLOW_NAMES.get),
        ("Scores of version", "weight_version", ui.count), ("Operator", "operator_name", ui.blank), ("Leads", "exported", ui.count),
        ("Companies", "companies", ui.count), ("Status", "status", ui.blank),
    ]  # fmt: skip
    show_table(
        pd.DataFrame([
            {"Batch": label} | {batch["batch_id"]: told(batch[name]) or "–" for batch in (first, second)} for label, name, told in rows
        ]),
        title="How both batches were made",
    )  # fmt: skip
    st.caption(f"{batch_id} is {maturity(frame, first)} {chosen} is {maturity(frame, second)}")


def _told(number: int, rate: float, low: float, high: float) -> str:
    return f"{number:,} · {ui.percent(rate)} ({ui.interval(low, high)})"


def _show_leads(frame: ui.Frame, batch_id: str) -> None:
    rows = ui.read(frame, batches.read_batch_leads, batch_id=batch_id, limit=500)
    st.dataframe(
        rows.assign(outcome=rows["outcome"].fillna("open")).drop(columns=["id", "row_number"]), hide_index=True,
        alt="The leads of the batch with their scores and outcomes", key="batch_leads", selection_mode="single-row",
        on_select=partial(ui.open_row, "lead", "batch_leads", rows["id"].tolist()),
        column_config={
            "company_name": st.column_config.TextColumn("Company", pinned=True), "city": "City", "state": "State",
            "zip_code": "ZIP", "sic_code": "SIC", "employee_count": "Employees", "outcome": "Outcome",
            "distance_miles": st.column_config.NumberColumn("Miles", format="%.1f"), "outcome_at": ui.day_column("Since"),
            "hades_score": st.column_config.ProgressColumn("Score", min_value=0, max_value=100, format="%d"),
            "left_out_because": st.column_config.TextColumn("By chance, although", width="medium"),
        },
    )  # fmt: skip
    place = ui.named("lead", rows["id"].tolist(), "lead")
    if place is None:
        st.caption("Tick a lead to take its score apart.")
        return
    st.page_link("pages/10_Test_a_Lead.py", label=ui.plain(f"Take {rows['company_name'].iloc[place]} apart"),
                 icon=":material/science:", query_params={"lead": str(rows["id"].iloc[place])})  # fmt: skip


def _show_misses(frame: ui.Frame, batch: dict[str, Any]) -> None:
    gone = ui.read(frame, batches.read_misses, batch_id=batch["batch_id"], limit=500)
    if gone.empty:
        st.info("Every row of the file went out.")
        return
    st.dataframe(gone, hide_index=True, alt="Rows that did not go out, with the reason",
                 column_config={"row_number": "Row", "kind": "Kind", "company_name": "Company",
                                "reason": st.column_config.TextColumn("Reason", width="large")})  # fmt: skip
    st.download_button(
        "Download all rows that stayed, with the reason",
        lambda: rejects_csv(batches.read_misses(frame.db, batch_id=batch["batch_id"], limit=1_000_000)),
        f"{batch['batch_id']}_not_exported.csv", "text/csv", on_click="ignore", icon=":material/download:",
    )  # fmt: skip
