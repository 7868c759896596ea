"""The outcomes as calibration counts them, kept as columns in a file beside the database, so that a look at a million
rows costs what changed since the last one.

The copy belongs to one database, time zone and list of component scores, and says how far it was read. It is brought up
to date by the rows that came or changed since. One that is damaged, of another database or of another history is
made anew; nobody is asked. Two processes may use it at once: a file is replaced in one step.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from column_file import keep, kept
from stores import outcome_rows
from stores.outcome_rows import COLUMNS, Known, Lines, Marks
from stores.outcomes import days_of
from turso_db import Database

_FORMAT = 2
_TOLD = "told at export"  # a JSON array: signal strength and component scores
_TEXTS = ("source", "batch_id", "sic_code", "state", "zip_code", "workflow_type", _TOLD)
_NUMBERS = ("employee_count", "hades_score")
_DAYS = ("started_on", "delivered_on")
_LINES = {  # the fields of a line, in order: see stores.outcome_rows.Lines
    "hades": (
        "lead_id", "batch_id", "sic_code", "employee_count", "state", "zip_code", "workflow_type", "hades_score", _TOLD,
    ),
    "historical": ("lead_id", "sic_code", "employee_count", "state", "zip_code", *_DAYS),
}  # fmt: skip
_MOST_CHANGED = 0.2  # of the rows: beyond it everything is read again


@dataclass(frozen=True)
class OutcomeColumns:
    """frame: as stores.outcomes.read_outcome_frame gives it for all outcomes, texts as categories in their order.
    parts: as stores.outcomes.read_component_scores gives them. known, data_version: how far was read.
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
    copy = kept(path)
    if copy is not None:
        stamp, table = copy
        since = Known(*stamp["known"])
        marks = outcome_rows.read_marks(db, since=since)
        if _continues(stamp, marks):
            if marks.data_version == stamp["data_version"]:
                return _told(table, marks, parts)
            newer = _brought_up(db, table, since, marks.known, zone, parts)
            if newer is not None:
                marks, table = newer
                keep(path, _stamp(marks), table)
                return _told(table, marks, parts)

    marks, table = _exactly(lambda coded: outcome_rows.read_every_row(db, parts=parts, coded=coded), zone)
    keep(path, _stamp(marks), table)
    return _told(table, marks, parts)


def read_as_known(db: Database, *, known: Known, zone: ZoneInfo, parts: Sequence[str] = ()) -> OutcomeColumns:
    """Every outcome as it was known: what came or was changed later is as if it had not happened."""

    _, table = _exactly(
        lambda coded: (None, outcome_rows.read_known_rows(db, known=known, parts=parts, coded=coded)), zone
    )
    return _told(table, Marks(0, 0, known, ()), parts)


def _continues(stamp: dict[str, Any], marks: Marks) -> bool:
    """Whether the database is the one that was copied, and has gone on from there."""
    return (
        stamp["database_id"] == marks.database_id
        and stamp["data_version"] <= marks.data_version
        and tuple(stamp["last"]) == marks.last
    )


def _brought_up(
    db: Database, table: Any, since: Known, until: Known, zone: ZoneInfo, parts: Sequence[str]
) -> tuple[Marks, Any] | None:
    """The marks of now and the table with what changed; None when so much did that all is better read again."""
    import pyarrow as pa
    import pyarrow.compute as pc

    came = sum(now - then for now, then in zip(until[:4], since[:4], strict=True))
    if came > _MOST_CHANGED * max(table.num_rows, 1_000):
        return None
    (marks, void), rows = _exactly(
        lambda coded: outcome_rows.read_changed_rows(db, since=since, parts=parts, coded=coded), zone
    )
    gone = pa.array(sorted(void), pa.string())
    stays = pc.invert(pc.fill_null(pc.is_in(table["batch_id"].cast(pa.string()), value_set=gone), False))
    for source in ("historical", "hades"):
        ids = rows.filter(pc.equal(rows["source"].cast(pa.string()), source))["lead_id"]
        own = pc.equal(table["source"].cast(pa.string()), source)
        stays = pc.and_(stays, pc.invert(pc.and_(own, pc.is_in(table["lead_id"], value_set=ids))))
    return marks, _normal([table.filter(stays), rows])


