"""Expected values come from the value traps of ZoomInfo files, or from the sentence beside them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lead_values as values

ANY_TEXT = st.text(max_size=60) | st.text(
    alphabet=st.characters(), max_size=20
)  # the second has half pairs too
LIKE_VALUES = st.text(alphabet="0123456789 -+.,;:/()%kKxXTZaAmMpPeEjJanu$#@", max_size=24)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("  Harbour \t Light\r\nHotel ", "Harbour Light Hotel"),  # line ends in a cell
        ("Cafe\u0301", "Café"),  # composed, so that it equals the same name typed otherwise
        ("Har\x00bour\u200b", "Harbour"),  # NUL and a space nobody sees
        ("\ufeffHarbour", "Harbour"),
        ("\u202egnp.exe", "gnp.exe"),  # turned direction of writing
        ("=1+1", "=1+1"),  # a formula is text here; the export neutralises it
        ("<b>Inn</b>", "<b>Inn</b>"),
        ("N/A", None),
        (" - ", None),
        ("null", None),
        ("#REF!", None),
        ("", None),
    ],
)
def test_text(written, meant):
    assert values.text(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"), [("Null", "Null"), ("Na", "Na"), ("None", "None"), ("N/A", None)]
)
def test_people_may_be_called_null(written, meant):
    assert values.name(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("-1042", "-1042"),  # contact ids can be negative
        ("350123", "350123"),
        ("350123.0", "350123"),
        ("350,123", "350123"),
        ("007", "007"),
        ("A-17b", "A-17b"),
        ("3.50123E+08", None),  # digits lost: two companies would share it
        ("3,50123E+08", None),
        ("", None),
    ],
)
def test_identifier(written, meant):
    assert values.identifier(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "(214) 555-0101",
        "214-555-0101",
        "214.555.0101",
        "2145550101",
        "2145550101.0",
        "1 214 555 0101",
        "+1 (214) 555-0101",
        "+12145550101",
        "214-555-0101 x45",
        "214-555-0101 ext. 45",
        "(214) 555-0101, Extension 7",
        "214 555 0101 #12",
    ],
)
def test_phone(written):
    assert values.phone(written) == "(214) 555-0101"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "555-0101",  # seven digits
        "214-555-01012",  # eleven that do not begin with 1
        "+44 20 7946 0958",
        "+44 1234 5678",  # ten digits, and yet no number of this country
        "1-800-FLOWERS",
        "214-555-0101 / 214-555-0102",
        "２１４５５５０１０１",  # digits of another script
    ],
)
def test_no_phone(written):
    assert values.phone(written) is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("75201", "75201"),
        ("75201-1234", "75201"),
        ("752011234", "75201"),
        ("75201 1234", "75201"),
        ("75201.0", "75201"),
        ("02139", "02139"),
        ("6101", "06101"),
        ("6101-1234", "06101"),
        ("61011234", "06101"),
        ("501", "00501"),  # the lowest one in use
        ("00000", None),
        ("12", None),
        ("7520112", None),
        ("K1A 0B6", None),
        ("", None),
    ],
)
def test_zip_code(written, meant):
    assert values.zip_code(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("348", 348),
        ("348.0", 348),
        ("1,200", 1200),
        ("1,200+", 1200),
        ("50 to 99", 50),
        ("50 - 99", 50),
        ("50–99", 50),
        ("1,000 to 4,999", 1000),
        ("Employees.250to499", 250),
        ("Employees.10000plus", 10000),
        ("over 5,000", 5000),
        ("10K+", 10000),
        ("120 employees", 120),
        ("0", 0),
        ("under 10", 1),
        ("<50", 1),
        ("2026-10-20", None),  # what a spreadsheet makes of 10-20
        ("99 to 50", None),
        ("-5", None),
        ("12.5", None),
        ("1.200", None),  # twelve hundred or one and a bit: nobody can know
        ("99999999", None),
        ("many", None),
        ("", None),
    ],
)
def test_employees(written, meant):
    assert values.employees(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("8361", "8361"),
        ("8361.0", "8361"),
        ("7011-01", "7011"),
        ("70110101", "7011"),
        ("82;822;8221", "8221"),
        ("82; 822; 8221; 8222", "8221"),
        ("8211,8221", "8211"),
        ("7011 - Hotels and motels", "7011"),
        ("0782", "0782"),
        ("82", None),
        ("822", None),
        ("82;822", None),
        ("0000", None),
        ("2026-01-24", None),
        ("214-555-0101", None),
        ("75201", None),
        ("", None),
    ],
)
def test_sic_code(written, meant):
    assert values.sic_code(written) == meant


@pytest.mark.parametrize(
    ("cells", "meant"),
    [
        (("7011", "5812", "70;701;7011;5812"), "7011"),
        (("", "5812", "70;701;7011;5812"), "5812"),
        (("82", "822", "82;822;8221"), "8221"),
        (("82", "7389", "73;738;7389;82;822;8221"), "8221"),  # finer than the 82 of the first cell
        (("99", "7389", "8221"), "7389"),
        (("", "", ""), None),
        (("82", "822", "82;822"), None),
    ],
)
def test_primary_sic_code(cells, meant):
    assert values.primary_sic_code(*cells) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("90.0", 90.0),
        ("95%", 95.0),
        ("95 %", 95.0),
        ("0", 0.0),
        ("100", 100.0),
        ("0.95", 95.0),
        ("1", 1.0),
        ("N/A", None),
        ("101", None),
        ("-3", None),
        ("0.5%", None),
        ("", None),
        ("A+", None),
    ],
)
def test_percentage(written, meant):
    assert values.percentage(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("5.0 miles", 5.0),
        ("5 mi", 5.0),
        ("4.2mi", 4.2),
        ("1 mile", 1.0),
        (".5", 0.5),
        ("1,200 miles", 1200.0),
        ("8 km", None),
        ("-1", None),
        ("99999", None),
        ("near", None),
        ("", None),
    ],
)
def test_miles(written, meant):
    assert values.miles(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("TX", "TX"),
        ("tx", "TX"),
        ("Texas", "TX"),
        ("  new   york ", "NY"),
        ("District of Columbia", "DC"),
        ("Ontario", None),
        ("XX", None),
        ("", None),
    ],
)
def test_state(written, meant):
    assert values.state(written) == meant


def test_every_state_has_its_own_code():
    assert len(values.STATE_CODES) == len(set(values.STATE_CODES.values())) == 53  # 50, DC, Puerto Rico, Guam


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Yes", True),
        ("TRUE", True),
        ("1", True),
        ("Do Not Call", True),
        ("x", True),
        ("No", False),
        ("false", False),
        ("0", False),
        ("", None),
        ("ask first", None),
    ],
)
def test_flag(written, meant):
    assert values.flag(written) is meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("100", "High"),
        ("90", "High"),
        ("89.9", "Medium"),
        ("75", "Medium"),
        ("74.9", "Low"),
        ("0", "Low"),
        ("high", "High"),
        (" MEDIUM ", "Medium"),
        ("Low", "Low"),
        ("", None),
        ("strong", None),
        ("120", None),
    ],
)
def test_signal_strength(written, meant):
    assert values.signal_strength(written) == meant


def test_a_level_of_management_has_one_spelling():
    assert values.management_level("C-Level") == values.management_level("C Level Exec") == "C-Level"
    assert values.management_level("VP Level Exec") == values.management_level("VP-Level")
    assert values.management_level("Head of Sites") == "Head of Sites"
    assert values.management_level("N/A") is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("ana.ruiz@example.com", "ana.ruiz@example.com"),
        (" Ana.Ruiz@Example.com ", "Ana.Ruiz@Example.com"),
        ("ana.ruiz", None),
        ("ana@example", None),
        ("a@example.com; b@example.com", None),
        ("", None),
    ],
)
def test_email(written, meant):
    assert values.email(written) == meant


@pytest.mark.parametrize(
    ("website", "email", "meant"),
    [
        ("https://www.example.com/about?x=1", None, "example.com"),
        ("WWW.Example.com", None, "example.com"),
        ("", "ana@mail.example.com", "mail.example.com"),
        ("not a site", "ana@example.com", "example.com"),
        (None, None, None),
    ],
)
def test_web_domain(website, email, meant):
    assert values.web_domain(website, email) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Harbour Light Hotel, Inc.", "harbour light hotel"),
        ("THE HARBOUR LIGHT HOTEL", "harbour light hotel"),
        ("Harbour Light Hotel L.L.C.", "harbour light hotel"),
        ("Harbour Light Hotel Co., Ltd", "harbour light hotel"),
        ("Café & Bar", "cafe and bar"),
        ("Cafe and Bar", "cafe and bar"),
        ("The Café & Co., Inc.", "cafe"),
        ("Children's Home", "childrens home"),
        ("A. O. Smith", "ao smith"),
        ("A O Smith Corp", "ao smith"),
        ("Limited Stores", "limited stores"),  # a legal form in front is part of the name
        ("The Limited", "the limited"),  # a name of such words only keeps them
        ("日本旅館", "日本旅館"),
        ("!!!", "!!!"),
        ("", ""),
    ],
)
def test_normalised_company_name(written, meant):
    assert values.normalised_company_name(written) == meant


def test_company_key_is_one_company_at_one_site():
    key = values.company_key
    assert key("350123", "Oak Inn", "75201") == key("350123", "Oak Inn of Dallas", "75201")
    assert key("350123", "Oak Inn", "75201") != key("350123", "Oak Inn", "02139")
    assert key(None, "The Oak Inn, LLC", "75201") == key(None, "Oak Inn", "75201")
    assert key(None, "Oak Inn", None) == key(math.nan, "Oak Inn", math.nan) == key("", "Oak Inn", "")


PARSERS = [
    values.text,
    values.name,
    values.identifier,
    values.email,
    values.phone,
    values.zip_code,
    values.employees,
    values.sic_code,
    values.day,
    values.percentage,
    values.miles,
    values.state,
    values.flag,
    values.signal_strength,
    values.management_level,
    values.web_domain,
    values.normalised_company_name,
    values.clean_text,
]


@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)
@given(text=ANY_TEXT | LIKE_VALUES)
def test_any_text_is_read_and_what_comes_back_stays_itself(parse, text):
    meant = parse(text)
    if meant is not None:
        assert parse(str(meant)) == meant


@given(text=ANY_TEXT | LIKE_VALUES)
def test_forms_of_what_comes_back(text):
    phone, code, sic = values.phone(text), values.zip_code(text), values.sic_code(text)
    assert phone is None or (len(phone) == 14 and sum(map(str.isdigit, phone)) == 10)
    assert code is None or (len(code) == 5 and code.isascii() and code.isdigit())
    assert sic is None or (len(sic) == 4 and sic in text)
    percent = values.percentage(text)
    assert percent is None or 0 <= percent <= 100
    assert not any(values.hidden(character) for character in values.clean_text(text))
