"""Files of deals: which columns mean what, and what every kind of bad row is told."""

from __future__ import annotations

from datetime import date

import pytest
from deal_worlds import as_csv, deal_world
from hypothesis import given
from hypothesis import strategies as st

from deals import FIELDS, amount, read_deal_rules, read_deals, same_word
from errors import ConfigError, InputError

TODAY = date(2026, 2, 11)
HEAD = "deal_id,created_date,closed_date,region,deal_amount,outcome\n"


@pytest.fixture
def rules(config_dir):
    return read_deal_rules(config_dir)


def read(rules, *rows, head=HEAD, **options):
    return read_deals((head + "\n".join(rows)).encode(), "deals.csv", rules, today=TODAY, **options)


def test_a_known_set_of_columns_needs_no_mapping(rules):
    world = deal_world(1, 200)
    file = read_deals(as_csv(world), "sales.csv", rules, today=TODAY)
    assert file.rows_in == 200
    assert not len(file.problems)
    assert file.mapping["owner"] == "sales_rep_id"
    assert file.mapping["product"] == "product_type"
    assert list(file.deals.columns) == list(FIELDS)
    for field in FIELDS:  # what was written is what is read
        same = (file.deals[field] == world[field]) | (file.deals[field].isna() & world[field].isna())
        assert same.all(), field


def test_a_mapping_of_ones_own_wins(rules):
    file = read(rules, "1,2025-01-02,2025-02-03,APAC,100,Won", mapping={"industry": "region"})
    assert file.deals["industry"].tolist() == ["APAC"]
    with pytest.raises(InputError, match="no column 'branch'"):
        read(rules, "1,2025-01-02,,,,", mapping={"industry": "branch"})
    with pytest.raises(InputError, match="no field of deals"):
        read(rules, "1,2025-01-02,,,,", mapping={"branch": "region"})


@pytest.mark.parametrize(
    ("row", "kind", "says"),
    [
        (",2025-01-02,2025-02-03,APAC,100,Won", "not read", "no deal id"),
        ("1,,2025-02-03,APAC,100,Won", "impossible date", "no creation date"),
        ("1,2025-13-02,2025-02-03,APAC,100,Won", "impossible date", "is '2025-13-02'"),
        ("1,2025-03-02,2025-02-03,APAC,100,Won", "impossible date", "before it was created"),
        ("1,2027-03-02,,APAC,100,", "impossible date", "lies in the future"),
        ("1,2025-03-02,2027-01-01,APAC,100,Lost", "impossible date", "lies in the future"),
        ("1,2025-03-02,,APAC,100,Lost", "impossible date", "no closing date"),
        ("1,2025-03-02,2025-04-01,APAC,100,Maybe", "unknown label", "is 'Maybe'"),
    ],
)
def test_a_row_that_cannot_be_used_says_why(rules, row, kind, says):
    file = read(rules, row, "2,2025-01-02,2025-02-03,APAC,100,Won")
    assert file.rows_in == 2
    assert len(file.deals) == 1
    assert file.problems["kind"].tolist() == [kind]
    assert says in file.problems["problem"].iloc[0]
    assert file.problems["rejected"].tolist() == [True]


def test_the_second_row_of_a_deal_is_refused(rules):
    file = read(rules, "1,2025-01-02,2025-02-03,APAC,100,Won", "1,2025-01-02,2025-02-03,APAC,100,Lost")
    assert file.deals["outcome"].tolist() == ["won"]
    assert file.problems["kind"].tolist() == ["duplicate"]


def test_an_open_deal_keeps_no_expected_close_and_a_strange_amount_is_left_out(rules):
    file = read(rules, "1,2025-01-02,2026-12-31,APAC,lots,Open")
    assert file.deals["closed_on"].isna().all()
    assert file.deals["amount"].isna().all()
    assert "expectation" in file.notes[0]
    assert file.problems["rejected"].tolist() == [False]


def test_a_file_that_is_no_list_of_deals_says_what_is_missing(rules):
    with pytest.raises(InputError, match=r"deal id \(.+\); created on \(.+\); outcome \("):
        read_deals(b"a,b\n1,2\n", "other.csv", rules, today=TODAY)
    with pytest.raises(InputError, match="for outcome beyond doubt: 'outcome' and 'result'"):
        read(rules, "1,2025-01-02,,,,,", head="deal_id,created_date,outcome,result,region,stage,owner\n")


def test_amounts_as_people_write_them():
    assert amount("$12,345.50") == 12345.5
    assert amount("12345 USD") == 12345
    assert amount("-5") is None
    assert amount("1,23") is None
    assert amount("9" * 24) is None


@given(st.integers(0, 10**11))
def test_an_amount_reads_what_it_writes(number):
    assert amount(f"{number:,}") == number
    assert amount(str(number)) == number


@given(st.text())
def test_no_text_breaks_an_amount_or_a_word(text):
    assert amount(text) is None or amount(text) >= 0
    assert same_word(same_word(text)) == same_word(text)


@given(st.lists(st.tuples(*[st.text(max_size=12)] * 6), max_size=8))
def test_every_row_is_read_or_rejected(tmp_path_factory, rows):
    import csv
    import io

    rules = read_deal_rules(tmp_path_factory.getbasetemp())  # no file there: the shipped rules
    text = io.StringIO(newline="")
    csv.writer(text).writerows([HEAD.strip().split(","), *rows])
    try:
        file = read_deals(text.getvalue().encode("utf-8", "replace"), "any.csv", rules, today=TODAY)
    except InputError:
        return
    assert file.rows_in == len(file.deals) + int(file.problems["rejected"].sum())
    assert file.deals["deal_id"].is_unique


@pytest.mark.parametrize(
    "text",
    ["[]", "columns: {deal: [x]}", "outcomes: {won: [yes], lost: [Yes]}", "labels: {region: APAC}", "a: ["],
)
def test_broken_rules_are_a_sentence(config_dir, text):
    (config_dir / "deals.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"deals\.yaml"):
        read_deal_rules(config_dir)