def _exactly(read: Callable[[bool], tuple[Any, Lines]], zone: ZoneInfo) -> tuple[Any, Any]:
    """What `read` gives beside the lines, and these as a table; read again as hexadecimal digits where a text holds one
    of the marks that part fields and lines.
    """
    import pyarrow as pa

    beside, lines = read(False)
    try:
        return beside, _arrow(lines, zone, coded=False)
    except pa.ArrowInvalid:
        beside, lines = read(True)
        return beside, _arrow(lines, zone, coded=True)


def _arrow(lines: Lines, zone: ZoneInfo, *, coded: bool) -> Any:
    """The rows as an Arrow table, texts as dictionaries, days as numbers, in the order of source and lead."""
    import pyarrow as pa

    hades = _parsed(lines.hades, _LINES["hades"], coded)
    leads, batches = hades["lead_id"].to_numpy(), hades["batch_id"]
    days = [_day_of(name) for name in batches.dictionary.to_pylist()]
    hades["started_on"] = _days(days, zone).take(batches.indices)
    texts = [text for _, text in lines.deliveries]
    hades["delivered_on"] = _of_leads(leads, lines.deliveries, _days(texts, zone))
    miles = np.fromiter((row[1] for row in lines.miles), "float64", len(lines.miles))
    hades["distance_miles"] = _of_leads(leads, lines.miles, pa.array(miles))
    historical = _parsed(lines.historical, _LINES["historical"], coded)
    for name in _DAYS:
        told = historical[name]
        historical[name] = _days(told.dictionary.to_pylist(), zone).take(told.indices)
    return _normal([_whole(hades, "hades"), _whole(historical, "historical")])


def _parsed(texts: Sequence[str], fields: Sequence[str], coded: bool) -> dict[str, Any]:
    """Field → Arrow array: whole numbers, or texts as a dictionary. ArrowInvalid where the lines are broken."""
    import pyarrow as pa
    from pyarrow import csv

    text = pa.dictionary(pa.int32(), pa.string())
    types = {name: pa.int64() if name in ("lead_id", *_NUMBERS) else text for name in fields}
    tables = [
        csv.read_csv(
            pa.BufferReader(lines.encode()),
            read_options=csv.ReadOptions(column_names=list(fields)),
            parse_options=csv.ParseOptions(delimiter="\x1f", quote_char=False, ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                column_types=types, null_values=["\x1a"], strings_can_be_null=True
            ),
        )
        for lines in texts
    ] or [pa.schema(types).empty_table()]
    table = pa.concat_tables(tables).unify_dictionaries()
    arrays = {name: table[name].combine_chunks() for name in fields}
    if coded:
        for name, array in arrays.items():
            if types[name] == text:
                told = [bytes.fromhex(digits).decode() for digits in array.dictionary.to_pylist()]
                arrays[name] = pa.DictionaryArray.from_arrays(array.indices, pa.array(told, pa.string()))
    return arrays


def _day_of(batch_id: str) -> str:
    """The day of export, as stores.outcomes.BATCH_DAY takes it from the batch ID."""
    return f"{batch_id[6:10]}-{batch_id[10:12]}-{batch_id[12:14]}"


def _of_leads(leads: np.ndarray[Any, Any], told_of: Sequence[tuple[Any, ...]], values: Any) -> Any:
    """The value of each lead, null where none is told: `told_of` has the lead of each value first."""
    import pyarrow as pa

    if not told_of:
        return pa.nulls(len(leads), values.type)
    ids = np.fromiter((row[0] for row in told_of), "int64", len(told_of))
    order = np.argsort(ids, kind="stable")
    told = ids[order]
    place = np.minimum(np.searchsorted(told, leads), len(told) - 1)
    return values.take(pa.array(order[place], mask=told[place] != leads))


def _whole(columns: Mapping[str, Any], source: str) -> Any:
    """The table with every column, null where this source has none."""
    import pyarrow as pa

    rows = len(columns["lead_id"])
    text = pa.dictionary(pa.int32(), pa.string())
    everywhere = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, "int32")), pa.array([source]))
    kinds = (
        dict.fromkeys(_TEXTS, text) | {"distance_miles": pa.float64()} | dict.fromkeys(_NUMBERS, pa.int64())
    )
    none = {name: pa.nulls(rows, kind) for name, kind in kinds.items()}
    made = none | dict(columns) | {"source": everywhere}
    return pa.table({name: made[name] for name in ("lead_id", *kinds, *_DAYS)})


