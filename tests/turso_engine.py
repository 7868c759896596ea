"""The inside of the strict SQL-over-HTTP server of the tests: streams, batons, batches, values, the SQL it
refuses.

It behaves as libsql-server was seen to behave, on the standard library's sqlite3. What a client may not send
is Malformed (HTTP 400); what a statement may not do is a SqlError inside the answer.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_REFUSED_SQL = re.compile(
    r"\s*(VACUUM|ANALYZE|ATTACH|DETACH|CREATE\s+TEMP|"
    r"PRAGMA\s+(optimize|wal_checkpoint|(journal_mode|synchronous|cache_size|busy_timeout|locking_mode)\s*[=(]))",
    re.IGNORECASE,
)
_ABSENT = {"pow", "power", "mod", "trunc", "log2", "load_extension"}
_SYNTAX = ("syntax error", "incomplete input", "unrecognized token")


class Malformed(Exception):
    """The request breaks the protocol: HTTP 400."""


class SqlError(Exception):
    """A statement failed: an error in its place in the answer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message

    def entry(self) -> dict[str, Any]:
        return {"message": self.message, "code": self.code}


class Stream:
    """One connection with what the protocol hangs on it."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
        # Half of its largest answer is what the server takes for one value (libsql-server 0.24.1).
        self.connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 5_000_000)
        self.connection.execute("PRAGMA foreign_keys = ON")
        self.connection.execute("PRAGMA recursive_triggers = ON")
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.execute("PRAGMA busy_timeout = 0")  # from here on the engine waits by itself
        self.connection.set_authorizer(_authorize)
        if hasattr(self.connection, "setconfig"):
            self.connection.setconfig(sqlite3.SQLITE_DBCONFIG_DQS_DML, False)
            self.connection.setconfig(sqlite3.SQLITE_DBCONFIG_DQS_DDL, False)
        self.stored: dict[int, str] = {}
        self.used_at = time.monotonic()
        self.began_at: float | None = None
        self.timed_out = False
        self.lock = threading.Lock()  # held while a request runs on the stream


class Engine:
    """One database with its streams."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stream_seconds = 10.0
        self.transaction_seconds = 5.0
        self.busy_seconds = 5.0
        self.max_answer_bytes = 10_000_000
        self.timeout_at_step: int | None = None  # the next batch loses its transaction before this step
        self.busy_begins = 0  # so many BEGIN IMMEDIATE to come find the database busy
        self.statements = 0
        self._streams: dict[str, Stream] = {}
        self._lock = threading.Lock()
        self._syntax = sqlite3.connect(":memory:", check_same_thread=False)
        self._keeper = sqlite3.connect(path, check_same_thread=False)  # keeps the log from being folded up
        self._keeper.execute("PRAGMA journal_mode = WAL")
        self._keeper.execute("SELECT 1 FROM sqlite_master").fetchall()

    @property
    def open_streams(self) -> int:
        with self._lock:
            return len(self._streams)

    def close(self) -> None:
        with self._lock:
            for stream in self._streams.values():
                stream.connection.close()
            self._streams.clear()
        self._syntax.close()
        self._keeper.close()

    # streams and batons

    def enter(self, baton: Any) -> Stream:
        """The stream of a baton, which is used up by it; a new stream for null."""
        if baton is None:
            return Stream(self.path)
        if not isinstance(baton, str):
            raise Malformed("baton: expected a string or null")
        with self._lock:
            stream = self._streams.pop(baton, None)
        if stream is None:
            raise Malformed("Received an invalid baton")
        if time.monotonic() - stream.used_at > self.stream_seconds:
            stream.connection.close()
            raise Malformed("The stream has expired due to inactivity")
        return stream

    def leave(self, stream: Stream, *, close: bool) -> str | None:
        """The baton for the next request of the stream, null when it was closed."""
        stream.used_at = time.monotonic()
        if close:
            stream.connection.close()
            return None
        baton = secrets.token_urlsafe(24)
        with self._lock:
            self._streams[baton] = stream
        return baton

    def expire(self) -> None:
        """Close the streams that were idle for too long."""
        with self._lock:
            old = [b for b, s in self._streams.items() if time.monotonic() - s.used_at > self.stream_seconds]
            for baton in old:
                self._streams.pop(baton).connection.close()

    # what runs on a stream

    def run(self, stream: Stream, entry: Any) -> dict[str, Any]:
        """The response to one entry of a pipeline."""
        kind = _field(entry, "type", str)
        if kind == "execute":
            _only(entry, "type", "stmt")
            stmt = _field(entry, "stmt", dict)
            return {"type": kind, "result": self.execute(stream, stmt, self.max_answer_bytes)}
        if kind == "batch":
            _only(entry, "type", "batch")
            results: dict[str, Any] = {"step_results": [], "step_errors": []}
            for result, error in self.batch(stream, _field(entry, "batch", dict), self.max_answer_bytes):
                results["step_results"].append(result)
                results["step_errors"].append(error.entry() if error else None)
            if len(json.dumps(results)) > self.max_answer_bytes:
                raise SqlError("RESPONSE_TOO_LARGE", "Response is too large")
            return {"type": kind, "result": {**results, "replication_index": "1"}}
        if kind == "describe":
            return {"type": kind, "result": self._describe(stream, _field(entry, "sql", str))}
        if kind == "sequence":
            return self._sequence(stream, _field(entry, "sql", str))
        if kind == "store_sql":
            stream.stored[_field(entry, "sql_id", int)] = _field(entry, "sql", str)
            return {"type": kind}
        if kind == "close_sql":
            stream.stored.pop(_field(entry, "sql_id", int), None)
            return {"type": kind}
        if kind == "get_autocommit":
            return {"type": kind, "is_autocommit": not stream.connection.in_transaction}
        raise Malformed(f"unknown request type `{kind}`")

    def batch(
        self, stream: Stream, batch: Any, most_bytes: float = float("inf")
    ) -> Iterator[tuple[dict[str, Any] | None, SqlError | None]]:
        """Result and error of each step, both None for a skipped one. Syntax is checked before any runs."""
        _only(batch, "steps")
        steps = _field(batch, "steps", list)
        for index, step in enumerate(steps):
            _only(step, "stmt", "condition")
            self._checked(stream, _field(step, "stmt", dict))
            if step.get("condition") is not None:
                _check_condition(step["condition"], index)
        outcomes: list[bool | None] = []  # True ok, False error, None skipped
        timeout_at, self.timeout_at_step = self.timeout_at_step, None
        for index, step in enumerate(steps):
            condition = step.get("condition")
            if condition is not None and not _holds(condition, outcomes, stream):
                outcomes.append(None)
                yield None, None
                continue
            if index == timeout_at:
                stream.connection.execute("ROLLBACK")
                stream.timed_out = True
            try:
                result = self.execute(stream, step["stmt"], most_bytes)
            except SqlError as error:
                outcomes.append(False)
                yield None, error
            else:
                outcomes.append(True)
                yield result, None

    def execute(self, stream: Stream, stmt: dict[str, Any], most_bytes: float) -> dict[str, Any]:
        sql, args = self._checked(stream, stmt)
        if stream.timed_out:
            stream.timed_out, stream.began_at = False, None
            raise SqlError("TRANSACTION_TIMEOUT", "Transaction timed-out")
        self.statements += 1
        begins = re.match(r"\s*BEGIN\s+(IMMEDIATE|EXCLUSIVE)", sql, re.IGNORECASE)
        if begins and self.busy_begins:
            self.busy_begins -= 1
            raise SqlError("SQLITE_BUSY", "SQLite error: database is locked")
        until = time.monotonic() + self.busy_seconds
        while True:
            try:
                result = self._answer(stream, sql, args, want_rows=stmt.get("want_rows", True))
            except sqlite3.Error as error:
                locked = "locked" in str(error) and time.monotonic() < until
                if not locked:
                    raise _sql_error(error) from error
                self._cut_old_transactions(stream)
                time.sleep(0.005)
                continue
            size = 0
            for row in result["rows"] if most_bytes < float("inf") else ():
                size += len(json.dumps(row))
                if size > most_bytes:
                    raise SqlError("RESPONSE_TOO_LARGE", "Response is too large")
            return result

    def _answer(self, stream: Stream, sql: str, args: Any, *, want_rows: bool) -> dict[str, Any]:
        was_open = stream.connection.in_transaction
        cursor = stream.connection.execute(sql, args)
        found = cursor.fetchall()
        if stream.connection.in_transaction and not was_open:
            stream.began_at = time.monotonic()
        elif not stream.connection.in_transaction:
            stream.began_at = None
        rows = [[_encode(value) for value in row] for row in found] if want_rows else []
        return {
            "cols": [{"name": column[0], "decltype": None} for column in cursor.description or ()],
            "rows": rows,
            "affected_row_count": max(cursor.rowcount, 0),
            "last_insert_rowid": None if cursor.lastrowid is None else str(cursor.lastrowid),
            "replication_index": None,
            "rows_read": len(rows),
            "rows_written": max(cursor.rowcount, 0),
            "query_duration_ms": 0.1,
        }

    def _checked(self, stream: Stream, stmt: dict[str, Any]) -> tuple[str, Any]:
        """Text and arguments of a statement; SqlError for SQL not taken, Malformed for broken values."""
        _only(stmt, "sql", "sql_id", "args", "named_args", "want_rows")
        if ("sql" in stmt) == ("sql_id" in stmt):
            raise Malformed("stmt: exactly one of sql and sql_id is required")
        if "sql_id" in stmt and stmt["sql_id"] not in stream.stored:
            raise Malformed(f"SQL text {stmt['sql_id']} not found")
        sql = _field(stmt, "sql", str) if "sql" in stmt else stream.stored[stmt["sql_id"]]
        args = [decode(value) for value in stmt.get("args") or []]
        named = {
            _field(a, "name", str).lstrip(":@$"): decode(a["value"]) for a in stmt.get("named_args") or []
        }
        if args and named:
            raise SqlError("ARGS_BOTH_POSITIONAL_AND_NAMED", "Specifying both positional and named arguments")
        if _REFUSED_SQL.match(sql):
            raise SqlError("SQL_PARSE_ERROR", f"SQL string could not be parsed: unsupported statement: {sql}")
        try:
            with self._lock:
                self._syntax.execute(f"EXPLAIN {sql}")
        except sqlite3.Error as error:
            if any(word in str(error) for word in _SYNTAX):
                raise SqlError("SQL_PARSE_ERROR", f"SQL string could not be parsed: {error}") from error
            if "one statement at a time" in str(error):
                raise SqlError(
                    "SQL_MANY_STATEMENTS", "SQL string contains more than one statement"
                ) from error
        return sql, named or args

    def _describe(self, stream: Stream, sql: str) -> dict[str, Any]:
        self._checked(stream, {"sql": sql})
        columns: list[str] = []
        try:
            stream.connection.execute("SAVEPOINT described")
            marks = [None] * sql.count("?")
            columns = [c[0] for c in stream.connection.execute(sql, marks).description or ()]
        except sqlite3.Error as error:
            if not isinstance(error, sqlite3.IntegrityError):
                raise _sql_error(error) from error
            returning = re.split(r"\bRETURNING\b", sql, flags=re.IGNORECASE)[-1].split(",")
            columns = [re.split(r"\s+AS\s+|\.", item.strip(), flags=re.IGNORECASE)[-1] for item in returning]
        finally:
            stream.connection.execute("ROLLBACK TO described")
            stream.connection.execute("RELEASE described")
        cols = [{"name": name, "decltype": None} for name in columns]
        return {"params": [], "cols": cols, "is_explain": False, "is_readonly": False}

    def _sequence(self, stream: Stream, sql: str) -> dict[str, Any]:
        try:
            stream.connection.executescript(sql)
        except sqlite3.Error as error:
            raise _sql_error(error) from error
        return {"type": "sequence"}

    def _cut_old_transactions(self, waiting: Stream) -> None:
        """A writer waits: transactions that are too old and whose client is silent are rolled back."""
        with self._lock:
            streams = list(self._streams.values())
        for stream in streams:
            began = stream.began_at
            if stream is waiting or began is None or time.monotonic() - began < self.transaction_seconds:
                continue
            if stream.connection.in_transaction:
                stream.connection.execute("ROLLBACK")
                stream.began_at, stream.timed_out = None, True


