"""Words of one's own for outcomes: listed with their rows before the import, explained once, and remembered."""

from __future__ import annotations

import json

import pytest
from page_words import opened, said
from racing import ANA
from zoho_story import company_name, export, lead_row

import scripts.import_historical
import scripts.import_outcomes
from actors import Actor
from column_choices import remember_words, remembered_words
from errors import InputError, Refused
from named_columns import headers_key
from outcome_reading import history_kind, outcome_kind
from outcome_words import LEAVE_OUT, meaning_of, not_understood, plain_word, told_words, vocabulary, words_of
from outcomes import import_historical, import_outcomes
from scripts.command import run
from stores import audit, outcomes
from views.word_boxes import _box

BATCH = "HADES-20260211-001"
PAGE = "pages/4_Outcomes.py"
HEADERS = ["company_name", "outcome"]
# Nine rows: 2 Placed, 4 no interest in two spellings, 1 pending, 1 delivery, 1 without a word.
HISTORY = (
    b"company_name,outcome\nOak,Placed\nElm,PLACED\nFir,no interest\nAsh,No-Interest\nYew,no interest\nBay,no_interest\n"
    b"Box,pending\nMay,delivery\nSloe,\n"
)
OWN = {"Placed": "delivery", "no interest": "no_delivery"}


def test_the_words_of_a_file_are_counted_and_the_unknown_named():
    found = words_of(HISTORY, "h.csv", history_kind(), {})
    assert [(word.shown, word.rows) for word in found] == [
        ("no interest", 4), ("Placed", 2), ("pending", 1), ("delivery", 1), ("", 1),
    ]  # fmt: skip
    strange = not_understood(found, history_kind(), {})
    assert told_words(strange) == "no interest (4), Placed (2), (empty) (1)"
    assert told_words(strange, most=1) == "no interest (4) and 2 further words"
    assert [word.key for word in not_understood(found, history_kind(), {"placed": "delivery"})] == [
        "no_interest",
        "",
    ]
    assert words_of(b"company_name\nOak\n", "h.csv", history_kind(), {}) == []


@pytest.mark.parametrize(
    ("word", "own", "meaning"),
    [
        ("Yes", {}, "delivery"),
        (" NOT  delivered ", {}, "no_delivery"),
        ("pending", {}, LEAVE_OUT),
        ("pending", {"pending": "no_delivery"}, "no_delivery"),  # a person's word wins
        ("won", {}, None),
        ("contacted", {}, None),  # a milestone, but no outcome of history
        ("placed", {"placed": "contacted"}, None),
    ],
)
def test_what_a_word_means_in_a_history(word, own, meaning):
    words = vocabulary(history_kind())
    assert words is not None
    assert meaning_of(word, words, own) == meaning


def test_what_looks_like_a_person_s_data_is_not_repeated():
    found = words_of(b"company_name,outcome\nOak,pat@example.com\n", "h.csv", history_kind(), {})
    assert told_words(found) == "(a value, no word) (1)"


def test_a_history_comes_in_by_one_s_own_words_and_every_row_is_accounted_for(db, now):
    done = import_historical(db, content=HISTORY, name="h.csv", now=now, actor=ANA, words=OWN)
    # 9 rows = 7 with a meaning + 1 pending + 1 without a word
    assert done.counts == {
        "read": 9, "imported": 7, "updated": 0, "unchanged": 0, "merged": 0, "rejected": 1, "left_out": 1,
    }  # fmt: skip
    assert outcomes.count_historical(db)["deliveries"] == 3
    assert "1 row says 'pending' and was left out. Bring the file in again once more is known." in done.notes
    assert "The outcome 'Placed' was read as delivery." in done.notes
    assert [number for number, _ in done.rejected] == [10]


def test_outcomes_come_in_by_one_s_own_words(db, now):
    export(db, BATCH, [lead_row(number) for number in range(3)])
    lines = [
        f"{BATCH},{company_name(n)},{word},2026-02-20"
        for n, word in enumerate(("Meeting set", "pending", "Wrong number"))
    ]
    done = import_outcomes(
        db, content="\n".join(["batch_id,company_name,milestone,date", *lines]).encode(), name="o.csv", now=now.replace(month=3),
        actor=ANA, words={"meeting set": "appointment", "Wrong number": LEAVE_OUT},
    )  # fmt: skip
    assert done.counts == {
        "read": 3, "matched": 1, "review": 0, "unmatched": 0, "rejected": 0, "left_out": 2, "updated": 1,
    }  # fmt: skip
    assert db.rows("SELECT milestone FROM outcome_milestones") == [{"milestone": "appointment"}]


def test_rows_that_became_one_are_named(db, now):
    done = import_historical(
        db, content=b"company_name,outcome\nOak,no\nElm,no\nOAK,yes\n", name="h.csv", now=now, actor=ANA
    )
    assert done.counts["merged"] == 1
    assert "The same company and ZIP, so one lead: row 4 with row 2." in done.notes


def test_words_are_remembered_per_headers_and_kind(db, now):
    kind = history_kind()
    remember_words(db, kind=kind, headers=HEADERS, words=OWN, now=now, actor=ANA)
    assert remembered_words(db, kind=kind, headers=["Outcome", "Company_Name"]) == {
        "placed": "delivery", "no_interest": "no_delivery",
    }  # fmt: skip
    assert remembered_words(db, kind=outcome_kind(), headers=HEADERS) == {}
    assert remembered_words(db, kind=kind, headers=["outcome"]) == {}
    assert audit.read_audit(db)["action"].tolist() == ["say what words mean"]
    remember_words(db, kind=kind, headers=HEADERS, words={}, now=now, actor=ANA)
    assert remembered_words(db, kind=kind, headers=HEADERS) == {}


