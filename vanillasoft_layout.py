"""The layout of the dialler's file, from config/vanillasoft.yaml: which columns, in which order, filled with what."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from errors import ConfigError
from lead_columns import READINGS
from strict_yaml import Findings, raise_mistakes, read_yaml

FILE_NAME = "vanillasoft.yaml"
FILLS = ("list_source", "business", "home", "mobile", "owner", "lead_source", "notes")
OPERATOR_FIELDS = ("name", "business_name", "phone", "email", "zip_code", "website", "team")
# What scoring adds to a lead may stand in a column, too. Numbers to dial go through `fill`, which minds who may be
# called; they are no plain fields here.
_DIALLED = ("direct_phone", "mobile_phone", "company_phone")
LEAD_FIELDS = (*(f for f in READINGS if f not in _DIALLED), "priority", "score", "freshness", "age_days")
_KINDS = ("lead", "operator", "fill", "text")
_SHIPPED = Path(__file__).resolve().parent / "config"


class Column(NamedTuple):
    """One column: `kind` is lead, operator, fill, text or empty; `what` the field, the filling or the words."""

    name: str
    kind: str
    what: str
    width: int  # of the .xlsx, in characters


class Layout(NamedTuple):
    """The columns in the order of the file."""

    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The header row."""
        return tuple(column.name for column in self.columns)


def read_layout(config_dir: Path) -> Layout:
    """The layout in `config_dir`/vanillasoft.yaml, the shipped one where the folder has none.

    ConfigError when it cannot be read or a rule is broken, with a sentence per mistake.
    """
    path = config_dir / FILE_NAME
    if not path.exists():
        path = _SHIPPED / FILE_NAME
    try:
        return _parsed(path.read_bytes().decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{FILE_NAME} was expected to be UTF-8 text, but it is not. Save it as UTF-8."
        ) from error
    except OSError as error:
        raise ConfigError(f"{FILE_NAME} cannot be read ({error.strerror}). Restore it.") from error


def parse_layout(text: str) -> Layout:
    """The layout in `text`. ConfigError lists every mistake: an unknown key, field or filling, a header that is
    empty or stands twice, a column with two fillings, no column for the notes.
    """
    data, _ = read_yaml(text, FILE_NAME)
    found = Findings()
    top = found.section(data, "", ("columns",))
    entries = top.get("columns")
    if not isinstance(entries, list) or not entries:
        found.say("columns", "a list of columns such as {name: Company, lead: company_name}", entries)
        entries = []
    columns = [_column(found, entry, f"columns, entry {place}") for place, entry in enumerate(entries, 1)]
    names = [column.name.casefold() for column in columns if column.name]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        found.mistakes.append(f"columns: the header '{name}' stands twice. Rename one of the two.")
    if entries and not any(column.what == "notes" and column.kind == "fill" for column in columns):
        found.mistakes.append(
            "columns: no column has fill: notes. The notes carry the batch ID, without which no outcome finds its "
            "lead. Add such a column."
        )
    raise_mistakes(FILE_NAME, found.mistakes)
    return Layout(tuple(columns))


_parsed = lru_cache(maxsize=8)(parse_layout)


def _column(found: Findings, entry: Any, path: str) -> Column:
    table = found.section(entry, path, ("name",), (*_KINDS, "width"))
    name = found.word(table, "name", path) or ""
    if name != name.strip() or any(not character.isprintable() for character in name):
        found.say(f"{path}.name", "a header without outer spaces and line breaks", name)
    width = found.number(table, "width", path, 1, 255, whole=True)
    kinds = [kind for kind in _KINDS if kind in table]
    if len(kinds) > 1:
        found.mistakes.append(
            f"{path}: expected one of {', '.join(_KINDS)}, got {' and '.join(kinds)}. Keep one."
        )
    known = {"lead": LEAD_FIELDS, "operator": OPERATOR_FIELDS, "fill": FILLS, "text": None}
    kind = kinds[0] if kinds else "empty"
    what = found.word(table, kind, path, known[kind]) if kinds else ""
    return Column(name, kind, what or "", int(width or 16))