def decode(value: Any) -> Any:
    """A value in its strict form."""
    kind = _field(value, "type", str)
    if kind == "null":
        _only(value, "type")
        return None
    _only(value, "type", "base64" if kind == "blob" else "value")
    if kind == "integer":
        text = _field(value, "value", str)
        if not re.fullmatch(r"-?\d{1,19}", text) or not -(2**63) <= int(text) < 2**63:
            raise Malformed("value: invalid 64-bit integer")
        return int(text)
    if kind == "float":
        number = value.get("value")
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise Malformed("value: expected a number")
        return float(number)
    if kind == "text":
        return _field(value, "value", str)
    if kind == "blob":
        text = _field(value, "base64", str)
        if not re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", text):
            raise Malformed("value: invalid base64")
        return base64.b64decode(text + "=" * (-len(text) % 4))
    raise Malformed(f"value: unknown type `{kind}`")


def _encode(value: Any) -> dict[str, Any]:
    if value is None:
        return {"type": "null"}
    if isinstance(value, int):
        return {"type": "integer", "value": str(value)}
    if isinstance(value, float):
        return {"type": "float", "value": value if abs(value) != float("inf") else None}
    if isinstance(value, str):
        return {"type": "text", "value": value}
    return {"type": "blob", "base64": base64.b64encode(value).decode().rstrip("=")}