@pytest.mark.parametrize("words", [{"Placed": "sold"}, {"pat@example.com": "delivery"}])
def test_what_cannot_be_meant_is_refused(db, now, words):
    with pytest.raises(InputError, match="A word can mean delivery, no_delivery, leave out"):
        remember_words(db, kind=history_kind(), headers=HEADERS, words=words, now=now, actor=ANA)
    with pytest.raises(Refused):
        remember_words(
            db, kind=history_kind(), headers=HEADERS, words={}, now=now, actor=Actor("Vic", "viewer")
        )
    assert db.rows("SELECT * FROM column_choices") == []


def test_the_page_asks_before_the_import_and_not_again(places, db):
    app = opened(PAGE, query={"tab": "History"})
    app.file_uploader(key="history_file").upload("h.csv", HISTORY).run()
    assert not app.exception
    told = said(app).replace("\\", "")
    assert (
        "Your file says, as outcome: no interest (4), Placed (2), (empty) (1). What does each word mean?"
        in told
    )
    assert "Not decided yet, and left out for now: pending (1). Nothing is to be mended." in told
    assert outcomes.count_historical(db)["leads"] == 0
    for word, meaning in (*OWN.items(), ("", LEAVE_OUT)):
        app.selectbox(key=_box("history_file", plain_word(word))).select(meaning).run()
    app.button(key="import_history_file").click().run()
    assert not app.exception
    became = app.dataframe[0].value
    assert dict(zip(became["What became of them"], became["How many"], strict=True)) == {
        "rows in the file": 9, "new leads": 7, "left out, by the word they say": 2,
    }  # fmt: skip
    told = said(app).replace("\\", "")
    assert "7 leads called before HADES, with 3 deliveries" in told  # the headline now speaks of the history
    assert "Delivered" not in [figure.label for figure in app.metric]
    assert "Calibrate now" in [link.label for link in app.get("page_link")]
    assert audit.read_audit(db)["action"].tolist().count("say what words mean") == 1
    app = opened(PAGE, query={"tab": "History"})  # another session, the next file of that shape
    app.file_uploader(key="history_file").upload("next.csv", HISTORY.replace(b"Sloe", b"Rowan")).run()
    assert app.selectbox(key=_box("history_file", "placed")).value == "delivery"
    app.button(key="import_history_file").click().run()
    assert outcomes.count_historical(db)["leads"] == 7
    assert audit.read_audit(db)["action"].tolist().count("say what words mean") == 1


def test_rows_that_fail_alike_are_one_line(places, db):
    app = opened(PAGE, query={"tab": "History"})
    app.file_uploader(key="history_file").upload("h.csv", HISTORY).run()
    app.button(key="import_history_file").click().run()
    why = app.dataframe[1].value
    # By spelling, since the sentence quotes the cell: the exact spelling 'no interest' stands twice.
    first = why.iloc[0]
    assert (first["How many"], first["Rows"]) == (2, "4, 6")


def test_the_command_line_says_which_words_it_does_not_know_and_takes_their_meaning(
    db, config_dir, tmp_path, capsys
):
    file = tmp_path / "h.csv"
    file.write_bytes(HISTORY)
    assert run(scripts.import_historical.main, ["--csv", str(file)]) == 0
    out, err = capsys.readouterr()
    assert (
        "Words that are not understood, with their rows: no interest (4), Placed (2), (empty) (1). Their rows stay out. Say what "
        "a word means, and import again: --word 'no interest=MEANING', MEANING being one of: delivery, no_delivery, leave out."
    ) in err
    assert "Rows 4, 6: The outcome was expected to be delivery or no_delivery, but is 'no interest'." in out
    words = ["--word", "placed=delivery", "--word", "no interest=no_delivery", "--word", "=leave out"]
    assert run(scripts.import_historical.main, ["--csv", str(file), *words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["imported"], told["unchanged"], told["left_out"], told["rejected"]) == (6, 1, 2, 0)
    assert run(scripts.import_historical.main, ["--csv", str(file), "--word", "placed=sold"]) == 2
    assert "the meaning one of: delivery, no_delivery, leave out" in capsys.readouterr().err


def test_both_commands_read_what_was_remembered(db, config_dir, tmp_path, capsys, now):
    export(db, BATCH, [lead_row(0)])
    headers = ["batch_id", "company_name", "milestone", "date"]
    remember_words(
        db, kind=outcome_kind(), headers=headers, words={"machine placed": "delivery"}, now=now, actor=ANA
    )
    assert headers_key(headers, "outcomes") not in {
        row["headers_sha256"] for row in db.rows("SELECT * FROM column_choices")
    }
    file = tmp_path / "o.csv"
    file.write_text(
        f"{','.join(headers)}\n{BATCH},{company_name(0)},Machine placed,2026-02-20\n{BATCH},{company_name(0)},pending,2026-02-20\n"
    )
    assert run(scripts.import_outcomes.main, [str(file)]) == 0
    out = capsys.readouterr().out
    assert (
        "2 rows in = 1 matched + 0 unmatched + 0 rejected + 1 left out. 1 companies have a new outcome."
        in out
    )
    assert "The milestone 'Machine placed' was read as delivery." in out
