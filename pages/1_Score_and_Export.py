"""Score a ZoomInfo file, see who goes out and who does not and why, and export the batch."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

import ui
from analytics import charts
from demo_world import SAMPLE_CENTER_ZIP, sample_upload
from errors import InputError
from export import Export, exported_before, file_name, record_export
from icp import Icp
from lead_columns import read_columns, read_industries
from leads import LeadFile, join_intent, read_leads
from preflight import Preflight, preflight, with_keys
from scoring import score_leads
from sheets import open_sheet
from stores import operators

MAPPABLE = (
    "company_name",
    "direct_phone",
    "company_phone",
    "zip_code",
    "employee_count",
    "sic_code",
    "intent_score",
    "signal_date",
)
_SHOWN = ("company_name", "score", "priority", "city", "state", "zip_code", "sic_code", "employee_count")


@st.cache_data(max_entries=4, show_spinner="Reading the file")
def read_file(content: bytes, name: str, mapping: dict[str, str], config_dir: Path) -> LeadFile:
    """The leads of an uploaded file."""
    return read_leads(
        content, name, read_columns(config_dir), industries=read_industries(config_dir), mapping=mapping
    )


@st.cache_data(max_entries=4, show_spinner=False)
def headers_of(content: bytes, name: str) -> list[str]:
    """The headers of an uploaded file, whatever they are called."""
    return open_sheet(content, name, lambda cells: sum(bool(cell.strip()) for cell in cells) > 1).headers


@st.cache_data(max_entries=4, show_spinner="Scoring")
def score(_file: LeadFile, _icp: Icp, stamp: tuple[str, ...], **chosen: Any) -> pd.DataFrame:
    """Scored leads with their keys; `stamp` stands for the content of file and configuration."""
    return with_keys(score_leads(_file.leads, _icp, **chosen))


def read_upload(frame: ui.Frame, upload: Any, intent: Any) -> LeadFile:
    """The uploaded leads, with the signals of the sheet beside them; a file not understood asks for its columns."""
    content = upload.getvalue()
    mapping = {
        field: st.session_state[f"map_{field}"] for field in MAPPABLE if st.session_state.get(f"map_{field}")
    }
    try:
        file = read_file(content, upload.name, mapping, frame.settings.config_dir)
        if intent is not None:
            sheet = read_file(intent.getvalue(), intent.name, {}, frame.settings.config_dir)
            file = join_intent(file, sheet)
    except InputError as error:
        st.error(ui.plain(str(error)), icon=":material/error:")
        ask_for_columns(content, upload.name, expanded=True)
        st.stop()
    ask_for_columns(content, upload.name, file.mapping)
    return file


def ask_for_columns(
    content: bytes, name: str, used: dict[str, str] | None = None, *, expanded: bool = False
) -> None:
    """Boxes in which the user says which column is meant; what is chosen counts from the next run on."""
    try:
        headers = headers_of(content, name)
    except InputError:
        return  # the file itself is not readable: no column to choose from
    with st.expander("Columns", expanded=expanded):
        for field, place in zip(MAPPABLE, [*st.columns(4), *st.columns(4)], strict=True):
            place.selectbox(
                field.replace("_", " ").capitalize(),
                headers,
                index=None,
                key=f"map_{field}",
                placeholder=(used or {}).get(field, "not in the file"),
            )


def offer_sample(today: date, workflow: str) -> None:
    """An invented file to try the page with."""
    around = f", around {SAMPLE_CENTER_ZIP}" if workflow == "geography" else ""
    st.download_button(
        f"No file at hand? Take an invented one{around}",
        lambda: sample_upload(workflow, today),
        f"zoominfo_{workflow}_sample.csv",
        "text/csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )


def export_now(
    frame: ui.Frame,
    plan: Preflight,
    workflow: str,
    parameters: dict[str, Any],
    operator: dict[str, Any] | None,
    segment: str | None,
) -> None:
    """Callback: record the batch, then offer it."""
    with ui.act():
        st.session_state["export"] = record_export(
            frame.db, preflight=plan, icp=frame.icp, weight_version=frame.weight_version, workflow=workflow,
            parameters=parameters, today=frame.today, now=datetime.now(UTC).replace(microsecond=0), actor=frame.actor,
            operator=operator, segment=segment,
        )  # fmt: skip


def show_finished(done: Export) -> None:
    """The download of the batch that was just recorded."""
    if done.batch_id is None or done.csv is None or done.sha256 is None:
        return
    with st.container(border=True):
        st.markdown(f"#### {done.batch_id} is recorded: {done.counts['exported']:,} leads")
        st.download_button(
            "Download for VanillaSoft", done.csv, file_name(done.batch_id), "text/csv", type="primary",
            icon=":material/download:", on_click="ignore", key="download",
        )  # fmt: skip
        st.caption(
            f"SHA-256 {done.sha256[:16]}…  The same bytes can be downloaded again on Batches at any time."
        )
        st.page_link(
            "pages/2_Batches.py",
            label="Open the batch",
            query_params={"batch": done.batch_id},
            icon=":material/arrow_forward:",
        )


with ui.page("Score and Export", need="ops") as frame:
    if "export" in st.session_state:
        show_finished(st.session_state["export"])
    left, right = st.columns([3, 2], gap="large")
    with left:
        upload = st.file_uploader("ZoomInfo file", type=["csv", "xlsx"], key="leads_file", max_upload_size=50,
                                  help="Contacts with their companies, as exported. At most 50 MB and 200,000 rows.")  # fmt: skip
        workflow = st.segmented_control(
            "Workflow", ["geography", "intent"], default="geography", required=True, key="workflow",
            format_func=lambda name: {"geography": "By distance", "intent": "By buying signal"}[name],
        )  # fmt: skip
    known = ui.read(frame, operators.read_operators, limit=5000)
    with right:
        chosen = st.selectbox(
            "Operator", known.index, index=None, key="operator", placeholder="No operator",
            format_func=lambda place: f"{known['name'][place]} {ui.blank(known['zip_code'][place])}".strip(),
        )  # fmt: skip
        operator = (
            None if chosen is None else {k: None if pd.isna(v) else v for k, v in known.loc[chosen].items()}
        )
        segment = st.selectbox("Segment of leads that name none", list(frame.icp.data["scoring"]["segments"]), index=None,
                               key="segment", placeholder=str(frame.icp.data["scoring"]["default_segment"]))  # fmt: skip
        center = radius = intent = None
        if workflow == "geography":
            center = st.text_input("Measure from ZIP", key="center", max_chars=10,
                                   placeholder=str((operator or {}).get("zip_code") or "the operator's ZIP")).strip()  # fmt: skip
            center = center or (operator or {}).get("zip_code")
            radius = st.number_input(
                "Radius in miles", 1.0, 500.0, float(frame.icp.data["export"]["radius_miles"]), key="radius"
            )
        else:
            intent = st.file_uploader(
                "Company intent sheet, if the signals are not in the file",
                type=["csv", "xlsx"],
                key="intent_file",
            )
    if upload is None:
        ui.empty("Drop a ZoomInfo export above. Nothing is recorded before you press Export.")
        offer_sample(frame.today, workflow)
        st.stop()

    file = read_upload(frame, upload, intent)
    stamp = (
        file.sha256,
        str(sorted(file.mapping.items())),
        intent.file_id if intent else "",
        frame.icp.sha256,
    )
    scored = score(
        file, frame.icp, stamp, workflow=workflow, today=frame.today, center_zip=center, radius_miles=radius or 25.0,
        segment=segment, environment_factor=frame.settings.environment_factor,
    )  # fmt: skip
    plan = preflight(
        file,
        scored,
        frame.icp,
        exported_before=exported_before(frame.db, keyed=scored, icp=frame.icp, now=frame.now),
    )
    counts = plan.counts()

    st.subheader(f"{counts['exported']:,} of {counts['rows_in']:,} leads are ready to go out", anchor=False)
    with st.container(horizontal=True):
        for name, label in (("rows_in", "In the file"), ("rejected", "Unreadable"), ("excluded", "Filtered out"),
                            ("duplicates", "Duplicates"), ("suppressed", "Do not call"), ("exported", "Ready")):  # fmt: skip
            st.metric(label, f"{counts[name]:,}", border=True)
    for note in file.notes:
        st.caption(ui.plain(note))
    ready, gone, troubles, spread = st.tabs(
        [f"Ready ({counts['exported']:,})", f"Not going out ({len(plan.misses):,})",
         f"Cells to look at ({int((~file.problems['rejected']).sum()):,})", "Score distribution"], key="views",
    )  # fmt: skip
    with ready:
        parts = [c for c in plan.ready.columns if c.endswith("_points")]
        st.dataframe(
            plan.ready[[*_SHOWN, *parts]].head(500), hide_index=True, key="ready_table", alt="The leads that go out, best first",
            column_config={
                "company_name": st.column_config.TextColumn("Company", pinned=True), "priority": "Call priority",
                "score": st.column_config.ProgressColumn("Score", min_value=0, max_value=100, format="%d"),
                "city": "City", "state": "State", "zip_code": "ZIP", "sic_code": "SIC", "employee_count": "Employees",
                **{c: st.column_config.NumberColumn(c.replace("_", " ").capitalize(), format="%.2f") for c in parts},
            },
        )  # fmt: skip
    with gone:
        st.dataframe(plan.misses.head(500), hide_index=True, alt="The rows that do not go out, with the reason",
                     column_config={"row_number": "Row", "kind": "Kind", "reason": st.column_config.TextColumn("Reason", width="large"),
                                    "company_name": "Company"})  # fmt: skip
        st.download_button("Download these rows", lambda: plan.misses.to_csv(index=False).encode(), "not_exported.csv",
                           "text/csv", disabled=plan.misses.empty, on_click="ignore")  # fmt: skip
    with troubles:
        st.dataframe(file.problems[~file.problems["rejected"]].head(500), hide_index=True, alt="Cells that could not be used",
                     column_config={"row_number": "Row", "column": "Column", "problem": st.column_config.TextColumn("What is wrong", width="large"),
                                    "rejected": None})  # fmt: skip
    with spread:
        if plan.ready.empty:
            st.info("No lead is ready, so there is no distribution.")
        else:
            st.plotly_chart(
                charts.score_histogram(plan.ready["score"]),
                key="scores",
                alt="How many leads have each score",
            )

    parameters = {"as_of": frame.today.isoformat(), "environment_factor": frame.settings.environment_factor}
    if workflow == "geography":
        parameters |= {"center_zip": center, "radius_miles": radius}
    st.button(
        f"Export {counts['exported']:,} leads", type="primary", icon=":material/send:", disabled=plan.ready.empty, key="export_button",
        on_click=export_now, args=(frame, plan, workflow, parameters, operator, segment),
    )  # fmt: skip
    st.caption("Export records the leads with their scores under a new batch ID; then the file is offered.")
