"""Outcomes: files that come in, with what became of every row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

import streamlit as st

import ui
from outcomes import HISTORICAL_COLUMNS, OUTCOME_COLUMNS, import_historical, import_outcomes
from past_export_rows import COLUMNS as EXPORT_COLUMNS
from past_export_rows import NEEDED
from past_exports import import_exports


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


def import_now(frame: ui.Frame, importer: Callable[..., Came], key: str, what: str) -> None:
    """Callback: bring the uploaded file in and say what happened to every row."""
    upload = st.session_state.get(key)
    if upload is None:
        ui.flash("info", "Choose a file first.")
        return
    with ui.act():
        now = datetime.now(UTC).replace(microsecond=0)
        done = importer(frame.db, content=upload.getvalue(), name=upload.name, now=now, actor=frame.actor)
        told = ", ".join(f"{number:,} {name}" for name, number in done.counts.items())
        ui.flash("warning" if done.rejected else "success", f"{what}: {told}. " + " ".join(done.notes))
        st.session_state["rejected"] = done.rejected


def show_rejected() -> None:
    """The rows of the last import that could not be used, while there are any."""
    if rejected := st.session_state.get("rejected"):
        st.dataframe([{"Row": number, "Why it was not used": why} for number, why in rejected[:500]], hide_index=True,
                     alt="Rows of the last import that could not be used")  # fmt: skip


def show_outcome_files(frame: ui.Frame) -> None:
    """Milestones, and batches that were exported elsewhere."""
    importer_panel(
        frame, import_outcomes, "outcome_file", "Outcomes", OUTCOME_COLUMNS,
        "A milestone is contacted, appointment, delivery, churned or lost.",
    )  # fmt: skip
    with st.expander("Batches that were exported before HADES", icon=":material/inventory_2:"):
        st.write(
            "Bring in what went out earlier under its batch IDs, and its outcomes are matched like all others."
        )
        importer_panel(
            frame, partial(import_exports, today=frame.today), "export_file", "Batches", EXPORT_COLUMNS,
            f"Only {', '.join(NEEDED)} are needed.",
        )  # fmt: skip


def show_history_file(frame: ui.Frame) -> None:
    """Leads called before this product."""
    importer_panel(
        frame, import_historical, "history_file", "History", HISTORICAL_COLUMNS, "An outcome is delivery or no_delivery."
    )  # fmt: skip


def importer_panel(
    frame: ui.Frame, importer: Callable[..., Came], key: str, what: str, columns: Sequence[str], words: str
) -> None:  # fmt: skip
    """A file and the button that brings it in, for whoever may."""
    if not ui.lets(frame, "ops", f"Bringing in {what.lower()}"):
        return
    st.file_uploader(f"{what}, CSV or .xlsx", type=["csv", "xlsx"], key=key, max_upload_size=50,
                     help="Columns in any order: " + ", ".join(columns))  # fmt: skip
    st.button(
        "Import", key=f"import_{key}", on_click=import_now, args=(frame, importer, key, what))  # fmt: skip
    st.caption(f"Columns: {', '.join(columns)}. {words} Importing a file twice changes nothing.")
    st.download_button(
        "Take a template", (",".join(columns) + "\r\n").encode(), f"{key}_template.csv", "text/csv",
        type="tertiary", icon=":material/download:", on_click="ignore", key=f"template_{key}",
    )  # fmt: skip
