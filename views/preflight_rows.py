"""Score and Export, third part: the count from the file to the batch, and the rows behind every number."""

from __future__ import annotations

import pandas as pd
import streamlit as st

import ui
from analytics.score_bands import band_names, bands_figure, beside_batches
from lead_test import parts_told
from leads import LeadFile
from preflight import STEPS, Preflight, count_reasons, misses_csv
from views.light_table import show_table

_LABELS = {
    "unreadable": "Unreadable", "filtered": "Filtered out", "do not call": "Do not call", "duplicate": "Twice in the file",
    "exported before": "Exported before", "other contact": "Other contact", "below the cut": "Below the cut",
}  # fmt: skip
_SHOWN = (
    "company_name", "score", "contact", "dial_key", "made_of", "priority", "job_title", "distance_miles", "age_days", "city",
    "state", "zip_code", "sic_code", "employee_count",
)  # fmt: skip
MOST_SHOWN = 500
MOST_REASONS = 8


def show_counts(plan: Preflight, file: LeadFile) -> None:
    """In → every way of staying → ready, as a row of numbers of which one is open."""
    steps = plan.misses["step"].value_counts()
    numbers = {"in": plan.source.rows_in} | {step: int(steps.get(step, 0)) for step in STEPS}
    numbers["ready"] = len(plan.ready)
    named = {"in": "In the file", "ready": "Ready"} | _LABELS
    shown = [name for name, number in numbers.items() if number or name in ("in", "ready")]
    opened = st.segmented_control(
        "From the file to the batch", shown, default="ready", required=True, key="opened", label_visibility="collapsed", bind="query-params",
        format_func=lambda name: f"{named[name]} **{numbers[name]:,}**",
    )  # fmt: skip
    parts = " − ".join(f"{numbers[step]:,} {_LABELS[step].lower()}" for step in STEPS if numbers[step])
    st.caption(
        f"{numbers['in']:,} in{' − ' * bool(parts)}{parts} = {numbers['ready']:,} ready. Open a number to see its rows."
    )
    if opened == "ready":
        _show_ready(plan)
    else:
        _show_misses(plan, file, None if opened == "in" else opened)


def _show_ready(plan: Preflight) -> None:
    """The leads that go out, with the parts of their scores."""
    parts = [c for c in plan.ready.columns if c.endswith("_points")]
    first = plan.ready.head(MOST_SHOWN)
    names = first["first_name"].fillna("") + " " + first["last_name"].fillna("")
    first = first.assign(contact=names.str.strip(), made_of=parts_told(first))
    rows = first[[*(name for name in _SHOWN if first[name].notna().any()), *parts, "left_out_because"]]
    st.dataframe(
        rows, hide_index=True, key="ready_table", alt="The leads that go out, best first",
        column_config={
            "company_name": st.column_config.TextColumn("Company", pinned=True), "priority": "Call priority",
            "score": st.column_config.ProgressColumn("Score", min_value=0, max_value=100, format="%d"),
            "made_of": st.column_config.TextColumn("Made of", width="large"), "job_title": "Title", "dial_key": "Dialled number",
            "age_days": st.column_config.NumberColumn("Signal, days old"),
            "contact": "Contact", "distance_miles": st.column_config.NumberColumn("Miles", format="%.1f"),
            "city": "City", "state": "State", "zip_code": "ZIP", "sic_code": "SIC", "employee_count": "Employees",
            "left_out_because": st.column_config.TextColumn("By chance, although", width="medium") if plan.explored() else None,
            **{c: st.column_config.NumberColumn(c.replace("_", " ").capitalize(), format="%.2f") for c in parts},
        },
    )  # fmt: skip
    _more(len(plan.ready))


def _show_misses(plan: Preflight, file: LeadFile, step: str | None) -> None:
    """The rows that stay at one step, or every row of the file with what becomes of it."""
    rows = plan.misses if step is None else plan.misses[plan.misses["step"] == step]
    _tally(rows)
    shown = rows[["row_number", "company_name", "step", "reason"]].assign(step=rows["step"].map(_LABELS))
    if step is None:
        out = plan.ready[["row_number", "company_name"]].assign(
            step="Ready",
            reason="Goes out with score " + plan.ready["score"].astype("str").fillna("unknown") + ".",
        )
        shown = pd.concat([shown, out]).sort_values("row_number")
    st.dataframe(shown.head(MOST_SHOWN), hide_index=True, alt="Rows of the file with what becomes of them and why", key=f"rows_{step}",
                 column_config={"row_number": "Row", "company_name": "Company", "step": "Becomes",
                                "reason": st.column_config.TextColumn("Why", width="large")})  # fmt: skip
    _more(len(shown))
    st.download_button(
        "Download all rows that stay, with the reason", lambda: misses_csv(plan, file), "not_exported.csv", "text/csv",
        disabled=plan.misses.empty, on_click="ignore", icon=":material/download:", key="rejects",
    )  # fmt: skip


def _tally(misses: pd.DataFrame) -> None:
    """How many rows stay for each reason; nothing where there is one reason or where nearly every row has its own."""
    counted = count_reasons(misses)
    if len(counted) < 2 or len(counted) > len(misses) / 2 > 5:
        return
    first = counted.head(MOST_REASONS)
    lines = [f"- **{rows:,}** {ui.plain(str(reason))}" for reason, rows in first.items()]
    if len(counted) > len(first):
        lines.append(f"- **{counted.sum() - first.sum():,}** for {len(counted) - len(first):,} rarer reasons")
    st.markdown("\n".join(lines))
    st.caption("A row that fails several tests is counted under the first.")


def show_spread(frame: ui.Frame, plan: Preflight, counted: pd.DataFrame) -> None:
    """The scores of the upload by band, beside the last batches (`counted`: stores.batches.read_score_counts)."""
    if plan.ready["score"].notna().sum() == 0:
        st.info("No lead is ready, so there is no distribution.")
        return
    limits = frame.icp.data["call_priority"]
    table = beside_batches(plan.ready["score"], counted, limits)
    st.plotly_chart(
        bands_figure(table),
        key="bands",
        config={"displayModeBar": False},
        alt="Share of leads per band: this upload and the last batches",
    )
    wide = table.assign(
        told=[f"{n:,} ({ui.percent(s, 0)})" for n, s in zip(table["leads"], table["share"], strict=True)]
    )
    wide = wide.pivot_table(index="source", columns="band", values="told", aggfunc="first", sort=False)
    names = band_names(limits)
    wide = wide.rename(columns={band: f"{band} ({names[band]})" for band in names})
    show_table(
        wide.rename_axis("Leads of").reset_index().fillna("–"),
        title="Leads per band",
        numbers=[*wide.columns],
    )


def show_troubles(file: LeadFile) -> None:
    """Cells that could not be used, though their rows are leads."""
    troubles = file.problems[~file.problems["rejected"]]
    if troubles.empty:
        st.success("Every cell could be read.", icon=":material/check_circle:")
        return
    st.dataframe(troubles.head(MOST_SHOWN), hide_index=True, alt="Cells that could not be used",
                 column_config={"row_number": "Row", "column": "Column", "problem": st.column_config.TextColumn("What is wrong", width="large"),
                                "rejected": None})  # fmt: skip
    _more(len(troubles))


def _more(rows: int) -> None:
    if rows > MOST_SHOWN:
        st.caption(f"The first {MOST_SHOWN} of {rows:,} are shown.")
