from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zoominfo import HEADER_OF_FIELD, HEADERS, csv_of, lead_row, xlsx_of

from errors import InputError
from leads import LEAD_COLUMNS, LeadFile, read_columns, read_industries, read_leads

CONFIG = Path(__file__).resolve().parents[1] / "config"
COLUMNS, INDUSTRIES = read_columns(CONFIG), read_industries(CONFIG)


def read(content, **options) -> LeadFile:
    return read_leads(content, "leads.csv", COLUMNS, industries=INDUSTRIES, **options)


def one(**changes):
    """The lead of one row, and the sentences about it."""
    file = read(csv_of([lead_row(**changes)]))
    assert file.rows_in == len(file.leads) == 1
    return file.leads.iloc[0], file.problems["problem"].tolist()


def problems_of(file):
    return list(
        zip(file.problems["row_number"], file.problems["column"], file.problems["rejected"], strict=True)
    )


EXPECTED = {
    "row_number": 2, "contact_id": "-1042", "company_id": "350123", "first_name": "Ana", "last_name": "Ruiz",
    "job_title": "General Manager", "management_level": "Manager", "email": "ana.ruiz@example.com",
    "direct_phone": "(214) 555-0101", "mobile_phone": "(214) 555-0102", "company_phone": "(214) 555-0100",
    "company_name": "Harbour Light Hotel", "website": "www.example.com", "employee_count": 348, "sic_code": "7011",
    "industry": "Hospitality", "street": "12 Harbour Road", "city": "Dallas", "state": "TX", "zip_code": "75201",
    "accuracy": 95.0,
}  # fmt: skip


def test_a_contact_export():
    file = read(csv_of([lead_row()]))
    assert file.leads.iloc[0].dropna().to_dict() == EXPECTED
    assert file.problems.empty
    assert (file.name, file.rows_in, file.notes, file.headers) == ("leads.csv", 1, [], list(HEADERS))
    assert file.mapping["direct_phone"] == "Direct Phone Number"
    assert file.has("company_name", "zip_code")
    assert not file.has("company_name", "intent_score")


def test_a_workbook_gives_the_same_leads_as_the_csv():
    rows = [
        lead_row(intent_score="92", signal_date="2026-01-24"),
        lead_row(company_name="Elm Court", zip_code="06101", employee_count="1200"),
    ]
    typed = [dict(row) for row in rows]
    for row in typed:
        row |= {"ZoomInfo Contact ID": -1042, "ZoomInfo Company ID": 350123.0, "SIC Code 1": 7011}
        row |= {"Contact Accuracy Score": 95.0, "Employees": int(row["Employees"])}
    typed[0] |= {
        "Intent Signal Date": datetime(2026, 1, 24),
        "Intent Signal Score": 92.0,
        "Company Zip Code": 75201,
    }
    typed[1] |= {"Company Zip Code": 6101.0}  # the leading zero is lost, as spreadsheets do
    from_csv, from_workbook = read(csv_of(rows)), read(xlsx_of(typed, before=["Notes"]))
    pd.testing.assert_frame_equal(from_csv.leads, from_workbook.leads)
    assert from_workbook.problems.empty


DTYPES = {
    "row_number": "int64", "employee_count": "Int64", "accuracy": "float64", "distance_miles": "float64",
    "intent_score": "float64", "signal_date": "datetime64[s]", "direct_do_not_call": "boolean",
    "mobile_do_not_call": "boolean",
}  # fmt: skip


