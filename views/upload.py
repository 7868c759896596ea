"""Score and Export, first part: the files, and which of their columns means what."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import streamlit as st

import ui
from demo_world import SAMPLE_CENTER_ZIP, sample_upload
from errors import InputError
from lead_columns import FIELDS, lead_kind, read_columns, read_industries
from lead_files import MOST_FILES, together
from leads import LeadFile, join_intent, read_leads
from named_columns import FileKind, headers_key
from turso_db import Database
from views.column_boxes import choices_reader, chosen_days, columns_of, file_headers, show_columns, show_days

# What scoring and dialling need is offered first, every other field after it.
_FIRST = (
    "company_name", "first_name", "last_name", "job_title", "email", "direct_phone", "mobile_phone", "company_phone", "zip_code", "employee_count", "sic_code",
    "intent_score", "signal_date", "distance_miles", "segment", "accuracy",
)  # fmt: skip
_CONTACT = ("first_name", "last_name", "job_title", "email")  # without them the dialler's rows name nobody
_DECIDING = {  # what the filters, the distance and the dialler look at → the fields that tell it
    "ZIP code": ("zip_code", "distance_miles"), "number of employees": ("employee_count", "employee_range"),
    "SIC code": ("sic_code", "sic_codes"), "phone number": ("direct_phone", "mobile_phone", "company_phone"),
}  # fmt: skip
MAPPABLE = (*_FIRST, *(field for field in FIELDS if field not in _FIRST))


@st.cache_data(max_entries=8, max_size="200MB", show_spinner="Reading the file")
def read_file(
    content: bytes, name: str, mapping: dict[str, str], config_dir: Path, day_first: bool | None = None
) -> LeadFile:
    """The leads of an uploaded file; `day_first` is what a person said of its days."""
    return read_leads(
        content, name, read_columns(config_dir), industries=read_industries(config_dir), mapping=mapping,
        day_first=day_first,
    )  # fmt: skip


def ask_for_files() -> list[Any]:
    """The uploaded files, none at first."""
    given = st.file_uploader(
        "ZoomInfo files", type=["csv", "xlsx"], key="leads_file", max_upload_size=50, accept_multiple_files=True,
        help=f"Contacts with their companies, as exported. At most 50 MB and 200,000 rows; up to {MOST_FILES} files go "
        "into one batch.",
    )  # fmt: skip
    return list(given or [])


def upload_readers(frame: ui.Frame, uploads: list[Any]) -> list[Callable[[Database], Any]]:
    """What `read_uploads` reads, for ui.read_all at the top of the page: the columns chosen before for such files."""
    readers: list[Callable[[Database], Any]] = []
    for upload in uploads:
        with suppress(InputError):  # a file that cannot be read is told about where it is read
            kind = _kind(frame)
            readers.append(choices_reader(file_headers(upload.getvalue(), upload.name, kind), kind))
    return readers


def read_uploads(frame: ui.Frame, uploads: list[Any], intent: Any) -> LeadFile:
    """The leads of all files, with the signals of the sheet beside them; a file not understood asks for its columns."""
    asked: set[str] = set()
    files = [_read_upload(frame, upload, asked) for upload in uploads]
    try:
        file = together(files)
        if intent is not None:
            content, days_key = intent.getvalue(), f"signals_{intent.file_id}"
            sheet = read_file(
                content, intent.name, {}, frame.settings.config_dir, chosen_days(days_key, content)
            )
            if sheet.days.undecided:
                show_days(sheet.days, days_key, content)
            file = join_intent(file, sheet)
    except InputError as error:
        st.error(ui.plain(str(error)), icon=":material/error:")
        st.stop()
    return file


def _kind(frame: ui.Frame) -> FileKind:
    return lead_kind(read_columns(frame.settings.config_dir))._replace(fields=MAPPABLE)


def _read_upload(frame: ui.Frame, upload: Any, asked: set[str]) -> LeadFile:
    """One file; `asked` grows by its set of headers, so that files of one shape share their boxes."""
    content, kind = upload.getvalue(), _kind(frame)
    columns, days_key = None, f"leads_{upload.file_id}"
    try:
        columns = columns_of(frame, content, upload.name, kind)
        said = chosen_days(days_key, content)
        file = read_file(content, upload.name, columns.own, frame.settings.config_dir, said)
    except InputError as error:
        st.error(ui.plain(str(error)), icon=":material/error:")
        if columns is not None and headers_key(columns.headers, kind.name) not in asked:
            show_columns(frame, upload.name, kind, columns, first=_FIRST, expanded=True)
        st.stop()
    if file.days.undecided:
        show_days(file.days, days_key, content)
        file = replace(file, notes=[note for note in file.notes if note != file.days.sentence])  # said here
    sentence = what_is_missing(file)
    if sentence:
        st.warning(ui.plain(sentence), icon=":material/view_column:")
    key = headers_key(columns.headers, kind.name)
    if key not in asked:
        asked.add(key)
        nameless = bool(columns.found.unused) and not file.has(*_CONTACT)
        show_columns(frame, upload.name, kind, columns, first=_FIRST, expanded=bool(sentence) or nameless)
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


def offer_sample(today: date, workflow: str) -> None:
    """An invented file to try the page with."""
    around = f", around {SAMPLE_CENTER_ZIP}" if workflow == "geography" else ""
    st.download_button(
        f"No file at hand? Take an invented one{around}", lambda: sample_upload(workflow, today),
        f"zoominfo_{workflow}_sample.csv", "text/csv", icon=":material/download:", type="tertiary", on_click="ignore",
    )  # fmt: skip
