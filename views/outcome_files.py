"""Outcomes: files that come in, with what became of every row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

import streamlit as st

import ui
from lead_columns import read_columns
from named_columns import FileKind, rows_again
from outcomes import history_kind, import_historical, import_outcomes, outcome_kind
from past_export_rows import NEEDED, batch_kind
from past_exports import import_exports
from preflight import rejects_csv
from views.column_boxes import Columns, ask_for_days, chosen_days, columns_of, ready_columns

_MOST_BOXES = 12  # fields that are shown at once; of more the needed ones first


class Came(Protocol):
    """What an import says of itself."""

    @property
    def counts(self) -> dict[str, int]:
        """What became of the rows."""

    @property
    def rejected(self) -> list[tuple[int, str]]:
        """(row_number, sentence)."""

    @property
    def notes(self) -> list[str]:
        """Further sentences."""


def import_now(frame: ui.Frame, importer: Callable[..., Came], key: str, what: str, kind: FileKind) -> None:
    """Callback: bring the uploaded file in, by the columns as they were shown, and say what happened to every row."""
    upload = st.session_state.get(key)
    if upload is None:
        ui.flash("info", "Choose a file first.")
        return
    with ui.act("Bringing the file in"):
        content, now = upload.getvalue(), datetime.now(UTC).replace(microsecond=0)
        own = columns_of(frame, content, upload.name, kind).own
        done = importer(
            frame.db, content=content, name=upload.name, now=now, actor=frame.actor, kind=kind, mapping=own,
            day_first=chosen_days(key),
        )  # fmt: skip
        told = ", ".join(f"{number:,} {name}" for name, number in done.counts.items())
        ui.flash("warning" if done.rejected else "success", f"{what}: {told}. " + " ".join(done.notes))
        left = partial(rows_again, content, upload.name, kind, own, done.rejected)
        st.session_state["came_in"] = (done.rejected, getattr(done, "unmatched", []), left)


def show_left_over() -> None:
    """What of the last import waits for somebody: rows without a company, and rows that could not be used, to mend."""
    rejected, waiting, left = st.session_state.get("came_in", ([], [], None))
    if waiting:
        st.markdown(f"**{ui.many(len(waiting), 'row')} of the file found no company, and waits in the unmatched log**" if len(waiting) == 1
                    else f"**{len(waiting):,} rows of the file found no company, and wait in the unmatched log**")  # fmt: skip
        st.dataframe(
            [{"Row": row.row_number, "Company": row.company_name, "Batch": row.batch_id, "Why": row.why} for row in waiting[:500]],
            hide_index=True, alt="Rows of the last import that found no company",
        )  # fmt: skip
        st.page_link("pages/4_Outcomes.py", label="Work on them", icon=":material/arrow_forward:", query_params={"tab": "Unmatched"})  # fmt: skip
    if rejected:
        st.dataframe([{"Row": number, "Why it was not used": why} for number, why in rejected[:500]], hide_index=True,
                     alt="Rows of the last import that could not be used")  # fmt: skip
        st.download_button(
            f"Download {ui.many(len(rejected), 'row')} to mend and import again", lambda: rejects_csv(left()), "rows_to_mend.csv",
            "text/csv", icon=":material/download:", on_click="ignore", key="left_over",
        )  # fmt: skip


def show_outcome_files(frame: ui.Frame) -> None:
    """Milestones, and batches that were exported elsewhere."""
    columns = read_columns(frame.settings.config_dir)
    importer_panel(
        frame, import_outcomes, "outcome_file", "Outcomes", outcome_kind(columns),
        "A milestone is contacted, appointment, delivery, churned or lost.",
    )  # fmt: skip
    with st.expander("Batches that were exported before HADES", icon=":material/inventory_2:"):
        st.write(
            "Bring in what went out earlier under its batch IDs, and its outcomes are matched like all others."
        )
        importer_panel(
            frame, partial(import_exports, today=frame.today), "export_file", "Batches", batch_kind(columns),
            f"Only {', '.join(NEEDED)} are needed.",
        )  # fmt: skip


def show_history_file(frame: ui.Frame) -> None:
    """Leads called before this product."""
    importer_panel(
        frame, import_historical, "history_file", "History", history_kind(read_columns(frame.settings.config_dir)), "An outcome is delivery or no_delivery."
    )  # fmt: skip


def importer_panel(
    frame: ui.Frame, importer: Callable[..., Came], key: str, what: str, kind: FileKind, words: str
) -> None:  # fmt: skip
    """A file and the button that brings it in, for whoever may."""
    if not ui.lets(frame, "ops", f"Bringing in {what.lower()}"):
        return
    upload = st.file_uploader(f"{what}, CSV or .xlsx", type=["csv", "xlsx"], key=key, max_upload_size=50,
                              help="Columns in any order: " + ", ".join(kind.fields))  # fmt: skip
    needed = [field for group in kind.needed for field in group]
    first = kind.fields if len(kind.fields) <= _MOST_BOXES else needed
    ready: Columns | bool | None = True
    if upload is not None:
        ready = ready_columns(frame, upload.getvalue(), upload.name, kind, first=first)
        if ready:
            ask_for_days(upload.getvalue(), upload.name, kind, ready.own, key)
    st.button("Import", key=f"import_{key}", on_click=import_now, args=(frame, importer, key, what, kind),
              disabled=not ready)  # fmt: skip
    st.caption(
        f"Columns: {', '.join(kind.fields)}. {words} Other headers can be given their meaning once the file is here. "
        "Importing a file twice changes nothing."
    )
    st.download_button(
        "Take a template", (",".join(kind.fields) + "\r\n").encode(), f"{key}_template.csv", "text/csv",
        type="tertiary", icon=":material/download:", on_click="ignore", key=f"template_{key}",
    )  # fmt: skip