@pytest.mark.parametrize(
    "rows",
    [
        [lead_row()],
        [lead_row(company_name="")],
        [{"Company Name": "Oak Inn"}],
        [lead_row(employee_count="?")],
    ],
    ids=["full", "no lead", "one column", "an odd cell"],
)
def test_every_column_is_there_with_one_type_whatever_the_file_holds(rows):
    file = read(csv_of(rows))
    assert tuple(file.leads.columns) == LEAD_COLUMNS
    assert {name: str(dtype) for name, dtype in file.leads.dtypes.items()} == {
        name: DTYPES.get(name, "str") for name in LEAD_COLUMNS
    }
    assert {name: str(dtype) for name, dtype in file.problems.dtypes.items()} == {
        "row_number": "int64", "column": "str", "problem": "str", "rejected": "bool",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "written", "meant"),
    [
        ("contact_id", "-98", "-98"),
        ("employee_count", "1,200+", 1200),
        ("employee_count", "50 to 99", 50),
        ("employee_count", "Employees.250to499", 250),
        ("sic_code", "7011-01", "7011"),
        ("sic_code", "82;822;8221", "8221"),
        ("zip_code", "75201-1234", "75201"),
        ("zip_code", "752011234", "75201"),
        ("zip_code", "6101", "06101"),
        ("zip_code", "02139", "02139"),
        ("accuracy", "90.0", 90.0),
        ("accuracy", "95%", 95.0),
        ("distance_miles", "5.0 miles", 5.0),
        ("management_level", "C Level Exec", "C-Level"),
        ("signal_date", "2026-01-24T17:05:00Z", pd.Timestamp(2026, 1, 24)),
        ("signal_date", "1/24/2026 12:00 AM", pd.Timestamp(2026, 1, 24)),
        ("signal_date", "December 12, 2022", pd.Timestamp(2022, 12, 12)),
        ("signal_date", "2025-03-18T00:00:00Z", pd.Timestamp(2025, 3, 18)),
        ("direct_phone", "1-214-555-0101 ext. 9", "(214) 555-0101"),
        ("direct_do_not_call", "Yes", True),
        ("mobile_do_not_call", "No", False),
        ("last_name", "Null", "Null"),
        ("company_name", "=HYPERLINK(1)", "=HYPERLINK(1)"),
        ("company_name", "<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)
def test_value_traps(field, written, meant):
    lead, said = one(**{field: written})
    assert lead[field] == meant
    assert said == []


@pytest.mark.parametrize(
    "field", [field for field in EXPECTED if field not in ("row_number", "company_name")]
)
@pytest.mark.parametrize("written", ["", "N/A", " - "])
def test_an_empty_cell_is_missing_without_a_word(field, written):
    without = {"sic_codes": "", "sic_code_2": ""} if field == "sic_code" else {}
    without |= {"employee_range": ""} if field == "employee_count" else {}
    lead, said = one(**{field: written} | without)
    assert pd.isna(lead[field])
    assert said == []


@pytest.mark.parametrize(
    ("field", "written", "said"),
    [
        ("direct_phone", "+44 20 7946 0958", "expected a phone number of ten digits; the cell was left empty."),
        ("email", "ana.ruiz", "expected an e-mail address; the cell was left empty."),
        ("zip_code", "K1A 0B6", "expected a ZIP code of five digits, found a text of 7 characters; the cell was left empty."),
        ("accuracy", "950", "expected a number from 0 to 100, found '950'; the cell was left empty."),
        ("signal_date", "2026-02-30", "expected a date, such as 2026-01-24 or 1/24/2026, found '2026-02-30'; the cell was left empty."),
        ("company_id", "3.50123E+05", "expected an id with all its digits; the cell was left empty."),
        ("state", "Ontario", "expected a state of the USA, such as TX or Texas; the cell was left empty."),
        ("city", "Dal\x00las\u200b", "characters that cannot be shown were left out."),
        ("city", "\x00", "only characters that cannot be shown; read as empty."),
        ("street", "x" * 10_240, "10,240 characters, cut to the first 500."),
        ("mobile_do_not_call", "ask Bob", "expected yes or no; taken as do not call."),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_and_does_not_lose_the_lead(field, written, said):
    lead, problems = one(**{field: written})
    assert problems == [f"{HEADER_OF_FIELD[field]}: {said}"]
    if "left empty" in said or "read as empty" in said:
        assert pd.isna(lead[field])


def test_a_mark_nobody_can_read_is_a_number_nobody_calls():
    assert bool(one(mobile_do_not_call="ask Bob")[0]["mobile_do_not_call"])


def test_no_sentence_repeats_what_names_a_person():
    secret = "Zeppelin"
    row = lead_row(**dict.fromkeys(HEADER_OF_FIELD, f"{secret}\x00 4155550123") | {"company_name": "Oak"})
    said = " ".join(read(csv_of([row])).problems["problem"])
    assert len(said) > 200
    assert secret not in said
    assert "4155550123" not in said


def test_a_row_without_a_company_is_rejected_once():
    rows = [lead_row(), lead_row(company_name=" ", direct_phone="1"), lead_row(company_name="n/a")]
    file = read(csv_of(rows))
    assert (file.rows_in, len(file.leads)) == (3, 1)
    assert problems_of(file) == [
        (3, "Direct Phone Number", False),
        (3, "Company Name", True),
        (4, "Company Name", True),
    ]


def test_broken_rows_are_rejected_and_their_neighbours_kept():
    content = b'Company Name,City\r\nOak,"Dal"las"\r\nElm,Austin,x\r\n\r\nAsh\r\nFir,"Waco"\r\n'
    file = read(content)
    assert file.leads["company_name"].tolist() == ["Ash", "Fir"]
    assert file.leads["row_number"].tolist() == [5, 6]
    assert problems_of(file) == [(2, "", True), (3, "", True), (5, "", False)]
    assert file.rows_in == 4
    assert file.notes == ["1 blank row was passed over."]


def test_a_file_of_unreadable_rows_alone_is_still_counted():
    file = read(b'Company Name\n"a"b\n')
    assert (file.rows_in, len(file.leads), file.problems["rejected"].sum()) == (1, 0, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (csv_of([]), "has a header row but no leads under it"),
        (csv_of([]) + b"\r\n,,\r\n", "has a header row but no leads under it"),
        (b"Firm,City\nOak,Dallas\n", r"no column for company name \(Company Name or Company\). Its columns are: Firm, City"),
        (b"Company Name,City,city\nOak,a,b\n", "the column 'city' more than once"),
        (b"Company Name,Company\nOak,Oak\n", "beyond doubt: 'Company Name' and 'Company' all mean it"),
        (b"\x00\x01\x02\x03" * 100, "is not text"),
        (b"Company Name\n\x81\n", "fits neither UTF-8 nor Windows-1252"),
    ],
)  # fmt: skip
def test_bad_files_are_refused_with_a_sentence(content, said):
    with pytest.raises(InputError, match=rf"^leads\.csv .*{said}"):
        read(content)


def test_further_needed_columns_are_asked_for():
    with pytest.raises(InputError, match=r"no column for intent score \(Intent Signal Score"):
        read(csv_of([lead_row()]), needed=("company_name", "intent_score"))


def test_the_users_mapping_finds_the_header_and_wins():
    content = b"Firm,Company Name,Postcode\nOak,Elm,75201\n"
    file = read(content, mapping={"company_name": "firm", "zip_code": "Postcode", "city": ""})
    assert file.leads[["company_name", "zip_code"]].values.tolist() == [["Oak", "75201"]]
    assert file.mapping == {"company_name": "Firm", "zip_code": "Postcode"}


def test_a_single_column_is_enough():
    assert read(b"Company Name\nOak\nElm\n").leads["company_name"].tolist() == ["Oak", "Elm"]


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"sic_code": "82", "sic_code_2": "822", "sic_codes": "82;822;8221"}, "8221", []),  # only finer
        ({"sic_code": "", "sic_code_2": "5812", "sic_codes": ""}, "5812",
         ["SIC Code 1: no level of four digits; 5812 was taken from SIC Code 2 or SIC Codes."]),
        ({"sic_code": "70", "sic_code_2": "", "sic_codes": "", "industry": "Hotels & Motels"}, "7011",
         ["SIC Code 1: missing; 7011 was taken from Primary Industry."]),
        ({"sic_code": "", "sic_code_2": "", "sic_codes": "", "industry": "K-12  SCHOOLS"}, "8211",
         ["SIC Code 1: missing; 8211 was taken from Primary Industry."]),
        ({"sic_code": "", "sic_code_2": "", "sic_codes": "", "industry": "Hospitality"}, None, []),
        ({"sic_code": "70", "sic_code_2": "", "sic_codes": "", "industry": ""}, None,
         ["SIC Code 1: expected a SIC code with a level of four digits, found '70'; the cell was left empty."]),
        ({"sic_code": "8361", "industry": "Hotels & Motels"}, "8361", []),
    ],
)  # fmt: skip
def test_where_the_sic_comes_from(changes, code, said):
    lead, problems = one(**changes)
    assert (None if pd.isna(lead["sic_code"]) else lead["sic_code"]) == code
    assert problems == said


