"""The report in its three forms, and the script that writes it."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest
from deal_worlds import as_csv, deal_world

from analytics.win_report import win_report
from analytics.win_report_text import report_html, report_json, report_text
from scripts.analyze_win_rate import main
from scripts.command import run


@pytest.fixture(scope="module")
def report():
    return win_report(deal_world(1, 2000, still_open=0.1))


class Links(HTMLParser):
    """Collects what a document would load, and its text."""

    def __init__(self):
        super().__init__()
        self.loads, self.text, self.open = [], "", []

    def handle_starttag(self, tag, attrs):
        self.loads += [value for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data):
        self.text += data


def test_text_and_html_say_the_same_five_sentences(report):
    text = report_text(report)
    page = Links()
    page.feed(report_html(report, title="Win rate <b>&"))
    for question, sentence in report.answers:
        assert question in text
        assert sentence in text
        assert question in page.text
        assert sentence in page.text
    assert page.loads == []  # self-contained
    assert "Win rate <b>&" in page.text  # shown, not rendered
    assert "Revenue at risk" in text


def test_labels_from_a_file_are_shown_and_never_rendered():
    deals = deal_world(1, 500)
    deals.loc[deals["region"] == "India", "region"] = "<script>alert(1)</script>"
    assert "<script>" not in report_html(win_report(deals), title="x")


def test_json_holds_everything_and_no_number_that_json_does_not_know(report):
    told = json.loads(json.dumps(report_json(report), allow_nan=False))
    assert [a["question"] for a in told["answers"]] == [q for q, _ in report.answers]
    assert all(table["rows"] for table in told["tables"])


def test_the_script_prints_writes_and_answers_in_json(tmp_path, config_dir, capsys):
    path, out = tmp_path / "deals.csv", tmp_path / "report.html"
    path.write_bytes(as_csv(deal_world(2, 600)) + b"X1,2023-05-05,2023-05-01,r,i,e,p,l,s,5,Won\n")
    assert run(main, [str(path), "--html", str(out)]) == 1  # one row could not be used
    said = capsys.readouterr().out
    assert "Did it fall, or is it noise?" in said
    assert "1 of 601 rows could not be used." in said
    assert out.read_text().startswith("<!doctype html>")
    assert run(main, [str(path), "--json", "--as-of", "2023-12-31"]) == 1
    assert json.loads(capsys.readouterr().out)["as_of"] == "2023-12-31"


def test_the_script_refuses_with_a_sentence(tmp_path, config_dir, capsys):
    path = tmp_path / "open.csv"
    path.write_text("deal_id,created_date,outcome\n1,2025-01-01,open\n")
    assert run(main, [str(path)]) == 2
    assert "no deal that was closed" in capsys.readouterr().err
    path.write_bytes(as_csv(deal_world(2, 100)))
    assert run(main, [str(path), "--html", str(tmp_path)]) == 2
    assert run(main, [str(path), "--html", str(tmp_path / "no" / "where.html")]) == 2
    assert run(main, [str(tmp_path / "missing.csv")]) == 2