def _days(texts: Sequence[Any], zone: ZoneInfo) -> Any:
    """The calendar days of ISO texts as Arrow dates."""
    import pyarrow as pa

    days = days_of(pd.Series(texts, dtype="str"), zone=zone)
    return pa.array(days.to_numpy().astype("datetime64[D]"), pa.date32())


def _normal(tables: Sequence[Any]) -> Any:
    """One table in the order of source (hades before historical, as text sorts) and lead; texts are dictionaries of what
    occurs, sorted, with the smallest numbers that do.
    """
    import pyarrow as pa

    wide = pa.dictionary(pa.int32(), pa.string())
    like = pa.schema(
        [(field.name, wide if field.name in _TEXTS else field.type) for field in tables[0].schema]
    )
    table = pa.concat_tables([table.cast(like) for table in tables]).unify_dictionaries().combine_chunks()
    for at, name in enumerate(table.column_names):
        if name not in _TEXTS:
            continue
        column = table[name].combine_chunks()
        names = np.array(column.dictionary.to_pylist(), dtype=object)
        codes = column.indices.fill_null(-1).to_numpy()
        used = np.bincount(codes + 1, minlength=len(names) + 1)[1:] > 0
        order = [at for at in sorted(range(len(names)), key=names.__getitem__) if used[at]]
        place = np.full(len(names) + 1, -1, dtype=np.min_scalar_type(-len(order) - 1))
        place[order] = np.arange(len(order))
        codes = place[codes]
        narrow = pa.DictionaryArray.from_arrays(
            pa.array(codes, mask=codes < 0), pa.array(names[order], pa.string())
        )
        table = table.set_column(at, name, narrow)
    source, leads = table["source"].combine_chunks().indices.to_numpy(), table["lead_id"].to_numpy()
    steps, further = np.diff(source), np.diff(leads)
    if ((steps > 0) | ((steps == 0) & (further > 0))).all():
        return table  # as the database gave them
    return table.take(np.lexsort((leads, source)))


def _told(table: Any, marks: Marks, parts: Sequence[str]) -> OutcomeColumns:
    import pyarrow as pa

    made: dict[str, Any] = {}
    told = table[_TOLD].combine_chunks()
    codes = told.indices.fill_null(-1).to_numpy()
    arrays = [json.loads(text) for text in told.dictionary.to_pylist()]
    for name in COLUMNS:
        column = table[name] if name in table.column_names else None
        if column is None:
            signals = pd.Categorical([values[0] for values in arrays])
            made[name] = signals.take(codes, allow_fill=True)
        elif name in _TEXTS:
            texts = column.combine_chunks()
            categories = pd.Index(texts.dictionary.to_pylist(), dtype="str")
            made[name] = pd.Categorical.from_codes(
                texts.indices.fill_null(-1).to_numpy(), categories=categories
            )
        elif name in _NUMBERS:
            missing = column.is_null().to_numpy()
            made[name] = pd.arrays.IntegerArray(column.fill_null(0).to_numpy().astype("int64"), missing)
        elif name in _DAYS:
            made[name] = column.cast(pa.timestamp("s")).to_numpy().astype("datetime64[us]")
        else:
            made[name] = column.to_numpy()
    frame = pd.DataFrame(made, copy=False)
    own = (frame["source"] == "hades").to_numpy(dtype=bool)
    scores = frame.loc[own, ["workflow_type", *_DAYS]].reset_index(drop=True)
    for place, name in enumerate(parts, 1):
        each = np.array([values[place] for values in arrays] + [None], dtype="float64")
        scores[name] = each[codes[own]]
    return OutcomeColumns(frame, scores, marks.known, marks.data_version)


def _file_name(db: Database, zone: ZoneInfo, parts: Sequence[str]) -> str:
    key = json.dumps([_FORMAT, db.name, zone.key, list(parts), list(COLUMNS)])
    return f"outcomes-{hashlib.sha256(key.encode()).hexdigest()[:16]}.arrow"


def _stamp(marks: Marks) -> dict[str, Any]:
    return {
        "database_id": marks.database_id, "data_version": marks.data_version, "known": list(marks.known),
        "last": list(marks.last),
    }  # fmt: skip
