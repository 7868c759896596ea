"""A new user's own files, as their other programs write them: what is understood is shown, the rest is asked once, and no row
is lost."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import UTC, date, datetime

import openpyxl
import pytest
from lead_rows import lead_row as zoominfo_row
from page_words import opened
from page_words import said as words
from racing import export_rows
from zoho_story import OPS, company_name, export, lead_row

import scripts.import_historical
import scripts.import_outcomes
import scripts.load_suppression
from column_choices import remember_columns, remembered_columns
from errors import InputError
from lead_columns import read_columns
from named_columns import headers_key
from outcome_entry import Entry, record_outcomes
from outcome_reading import history_kind, outcome_kind
from outcome_work import match_unmatched
from outcomes import import_historical, import_outcomes
from stores import outcomes, suppression, unmatched

BATCH = "HADES-20260211-001"
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
PAGE = "pages/4_Outcomes.py"
# Of a calling list kept by hand: other headers, a title above them, days in several forms, one of them none at all.
HISTORY = (
    b"Calls of last year;;;;\n"
    b"Firma;Ergebnis;Branch code;Called on;Delivery date\n"
    b"Amber Inn;no;7011;2/10/2025;\n"
    b"Birch Care;yes;8361;13/2/2025;10-Apr-25\n"
    b"Cedar Hall;yes;8361;2025-02-10T09:30:00Z;soon\n"
    b"Dale Mill;no;3599;45698;\n"
)


def said(app):
    return words(app).replace("\\", "")


def became(app):
    """What became of the rows → how many, as the page's table has it."""
    table = app.dataframe[0].value
    return dict(zip(table["What became of them"], table["How many"], strict=True))


def box(kind, headers, header):
    return f"is_{headers_key(headers, kind)[:12]}_{header.lower()}"


def test_a_history_of_one_s_own_is_asked_about_once_shown_and_brought_in(places, db):
    headers = ["Firma", "Ergebnis", "Branch code", "Called on", "Delivery date"]
    app = opened(PAGE, query={"tab": "History"})
    app.file_uploader(key="history_file").upload("calls.csv", HISTORY).run()
    assert not app.exception
    told = said(app)
    assert "calls.csv has no column for: Company name, Outcome. Say below which it is." in told
    assert "Understood: Day the deal was created from Called on; Day of delivery from Delivery date." in told
    assert "Not understood, and left out: Firma, Ergebnis, Branch code." in told
    assert app.button(key="import_history_file").disabled
    for field, header in (("company_name", "Firma"), ("outcome", "Ergebnis"), ("sic_code", "Branch code")):
        app.selectbox(key=box("history", headers, header)).select(field).run()
    assert not app.button(key="import_history_file").disabled
    told = said(app)
    assert "company_name" not in told.split("Understood: ")[1].splitlines()[0]
    assert (
        "2/10/2025 was read as October 2, 2025, since 13/2/2025 can be nothing else." in told
    )  # before it is in
    assert outcomes.count_historical(db)["leads"] == 0
    app.button(key="import_history_file").click().run()
    assert not app.exception
    assert became(app) == {"rows in the file": 4, "new leads": 3, "could not be used: why stands below": 1}
    kept = db.rows(
        "SELECT company_name, sic_code, deal_created_at, delivery_at FROM historical_outcomes ORDER BY company_name"
    )
    assert [tuple(row.values()) for row in kept] == [
        ("Amber Inn", "7011", "2025-10-02", None),
        ("Birch Care", "8361", "2025-02-13", "2025-04-10"),
        ("Dale Mill", "3599", "2025-02-10", None),  # 45698 days after 1899-12-30
    ]
    assert "soon" in app.dataframe[1].value["Why it was not used"][0]
    assert "Download 1 row to mend and import again" in [
        button.label for button in app.get("download_button")
    ]
    assert remembered_columns(db, kind=history_kind(), headers=headers) == {
        "company_name": "Firma", "outcome": "Ergebnis", "sic_code": "Branch code",
    }  # fmt: skip
    app = opened(PAGE, query={"tab": "History"})  # another session, the next file of that shape
    app.file_uploader(key="history_file").upload("next.csv", HISTORY.replace(b"soon", b"10-May-25")).run()
    assert not app.button(key="import_history_file").disabled
    app.button(key="import_history_file").click().run()
    assert became(app) == {"rows in the file": 4, "new leads": 1, "known before, nothing new": 3}


