"""Every batch that ever went out: counts, outcomes so far, the file again, and void."""

from functools import partial

import pandas as pd
import streamlit as st

import ui
from analytics.rates import wilson_interval
from stores import batches
from views.batch import batch_readers, show_batch, show_operators

with ui.page("Batches") as frame:
    wanted = st.query_params.get("batch")
    of_one = batch_readers(wanted) if wanted else []
    found = ui.read_all(frame, partial(batches.read_batches, limit=500), *of_one)[0]
    if found.empty:
        ui.empty("No batch has been exported yet.", "pages/1_Score_and_Export.py", "Score and export a file")
        st.stop()
    days = frame.icp.data["calibration"]["maturity_days"]
    aged = (pd.Timestamp(frame.now) - pd.to_datetime(found["exported_at"])).dt.days
    low, high = wilson_interval(found["deliveries"].to_numpy(), found["companies"].to_numpy())
    shown = pd.DataFrame({
        "batch": found["batch_id"], "exported": found["exported_at"],
        "rate": [f"{ui.percent(d / n)} ({ui.interval(lo, hi)})" if old >= days and n else f"too young ({ui.many(old, 'day')})"
                 for d, n, lo, hi, old in zip(found["deliveries"], found["companies"], low, high, aged, strict=True)],
        "deliveries": found["deliveries"], "companies": found["companies"], "leads": found["exported"], "appointments": found["appointments"], "contacted": found["contacted"],
        "status": found["status"], "operator": found["operator_name"].fillna("–"), "workflow": found["workflow_type"].map(ui.WORKFLOW_NAMES),
    })  # fmt: skip
    st.markdown(
        f"#### {ui.many(len(found), 'batch', 'batches')}, {ui.many(int(found['exported'].sum()), 'lead')}, "
        f"{ui.many(int(found['deliveries'].sum()), 'delivery', 'deliveries')} so far"
    )
    st.dataframe(
        shown, hide_index=True, height=min(250 if wanted else 560, 38 + 35 * len(shown)), key="batch_table",
        on_select=partial(ui.open_row, "batch", "batch_table", list(found["batch_id"])), selection_mode="single-row",
        alt="All batches, newest first",
        column_config={
            "batch": st.column_config.TextColumn("Batch", pinned=True), "exported": ui.time_column(frame, "Exported", hours=False),
            **{name: st.column_config.NumberColumn(name.capitalize(), format="localized")
               for name in ("deliveries", "companies", "leads", "appointments", "contacted")},
            "rate": st.column_config.TextColumn("Delivered (95 % interval)", width="medium"), "status": "Status", "operator": "Operator",
            "workflow": "Workflow",
        },
    )  # fmt: skip
    if not wanted:
        st.caption("Tick a batch to open it.")
        opened = st.expander("Deliveries by operator", key="by_operator", on_change="rerun")
        if opened.open:
            with opened:
                show_operators(frame, found)
        st.stop()
    batch = ui.read(frame, batches.read_batch, batch_id=wanted)
    if batch is None:
        st.warning(ui.plain(f"There is no batch {wanted[:40]}."))
        st.stop()
    show_batch(frame, batch, found)
