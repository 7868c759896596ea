"""Several files as one, and the key of a set of headers."""

from __future__ import annotations

import pytest
from lead_rows import lead_file, lead_row

from errors import InputError
from lead_files import together


def test_one_file_stays_as_it_is(config_dir):
    file = lead_file([lead_row(1)], config_dir)
    assert together([file]) is file


def test_every_row_number_names_its_file_and_its_row(config_dir):
    first = lead_file([lead_row(1), lead_row(2, Company_Name="")], config_dir, name="a.csv")
    second = lead_file([lead_row(3), lead_row(4, Employees="many")], config_dir, name="b.csv")
    both = together([first, second])
    assert both.leads["row_number"].tolist() == [1_000_002, 2_000_002, 2_000_003]
    assert both.problems["row_number"].tolist() == [1_000_003, 2_000_003]
    assert both.rows_in == 4 == len(both.leads) + int(both.problems["rejected"].sum())
    assert both.name == "a.csv + b.csv"
    assert both.notes[:2] == [
        "Rows of a.csv are numbered from 1,000,001 on.", "Rows of b.csv are numbered from 2,000,001 on.",
    ]  # fmt: skip
    assert both.leads.dtypes.equals(first.leads.dtypes)
    assert both.sha256 != together([second, first]).sha256  # the order decides which duplicate is first


def test_a_file_that_is_there_twice_and_too_many_are_refused(config_dir):
    file = lead_file([lead_row(1)], config_dir)
    with pytest.raises(InputError, match="same content"):
        together([file, file])
    with pytest.raises(InputError, match="From 1 to 20 files"):
        together([])
    with pytest.raises(InputError, match="got 21"):
        together([file] * 21)


def test_too_many_rows_together_are_refused(config_dir):
    from dataclasses import replace

    large = replace(lead_file([lead_row(1)], config_dir), rows_in=150_000)
    with pytest.raises(InputError, match="Together the files have 300,000 rows"):
        together([large, replace(large, sha256="other")])
