"""Outcomes: files that come in, with what became of every row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple, Protocol

import pandas as pd
import streamlit as st

import ui
from lead_columns import read_columns
from named_columns import FileKind, rows_again, same_reasons, shown_rows
from outcome_reading import history_kind, outcome_kind
from outcome_words import vocabulary
from outcomes import Unmatched, import_historical, import_outcomes
from past_export_rows import NEEDED, batch_kind
from past_exports import import_exports
from preflight import rejects_csv
from views.column_boxes import Columns, ask_for_days, chosen_days, columns_of, ready_columns
from views.word_boxes import ask_for_words, keep_words

_BECAME = {  # what each count means to a person, by kind of file where the kinds differ
    "": {
        "read": "rows in the file",
        "imported": "new, and kept",
        "updated": "known before, now say more",
        "unchanged": "known before, nothing new",
        "merged": "repeats of a row, made one with it",
        "matched": "found their company",
        "review": "may be a company of their batch: somebody says which",
        "unmatched": "found no company, and wait",
        "rejected": "could not be used: why stands below",
        "left_out": "left out, by the word they say",
        "batches": "batches they belong to",
        "milestones": "milestones that came with them",
    },
    "history": {
        "imported": "new leads",
        "merged": "repeats of a company and ZIP",
    },
    "outcomes": {"updated": "companies with a new milestone"},
}
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


class CameIn(NamedTuple):
    """What stays of the last import: through which panel it came, and what the person has still to see."""

    key: str
    name: str
    counts: dict[str, int]
    notes: list[str]
    rejected: list[tuple[int, str]]
    waiting: list[Unmatched]
    left: Callable[[], pd.DataFrame]


def import_now(frame: ui.Frame, importer: Callable[..., Came], key: str, what: str, kind: FileKind) -> None:
    """Callback: bring the uploaded file in, by columns and words as they were shown, and say what happened to every row."""
    upload = st.session_state.get(key)
    if upload is None:
        ui.flash("info", "Choose a file first.")
        return
    with ui.act("Bringing the file in"):
        content, now = upload.getvalue(), datetime.now(UTC).replace(microsecond=0)
        columns = columns_of(frame, content, upload.name, kind)
        words = keep_words(frame, content, upload.name, kind, columns, key)
        done = importer(
            frame.db, content=content, name=upload.name, now=now, actor=frame.actor, kind=kind, mapping=columns.own,
            day_first=chosen_days(key, content), **({"words": words} if vocabulary(kind) else {}),
        )  # fmt: skip
        ui.flash(
            "warning" if done.rejected else "success",
            f"{what}: {ui.many(done.counts['read'], 'row')} read. What became of them stands below the button.",
        )
        left = partial(rows_again, content, upload.name, kind, columns.own, done.rejected)
        st.session_state["came_in"] = CameIn(
            key, upload.name, done.counts, done.notes, done.rejected, getattr(done, "unmatched", []), left
        )


def show_came_in(frame: ui.Frame, key: str, kind: FileKind) -> None:
    """What the last import through this panel did: a small table, what is worth knowing, and what waits for somebody."""
    came: CameIn | None = st.session_state.get("came_in")
    if came is None or came.key != key:
        return
    with st.container(border=True):
        st.markdown(ui.plain(f"What became of {came.name}"))
        st.dataframe(
            [{"How many": number, "What became of them": _BECAME.get(kind.name, {}).get(name) or _BECAME[""][name]}
             for name, number in came.counts.items() if number or name == "read"],
            hide_index=True, width="content", alt="What became of the rows of the last import",
            column_config={"How many": st.column_config.NumberColumn(format="localized")},
        )  # fmt: skip
        if came.notes:
            st.markdown("\n".join(f"- {ui.plain(note)}" for note in came.notes))
        if kind.name == "history" and len(came.rejected) < came.counts["read"] and frame.may("ops"):
            st.page_link(
                "pages/7_Score_Calibration.py", label="Calibrate now", icon=":material/arrow_forward:"
            )
        _show_left_over(came)


def _show_left_over(came: CameIn) -> None:
    """What waits for somebody: rows without a company, and rows that could not be used, to mend."""
    waiting, rejected = came.waiting, came.rejected
    if waiting:
        st.markdown(f"**{ui.many(len(waiting), 'row')} of the file found no company, and waits in the unmatched log**" if len(waiting) == 1
                    else f"**{len(waiting):,} rows of the file found no company, and wait in the unmatched log**")  # fmt: skip
        st.dataframe(
            [{"Row": row.row_number, "Company": row.company_name, "Batch": row.batch_id, "Why": row.why} for row in waiting[:500]],
            hide_index=True, alt="Rows of the last import that found no company",
        )  # fmt: skip
        st.page_link("pages/4_Outcomes.py", label="Work on them", icon=":material/arrow_forward:", query_params={"tab": "Unmatched"})  # fmt: skip
    if rejected:
        st.dataframe(
            [{"How many": len(rows), "Why it was not used": why, "Rows": shown_rows(rows)} for why, rows in same_reasons(rejected)[:500]],
            hide_index=True, alt="Why rows of the last import could not be used",
        )  # fmt: skip
        st.download_button(
            f"Download {ui.many(len(rejected), 'row')} to mend and import again", lambda: rejects_csv(came.left()), "rows_to_mend.csv",
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
            ask_for_words(frame, upload.getvalue(), upload.name, kind, ready, key)
            ask_for_days(upload.getvalue(), upload.name, kind, ready.own, key)
    st.button("Import", key=f"import_{key}", on_click=import_now, args=(frame, importer, key, what, kind),
              disabled=not ready)  # fmt: skip
    show_came_in(frame, key, kind)
    st.caption(
        f"Columns: {', '.join(kind.fields)}. {words} Other headers and words can be given their meaning once the file is here. "
        "Importing a file twice changes nothing."
    )
    st.download_button(
        "Take a template", (",".join(kind.fields) + "\r\n").encode(), f"{key}_template.csv", "text/csv",
        type="tertiary", icon=":material/download:", on_click="ignore", key=f"template_{key}",
    )  # fmt: skip
