"""Which columns of a file are understood, shown before anything comes in, with a box for each column that a person has to explain."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

import streamlit as st

import ui
from column_choices import remember_columns
from errors import InputError
from lead_days import Days
from named_columns import (
    FileKind,
    Understood,
    days_of,
    headers_key,
    headers_of,
    is_value,
    same_header,
    shown_headers,
    understand,
    usable_mapping,
)
from outcome_words import vocabulary, words_key
from stores.column_choices import read_choices
from turso_db import Database

LABELS = {
    "sic_code": "SIC code", "zip_code": "ZIP code", "sic_code_2": "Second SIC code", "sic_codes": "All SIC codes",
    "batch_id": "Batch ID", "deal_id": "Deal ID", "company_id": "Company ID", "contact_id": "Contact ID",
    "deal_created_at": "Day the deal was created", "delivery_at": "Day of delivery", "email": "E-mail",
}  # fmt: skip


_ORDERS = {"nothing chosen": None, "the month": False, "the day": True}


_MOST = 24  # boxes at once; the further columns follow on demand


class Columns(NamedTuple):
    """headers: of the file; own: field → header as a person chose it; found: what is understood with that."""

    headers: list[str]
    own: dict[str, str]
    found: Understood


def label(field: str) -> str:
    """The field as people say it."""
    return LABELS.get(field, field.replace("_", " ").capitalize())


@st.cache_data(max_entries=16, show_spinner=False)
def _headers(content: bytes, name: str, stamp: str, _kind: FileKind) -> list[str]:
    """The headers of an uploaded file; `stamp` stands for the kind."""
    return headers_of(content, name, _kind)


def file_headers(content: bytes, name: str, kind: FileKind) -> list[str]:
    """The headers of an uploaded file of this kind, whatever they are called. InputError when it is no table."""
    return _headers(content, name, str(kind), kind)


def choices_reader(headers: Sequence[str], kind: FileKind) -> Callable[[Database], dict[str, str]]:
    """What reads the choices for files of this kind with these headers, for ui.read_all."""
    return partial(read_choices, headers_sha256=headers_key(headers, kind.name))


def words_reader(headers: Sequence[str], kind: FileKind) -> Callable[[Database], dict[str, str]]:
    """What reads which words were given a meaning in files of this kind with these headers, for ui.read_all."""
    return partial(read_choices, headers_sha256=words_key(headers, kind))


def columns_of(frame: ui.Frame, content: bytes, name: str, kind: FileKind) -> Columns:
    """What is understood of an uploaded file. InputError when it is no table."""
    headers = file_headers(content, name, kind)
    readers = [choices_reader(headers, kind), *([words_reader(headers, kind)] if vocabulary(kind) else [])]
    own = usable_mapping(ui.read_all(frame, *readers)[0], headers, kind)
    return Columns(headers, own, understand(headers, kind, own))


def show_columns(
    frame: ui.Frame,
    name: str,
    kind: FileKind,
    columns: Columns,
    *,
    first: Sequence[str] = (),
    expanded: bool = False,
) -> None:
    """What of the file is understood and what is not, with a box for each of its columns that says nothing by itself; what
    is chosen counts for all files with these headers.

    `first`: the fields that the boxes offer first.
    """
    headers, own, found = columns
    key = headers_key(headers, kind.name)[:12]
    known = sum(len(some) for some in found.places.values())
    asked = _asked(headers, kind, own)
    if own:
        told = ", ".join(f"{label(field)} from {header[:40]}" for field, header in own.items())
        st.caption(ui.plain(f"{name} is read as a person chose: {told}."))
    with st.expander(
        ui.plain(f"Columns of {name}: {known} of its {len([h for h in headers if h])} are understood"),
        expanded=expanded or not found.is_enough, key=f"columns_{key}",
    ):  # fmt: skip
        st.caption(ui.plain(_told(columns)))
        fields = [*first, *(field for field in kind.fields if field not in first)]
        _show_boxes(frame, kind, columns, asked[:_MOST], fields)
        others = [header for header in _offered(headers) if header not in asked[:_MOST]]
        if others and st.toggle("Change what the other columns mean", key=f"all_{key}"):
            _show_boxes(frame, kind, columns, others, fields)
        st.caption(
            "A column without a choice of yours is read as the grey words say. A choice is remembered for every file with the "
            "same headers."
        )
        if own:
            st.button(
                "Forget what was chosen", key=f"forget_{key}", icon=":material/undo:", type="tertiary",
                on_click=_forget, args=(frame, kind, headers),
            )  # fmt: skip


def box_key(headers: Sequence[str], kind: FileKind, header: str) -> str:
    """The key of the box that asks what the column with this header is."""
    return f"is_{headers_key(headers, kind.name)[:12]}_{same_header(header)}"


def _offered(headers: Sequence[str]) -> list[str]:
    """The headers that can be chosen, each once."""
    there = {same_header(header): header for header in headers if header and not is_value(header)}
    return list(there.values())


def _asked(headers: Sequence[str], kind: FileKind, own: dict[str, str]) -> list[str]:
    """The headers that nobody understands without a person, and those that a person explained, in the order of the file."""
    alone = understand(headers, kind)
    open_ones = [
        *alone.unused,
        *(header for some in alone.doubtful.values() for header in some),
        *own.values(),
    ]
    wanted = {same_header(header) for header in open_ones}
    return [header for header in _offered(headers) if same_header(header) in wanted]


def _show_boxes(
    frame: ui.Frame, kind: FileKind, columns: Columns, shown: Sequence[str], fields: Sequence[str]
) -> None:
    headers, own, found = columns
    mine = {same_header(header): field for field, header in own.items()}
    read = {same_header(headers[at]): field for field, some in found.places.items() for at in some}
    for start in range(0, len(shown), 4):
        for header, place in zip(shown[start : start + 4], st.columns(4), strict=False):
            box = box_key(headers, kind, header)
            # Not as the box's default: what has one cannot be emptied again.
            if (field := mine.get(same_header(header))) in fields:
                st.session_state.setdefault(box, field)
            place.selectbox(
                ui.plain(f"{header[:40]} is"), fields, key=box, format_func=label, index=None,
                placeholder=label(read[same_header(header)]) if same_header(header) in read else "left out",
                on_change=_remember, args=(frame, kind, headers, own, header),
            )  # fmt: skip


def ready_columns(
    frame: ui.Frame, content: bytes, name: str, kind: FileKind, *, first: Sequence[str] = ()
) -> Columns | None:
    """The columns of an uploaded file, shown with their boxes; None, with a sentence, while it cannot be read."""
    try:
        columns = columns_of(frame, content, name, kind)
    except InputError as error:
        st.error(ui.plain(str(error)), icon=":material/error:")
        return None
    found = columns.found
    for field, several in found.doubtful.items():
        both = " and ".join(f"'{header}'" for header in several)
        st.warning(ui.plain(f"{both} may all be the {label(field)}: say below which one is meant."), icon=":material/view_column:")  # fmt: skip
    if found.missing:
        groups = ", ".join(" or ".join(map(label, group)) for group in found.missing)
        st.warning(
            ui.plain(f"{name} has no column for: {groups}. Say below which it is."),
            icon=":material/view_column:",
        )
    show_columns(
        frame, name, kind, columns, first=first, expanded=bool(columns.found.unused and not columns.own)
    )
    return columns if columns.found.is_enough else None


@st.cache_data(max_entries=16, show_spinner="Reading the days")
def _days(
    content: bytes, name: str, stamp: str, _kind: FileKind, own: dict[str, str], day_first: bool | None
) -> Days:
    """How the days of an uploaded file are to be read; `stamp` stands for the kind."""
    return days_of(content, name, _kind, own, day_first)


def ask_for_days(content: bytes, name: str, kind: FileKind, own: dict[str, str], key: str) -> None:
    """Nothing; how the file's days are read is said, with the choice where its days do not tell or contradict each other."""
    show_days(_days(content, name, str(kind), kind, own, chosen_days(key, content)), key, content)


