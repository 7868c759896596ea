"""The outcomes as calibration counts them, kept as columns in a file beside the database, so that a look at a million
rows costs what changed since the last one.

The copy belongs to one database, time zone and list of component scores, and says how far it was read. It is brought up
to date by the rows that came or changed since. One that is damaged, of another database or of another history is
made anew; nobody is asked. Two processes may use it at once: a file is replaced in one step.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from stores import outcome_rows
from stores.outcome_rows import COLUMNS, Known, Marks
from stores.outcomes import days_of
from turso_db import Database, Table

_FORMAT = 1
_TEXTS = (
    "source", "batch_id", "sic_code", "state", "zip_code", "signal_strength", "workflow_type",
)  # fmt: skip
_WHOLE = ("employee_count", "hades_score")
_DAYS = ("started_on", "delivered_on")
_PART = "part of the score: "  # a component may bear the name of a column
_MOST_CHANGED = 0.2  # of the rows: beyond it everything is read again


@dataclass(frozen=True)
class OutcomeColumns:
    """frame: as stores.outcomes.read_outcome_frame gives it for all outcomes. parts: as
    stores.outcomes.read_component_scores gives them. known, data_version: how far was read.
    """

    frame: pd.DataFrame
    parts: pd.DataFrame
    known: Known
    data_version: int


def read_columns(
    db: Database, *, cache_dir: Path | None, zone: ZoneInfo, parts: Sequence[str] = ()
) -> OutcomeColumns:
    """Every outcome that counts now, from the copy in `cache_dir` as far as it goes; None keeps no copy.

    A folder that cannot be written costs speed and nothing else.
    """
    path = None if cache_dir is None else cache_dir / _file_name(db, zone, parts)
    kept = None if path is None else _load(path)
    if kept is not None:
        stamp, table = kept
        since = Known(*stamp["known"])
        marks = outcome_rows.read_marks(db, since=since)
        if _continues(stamp, marks):
            if marks.data_version == stamp["data_version"]:
                return _told(table, marks, parts)
            newer = _brought_up(db, table, since, zone, parts)
            if newer is not None:
                marks, table = newer
                _store(path, marks, table)
                return _told(table, marks, parts)
    marks, rows, deliveries = outcome_rows.read_every_row(db, parts=parts)
    table = _arrow(rows, deliveries, zone, parts)
    _store(path, marks, table)
    return _told(table, marks, parts)


def read_as_known(db: Database, *, known: Known, zone: ZoneInfo, parts: Sequence[str] = ()) -> OutcomeColumns:
    """Every outcome as it was known: what came or was changed later is as if it had not happened."""
    table = _arrow(*outcome_rows.read_known_rows(db, known=known, parts=parts), zone, parts)
    return _told(table, Marks(0, 0, known, ()), parts)


def _continues(stamp: dict[str, Any], marks: Marks) -> bool:
    """Whether the database is the one that was copied, and has gone on from there."""
    return (
        stamp["database_id"] == marks.database_id
        and stamp["data_version"] <= marks.data_version
        and tuple(stamp["last"]) == marks.last
    )


def _brought_up(
    db: Database, table: Any, since: Known, zone: ZoneInfo, parts: Sequence[str]
) -> tuple[Marks, Any] | None:
    """The marks of now and the table with what changed; None when so much did that all is better read again."""
    import pyarrow as pa
    import pyarrow.compute as pc

    marks, rows, deliveries, void = outcome_rows.read_changed_rows(db, since=since, parts=parts)
    if len(rows.rows) > _MOST_CHANGED * max(table.num_rows, 1_000):
        return None
    gone = pa.array(sorted(void), pa.string())
    stays = pc.invert(pc.fill_null(pc.is_in(table["batch_id"].cast(pa.string()), value_set=gone), False))
    for source in ("historical", "hades"):
        ids = pa.array([row[1] for row in rows.rows if row[0] == source], pa.int64())
        own = pc.equal(table["source"].cast(pa.string()), source)
        stays = pc.and_(stays, pc.invert(pc.and_(own, pc.is_in(table["lead_id"], value_set=ids))))
    table = pa.concat_tables(
        [table.filter(stays), _arrow(rows, deliveries, zone, parts)]
    ).unify_dictionaries()
    return marks, _in_order(table.combine_chunks())


def _arrow(rows: Table, deliveries: Table, zone: ZoneInfo, parts: Sequence[str]) -> Any:
    """The rows as an Arrow table, texts as dictionaries, days as numbers, in the order of source and lead."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = list(zip(*rows.rows, strict=True)) or [()] * (len(COLUMNS) + len(parts))
    made: dict[str, Any] = {}
    names = [*COLUMNS, *(_PART + part for part in parts)]
    for name, values in zip(names, columns, strict=True):
        if name in _TEXTS:
            made[name] = pa.array(values, pa.string()).dictionary_encode()
        elif name in _DAYS:
            made[name] = _days(values, zone)
        elif name in _WHOLE or name == "lead_id":
            made[name] = pa.array(values, pa.int64())
        else:
            made[name] = pa.array(values, pa.float64())
    table = _in_order(pa.table(made))
    if not deliveries.rows:
        return table
    ids, texts = zip(*deliveries.rows, strict=True)
    wanted = np.array(ids, dtype="int64")
    order = np.argsort(wanted)
    when = _days(texts, zone).to_numpy(zero_copy_only=False).astype("datetime64[D]")[order]
    lead, delivered = (
        table["lead_id"].to_numpy(),
        table["delivered_on"].to_numpy().astype("datetime64[D]").copy(),
    )
    place = np.minimum(np.searchsorted(wanted[order], lead), len(wanted) - 1)
    own = (wanted[order][place] == lead) & pc.equal(table["source"].cast(pa.string()), "hades").to_numpy()
    delivered[own] = when[place[own]]
    at = table.schema.get_field_index("delivered_on")
    return table.set_column(at, "delivered_on", pa.array(delivered, pa.date32()))


