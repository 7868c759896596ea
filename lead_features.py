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

    Each different value of a column is written once.
    """
    always: list[str] = [f'"icp_sha256": {json.dumps(icp.sha256)}']
    columns: list[list[str]] = [["{"] * len(ready)]
    for name in [name for name in ready.columns if name not in _NOT_FEATURES]:
        codes, values = pd.factorize(ready[name])
        key = json.dumps(name)
        told = [f"{key}: {_json(value)}, " for value in plain_values(pd.Series(values))]
        if len(told) == 1 and (codes >= 0).all():
            always.append(told[0].removesuffix(", "))
        elif told:  # a missing value has the code -1, which is the last one: nothing
            columns.append(np.array([*told, ""], dtype="object")[codes].tolist())
    columns.append([", ".join(always) + "}"] * len(ready))
    return list(map("".join, zip(*columns, strict=True)))


def _json(value: Any) -> str:
    if type(value) is str:
        return encode_basestring_ascii(value)
    return repr(value) if type(value) in (int, float) and value == value else json.dumps(value)
