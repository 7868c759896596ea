"""What became of the leads: milestones from files, the unmatched log, the history before this product."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import streamlit as st

import ui
from outcomes import HISTORICAL_COLUMNS, OUTCOME_COLUMNS, Imported, import_historical, import_outcomes
from stores import outcomes, unmatched


def import_now(frame: ui.Frame, importer: Callable[..., Imported], key: str, what: str) -> None:
    """Callback: bring the uploaded file in and say what happened to every row."""
    upload = st.session_state.get(key)
    if upload is None:
        ui.flash("info", "Choose a file first.")
        return
    with ui.act():
        done = importer(
            frame.db,
            content=upload.getvalue(),
            name=upload.name,
            now=datetime.now(UTC).replace(microsecond=0),
            actor=frame.actor,
        )
        told = ", ".join(f"{number:,} {name}" for name, number in done.counts.items())
        ui.flash("warning" if done.rejected else "success", f"{what}: {told}. " + " ".join(done.notes))
        st.session_state["rejected"] = done.rejected


def importer_panel(
    frame: ui.Frame,
    importer: Callable[..., Imported],
    key: str,
    what: str,
    columns: Sequence[str],
    words: str,
) -> None:
    """A file and the button that brings it in."""
    st.file_uploader(f"{what}, CSV or .xlsx", type=["csv", "xlsx"], key=key, max_upload_size=50,
                     help="Columns in any order: " + ", ".join(columns))  # fmt: skip
    st.button(
        "Import",
        key=f"import_{key}",
        on_click=import_now,
        args=(frame, importer, key, what),
        disabled=not frame.may("ops"),
    )
    st.caption(f"Columns: {', '.join(columns)}. {words} Importing a file twice changes nothing.")
    st.download_button(
        "Take a template", (",".join(columns) + "\r\n").encode(), f"{key}_template.csv", "text/csv",
        type="tertiary", icon=":material/download:", on_click="ignore", key=f"template_{key}",
    )  # fmt: skip


with ui.page("Outcomes") as frame:
    history = ui.read(frame, outcomes.count_historical)
    funnel = ui.read(frame, outcomes.read_funnel)
    open_rows = ui.read(frame, unmatched.count_unmatched)
    st.markdown(
        f"#### {funnel['delivery']:,} of {funnel['exported']:,} exported companies were delivered so far"
    )
    with st.container(horizontal=True):
        for name, label in (
            ("exported", "Exported"),
            ("contacted", "Contacted"),
            ("appointment", "Appointment"),
            ("delivery", "Delivered"),
        ):
            st.metric(label, ui.count(funnel[name]), border=True)
        st.metric("Unmatched rows", ui.count(open_rows), border=True)
    if rejected := st.session_state.get("rejected"):
        st.dataframe([{"Row": number, "Why it was not used": why} for number, why in rejected[:500]], hide_index=True,
                     alt="Rows of the last import that could not be used")  # fmt: skip
    feed, missed, files, past = st.tabs(
        ["Newest", f"Unmatched ({open_rows:,})", "Import outcomes", "History before HADES"], key="views"
    )
    with feed:
        rows = ui.read(frame, outcomes.read_feed, limit=300)
        if rows.empty:
            ui.empty(
                "No outcome has come in yet. Import a file, or connect Zoho.",
                "pages/3_Operators.py",
                "Connect Zoho",
            )
        else:
            st.dataframe(rows, hide_index=True, alt="The newest outcomes", column_config={
                "happened_at": st.column_config.DateColumn("When"), "milestone": "Milestone", "company_name": "Company",
                "state": "State", "batch_id": "Batch", "hades_score": "Score", "source": "From", "detail": "As spelled there"})  # fmt: skip
    with missed:
        rows = ui.read(frame, unmatched.read_unmatched, limit=500)
        if rows.empty:
            st.success("Every outcome found its lead.", icon=":material/check_circle:")
        else:
            st.write("These outcomes count for nobody yet. Correct the batch ID or the company name where they come from; "
                     "the next import then finds them.")  # fmt: skip
            st.dataframe(rows[["source", "batch_id", "company_name", "milestone", "happened_at", "why", "seen_at"]], hide_index=True, alt="Outcomes without a lead", column_config={
                "source": "From", "batch_id": "Batch", "company_name": "Company", "milestone": "Milestone",
                "happened_at": st.column_config.DateColumn("When"), "why": st.column_config.TextColumn("Why", width="large"),
                "seen_at": st.column_config.DateColumn("Last seen")})  # fmt: skip
    with files:
        importer_panel(
            frame,
            import_outcomes,
            "outcome_file",
            "Outcomes",
            OUTCOME_COLUMNS,
            "A milestone is contacted, appointment, delivery, churned or lost.",
        )
    with past:
        st.write(f"{history['leads']:,} leads with {history['deliveries']:,} deliveries; {history['without_sic']:,} without SIC, "
                 f"{history['without_size']:,} without size.")  # fmt: skip
        importer_panel(
            frame,
            import_historical,
            "history_file",
            "History",
            HISTORICAL_COLUMNS,
            "An outcome is delivery or no_delivery.",
        )
