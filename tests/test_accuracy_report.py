"""The accuracy reports in sentences and files, and the scripts that write them."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from html import escape
from html.parser import HTMLParser

import pandas as pd
import pytest
from demo_years import loaded
from test_accuracy import cases, world

import scripts.analyze_model_accuracy
import scripts.closed_lost_analysis_report
import scripts.closed_won_analysis_report
from analytics import accuracy_report as report
from analytics.accuracy import accuracy
from analytics.accuracy_targets import read_accuracy_rules, targets_table
from scripts.command import run
from stores.accuracy import count_at_most


@pytest.fixture(scope="module")
def found():
    return accuracy(world(1), high=70, top=100, traits=["state"])


def told(found, tmp_path, side=report.ALL, words=report.LEADS):
    targets = targets_table(found.confidences, read_accuracy_rules(tmp_path))
    return report.answers(found, words, {}, targets, side=side)


def test_each_side_has_what_belongs_to_it(found, tmp_path):
    questions = {
        side: [q for q, _, _ in told(found, tmp_path, side)] for side in (report.ALL, report.WON, report.LOST)
    }
    assert "Low-scored and delivered" in questions[report.WON]
    assert "High-scored and not delivered" not in questions[report.WON]
    assert "Which parts of the score misled?" in questions[report.LOST]
    assert "Low-scored and delivered" not in questions[report.LOST]
    assert set(questions[report.ALL]) == set(questions[report.WON]) | set(questions[report.LOST])


def test_the_sentences_name_n_and_interval(found):
    assert report.ranking_sentence(found, report.LEADS).startswith(
        "Yes: the higher the score, the more leads were delivered (AUC 0."
    )
    sentence = report.promise_sentence(found, report.LEADS)
    row = found.calls.iloc[0]
    assert (
        f"Of {row['called']:,} leads that scored 70 or more, {row['true_positives']:,} were delivered"
        in sentence
    )
    assert "95 % from" in sentence


def test_a_score_that_turned_round_is_said_to():
    frame = world(2)
    assert report.ranking_sentence(
        accuracy(frame.assign(score=100 - frame["score"]), high=70, top=9), report.LEADS
    ).startswith("No:")


def test_too_little_data_is_a_calm_sentence():
    few = accuracy(cases([80, 20], [True, False]), high=70, top=10)
    assert report.ranking_sentence(few, report.DEALS).startswith(
        "Too little data to tell: 1 of 2 judged deals were won"
    )
    assert "Fewer than two" in report.version_sentence(few.versions, report.DEALS)
    assert "No part" in report.parts_sentence(few, report.DEALS)


def test_a_version_that_is_better_worse_or_alike_is_told_apart():
    versions = pd.DataFrame(
        {"version": [1, 2], "auc": [0.6, 0.8], "auc_low": [0.55, 0.75], "auc_high": [0.65, 0.85]}
    )
    assert report.version_sentence(versions, report.LEADS).startswith("Yes.")
    assert report.version_sentence(versions[::-1], report.LEADS).startswith("No, it got worse.")
    assert report.version_sentence(versions.assign(auc_low=0.5), report.LEADS).startswith(
        "The two cannot be told apart."
    )


def test_names_are_shown_and_never_rendered_and_nothing_is_loaded(found, tmp_path):
    class Links(HTMLParser):
        loads: list[str] = []  # noqa: RUF012 - one parser, one test

        def handle_starttag(self, tag, attrs):
            self.loads += [value for name, value in attrs if name in ("src", "href")]

    rows = found.failed.assign(name="<script>alert(1)</script>")
    page = report.report_html("x", [("q", "s", [("c", rows)])], ["n"])
    assert "<script>" not in page
    parser = Links()
    parser.feed(page)
    assert parser.loads == []
    assert json.dumps(report.report_json(told(found, tmp_path), []), allow_nan=False)


@pytest.mark.parametrize(
    "script",
    [scripts.analyze_model_accuracy, scripts.closed_won_analysis_report, scripts.closed_lost_analysis_report],
)
def test_the_scripts_say_calmly_that_nothing_can_be_judged(script, capsys, config_dir):
    for of in ("leads", "deals"):
        assert run(script.main, ["--of", of, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["answers"] == []


def test_the_report_of_the_demo_year_counts_what_the_database_holds(capsys, config_dir, db_path, tmp_path):
    loaded(db_path)
    page = tmp_path / "lost.html"
    arguments = ["--as-of", "2026-02-11", "--json", "--html", os.fspath(page)]
    assert run(scripts.closed_lost_analysis_report.main, arguments) == 0
    told = json.loads(capsys.readouterr().out)
    # Of the database itself: companies of batches that stand, exported 120 days or more before that day.
    with closing(sqlite3.connect(db_path)) as own:
        leads, delivered = own.execute(
            "SELECT count(*), sum(delivery_at <= '2026-02-11T23:59:59Z') FROM company_outcomes "
            "JOIN batches USING (batch_id) WHERE status = 'closed' AND substr(company_outcomes.exported_at, 1, 10) <= date('2026-02-11', '-120 days')"
        ).fetchone()
    tables = {table["caption"]: table["rows"] for answer in told["answers"] for table in answer["tables"]}
    assert leads > 500
    bands = tables["By band of score"]
    assert (sum(row["cases"] for row in bands), sum(row["hits"] for row in bands)) == (leads, delivered)
    assert f"{leads:,} leads are judged" in told["notes"][0]
    text = page.read_text()
    assert all(escape(answer["answer"]) in text for answer in told["answers"])
    assert "High-scored and not delivered" in text


def test_a_day_to_come_is_refused(capsys, config_dir):
    assert run(scripts.analyze_model_accuracy.main, ["--as-of", "2099-01-01"]) == 2
    assert "a day that has come" in capsys.readouterr().err


def test_a_report_kept_as_json_is_the_same_report(found, tmp_path):
    answers = told(found, tmp_path)
    kept = json.loads(json.dumps(report.report_json(answers, ["A note."]), allow_nan=False))
    again, notes = report.report_of(kept)
    assert notes == ["A note."]
    assert [(question, sentence) for question, sentence, _ in again] == [one[:2] for one in answers]
    assert report.report_html("x", again, notes) == report.report_html("x", answers, ["A note."])


def test_so_many_there_can_be_at_most(db):
    assert count_at_most(db) == {"leads": 0, "deals": 0}
