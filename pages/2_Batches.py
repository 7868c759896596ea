"""Every batch that ever went out: counts, outcomes so far, the file again, and void."""

import json
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import streamlit as st

import ui
from analytics.rates import wilson_interval
from export import file_name, void_batch
from stores import batches


def void_now(frame: ui.Frame, batch_id: str) -> None:
    """Callback: make the batch void."""
    with ui.act():
        void_batch(frame.db, batch_id=batch_id, reason=st.session_state.get("void_reason", ""),
                   now=datetime.now(UTC).replace(microsecond=0), actor=frame.actor)  # fmt: skip
        ui.flash("success", f"{batch_id} is void. Its leads are free for another export.")


def open_row() -> None:
    """Callback: the ticked row becomes the page's batch, so that the address names it."""
    rows = st.session_state["batch_table"]["selection"]["rows"]
    if rows:
        st.query_params["batch"] = st.session_state["batch_ids"][rows[0]]


def show_batch(frame: ui.Frame, batch: dict[str, Any]) -> None:
    """One batch with its leads, its misses and what can be done with it."""
    st.subheader(batch["batch_id"], anchor=False)
    if batch["status"] == "void":
        st.warning(
            ui.plain(
                f"Void since {ui.day(batch['voided_at'])} by {batch['voided_by']}: {batch['void_reason']}"
            )
        )
    st.markdown(ui.plain(
        f"{batch['exported']:,} leads, exported {ui.day(batch['exported_at'])} by {batch['exported_by']} "
        f"({'by distance' if batch['workflow_type'] == 'geography' else 'by buying signal'}) with the scores of version "
        f"{batch['weight_version']}, from {batch['source_file'] or 'an unnamed file'}."
    ))  # fmt: skip
    with st.container(horizontal=True):
        for name, label in (("rows_in", "In the file"), ("exported", "Exported"), ("excluded", "Filtered out"),
                            ("duplicates", "Duplicates"), ("suppressed", "Do not call"), ("rejected", "Unreadable")):  # fmt: skip
            st.metric(label, f"{batch[name]:,}", border=True)
    st.download_button(
        "Download the file again", lambda: batches.read_batch_csv(frame.db, batch_id=batch["batch_id"]) or b"",
        file_name(batch["batch_id"]), "text/csv", icon=":material/download:", on_click="ignore",
    )  # fmt: skip
    st.caption(f"SHA-256 {batch['sha256']}")
    leads, misses, settings = st.tabs(["Leads", "Did not go out", "How it was made"])
    with leads:
        rows = ui.read(frame, batches.read_batch_leads, batch_id=batch["batch_id"], limit=500)
        st.dataframe(
            rows.assign(outcome=rows["outcome"].fillna("open")).drop(columns=["id", "row_number"]), hide_index=True,
            alt="The leads of the batch with their scores and outcomes",
            column_config={
                "company_name": st.column_config.TextColumn("Company", pinned=True), "city": "City", "state": "State",
                "zip_code": "ZIP", "sic_code": "SIC", "employee_count": "Employees", "outcome": "Outcome",
                "distance_miles": st.column_config.NumberColumn("Miles", format="%.1f"), "outcome_at": st.column_config.DateColumn("Since"),
                "hades_score": st.column_config.ProgressColumn("Score", min_value=0, max_value=100, format="%d"),
            },
        )  # fmt: skip
    with misses:
        gone = ui.read(frame, batches.read_misses, batch_id=batch["batch_id"], limit=500)
        if gone.empty:
            st.info("Every row of the file went out.")
        else:
            st.dataframe(gone, hide_index=True, alt="Rows that did not go out, with the reason",
                         column_config={"row_number": "Row", "kind": "Kind", "company_name": "Company",
                                        "reason": st.column_config.TextColumn("Reason", width="large")})  # fmt: skip
    with settings:
        st.json(
            json.loads(batch["parameters"])
            | {"operator": batch["operator_name"], "segment": batch["segment"]}
        )
    if batch["status"] == "closed" and frame.may("ops"):
        with st.popover("Make this batch void", icon=":material/block:"):
            st.write(
                "Its leads become free for another export; the ID is never used again and its history stays."
            )
            st.text_input("Reason", key="void_reason", max_chars=300)
            st.button("Make void", type="primary", on_click=void_now, args=(frame, batch["batch_id"]))


with ui.page("Batches") as frame:
    found = ui.read(frame, batches.read_batches, limit=500)
    if found.empty:
        ui.empty("No batch has been exported yet.", "pages/1_Score_and_Export.py", "Score and export a file")
        st.stop()
    days = frame.icp.data["calibration"]["maturity_days"]
    aged = (pd.Timestamp(frame.now) - pd.to_datetime(found["exported_at"])).dt.days
    low, high = wilson_interval(found["deliveries"].to_numpy(), found["companies"].to_numpy())
    shown = pd.DataFrame({
        "batch": found["batch_id"], "exported": pd.to_datetime(found["exported_at"]).dt.date,
        "workflow": found["workflow_type"], "by": found["exported_by"], "leads": found["exported"],
        "companies": found["companies"], "contacted": found["contacted"], "appointments": found["appointments"],
        "deliveries": found["deliveries"],
        "rate": [f"{ui.percent(d / n)} ({ui.interval(lo, hi)})" if old >= days and n else f"too young ({old} days)"
                 for d, n, lo, hi, old in zip(found["deliveries"], found["companies"], low, high, aged, strict=True)],
        "status": found["status"],
    })  # fmt: skip
    st.markdown(
        f"#### {ui.many(len(found), 'batch', 'batches')}, {ui.many(int(found['exported'].sum()), 'lead')}, "
        f"{ui.many(int(found['deliveries'].sum()), 'delivery', 'deliveries')} so far"
    )
    st.session_state["batch_ids"] = list(found["batch_id"])
    st.dataframe(
        shown, hide_index=True, height=min(300, 38 + 35 * len(shown)), key="batch_table", on_select=open_row, selection_mode="single-row",
        alt="All batches, newest first",
        column_config={
            "batch": st.column_config.TextColumn("Batch", pinned=True), "exported": st.column_config.DateColumn("Exported"),
            "workflow": "Workflow", "by": "By", "leads": "Leads", "companies": "Companies", "contacted": "Contacted",
            "appointments": "Appointments", "deliveries": "Deliveries", "status": "Status",
            "rate": st.column_config.TextColumn("Delivered (95 % interval)", width="medium"),
        },
    )  # fmt: skip
    wanted = st.query_params.get("batch")
    if not wanted:
        st.caption("Tick a batch to open it.")
        st.stop()
    batch = batches.read_batch(frame.db, batch_id=wanted)
    if batch is None:
        st.warning(ui.plain(f"There is no batch {wanted[:40]}."))
        st.stop()
    show_batch(frame, batch)
