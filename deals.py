"""A file of deals → one row per deal, with every trouble listed by row.

Columns are recognised by their headers (config/deals.yaml) or by the user's own mapping, which wins. A row
that cannot be used is rejected with a sentence; the others are read whatever their neighbours look like.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

import lead_values
from errors import ConfigError
from lead_days import USUAL, DayOrder, expected_day, read_order
from named_columns import FileKind, places_of_fields, same_header, sheet_of

LABELS = ("owner", "region", "industry", "product", "lead_source", "stage")  # fields with a few values each
FIELDS = ("deal_id", "account", *LABELS, "amount", "created_on", "closed_on", "outcome")
NEEDED = ("deal_id", "created_on", "outcome")
OUTCOMES = ("open", "won", "lost")
NOT_READ, UNKNOWN_LABEL, DUPLICATE, IMPOSSIBLE_DATE = (
    "not read",
    "unknown label",
    "duplicate",
    "impossible date",
)

_SHIPPED = Path(__file__).resolve().parent / "config"
_AMOUNT = re.compile(r"(?:USD|US\$|[$€£])?\s*([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(\.[0-9]+)?\s*(?:USD|EUR|GBP)?")
_MOST_AMOUNT = 1e12
_LONGEST_LABEL = 120


@dataclass(frozen=True)
class DealRules:
    """How files of deals are read: field → headers, outcome → words for it, field → labels it may have."""

    columns: Mapping[str, tuple[str, ...]]
    outcomes: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class DealFile:
    """What came out of a file. rows_in = rows of `deals` + rejected rows of `problems`.

    deals: one row per deal, columns FIELDS: text (missing where unknown), amount (float64), created_on and
    closed_on (datetime64), outcome (open, won, lost); no deal twice. problems: row_number, deal_id, kind (not
    read, unknown label, duplicate, impossible date), problem (a sentence), rejected (bool, true once per
    rejected row). mapping: field → header.
    """

    name: str
    rows_in: int
    deals: pd.DataFrame
    problems: pd.DataFrame
    notes: list[str]
    mapping: dict[str, str]
    headers: list[str]


def read_deal_rules(config_dir: Path) -> DealRules:
    """The rules in deals.yaml, the shipped one where the folder has none; ConfigError when it is no such file."""
    path = config_dir / "deals.yaml"
    try:
        said = yaml.safe_load((path if path.exists() else _SHIPPED / "deals.yaml").read_text("utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError("deals.yaml is not valid YAML in UTF-8. Check its spaces and quotes.") from error
    if not isinstance(said, dict):
        raise ConfigError("deals.yaml was expected to have the parts columns, outcomes and labels.")
    known = {"columns": FIELDS, "outcomes": OUTCOMES, "labels": LABELS}
    read: dict[str, dict[str, tuple[str, ...]]] = {}
    for part, names in known.items():
        content = said.get(part) or {}
        if (
            not isinstance(content, dict)
            or any(name not in names for name in content)
            or not all(isinstance(words, list) for words in content.values())
        ):
            raise ConfigError(
                f"{part} in deals.yaml was expected to give a list for each of {', '.join(names)}, and for nothing else."
            )
        read[part] = {str(name): tuple(str(word) for word in words) for name, words in content.items()}
    for part, same in (("columns", same_header), ("outcomes", same_word)):
        claims: dict[str, str] = {}
        for name, words in read[part].items():
            for word in words:
                if claims.setdefault(same(word), name) != name:
                    raise ConfigError(
                        f"deals.yaml gives '{word}' to {claims[same(word)]} and to {name}. Leave it with one of them."
                    )
    return DealRules(**read)


def same_word(word: str) -> str:
    """The word in lower case with single spaces for spaces, dashes and underscores: equal for all spellings."""
    return " ".join(re.sub(r"[-_/]", " ", word.lower()).split())


def amount(value: str) -> float | None:
    """`$12,345.50`, `12345` or `12345 USD` as a number; None for anything else, also for negative amounts."""
    found = _AMOUNT.fullmatch(value.strip())
    if not found or len(found[1]) > 24:
        return None
    number = float(found[1].replace(",", "") + (found[2] or ""))
    return number if number <= _MOST_AMOUNT else None


def deal_kind(rules: DealRules) -> FileKind:
    """A file of deals as these rules know it."""
    needed = tuple((field,) for field in NEEDED)
    return FileKind("deals", FIELDS, needed, rules.columns, days=("created_on", "closed_on"))


def read_deals(
    content: bytes,
    name: str,
    rules: DealRules,
    *,
    today: date,
    mapping: Mapping[str, str] | None = None,
    day_first: bool | None = None,
) -> DealFile:
    """The deals of a CSV or .xlsx file; columns by `rules` or by `mapping` (field → header).

    InputError when the file is no table, a column of NEEDED is missing or two columns claim one field. A row
    without deal id or creation date, with an unknown outcome, a date in the future or a close before the
    creation is rejected; so is a closed deal without its date, and the second of two rows of one deal. An
    open deal's closing date is an expectation and left out.
    """
    kind = deal_kind(rules)
    sheet = sheet_of(content, name, kind, mapping)
    places = {f: some[0] for f, some in places_of_fields(sheet.headers, kind, mapping or {}, name).items()}
    words = {same_word(word): outcome for outcome, some in rules.outcomes.items() for word in some}
    dated = [places[field] for field in kind.days if field in places]
    days = read_order((cells[place] for _, cells in sheet.rows for place in dated), day_first=day_first)
    reader = _RowReader(today, words, days.order)
    for number, why in sheet.unreadable:
        reader.reject(number, None, NOT_READ, why)
    for number, cells in sheet.rows:
        reader.read(number, {field: cells[place] for field, place in places.items()})
    notes = [*sheet.notes, days.sentence] if days.sentence else list(sheet.notes)
    if reader.expected:
        notes.append(
            f"{reader.expected:,} open deals have a closing date; it is an expectation and was left out."
        )
    absent = [field.replace("_", " ") for field in FIELDS if field not in places]
    if absent:
        notes.append(f"There is no column for {', '.join(absent)}.")
    return DealFile(
        name=name,
        rows_in=len(sheet.rows) + len(sheet.unreadable),
        deals=deal_frame(list(reader.deals.values())),
        problems=_problem_frame(reader.problems),
        notes=notes,
        mapping={field: sheet.headers[place] for field, place in places.items()},
        headers=sheet.headers,
    )


def read_deal_rows(
    rows: Iterable[Mapping[str, str]], name: str, *, today: date, more: Sequence[tuple[str, str]] = ()
) -> DealFile:
    """The deals of records that come with a text per field, by the rules of `read_deals`; the outcome is open, won or
    lost. `more`: (deal_id, sentence) about dates that the records had and that were replaced.
    """
    reader = _RowReader(today, {outcome: outcome for outcome in OUTCOMES})
    number = 0
    for number, cells in enumerate(rows, start=1):
        reader.read(number, {field: cells.get(field, "") for field in FIELDS})
    for deal_id, sentence in more:
        reader.reject(0, deal_id, IMPOSSIBLE_DATE, sentence, False)
    return DealFile(
        name=name, rows_in=number, deals=deal_frame(list(reader.deals.values())), problems=_problem_frame(reader.problems),
        notes=[], mapping={}, headers=[],
    )  # fmt: skip


def deal_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows with the keys FIELDS as a frame with the types that DealFile promises; no rows, no rows."""
    frame = pd.DataFrame(rows, columns=list(FIELDS))
    for field in ("deal_id", "account", *LABELS, "outcome"):
        frame[field] = frame[field].astype("str")
    frame["amount"] = frame["amount"].astype("float64")
    for field in ("created_on", "closed_on"):
        frame[field] = pd.to_datetime(frame[field], format="ISO8601")
    return frame


