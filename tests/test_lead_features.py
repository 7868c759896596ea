"""Features are JSON of the same values, whatever the size of the file."""

from __future__ import annotations

import json
import math

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from lead_rows import lead_file, lead_row, scored_leads

from icp import read_icp
from lead_features import features, plain_values

values = st.fixed_dictionaries(
    {
        "word": st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=6)),
        "number": st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
        "whole": st.one_of(st.none(), st.integers(-(2**40), 2**40)),
        "flag": st.one_of(st.none(), st.booleans()),
        "always": st.just("x"),
        "never": st.none(),
    }
)
TYPES = {
    "word": "str",
    "number": "float64",
    "whole": "Int64",
    "flag": "boolean",
    "always": "str",
    "never": "str",
}


@given(st.lists(values, max_size=8))
def test_every_value_is_written_as_it_is_and_missing_ones_not_at_all(rows):
    class Profile:
        sha256 = "0" * 64

    frame = pd.DataFrame(rows, columns=list(TYPES)).astype(TYPES)
    found = [json.loads(text) for text in features(frame, Profile())]
    assert found == [
        {name: value for name, value in row.items() if value is not None} | {"icp_sha256": "0" * 64}
        for row in rows
    ]


def test_many_different_leads_are_kept_apart(config_dir):
    icp = read_icp(config_dir)
    rows = [
        lead_row(n, Employees=str(50 + n), Contact_Accuracy_Score=str(60 + n % 40)) for n in range(1, 1400)
    ]
    scored = scored_leads(lead_file(rows, config_dir), icp)
    found = [json.loads(text) for text in features(scored, icp)]
    assert [kept["row_number"] for kept in found] == scored["row_number"].tolist()
    assert [kept["employee_count"] for kept in found] == scored["employee_count"].tolist()
    assert [kept["accuracy"] for kept in found] == scored["accuracy"].tolist()
    assert {kept["signal_date"] for kept in found} == {"2026-02-09"}


def test_plain_values_are_plain():
    assert plain_values(pd.Series([1.5, math.nan])) == [1.5, None]
    assert plain_values(pd.Series([1, None], dtype="Int64")) == [1, None]
    assert plain_values(pd.Series(["a", None], dtype="str")) == ["a", None]
    assert plain_values(pd.to_datetime(pd.Series(["2026-02-11", None]))) == ["2026-02-11", None]
    assert [type(value) for value in plain_values(pd.Series([1, 2]))] == [int, int]
    assert plain_values(pd.Series([True, None], dtype="boolean")) == [True, None]