def test_without_an_industry_map_none_is_guessed():
    row = lead_row(sic_code="", sic_code_2="", sic_codes="", industry="Hotels")
    assert read_leads(csv_of([row]), "f.csv", COLUMNS).leads["sic_code"].isna().all()


def test_a_file_with_the_list_of_codes_alone():
    file = read(b"Company Name,SIC Codes\nOak,70;701;7011\n")
    assert (file.leads["sic_code"].tolist(), len(file.problems)) == (["7011"], 0)


def test_missing_employees_come_from_the_range_and_are_said():
    lead, said = one(employee_count="", employee_range="50 to 99")
    assert (lead["employee_count"], said) == (50, ["Employees: missing; 50 was taken from Employee Range."])
    file = read(b'Company Name,Employee Range\nOak,"1,000 - 4,999"\n')
    assert (file.leads["employee_count"].tolist(), len(file.problems)) == ([1000], 0)


@pytest.mark.parametrize(
    ("score", "word", "strength"),
    [
        ("90", "", "High"),
        ("89", "", "Medium"),
        ("75.0", "", "Medium"),
        ("74", "", "Low"),
        ("", "high", "High"),
        ("", "", None),
        ("60", "High", "Low"),
    ],  # the number is the finer word
)
def test_signal_strength_comes_from_the_score_or_the_word(score, word, strength):
    lead, said = one(intent_score=score, signal_strength=word)
    assert (None if pd.isna(lead["signal_strength"]) else lead["signal_strength"]) == strength
    assert said == []