def _sql_error(error: sqlite3.Error) -> SqlError:
    text = str(error)
    if isinstance(error, sqlite3.IntegrityError):
        return SqlError("SQLITE_CONSTRAINT", f"SQLite error: {text}")
    if "Incorrect number of bindings" in text:
        return SqlError("ARGS_INVALID", f"Arguments do not match SQL parameters: {text}")
    if "prohibited" in text or "authorized" in text:
        return SqlError("SQL_PARSE_ERROR", f"SQL string could not be parsed: unsupported statement: {text}")
    if "locked" in text:
        return SqlError("SQLITE_BUSY", f"SQLite error: {text}")
    if "no such column" in text or "no such function" in text:
        return SqlError("SQL_INPUT_ERROR", f"SQL input error: {text} (at offset 0)")
    return SqlError("SQLITE_UNKNOWN", f"SQLite error: {text}")


def _authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    temporary = (
        sqlite3.SQLITE_CREATE_TEMP_TABLE,
        sqlite3.SQLITE_CREATE_TEMP_VIEW,
        sqlite3.SQLITE_CREATE_TEMP_TRIGGER,
    )
    absent = action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _ABSENT
    return sqlite3.SQLITE_DENY if action in temporary or absent else sqlite3.SQLITE_OK


def _check_condition(condition: Any, index: int) -> None:
    kind = _field(condition, "type", str)
    if kind in ("ok", "error"):
        if not 0 <= _field(condition, "step", int) < index:
            raise Malformed("condition: a step may only refer to an earlier one")
    elif kind == "not":
        _check_condition(condition.get("cond"), index)
    elif kind in ("and", "or"):
        for part in _field(condition, "conds", list):
            _check_condition(part, index)
    elif kind != "is_autocommit":
        raise Malformed(f"condition: unknown type `{kind}`")


def _holds(condition: dict[str, Any], outcomes: list[bool | None], stream: Stream) -> bool:
    kind = condition["type"]
    if kind == "ok":
        return outcomes[condition["step"]] is True
    if kind == "error":
        return outcomes[condition["step"]] is not True  # a skipped step did not succeed
    if kind == "not":
        return not _holds(condition["cond"], outcomes, stream)
    if kind == "and":
        return all(_holds(part, outcomes, stream) for part in condition["conds"])
    if kind == "or":
        return any(_holds(part, outcomes, stream) for part in condition["conds"])
    return not stream.connection.in_transaction


def _field(entry: Any, name: str, kind: type) -> Any:
    value = entry.get(name) if isinstance(entry, dict) else None
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Malformed(f"{name}: expected {kind.__name__}")
    return value


def _only(entry: Any, *names: str) -> None:
    if not isinstance(entry, dict) or set(entry) - set(names):
        raise Malformed(f"expected only the fields {', '.join(names)}")