def test_each_column_nobody_understood_has_a_box_and_the_last_word_counts(places, db):
    headers = ["Company", "Result", "Plz", "Area", "SIC"]
    kind = history_kind()
    app = opened(PAGE, query={"tab": "History"})
    app.file_uploader(key="history_file").upload(
        "h.csv", (",".join(headers) + "\nOak Inn,no,75201,75202,7011\n").encode()
    ).run()
    assert [one.label for one in app.selectbox if one.key.startswith("is_")] == ["Plz is", "Area is"]
    for header in ("Plz", "Area"):
        app.selectbox(key=box("history", headers, header)).select("zip_code").run()
    assert not app.exception
    assert app.selectbox(key=box("history", headers, "Plz")).value is None  # one field, one column
    assert remembered_columns(db, kind=kind, headers=headers) == {"zip_code": "Area"}
    app.toggle(key=f"all_{headers_key(headers, 'history')[:12]}").set_value(True).run()
    sic = app.selectbox(key=box("history", headers, "SIC"))
    assert sic.value is None
    sic.select("state").run()
    assert remembered_columns(db, kind=kind, headers=headers) == {"zip_code": "Area", "state": "SIC"}
    app.selectbox(key=box("history", headers, "SIC")).set_value(None).run()
    assert not app.exception
    assert remembered_columns(db, kind=kind, headers=headers) == {"zip_code": "Area"}


def test_the_rows_that_could_not_be_used_come_back_whole_to_be_mended(places, db, config_dir):
    from lead_columns import read_columns
    from named_columns import rows_again
    from preflight import rejects_csv

    kind = history_kind(read_columns(config_dir))
    own = {"company_name": "Firma", "outcome": "Ergebnis"}
    done = import_historical(
        db, content=HISTORY, name="calls.csv", now=NOW, actor=OPS, kind=kind, mapping=own
    )
    assert done.counts["read"] == done.counts["imported"] + done.counts["rejected"] == 4
    back = rejects_csv(rows_again(HISTORY, "calls.csv", kind, own, done.rejected))
    (row,) = csv.DictReader(io.StringIO(back.decode("utf-8-sig")))
    assert row["Firma"] == "Cedar Hall"
    assert (row["Row number"], row["Delivery date"]) == ("5", "soon")
    mended = back.replace(b"soon", b"2025-05-10")
    again = import_historical(
        db, content=mended, name="mended.csv", now=NOW, actor=OPS, kind=kind, mapping=own
    )
    assert again.counts["imported"] == 1


def test_where_no_day_tells_the_page_asks_and_the_answer_counts(places, db):
    export(db, BATCH, [lead_row(0)])
    text = f"Batch,Company,Stage,Day\n{BATCH},{company_name(0)},delivery,3/2/2026\n"
    app = opened(PAGE, query={"tab": "Import files"})
    app.file_uploader(key="outcome_file").upload("o.csv", text.encode()).run()
    assert (
        "3/2/2026 was read as March 2, 2026, not February 3, 2026: no other day of the file tells."
        in said(app)
    )
    days = f"days_outcome_file_{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    app.segmented_control(key=days).set_value("the day").run()
    assert "February 3, 2026, not March 2, 2026: that the day comes first was said." in said(app)
    following = text.replace("3/2/2026", "3/1/2026")  # the next file is asked about anew
    app.file_uploader(key="outcome_file").upload("next.csv", following.encode()).run()
    assert "3/1/2026 was read as March 1, 2026, not January 3, 2026: no other day" in said(app)
    app.file_uploader(key="outcome_file").upload("o.csv", text.encode()).run()
    app.segmented_control(key=days).set_value("the month").run()
    app.button(key="import_outcome_file").click().run()
    assert became(app)["found their company"] == 1
    assert db.rows("SELECT happened_at FROM outcome_milestones") == [{"happened_at": "2026-03-02"}]
    done = import_outcomes(
        db, content=text.replace("3/2/2026", "1/3/2026").encode(), name="o.csv", now=NOW, actor=OPS,
        kind=outcome_kind({"company_name": ["Company"]}), day_first=True,
    )  # fmt: skip
    assert done.counts["matched"] == 1
    assert db.rows("SELECT min(happened_at) AS first FROM outcome_milestones") == [{"first": "2026-03-01"}]


def test_days_of_a_workbook_are_days(db):
    book = openpyxl.Workbook()
    for row in (
        ("company_name", "outcome", "deal_created_at"),
        ("Oak", "delivery", date(2025, 2, 10)),
        ("Elm", "lost", 45698),
    ):
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    import_historical(db, content=content.getvalue(), name="h.xlsx", now=NOW, actor=OPS)
    assert {row["deal_created_at"] for row in db.rows("SELECT * FROM historical_outcomes")} == {"2025-02-10"}


