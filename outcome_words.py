"""What the words in a file's column of outcomes mean: as known, or as a person said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from named_columns import FileKind, headers_key, is_value, sheet_of, understand
from stores.outcomes import MILESTONES

LEAVE_OUT = "leave out"  # what a word can mean beside the outcomes: nothing is known of the row yet, or nobody needs it
_EVERYWHERE = {
    "delivered": "delivery", "not_delivered": "no_delivery", "called": "contacted", "contact": "contacted",
    "appt": "appointment", "appointment_set": "appointment", "churn": "churned",
    "pending": LEAVE_OUT, "open": LEAVE_OUT, "in_progress": LEAVE_OUT,
}  # fmt: skip


class Vocabulary(NamedTuple):
    """`field`: the one that holds the words; `meanings`: what a word can mean; `known`: word → meaning, besides themselves."""

    field: str
    meanings: tuple[str, ...]
    known: Mapping[str, str]


class Word(NamedTuple):
    """`key`: as words are compared; `shown`: as the file first spells it; `rows`: how many rows say so."""

    key: str
    shown: str
    rows: int


_VOCABULARIES = {
    "history": Vocabulary(
        "outcome", ("delivery", "no_delivery"),
        {**_EVERYWHERE, "yes": "delivery", "lost": "no_delivery", "no": "no_delivery"},
    ),
    "outcomes": Vocabulary("milestone", MILESTONES, _EVERYWHERE),
}  # fmt: skip


def vocabulary(kind: FileKind) -> Vocabulary | None:
    """What the outcomes of a file of this kind may say; None for a kind without outcomes in words."""
    return _VOCABULARIES.get(kind.name)


def plain_word(word: str) -> str:
    """The word as words are compared: lower case, an underscore for spaces and hyphens."""
    return "_".join(word.lower().replace("-", " ").replace("_", " ").split())


def meaning_of(word: str, words: Vocabulary, own: Mapping[str, str]) -> str | None:
    """One of the vocabulary's meanings, or LEAVE_OUT; None for a word that is not understood. `own` (word → meaning) wins."""
    key = plain_word(word)
    meaning = own.get(key) or words.known.get(key, key)
    return meaning if meaning in (*words.meanings, LEAVE_OUT) else None


def is_usual(word: str, meaning: str) -> bool:
    """Whether everybody reads the word so: nothing needs to be said about it."""
    key = plain_word(word)
    return _EVERYWHERE.get(key, key) == meaning


def usable_words(own: Mapping[str, str], kind: FileKind) -> dict[str, str]:
    """What of `own` (word → meaning, the word in any spelling) can be used for a file of this kind; no value of a person is."""
    words = vocabulary(kind)
    allowed = (*words.meanings, LEAVE_OUT) if words else ()
    return {
        plain_word(word): meaning
        for word, meaning in own.items()
        if meaning in allowed and not is_value(word)
    }


def words_key(headers: Sequence[str], kind: FileKind) -> str:
    """Under which the words of files of this kind with these headers are remembered."""
    return headers_key(headers, f"words of {kind.name}")


def words_of(content: bytes, name: str, kind: FileKind, own: Mapping[str, str]) -> list[Word]:
    """Every word that the file has for an outcome, the most frequent first; [] for a kind without words or a file without
    that column. `own` is field → header. InputError when the file is no table.
    """
    words = vocabulary(kind)
    sheet = sheet_of(content, name, kind, own)
    places = understand(sheet.headers, kind, own).places.get(words.field, []) if words else []
    return counted(cells[place] for _, cells in sheet.rows for place in places)


def counted(cells: Iterable[str]) -> list[Word]:
    """The different words among the cells, the most frequent first, equal ones in the order in which they come."""
    shown: dict[str, str] = {}
    many: Counter[str] = Counter()
    for cell in cells:
        key = plain_word(cell)
        shown.setdefault(key, " ".join(cell.split()))
        many[key] += 1
    return [Word(key, shown[key], rows) for key, rows in many.most_common()]


def not_understood(found: Sequence[Word], kind: FileKind, own: Mapping[str, str]) -> list[Word]:
    """The words without a meaning."""
    words = vocabulary(kind)
    return [word for word in found if words and meaning_of(word.key, words, own) is None]


def told_words(found: Sequence[Word], most: int = 12) -> str:
    """`Placed (125), Refused (755)`; what looks like a person's data is not repeated."""
    told = [f"{shown_word(word.shown)} ({word.rows:,})" for word in found[:most]]
    return ", ".join(told) + (f" and {len(found) - most:,} further words" if len(found) > most else "")


def left_out_notes(found: Sequence[Word]) -> list[str]:
    """A sentence per word whose rows were left out: no row goes without a trace."""
    return [
        f"{word.rows:,} {'row says' if word.rows == 1 else 'rows say'} '{shown_word(word.shown)}' and "
        f"{'was' if word.rows == 1 else 'were'} left out. Bring the file in again once more is known."
        for word in found
    ]


def shown_word(word: str) -> str:
    """The word as it may be shown."""
    return "(a value, no word)" if is_value(word) else word.strip()[:40] or "(empty)"