def show_days(days: Days, key: str, content: bytes) -> None:
    """Nothing; the sentence about the days of this file as they were read, and the choice where there is one."""
    if days.sentence:
        st.info(ui.plain(days.sentence), icon=":material/calendar_month:")
    if days.undecided:
        st.segmented_control(
            "Days of numbers alone put first",
            _ORDERS,
            key=_days_key(key, content),
            default=next(iter(_ORDERS)),
            required=True,
        )


def chosen_days(key: str, content: bytes) -> bool | None:
    """Whether the day comes first in this file, as a person said; None where nobody did."""
    return _ORDERS.get(str(st.session_state.get(_days_key(key, content))))


def _days_key(key: str, content: bytes) -> str:
    return (
        f"days_{key}_{hashlib.sha256(content).hexdigest()[:12]}"  # a choice is for one file, not for the next
    )


def _told(columns: Columns) -> str:
    headers, _, found = columns
    read = [
        f"{label(field)} from {', '.join(headers[at] for at in some)}"
        if label(field).lower() != " ".join(headers[at] for at in some).replace("_", " ").lower()
        else label(field)
        for field, some in found.places.items()
    ]
    told = f"Understood: {'; '.join(read) or 'nothing yet'}."
    return told + (
        f" Not understood, and left out: {shown_headers(found.unused, 20)}." if found.unused else ""
    )


def _forget(frame: ui.Frame, kind: FileKind, headers: list[str]) -> None:
    """Callback: files with these headers are read as they are recognised again."""
    with ui.act():
        remember_columns(
            frame.db, kind=kind, headers=headers, mapping={},
            now=datetime.now(UTC).replace(microsecond=0), actor=frame.actor,
        )  # fmt: skip
        for header in _offered(headers):
            st.session_state.pop(box_key(headers, kind, header), None)


def _remember(frame: ui.Frame, kind: FileKind, headers: list[str], own: dict[str, str], changed: str) -> None:
    """Callback: what the boxes say is remembered for files with these headers; boxes not shown stay as they were.

    A field is read from one column: the one chosen last takes it from another.
    """
    with ui.act():
        chosen = dict(own)
        said = st.session_state.get(box_key(headers, kind, changed))
        for header in [*(one for one in _offered(headers) if one != changed), changed]:
            box = box_key(headers, kind, header)
            if box not in st.session_state:
                continue
            chosen = {field: one for field, one in chosen.items() if same_header(one) != same_header(header)}
            if header != changed and said is not None and st.session_state[box] == said:
                st.session_state[box] = None
            if st.session_state[box]:
                chosen[st.session_state[box]] = header
        remember_columns(
            frame.db, kind=kind, headers=headers, mapping=chosen,
            now=datetime.now(UTC).replace(microsecond=0), actor=frame.actor,
        )  # fmt: skip