def _days(values: Sequence[Any], zone: ZoneInfo) -> Any:
    """The calendar days of ISO texts as Arrow dates; each different text is read once."""
    import pyarrow as pa

    coded = pa.array(values, pa.string()).dictionary_encode()
    days = days_of(pd.Series(coded.dictionary.to_pylist(), dtype="str"), zone=zone)
    return pa.array(days.to_numpy().astype("datetime64[D]"), pa.date32()).take(coded.indices)


def _in_order(table: Any) -> Any:
    """The table by source (hades before historical, as text sorts) and lead."""
    source = table["source"].combine_chunks()
    if not len(source):
        return table
    places = np.argsort(np.argsort(np.array(source.dictionary.to_pylist(), dtype="str")))
    codes, leads = places[source.indices.to_numpy()], table["lead_id"].to_numpy()
    steps, further = np.diff(codes), np.diff(leads)
    if ((steps > 0) | ((steps == 0) & (further > 0))).all():
        return table  # as the database gave them
    return table.take(np.lexsort((leads, codes)))


def _told(table: Any, marks: Marks, parts: Sequence[str]) -> OutcomeColumns:
    import pyarrow as pa

    made: dict[str, Any] = {}
    for name in COLUMNS:
        column = table[name]
        if name in _TEXTS:
            made[name] = column.cast(pa.large_string()).to_pandas().astype("str")
        elif name in _WHOLE:
            missing = column.is_null().to_numpy()
            made[name] = pd.arrays.IntegerArray(column.fill_null(0).to_numpy().astype("int64"), missing)
        elif name in _DAYS:
            made[name] = column.cast(pa.timestamp("s")).to_numpy().astype("datetime64[us]")
        else:
            made[name] = column.to_numpy()
    frame = pd.DataFrame(made, copy=False)
    own = (frame["source"] == "hades").to_numpy(dtype=bool)
    scores = frame.loc[own, ["workflow_type", *_DAYS]].reset_index(drop=True)
    scores = scores.assign(**{name: table[_PART + name].to_numpy()[own] for name in parts})
    return OutcomeColumns(frame, scores, marks.known, marks.data_version)


def _file_name(db: Database, zone: ZoneInfo, parts: Sequence[str]) -> str:
    key = json.dumps([_FORMAT, db.name, zone.key, list(parts), list(COLUMNS)])
    return f"outcomes-{hashlib.sha256(key.encode()).hexdigest()[:16]}.arrow"


def _store(path: Path | None, marks: Marks, table: Any) -> None:
    """Nothing; the file holds the table with its stamp and its checksum, unless the folder cannot be written."""
    import pyarrow as pa

    if path is None:
        return
    stamp = {
        "database_id": marks.database_id, "data_version": marks.data_version, "known": list(marks.known),
        "last": list(marks.last),
    }  # fmt: skip
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema.with_metadata({"stamp": json.dumps(stamp)})) as writer:
        writer.write_table(table)
    content = sink.getvalue()
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".outcomes-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(zlib.crc32(content).to_bytes(8, "big"))
                file.write(content)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise


def _load(path: Path) -> tuple[dict[str, Any], Any] | None:
    """The stamp and the table; None where there is no file, or one that is not as it was written."""
    import pyarrow as pa

    try:
        with pa.memory_map(str(path)) as file:
            content = file.read_buffer()
        body = content.slice(8)
        if len(content) < 8 or int.from_bytes(content.slice(0, 8).to_pybytes(), "big") != zlib.crc32(body):
            return None
        table = pa.ipc.open_stream(body).read_all()
        stamp = json.loads(table.schema.metadata[b"stamp"])
        return stamp, table
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return None
