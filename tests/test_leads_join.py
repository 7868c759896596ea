"""Company intent sheets beside a file of contacts: whose signal a lead takes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from zoominfo import csv_of, intent_row, lead_row

from errors import InputError
from leads import LeadFile, join_intent, read_columns, read_industries, read_leads

CONFIG = Path(__file__).resolve().parents[1] / "config"
COLUMNS, INDUSTRIES = read_columns(CONFIG), read_industries(CONFIG)


def read(content, **options) -> LeadFile:
    return read_leads(content, "leads.csv", COLUMNS, industries=INDUSTRIES, **options)


def joined(contacts, signals):
    return join_intent(read(csv_of(contacts)), read(csv_of(signals)))


def signals_of(file):
    frame = file.leads[["intent_topic", "intent_score", "signal_strength", "signal_date"]]
    return [
        None if pd.isna(strength) else (topic, score, strength, day.date())
        for topic, score, strength, day in frame.itertuples(index=False)
    ]


def test_a_signal_is_joined_by_company_id():
    file = joined([lead_row(), lead_row(company_id="7", company_name="Elm Court")], [intent_row()])
    assert signals_of(file) == [("Vending Machines", 92.0, "High", date(2026, 2, 9)), None]
    assert file.mapping["intent_score"] == "Intent Signal Score (leads.csv)"
    assert file.notes == [
        "1 of 2 leads got a signal from leads.csv: 1 by ZoomInfo company id, 0 by name. 1 have none."
    ]
    assert [str(file.leads[name].dtype) for name in ("intent_topic", "intent_score", "signal_date")] == [
        "str",
        "float64",
        "datetime64[s]",
    ]


@pytest.mark.parametrize(("lead_id", "sheet_id"), [("", "350123"), ("350123", ""), ("", "")])
def test_a_signal_is_joined_by_name_where_an_id_is_missing(lead_id, sheet_id):
    contact = lead_row(company_id=lead_id, company_name="The HARBOUR Light Hotel, LLC")
    file = joined([contact], [intent_row(company_id=sheet_id)])
    assert signals_of(file)[0][1] == 92.0
    assert "0 by ZoomInfo company id, 1 by name" in file.notes[0]


def test_ids_that_contradict_are_two_companies_whatever_their_name():
    assert signals_of(joined([lead_row(company_id="7")], [intent_row(company_id="8")])) == [None]


def test_a_name_that_several_companies_share_is_not_joined_but_said():
    file = joined([lead_row(company_id="")], [intent_row(company_id="7"), intent_row(company_id="8")])
    assert signals_of(file) == [None]
    assert "Several companies in leads.csv have this company's name" in file.problems["problem"].item()
    assert not file.problems["rejected"].any()


def test_the_strongest_signal_is_taken_whole_and_of_equals_the_newest():
    signals = [
        intent_row(intent_topic="Snacks", intent_score="80", signal_date="2026-02-10"),
        intent_row(intent_topic="Coffee", intent_score="95", signal_date="2026-02-01"),
        intent_row(intent_topic="", intent_score="95", signal_date="2026-02-05"),
        intent_row(intent_topic="Water", intent_score="95", signal_date=""),
    ]
    file = joined([lead_row()], signals)
    assert pd.isna(file.leads.loc[0, "intent_topic"])  # not mended with the topic of another signal
    assert file.leads.loc[0, "signal_date"] == pd.Timestamp(2026, 2, 5)


@pytest.mark.parametrize(
    ("own_score", "own_day", "topic"),
    [
        ("99", "2026-01-01", "Own"),
        ("92", "2026-02-09", "Own"),
        ("92", "2026-02-10", "Own"),
        ("92", "2026-02-08", "Vending Machines"),
        ("92", "", "Vending Machines"),
        ("10", "", "Vending Machines"),
    ],
)
def test_a_leads_own_signal_stays_unless_the_sheet_has_a_stronger_or_newer_one(own_score, own_day, topic):
    contact = lead_row(intent_topic="Own", intent_score=own_score, signal_date=own_day)
    assert joined([contact], [intent_row()]).leads["intent_topic"].tolist() == [topic]


def test_a_word_counts_as_the_lowest_score_it_may_mean():
    signals = [intent_row(intent_score="91"), intent_row(intent_score="") | {"Signal Strength": "High"}]
    assert joined([lead_row()], signals).leads["intent_score"].tolist() == [91.0]


def test_a_sheet_without_signals_is_refused():
    with pytest.raises(InputError, match="expected to be a company intent sheet with Intent Signal Score"):
        joined([lead_row()], [lead_row()])


def test_leads_and_counts_are_left_as_they_were_by_a_join():
    contacts = [lead_row(company_name=""), lead_row(), lead_row(company_id="7")]
    before = read(csv_of(contacts))
    after = join_intent(before, read(csv_of([intent_row()])))
    assert before.leads["intent_score"].isna().all()
    assert (after.rows_in, after.sha256, len(after.leads)) == (3, before.sha256, 2)
    assert after.problems["rejected"].sum() == 1