@pytest.fixture
def odd(db, tmp_path):
    """A batch of three companies, and a file of which one row fits, three wait for a person and one is no outcome."""
    export(db, BATCH, [lead_row(number) for number in range(3)])
    file = tmp_path / "odd.csv"
    rows = [(company_name(0), "contacted", "2026-02-20"), ("Windrow Lodge", "delivery", "2026-02-20"),
            (company_name(1), "lost", "2026-01-05"), ("pat@example.com", "lost", "2026-02-20"),
            (company_name(2), "lost", "someday")]  # fmt: skip
    text = "batch_id,company_name,milestone,date\n" + "".join(f"{BATCH},{','.join(row)}\n" for row in rows)
    file.write_text(text)
    return file


def test_unmatched_rows_are_named_with_where_to_work_on_them(odd, db, config_dir, said):
    code, out, err = said(scripts.import_outcomes, odd, "--actor", "Ana Ruiz")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "5 rows in = 1 matched + 3 unmatched + 1 rejected. 1 companies have a new outcome."
    assert f"Row 3: Windrow Lodge, {BATCH}: No company of this batch has this name." in lines
    assert (
        f"Row 4: {company_name(1)}, {BATCH}: Lost on 2026-01-05 lies before the batch of 2026-02-11: which day is right?"
        in lines
    )
    assert "Row 6: The date was expected as 2026-02-11, 2/11/2026 or 11-Feb-2026, but is 'someday'." in lines
    assert lines[-1] == "Unmatched rows count for nobody yet. They wait on the page Outcomes, tab Unmatched."
    assert "pat@example.com" not in out  # a person's address is no company
    code, out, _ = said(scripts.import_outcomes, odd, "--json")
    told = json.loads(out)
    assert told["read"] == told["matched"] + told["review"] + told["unmatched"] + told["rejected"]
    assert [row["row_number"] for row in told["waiting"]] == [3, 4, 5]
    assert "pat@" not in out
    assert unmatched.count_unmatched(db) == 3


def test_the_page_names_them_too_and_leads_there(odd, places, db):
    app = opened(PAGE, query={"tab": "Import files"})
    app.file_uploader(key="outcome_file").upload("odd.csv", odd.read_bytes()).run()
    app.button(key="import_outcome_file").click().run()
    assert not app.exception
    assert "3 rows of the file found no company, and wait in the unmatched log" in words(app)
    assert became(app) == {
        "rows in the file": 5, "found their company": 1, "found no company, and wait": 3,
        "could not be used: why stands below": 1, "companies with a new milestone": 1,
    }  # fmt: skip
    assert app.dataframe[1].value["Company"].tolist()[:2] == ["Windrow Lodge", company_name(1)]
    assert app.dataframe[2].value["Rows"].tolist() == ["6"]


def test_a_loss_from_before_its_batch_counts_for_nobody_until_its_day_is_right(odd, db):
    import_outcomes(db, content=odd.read_bytes(), name="odd.csv", now=NOW, actor=OPS)
    assert db.rows("SELECT milestone FROM outcome_milestones") == [{"milestone": "contacted"}]
    (row,) = [row for row in unmatched.read_unmatched(db).to_dict("records") if "lies before" in row["why"]]
    key = outcomes.read_companies(db, batch_ids=[BATCH])["company_key"][1]
    with pytest.raises(
        InputError, match="Lost on 2026-01-05 lies before HADES-20260211-001 went out on 2026-02-11"
    ):
        match_unmatched(db, row_id=row["id"], company=(BATCH, key), now=NOW, actor=OPS)
    with pytest.raises(InputError, match="lies in the future"):
        match_unmatched(
            db, row_id=row["id"], company=(BATCH, key), now=NOW, actor=OPS, happened_on=date(2027, 1, 1)
        )
    match_unmatched(
        db, row_id=row["id"], company=(BATCH, key), now=NOW, actor=OPS, happened_on=date(2026, 3, 1)
    )
    assert db.rows("SELECT happened_at FROM outcome_milestones WHERE milestone = 'lost'") == [
        {"happened_at": "2026-03-01"}
    ]
    assert (
        import_outcomes(db, content=odd.read_bytes(), name="odd.csv", now=NOW, actor=OPS).counts["unmatched"]
        == 2
    )
    assert unmatched.count_unmatched(db) == 2  # settled is settled


def test_the_day_of_an_evening_s_batch_is_that_of_the_business(db, config_dir):
    evening = datetime(2026, 2, 12, 1, 0, tzinfo=UTC)  # seven o'clock in Chicago, on the 11th
    export_rows(db, config_dir, evening, [zoominfo_row(1), zoominfo_row(2)])
    first, second = (
        outcomes.read_companies(db, batch_ids=[BATCH])[["company_name", "company_key"]].to_numpy().tolist()
    )
    text = f"batch_id,company_name,milestone,date\n{BATCH},{first[0]},contacted,2026-02-11\n"
    assert import_outcomes(db, content=text.encode(), name="o.csv", now=NOW, actor=OPS).counts["matched"] == 1
    said = [Entry(BATCH, second[1], "contacted", date(2026, 2, 11))]
    assert record_outcomes(db, entries=said, today=date(2026, 3, 2), now=NOW, actor=OPS).recorded == 1


