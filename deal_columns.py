"""The deals as columns in a file beside the database, so that a look at a million of them costs what changed since.

The copy belongs to one database and says up to which state it was read; deals whose state came later are read again. One
that is damaged, of another database or of another history is made anew; nobody is asked. Two processes may use it at
once: a file is replaced in one step.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd

from column_file import keep, kept
from stores.deals import TRAITS, DealRows, read_deal_rows
from turso_db import Database

_FORMAT = 1
_TEXTS = tuple(trait for trait in TRAITS if trait not in ("amount", "created_on", "closed_on"))
_DAYS = ("created_on", "closed_on")
_OUTCOMES = ["lost", "open", "won"]


def read_deal_columns(db: Database, *, cache_dir: Path | None) -> pd.DataFrame:
    """One row per deal that counts, its newest state, by deal_id and source: the columns of stores.deals.read_deals, texts
    but source and deal_id as categories by name. None as `cache_dir` keeps no copy.

    One trip to the database, two when there is no copy to go on from. A folder that cannot be written costs speed and
    nothing else.
    """
    path = None if cache_dir is None else cache_dir / _file_name(db)
    copy = kept(path)
    found = read_deal_rows(db, since=copy[0]["top"] if copy else 0)
    table = None
    if (
        copy is not None
        and copy[0]["top"]
        and copy[0]["database_id"] == found.database_id
        and copy[0]["last"] == found.last
    ):
        table = copy[1] if not found.rows else _merged(copy[1], _table(found))
    if table is None or table.num_rows != found.deals:
        found = found if copy is None or not copy[0]["top"] else read_deal_rows(db)
        table, copy = _normal(_table(found)), None
    if copy is None or found.rows:
        keep(path, {"database_id": found.database_id, "top": found.top, "last": found.newest}, table)
    return _frame(table, found.gone)


def _table(found: DealRows) -> Any:
    """The rows as an Arrow table, days as time stamps."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = list(zip(*found.rows, strict=True)) if found.rows else [()] * len(found.columns)
    arrays = {}
    for name, values in zip(found.columns, columns, strict=True):
        if name in _DAYS:
            day = pa.array(values, pa.string())
            arrays[name] = pc.strptime(pc.utf8_slice_codeunits(day, 0, 10), format="%Y-%m-%d", unit="us")
        else:
            kind = pa.int64() if name == "id" else pa.float64() if name == "amount" else pa.large_string()
            arrays[name] = pa.array(values, kind)
    return pa.table(arrays)


def _merged(older: Any, newer: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    stays = older.filter(pc.invert(pc.is_in(older["id"], value_set=newer["id"])))
    return _normal(pa.concat_tables([stays.cast(newer.schema), newer]))


def _normal(table: Any) -> Any:
    """The table by deal_id and source, texts as dictionaries by name."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = table.take(pc.sort_indices(table, sort_keys=[("deal_id", "ascending"), ("source", "ascending")]))
    for name in _TEXTS:
        column = table[name].combine_chunks()
        labels = (
            pc.unique(column).drop_null() if name != "outcome" else pa.array(_OUTCOMES, pa.large_string())
        )
        labels = labels.take(pc.sort_indices(labels))
        coded = pa.DictionaryArray.from_arrays(pc.index_in(column, value_set=labels), labels)
        table = table.set_column(table.schema.get_field_index(name), name, coded)
    return table.combine_chunks()


def _frame(table: Any, gone: list[int]) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.compute as pc

    if gone:
        table = table.filter(pc.invert(pc.is_in(table["id"], value_set=pa.array(gone, pa.int64()))))
    frame: pd.DataFrame = table.drop_columns(["id"]).to_pandas()
    for name in ("source", "deal_id"):
        frame[name] = frame[name].astype("str")
    return frame


def _file_name(db: Database) -> str:
    key = json.dumps([_FORMAT, db.name, list(TRAITS)])
    return f"deals-{hashlib.sha256(key.encode()).hexdigest()[:16]}.arrow"
