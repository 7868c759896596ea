"""The part of COQL that the strict test server understands; everything else it refuses as Zoho does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][\w.]*)"
    r"|(?P<sign><=|>=|!=|=|<|>|\(|\)|,))"
)
ORDERED = {"datetime", "date", "integer", "double", "id"}
COMPARED = {"=", "!=", "<", ">", "<=", ">="}


class QueryRefused(Exception):
    """A refusal with Zoho's code, message and details."""

    def __init__(self, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(code)
        self.answer = {"code": code, "details": dict(details or {}), "message": message, "status": "error"}


class Query(NamedTuple):
    """A query that Zoho would run."""

    columns: list[str]
    module: str
    meets: Callable[[Mapping[str, Any]], bool]
    named: set[str]  # the fields that the criteria speak of
    order: tuple[str, bool]  # field, descending
    limit: int
    offset: int
    counts: bool


class _Words:
    """The words of a query, one after the other."""

    def __init__(self, text: str) -> None:
        self.words: list[tuple[str, str]] = []
        place = 0
        text = text.strip()
        while place < len(text):
            found = TOKEN.match(text, place)
            if not found:
                raise QueryRefused(
                    "SYNTAX_ERROR", "error in query", {"line": 1, "column": place, "near": text[place:][:8]}
                )
            self.words.append((str(found.lastgroup), found[str(found.lastgroup)]))
            place = found.end()
        self.place = 0

    def peek(self) -> str:
        return self.words[self.place][1].lower() if self.place < len(self.words) else ""

    def take(self, *expected: str) -> str:
        kind_word = self.words[self.place] if self.place < len(self.words) else ("", "")
        if expected and kind_word[1].lower() not in expected:
            raise QueryRefused(
                "SYNTAX_ERROR", "error in query", {"near": kind_word[1], "line": 1, "column": self.place}
            )
        self.place += 1
        return kind_word[1]

    def kind(self) -> str:
        return self.words[self.place][0] if self.place < len(self.words) else ""


def parsed(text: str, modules: Mapping[str, Mapping[str, str]], *, counting: bool = True) -> Query:
    """The query, or QueryRefused with the code and details that Zoho gives. `modules` is module → field → type."""
    if not re.match(r"\s*select\b", text, re.I):
        raise QueryRefused("SYNTAX_ERROR", "only select is allowed")
    words = _Words(text)
    words.take("select")
    columns, counts = _columns(words)
    words.take("from")
    module = words.take()
    if module not in modules:
        raise QueryRefused(
            "INVALID_MODULE", "the module name given seems to be invalid", {"resource_path_index": 0}
        )
    fields = modules[module]
    for column in columns:
        _type_of(column, fields, module)
    if counts and not counting:
        raise QueryRefused(
            "INVALID_QUERY", "aggregate functions are not supported", {"column_name": "COUNT(id)"}
        )
    if words.peek() != "where":
        raise QueryRefused("SYNTAX_ERROR", "missing clause", {"clause": "where"})
    words.take("where")
    named: set[str] = set()
    meets = _criteria(words, fields, module, named, top=True)
    if len(re.findall(r"\b(?:and|or)\b", re.sub(r"'(?:[^']|'')*'", "''", text), re.I)) >= 25:
        raise QueryRefused("LIMIT_EXCEEDED", "too many criteria", {"limit": 25})
    order, limit, offset = ("id", False), 200, 0
    if words.peek() == "order":
        words.take("order")
        words.take("by")
        field = words.take()
        _type_of(field, fields, module)
        order = (field, words.peek() == "desc")
        if words.peek() in ("asc", "desc"):
            words.take()
    if words.peek() == "limit":
        words.take("limit")
        limit = int(words.take())
        if words.peek() == ",":
            words.take(",")
            offset, limit = limit, int(words.take())
        elif words.peek() == "offset":
            words.take("offset")
            offset = int(words.take())
    if words.peek():
        raise QueryRefused("SYNTAX_ERROR", "error in query", {"near": words.peek()})
    if limit == 0:
        raise QueryRefused("INVALID_DATA", "limit must be above 0")
    if limit > 2000 or limit + offset > 100_000:
        raise QueryRefused("LIMIT_EXCEEDED", "limit exceeded", {"limit": 2000})
    return Query(columns, module, meets, named, order, limit, offset, counts)


def _columns(words: _Words) -> tuple[list[str], bool]:
    columns = []
    if words.peek() == "count":
        words.take()
        words.take("(")
        columns.append(words.take())
        words.take(")")
        return columns, True
    while True:
        columns.append(words.take())
        if words.peek() != ",":
            break
        words.take(",")
    if len(columns) > 500:
        raise QueryRefused("LIMIT_EXCEEDED", "too many columns", {"limit": 500})
    return columns, False


def _type_of(field: str, fields: Mapping[str, str], module: str) -> str:
    if field == "id":
        return "id"
    if field not in fields:
        raise QueryRefused(
            "INVALID_QUERY", "column given seems to be invalid", {"column_name": field, "module": module}
        )
    return fields[field]


def _criteria(
    words: _Words, fields: Mapping[str, str], module: str, named: set[str], *, top: bool = False
) -> Callable[[Mapping[str, Any]], bool]:
    """At most two criteria side by side: more must be parenthesised in pairs."""
    left = _operand(words, fields, module, named)
    if words.peek() not in ("and", "or"):
        return left
    joined_by = words.take().lower()
    right = _operand(words, fields, module, named)
    if words.peek() in ("and", "or"):
        raise QueryRefused("SYNTAX_ERROR", "criteria must be parenthesised in pairs", {"near": words.peek()})
    if joined_by == "and":
        return lambda row: left(row) and right(row)
    return lambda row: left(row) or right(row)


def _operand(
    words: _Words, fields: Mapping[str, str], module: str, named: set[str]
) -> Callable[[Mapping[str, Any]], bool]:
    if words.peek() == "(":
        words.take("(")
        inner = _criteria(words, fields, module, named)
        words.take(")")
        return inner
    return _condition(words, fields, module, named)


def _condition(
    words: _Words, fields: Mapping[str, str], module: str, named: set[str]
) -> Callable[[Mapping[str, Any]], bool]:
    field = words.take()
    kind = _type_of(field, fields, module)
    if kind == "textarea":
        raise QueryRefused("INVALID_QUERY", "unsupported column in criteria", {"column_name": field})
    named.add(field)
    operator = words.take().lower()
    if operator == "is":
        negated = words.peek() == "not"
        if negated:
            words.take("not")
        words.take("null")
        return lambda row: (_plain(row.get(field)) is None) != negated
    if operator == "not":
        operator = f"not {words.take('in', 'like').lower()}"
    if operator in ("in", "not in"):
        words.take("(")
        values = [_literal(words, kind, field)]
        while words.peek() == ",":
            words.take(",")
            values.append(_literal(words, kind, field))
        words.take(")")
        if len(values) > 100:
            raise QueryRefused("LIMIT_EXCEEDED", "too many values", {"limit": 100})
        return lambda row: (_plain(row.get(field)) in values) == (operator == "in")
    value = _literal(words, kind, field)
    if operator in ("like", "not like"):
        if kind != "text":
            raise QueryRefused(
                "INVALID_QUERY", "operator not allowed", {"column_name": field, "operator": operator}
            )
        pattern = re.compile(".*".join(map(re.escape, str(value).split("%"))), re.S)
        return lambda row: bool(pattern.fullmatch(str(row.get(field) or ""))) == (operator == "like")
    if operator not in COMPARED:
        raise QueryRefused("SYNTAX_ERROR", "error in query", {"operator": operator})
    if operator not in ("=", "!=") and kind not in ORDERED:
        raise QueryRefused(
            "INVALID_QUERY", "operator not allowed", {"column_name": field, "operator": operator}
        )
    return lambda row: _compared(row.get(field), operator, value, kind)


def _literal(words: _Words, kind: str, field: str) -> Any:
    given, word = words.kind(), words.take()
    if given == "text":
        value: Any = word[1:-1].replace("''", "'")
    elif given == "number" or word.lower() in ("true", "false"):
        value = word
    else:
        raise QueryRefused("SYNTAX_ERROR", "error in query", {"near": word})
    wrong = QueryRefused("INVALID_QUERY", "invalid value", {"column_name": field})
    if kind == "boolean":
        if str(value).lower() not in ("true", "false"):
            raise wrong
        return str(value).lower() == "true"
    try:
        if kind == "id":
            return int(value)
        if kind == "datetime":
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                raise wrong
            return moment
        if kind == "date":
            return date.fromisoformat(value)
        if kind in ("integer", "double"):
            return float(value)
    except ValueError:
        raise wrong from None
    return value


def _compared(have: Any, operator: str, value: Any, kind: str) -> bool:
    have = _plain(have)
    if have is None:
        return False
    if kind == "id":
        have = int(have)
    elif kind == "datetime":
        have = datetime.fromisoformat(have)
    elif kind == "date":
        have = date.fromisoformat(have)
    match operator:
        case "=":
            return bool(have == value)
        case "!=":
            return bool(have != value)
        case "<":
            return bool(have < value)
        case ">":
            return bool(have > value)
        case "<=":
            return bool(have <= value)
        case _:
            return bool(have >= value)


def _plain(value: Any) -> Any:
    return value.get("id") if isinstance(value, dict) else value