def _problem_frame(problems: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(problems, columns=["row_number", "deal_id", "kind", "problem", "rejected"])


class _RowReader:
    """Reads row after row; keeps the deals by id, the problems, and how many expected closing dates there were."""

    def __init__(self, today: date, words: Mapping[str, str], order: DayOrder = USUAL) -> None:
        self.today, self.words, self.order = today, words, order
        self.deals: dict[str, dict[str, Any]] = {}
        self.problems: list[dict[str, Any]] = []
        self.expected = 0

    def reject(
        self, number: int, deal_id: str | None, kind: str, problem: str, rejected: bool = True
    ) -> None:
        """Nothing; the trouble is on the list."""
        self.problems.append(
            {
                "row_number": number,
                "deal_id": deal_id,
                "kind": kind,
                "problem": problem,
                "rejected": rejected,
            }
        )

    def read(self, number: int, cells: Mapping[str, str]) -> None:
        """Nothing; the row is among the deals or among the problems."""
        deal_id = lead_values.identifier(cells["deal_id"])
        if deal_id is None:
            return self.reject(number, None, NOT_READ, "This row has no deal id.")
        deal_id = deal_id[:_LONGEST_LABEL]
        said = cells["outcome"].strip()
        outcome = self.words.get(same_word(said)) if said else "open"
        if outcome is None:
            return self.reject(
                number, deal_id, UNKNOWN_LABEL,
                f"The outcome was expected to be won, lost or open, but is '{said[:40]}'. Add the word to deals.yaml or mend the row.",
            )  # fmt: skip
        days: dict[str, date | None] = {}
        for field in ("created_on", "closed_on"):
            text = lead_values.text(cells.get(field, ""))
            days[field] = lead_values.day(text, self.order) if text else None
            if text and days[field] is None:
                return self.reject(
                    number, deal_id, IMPOSSIBLE_DATE,
                    expected_day(f"The date in {field.replace('_', ' ')}", text, self.order),
                )  # fmt: skip
        trouble = self._impossible(outcome, days["created_on"], days["closed_on"])
        if trouble:
            return self.reject(number, deal_id, IMPOSSIBLE_DATE, trouble)
        if deal_id in self.deals:
            return self.reject(
                number,
                deal_id,
                DUPLICATE,
                f"Deal {deal_id} is in this file already; only its first row counts.",
            )
        if outcome == "open" and days["closed_on"]:
            self.expected += 1
            days["closed_on"] = None
        said_amount = lead_values.text(cells.get("amount", ""))
        value = amount(said_amount) if said_amount else None
        if said_amount and value is None:
            self.reject(
                number, deal_id, NOT_READ,
                f"The amount was expected as a number such as 12,500, but is '{said_amount[:40]}'; it was left out.", False,
            )  # fmt: skip
        labels = {field: lead_values.text(cells.get(field, "")) for field in ("account", *LABELS)}
        self.deals[deal_id] = {
            "deal_id": deal_id,
            **{field: label[:_LONGEST_LABEL] if label else None for field, label in labels.items()},
            "amount": value,
            **{field: day.isoformat() if day else None for field, day in days.items()},
            "outcome": outcome,
        }
        return None

    def _impossible(self, outcome: str, created: date | None, closed: date | None) -> str | None:
        if created is None:
            return "This row has no creation date."
        if created > self.today:
            return f"The deal was created on {created.isoformat()}, which lies in the future."
        if outcome == "open":
            return None
        if closed is None:
            return f"The deal is {outcome}, but has no closing date."
        if closed > self.today:
            return f"The deal is {outcome}, but its closing date {closed.isoformat()} lies in the future."
        if closed < created:
            return f"The deal was closed on {closed.isoformat()}, before it was created on {created.isoformat()}."
        return None
