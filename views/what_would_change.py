"""Score Calibration: what the ticked rows would change, lead by lead, before anyone signs."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import streamlit as st

import ui
from analytics.ranking import ENTERS, LEAVES, STAYS
from analytics.ranking_charts import rank_slopes
from change_preview import Pool, Preview, preview_change
from errors import InputError, Refused
from icp import parse_icp
from score_changes import change_of_run, pick_rows
from views.plain_words import prediction_sentence

WORDS = {ENTERS: "▲ comes in", LEAVES: "▼ drops out", STAYS: "stays", "": ""}
MOST_ROWS = 500

Waiting = tuple[pd.DataFrame, dict[str, Any]]  # as change_preview.preview_change takes it


@st.cache_data(max_entries=8, show_spinner="Ranking the leads again")
def _previewed(
    _frame: ui.Frame,
    before: str,
    after: str,
    population: str,
    stamp: tuple[Any, ...],
    _waiting: Waiting | None,
) -> Preview:
    """The preview of one text of icp.yaml against another; `stamp` stands for the data, the day and the leads that wait.

    It is kept for everybody: whatever one person's session holds comes in as an argument, and into the stamp.
    """
    return preview_change(
        _frame.db, parse_icp(before), parse_icp(after), as_of=_frame.today, population=population, waiting=_waiting
    )  # fmt: skip


def preview_of(
    frame: ui.Frame, run: dict[str, Any], names: list[tuple[str, str]], *, extend: bool = False
) -> Preview:
    """What these rows of the run would change, from the cache where nothing changed since."""
    proposed, _ = change_of_run(frame.icp, pick_rows(run, names), extend_filter=extend)
    return preview_of_text(frame, proposed.text, run["population"])


def preview_of_text(frame: ui.Frame, text: str, population: str) -> Preview:
    """What this text of icp.yaml would change."""
    leads, chosen, content = st.session_state.get("waiting_leads", (None, {}, ()))
    stamp = (frame.data_version, str(frame.today), content)
    waiting = None if leads is None else (leads, chosen)
    return _previewed(frame, frame.icp.text, text, population, stamp, waiting)


def show_change(frame: ui.Frame, run: dict[str, Any], ticked: list[tuple[str, str]]) -> None:
    """What the ticked rows of a report would change; a sentence where they cannot change anything."""
    try:
        preview = preview_of(frame, run, ticked)
    except (InputError, Refused) as error:
        st.warning(ui.plain(str(error)))
        return
    show_preview(preview, f"run_{run['run_id']}")


def show_preview(preview: Preview, key: str) -> None:
    """The promise, and per pool of leads the picture and who enters and leaves by name."""
    if not preview.pools:
        st.info(
            "No batch was exported yet and no file waits, so there is no lead to rank.",
            icon=":material/info:",
        )
        return
    st.markdown(ui.plain(prediction_sentence(preview.prediction, judged=preview.judged)))
    for workflow, version in preview.by_model.items():
        st.info(
            f"Leads {ui.WORKFLOW_NAMES.get(workflow, workflow).lower()} are scored by model {version}, so a change of points moves none of them "
            "until the weights score them again.",
            icon=":material/info:",
        )
    named = {pool.name: pool for pool in preview.pools}
    picked = st.segmented_control(
        "Leads", list(named), default=next(iter(named)), required=True, key=f"pool_{key}",
        format_func=lambda name: pool_name(named[name]),
    )  # fmt: skip
    show_pool(named[picked or next(iter(named))], key)
    st.caption(
        "Each lead is scored as of its own export, by both sets of scores; the first half of each list counts as called. "
        "The range is that of the expected number: single batches vary more."
    )


def pool_name(pool: Pool) -> str:
    """The name of a list of leads, with its workflow as people call it: `Newest batches by distance (3)`."""
    told = ui.WORKFLOW_NAMES.get(pool.workflow, pool.workflow).lower()
    return re.sub(rf"Newest {re.escape(pool.workflow)} (batch\w*)", rf"Newest \1 {told}", pool.name)


def show_pool(pool: Pool, key: str) -> None:
    """One list of leads: the figures, the picture, and the table."""
    change = pool.change
    figures = st.columns(4)
    figures[0].metric("Called first", f"{change.top:,} of {len(change.table):,}")
    figures[1].metric("Come in", change.entering)
    figures[2].metric("Drop out", change.leaving)
    figures[3].metric(
        "More deliveries", ui.signed(change.extra, 1),
        help="Expected among those called" if pd.isna(change.extra) else f"95 % from {ui.signed(change.extra_low, 1)} to {ui.signed(change.extra_high, 1)}",
    )  # fmt: skip
    if not change.entering and not change.leaving:
        st.info("The same leads would be called first, if in another order.", icon=":material/info:")
    picture, table = st.columns([2, 3])
    with picture:
        st.plotly_chart(
            rank_slopes(change.table, pool.leads["company_name"], top=change.top), key=f"slopes_{key}_{pool.name}", config={"displayModeBar": False},
            alt=f"{pool_name(pool)}: {change.entering} leads come in, {change.leaving} drop out",
        )  # fmt: skip
    with table:
        order = {ENTERS: 0, LEAVES: 1, STAYS: 2, "": 3}
        rows = change.table.assign(order=change.table["change"].map(order)).join(pool.leads)
        rows = rows.sort_values(["order", "rank_suggested"], kind="stable").head(MOST_ROWS)
        st.dataframe(
            pd.DataFrame({
                "Change": [WORDS[word] for word in rows["change"]], "Company": rows["company_name"],
                "Rank now": rows["rank_current"], "then": rows["rank_suggested"],
                "Score now": rows["score_current"], "becomes": rows["score_suggested"],
                "State": rows["state"], "SIC": rows["sic_code"], "From": rows["source"],
            }),
            hide_index=True, height=420, alt=f"{pool_name(pool)}: every lead with its rank now and then", key=f"ranks_{key}_{pool.name}",
            column_config={"Company": st.column_config.TextColumn(width=180), "Change": st.column_config.TextColumn(width=96)},
        )  # fmt: skip