def test_older_headers():
    content = b"Zoom Individual ID,Zoom company ID,Company Name,SIC1,SIC2\n-7,9,Oak,70,7011\n"
    lead = read(content).leads.iloc[0]
    assert lead[["contact_id", "company_id", "sic_code"]].tolist() == ["-7", "9", "7011"]


def test_the_same_bytes_give_the_same_leads():
    content = csv_of([lead_row(direct_phone=str(i), company_name="Oak" if i % 3 else "") for i in range(50)])
    first, second = read(content), read(content)
    assert first.sha256 == second.sha256
    pd.testing.assert_frame_equal(first.leads, second.leads)
    pd.testing.assert_frame_equal(first.problems, second.problems)


# Any file

CELLS = st.sampled_from(
    ["", "N/A", "Oak", "Café", "75201", "6101", "348", "1,200+", "82;822;8221", "7011", "2026-01-24", "95%", "0.95", "(214) 555-0101", "=1+1", "a\r\nb", "\x00", '"', "Hotels", "High", "yes", "-1042", "x" * 600, "1e9", "\u202eabc"]
) | st.text(alphabet=st.characters(codec="utf-8"), max_size=12)  # fmt: skip
FILE_HEADERS = ["Company Name", *[h for h in HEADER_OF_FIELD.values() if h != "Company Name"]]


def counted(file):
    rejected = file.problems[file.problems["rejected"]]
    assert file.rows_in == len(file.leads) + len(rejected)
    assert rejected["row_number"].is_unique
    assert not set(rejected["row_number"]) & set(file.leads["row_number"])
    assert file.leads["row_number"].is_monotonic_increasing
    assert file.leads["company_name"].notna().all()
    assert not (file.leads.select_dtypes("str") == "").any(axis=None)
    assert file.problems["problem"].str.match(r"(?s).+\.$").all()


@given(
    st.lists(st.lists(CELLS, min_size=12, max_size=12), min_size=1, max_size=5),
    st.permutations(FILE_HEADERS[1:]),
    st.sampled_from([",", ";", "\t"]),
)
def test_any_cells_are_leads_and_sentences(rows, headers, delimiter):
    headers = [FILE_HEADERS[0], *headers[:11]]
    content = csv_of(
        [dict(zip(headers, row, strict=True)) for row in rows], headers=headers, delimiter=delimiter
    )
    try:
        file = read(content)
    except InputError as refused:
        assert any(why in str(refused) for why in ("no leads under it", "is not text"))  # noqa: PT017
        return
    counted(file)
    blank = [row for row in rows if not any(cell.strip() for cell in row)]
    assert file.rows_in == len(rows) - len(blank)


BROKEN = st.text(alphabet='Oak,;\t"\n\r\0é7 ', max_size=60).map(
    lambda text: b"Company Name,City\n" + text.encode()
)


@given(st.binary(max_size=300) | BROKEN | BROKEN.map(lambda content: b"\xef\xbb\xbf" + content + b"\xe9"))
def test_any_bytes_are_a_file_of_leads_or_refused(content):
    try:
        file = read(content)
    except InputError as refused:
        assert str(refused).endswith(".")  # noqa: PT017 - both ends are right
        return
    counted(file)


@pytest.mark.prove
def test_a_large_file_is_read_in_seconds():
    import time

    rows = [lead_row(contact_id=str(-i), company_id=str(i // 3), last_name=f"Doe{i}") for i in range(100_000)]
    content = csv_of(rows)
    started = time.process_time()
    file = read(content)
    took = time.process_time() - started
    size = f"100,000 rows of {len(HEADERS)} columns, {len(content) / 1e6:.0f} MB"
    print(f"{size}: read in {took:.1f} s of processor time")  # noqa: T201
    assert (file.rows_in, len(file.leads)) == (100_000, 100_000)
    assert took < 10


@pytest.mark.prove
@settings(max_examples=10_000)
@given(
    st.lists(st.lists(CELLS, min_size=12, max_size=12), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
def test_ten_thousand_uploads_add_up(rows, random):
    headers = random.sample(FILE_HEADERS, 12)
    content = csv_of([dict(zip(headers, row, strict=True)) for row in rows], headers=headers)
    for _ in range(random.randrange(3)):  # what happens to files on their way
        place = random.randrange(len(content))
        content = (
            content[:place] + random.choice([b"", b'"', b"\n", b",", b"\0", b"\xe9"]) + content[place + 1 :]
        )
    try:
        counted(read(content))
    except InputError:
        return
