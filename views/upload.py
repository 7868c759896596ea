"""Score and Export, first part: the files, and which of their columns means what."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

import ui
from column_choices import remember_columns, remembered_columns
from demo_world import SAMPLE_CENTER_ZIP, sample_upload
from errors import InputError
from lead_columns import FIELDS, read_columns, read_industries
from lead_files import MOST_FILES, headers_key, headers_of, together
from leads import LeadFile, join_intent, read_leads
from turso_db import Database

# What scoring and dialling need stands first; every other field follows on demand.
_FIRST = (
    "company_name", "direct_phone", "mobile_phone", "company_phone", "zip_code", "employee_count", "sic_code",
    "intent_score", "signal_date", "distance_miles", "segment", "accuracy",
)  # fmt: skip
_LABELS = {
    "sic_code": "SIC code",
    "zip_code": "ZIP code",
    "sic_code_2": "Second SIC code",
    "sic_codes": "All SIC codes",
}
_DECIDING = {  # what the filters, the distance and the dialler look at → the fields that tell it
    "ZIP code": ("zip_code", "distance_miles"), "number of employees": ("employee_count", "employee_range"),
    "SIC code": ("sic_code", "sic_codes"), "phone number": ("direct_phone", "mobile_phone", "company_phone"),
}  # fmt: skip
MAPPABLE = (*_FIRST, *(field for field in FIELDS if field not in _FIRST))


@st.cache_data(max_entries=8, show_spinner="Reading the file")
def read_file(content: bytes, name: str, mapping: dict[str, str], config_dir: Path) -> LeadFile:
    """The leads of an uploaded file."""
    return read_leads(
        content, name, read_columns(config_dir), industries=read_industries(config_dir), mapping=mapping
    )


@st.cache_data(max_entries=8, show_spinner=False)
def file_headers(content: bytes, name: str) -> list[str]:
    """The headers of an uploaded file, whatever they are called."""
    return headers_of(content, name)


def ask_for_files() -> list[Any]:
    """The uploaded files, none at first."""
    given = st.file_uploader(
        "ZoomInfo files", type=["csv", "xlsx"], key="leads_file", max_upload_size=50, accept_multiple_files=True,
        help=f"Contacts with their companies, as exported. At most 50 MB and 200,000 rows; up to {MOST_FILES} files go "
        "into one batch.",
    )  # fmt: skip
    return list(given or [])


def upload_readers(uploads: list[Any]) -> list[Callable[[Database], Any]]:
    """What `read_uploads` reads, for ui.read_all at the top of the page: the columns chosen before for such files."""
    readers: list[Callable[[Database], Any]] = []
    for upload in uploads:
        with suppress(InputError):  # a file that cannot be read is told about where it is read
            readers.append(partial(remembered_columns, headers=file_headers(upload.getvalue(), upload.name)))
    return readers


def read_uploads(frame: ui.Frame, uploads: list[Any], intent: Any) -> LeadFile:
    """The leads of all files, with the signals of the sheet beside them; a file not understood asks for its columns."""
    asked: set[str] = set()
    files = [_read_upload(frame, upload, asked) for upload in uploads]
    try:
        file = together(files)
        if intent is not None:
            sheet = read_file(intent.getvalue(), intent.name, {}, frame.settings.config_dir)
            file = join_intent(file, sheet)
    except InputError as error:
        st.error(ui.plain(str(error)), icon=":material/error:")
        st.stop()
    return file


def _read_upload(frame: ui.Frame, upload: Any, asked: set[str]) -> LeadFile:
    """One file; `asked` grows by its set of headers, so that files of one shape share their boxes."""
    content = upload.getvalue()
    try:
        headers = file_headers(content, upload.name)
        mapping = ui.read(frame, remembered_columns, headers=headers)
        file = read_file(content, upload.name, mapping, frame.settings.config_dir)
    except InputError as error:
        st.error(ui.plain(str(error)), icon=":material/error:")
        _ask_for_columns(frame, content, upload.name, {}, asked, expanded=True)
        st.stop()
    sentence = what_is_missing(file)
    if sentence:
        st.warning(ui.plain(sentence), icon=":material/view_column:")
    _ask_for_columns(frame, content, upload.name, file.mapping, asked, expanded=bool(sentence))
    return file


def what_is_missing(file: LeadFile) -> str:
    """Which columns that decide about leads the file seems to lack, with the headers nobody understood; else nothing."""
    missing = [name for name, fields in _DECIDING.items() if not any(file.has(field) for field in fields)]
    if not missing:
        return ""
    unused = [header for header in file.headers if header and header not in file.mapping.values()]
    told = (
        f"Its columns {', '.join(unused[:12])} were not understood: is one of them meant?" if unused else ""
    )
    return (
        f"{file.name} has no column for: {', '.join(missing)}. What is not known excludes nobody, and scores as unknown. {told}"
    ).strip()


def _ask_for_columns(
    frame: ui.Frame,
    content: bytes,
    name: str,
    used: dict[str, str],
    asked: set[str],
    *,
    expanded: bool = False,
) -> None:
    """Boxes in which a person says which column is meant; what is chosen counts for all files with these headers."""
    try:
        headers = file_headers(content, name)
    except InputError:
        return  # the file itself is not readable: no column to choose from
    key = headers_key(headers)[:12]
    if key in asked:
        return
    asked.add(key)
    own = ui.read(frame, remembered_columns, headers=headers)
    known = len({header for header in used.values() if header in headers})
    with st.expander(
        ui.plain(f"Columns of {name}: {known} of its {len([h for h in headers if h])} are understood"),
        expanded=expanded, key=f"columns_{key}",
    ):  # fmt: skip
        st.caption(
            "A choice here is remembered for every file with the same headers. Empty means: as recognised."
        )
        fields = MAPPABLE if st.toggle("All fields", key=f"all_{key}") else _FIRST
        offered = [header for header in headers if header]
        for start in range(0, len(fields), 4):
            for field, place in zip(fields[start : start + 4], st.columns(4), strict=False):
                place.selectbox(
                    _LABELS.get(field, field.replace("_", " ").capitalize()), offered, key=f"map_{key}_{field}",
                    index=offered.index(own[field]) if own.get(field) in offered else None,
                    placeholder=used.get(field, "not in the file"), on_change=_remember, args=(frame, headers, key, own),
                )  # fmt: skip


def _remember(frame: ui.Frame, headers: list[str], key: str, own: dict[str, str]) -> None:
    """Callback: what the boxes say is remembered for files with these headers; boxes not shown stay as they were."""
    with ui.act():
        chosen = {field: st.session_state.get(f"map_{key}_{field}", own.get(field)) for field in MAPPABLE}
        remember_columns(
            frame.db, headers=headers, mapping={f: h for f, h in chosen.items() if h},
            now=datetime.now(UTC).replace(microsecond=0), actor=frame.actor,
        )  # fmt: skip


def offer_sample(today: date, workflow: str) -> None:
    """An invented file to try the page with."""
    around = f", around {SAMPLE_CENTER_ZIP}" if workflow == "geography" else ""
    st.download_button(
        f"No file at hand? Take an invented one{around}", lambda: sample_upload(workflow, today),
        f"zoominfo_{workflow}_sample.csv", "text/csv", icon=":material/download:", type="tertiary", on_click="ignore",
    )  # fmt: skip
