"""What is kept with an exported lead: plain values of its columns, and its features as JSON, quick for large files."""

from __future__ import annotations

import json
from json.encoder import encode_basestring_ascii
from typing import Any

import numpy as np
import pandas as pd

from icp import Icp

_NOT_FEATURES = {
    "first_name", "last_name", "email", "direct_phone", "mobile_phone", "company_phone", "website", "street",
    "company_name", "contact_id", "company_key", "dial_key", "excluded", "inclusion_probability", "left_out_because",
}  # fmt: skip


def plain_values(values: pd.Series) -> list[Any]:
    """The values as plain Python: missing as None, dates as ISO days."""
    if pd.api.types.is_datetime64_any_dtype(values):
        days = np.datetime_as_string(values.to_numpy().astype("datetime64[D]"))
        return [None if day == "NaT" else day for day in days.tolist()]
    if values.dtype == np.float64:
        numbers = values.to_numpy()
        plain = numbers.astype("object")
        plain[np.isnan(numbers)] = None
        return list(plain.tolist())
    if values.dtype.kind in "iub" and isinstance(values.dtype, np.dtype):
        return list(values.to_numpy().tolist())
    if values.dtype == "object":
        return list(values.where(values.notna(), None).tolist())
    missing: Any = None  # what a missing value becomes; pandas' own types do not know that it may be None
    return list(values.to_numpy(dtype="object", na_value=missing).tolist())


def features(ready: pd.DataFrame, icp: Icp) -> list[str]:
    """JSON per lead: every scoring input and every part of its score, as known now; no contact data.

    Each different value is written once. Neighbouring columns are joined as long as few combinations of their
    values occur, so that a large file is made of few pieces per lead.
    """
    size = len(ready)
    always: list[str] = [f'"icp_sha256": {json.dumps(icp.sha256)}']
    groups: list[tuple[np.ndarray, list[str]]] = []  # code per lead, piece per code
    for name in [name for name in ready.columns if name not in _NOT_FEATURES]:
        codes, values = pd.factorize(ready[name])
        if not len(values):
            continue
        key = json.dumps(name)
        pieces = [f"{key}: {_json(value)}" for value in plain_values(pd.Series(values))]
        if len(values) == 1 and (codes >= 0).all():
            always.append(pieces[0])
            continue
        codes, pieces = codes.astype("int64") + 1, ["", *pieces]
        if groups:
            before, told = groups[-1]
            both, pairs = pd.factorize(before * len(pieces) + codes)
            if len(pairs) <= max(1_000, size // 8):
                joined = [
                    ", ".join(filter(None, (told[pair // len(pieces)], pieces[pair % len(pieces)])))
                    for pair in pairs.tolist()
                ]
                groups[-1] = (both.astype("int64"), joined)
                continue
        groups.append((codes, pieces))
    tail = ", ".join(always) + "}"
    columns = [np.array(pieces, dtype="object")[codes].tolist() for codes, pieces in groups]
    if not columns:
        return ["{" + tail] * size
    return ["{" + ", ".join([*filter(None, row), tail]) for row in zip(*columns, strict=True)]


def _json(value: Any) -> str:
    if type(value) is str:
        return encode_basestring_ascii(value)
    return repr(value) if type(value) in (int, float) and value == value else json.dumps(value)