def test_columns_can_be_said_at_a_terminal_and_are_told_before_anything_comes_in(
    tmp_path, db, config_dir, said
):
    file = tmp_path / "calls.csv"
    file.write_bytes(HISTORY)
    code, _, err = said(scripts.import_historical, "--csv", file)
    assert code == 2
    assert "no column for company name" in err
    chosen = ["--column", "company_name=Firma", "--column", "outcome=Ergebnis"]
    code, out, err = said(scripts.import_historical, "--csv", file, *chosen)
    assert code == 0
    assert "Read: company_name from 'Firma', outcome from 'Ergebnis'" in err
    assert "Not understood, and left out: Branch code." in err
    assert out.startswith("4 read, 3 imported")
    code, _, err = said(scripts.import_historical, "--csv", file, "--column", "company_name")
    assert (code, err) == (2, "--column was expected as FIELD=HEADER, but is 'company_name'.\n")


LIST = b"Who,Anschluss\nPat,2145550001\nKim,(214) 555-0002\n"


def test_a_list_of_whom_not_to_call_is_asked_about_too(places, db):
    app = opened("pages/9_Suppression.py")
    app.file_uploader(key="list_file").upload("theirs.csv", LIST).run()
    assert "theirs.csv has no column for: Direct phone or Mobile phone or Company phone." in said(app)
    assert app.button(key="load_list").disabled
    app.selectbox(key=box("phone list", ["Who", "Anschluss"], "Anschluss")).select("direct_phone").run()
    app.text_input(key="list_name").set_value("Their own")
    app.button(key="load_list").click().run()
    assert not app.exception
    assert "Their own is in force: 2 rows in, 2 entries" in said(app)
    assert suppression.read_lists(db)["entries"].tolist() == [2]


def test_a_list_s_column_can_be_said_at_a_terminal(tmp_path, db, config_dir, said):
    file = tmp_path / "theirs.csv"
    file.write_bytes(LIST)
    common = [file, "--kind", "phone", "--name", "Theirs", "--scrubbed", "2026-02-01", "--actor", "Ana Ruiz"]
    assert said(scripts.load_suppression, *common)[0] == 2
    code, out, err = said(scripts.load_suppression, *common, "--column", "direct_phone=Anschluss")
    assert (code, "2 entries" in out) == (0, True), err
    assert "2145550001" not in out + err


def test_the_days_of_signals_are_asked_about_where_they_do_not_tell(places):
    text = b"Company Name,Direct Phone,Intent Signal Date\nOak Hall,3125550100,2/1/2026\nElm House,3125550101,1/2/2026\n"
    app = opened("pages/1_Score_and_Export.py")
    app.file_uploader(key="leads_file").upload("leads.csv", text).run()
    assert "2/1/2026 was read as February 1, 2026, not January 2, 2026: no other day" in said(app)
    (days,) = [one for one in app.segmented_control if one.label == "Days of numbers alone put first"]
    days.set_value("the day").run()
    assert "2/1/2026 was read as January 2, 2026, not February 1, 2026: that the day comes first" in said(app)
    assert not app.exception


def test_what_was_chosen_of_columns_can_be_forgotten_on_the_page(places, db, config_dir):
    kind = history_kind(read_columns(config_dir))
    headers = ["company_name", "outcome", "deal_created_at", "Odd"]
    with pytest.raises(InputError, match="One column was chosen for two fields"):
        remember_columns(db, kind=kind, headers=headers, mapping={"state": "Odd", "zip_code": "Odd"}, now=NOW, actor=OPS)  # fmt: skip
    remember_columns(db, kind=kind, headers=headers, mapping={"state": "Odd"}, now=NOW, actor=OPS)
    app = opened(PAGE, query={"tab": "History"})
    text = b"company_name,outcome,deal_created_at,Odd\nOak Hall,no_delivery,2025-02-01,IL\n"
    app.file_uploader(key="history_file").upload("h.csv", text).run()
    told = "h.csv is read as a person chose: State from Odd."
    assert told in said(app)
    (forget,) = [one for one in app.button if one.label == "Forget what was chosen"]
    forget.click().run()
    assert told not in said(app)
    assert remembered_columns(db, kind=kind, headers=headers) == {}
    assert not app.exception
