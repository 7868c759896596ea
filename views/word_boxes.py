"""What the words for outcomes in a file mean: the unknown ones with their rows, each with a box, before anything comes in."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import streamlit as st

import ui
from column_choices import remember_words
from named_columns import FileKind, is_value
from outcome_words import (
    LEAVE_OUT,
    Word,
    meaning_of,
    not_understood,
    told_words,
    usable_words,
    vocabulary,
    words_of,
)
from views.column_boxes import Columns, words_reader

_MOST = 24  # words with a box; a column of more has no outcomes in it


@st.cache_data(max_entries=16, show_spinner="Reading the outcomes")
def _words(content: bytes, name: str, stamp: str, _kind: FileKind, own: dict[str, str]) -> list[Word]:
    """The words of an uploaded file; `stamp` stands for the kind."""
    return words_of(content, name, _kind, own)


def ask_for_words(
    frame: ui.Frame, content: bytes, name: str, kind: FileKind, columns: Columns, key: str
) -> None:
    """Nothing; the words that are not understood stand there with their rows, and a box each, beside those a person explained.

    Of a kind without words, or where all are understood, nothing is asked; what is left out is said all the same.
    """
    words = vocabulary(kind)
    if words is None:
        return
    found = _words(content, name, str(kind), kind, columns.own)
    own = usable_words(ui.read_all(frame, words_reader(columns.headers, kind))[0], kind)
    asked = [word for word in found if word.key in own or word in not_understood(found, kind, {})]
    boxes = [word for word in asked if not is_value(word.shown)]
    meanings = (*words.meanings, LEAVE_OUT)
    if asked:
        st.markdown(
            ui.plain(f"Your file says, as {words.field}: {told_words(asked)}. What does each word mean?")
        )
    for start in range(0, len(boxes[:_MOST]), 4):
        for word, place in zip(boxes[:_MOST][start : start + 4], st.columns(4), strict=False):
            place.selectbox(
                ui.plain(f"{word.shown[:40] or '(empty)'} ({ui.many(word.rows, 'row')})"), meanings, key=_box(key, word.key),
                index=meanings.index(own[word.key]) if word.key in own else None, placeholder="no meaning yet",
            )  # fmt: skip
    if asked:
        st.caption(
            "Rows whose word has no meaning stay out and can be downloaded afterwards. What you say is remembered at the import, "
            "for every file with the same headers."
            + (" So many words are rarely outcomes: see whether the right column was chosen." if len(asked) > _MOST else "")
        )  # fmt: skip
    if calm := [w for w in found if w not in asked and meaning_of(w.key, words, own) == LEAVE_OUT]:
        st.caption(ui.plain(f"Not decided yet, and left out for now: {told_words(calm)}. Nothing is to be mended."))  # fmt: skip


def keep_words(
    frame: ui.Frame, content: bytes, name: str, kind: FileKind, columns: Columns, key: str
) -> dict[str, str]:
    """Word → meaning for this file: as remembered and as the boxes say now, which is remembered from here on."""
    if vocabulary(kind) is None:
        return {}
    before = usable_words(ui.read_all(frame, words_reader(columns.headers, kind))[0], kind)
    now_said = dict(before)
    for word in _words(content, name, str(kind), kind, columns.own):
        box = _box(key, word.key)
        if box in st.session_state:
            now_said.pop(word.key, None)
            if st.session_state[box]:
                now_said[word.key] = st.session_state[box]
    if now_said != before:
        remember_words(
            frame.db, kind=kind, headers=columns.headers, words=now_said,
            now=datetime.now(UTC).replace(microsecond=0), actor=frame.actor,
        )  # fmt: skip
    return now_said


def _box(key: str, word: str) -> str:
    """The name of a word's box, without the word: it may be anything."""
    return f"word_{key}_{hashlib.sha256(word.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"
