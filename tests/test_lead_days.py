"""Days in every form in which files write them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lead_days
from leads import read_leads
from scripts.command import day_options, parser


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-24",
        "2026-1-24",
        "2026/01/24",
        "20260124",
        "2026-01-24T17:05:09Z",
        "2026-01-24T00:00:00Z",
        "2026-01-24T17:05:09.123Z",
        "2026-01-24T17:05:09+00:00",
        "2026-01-24 00:00:00",
        "1/24/2026",
        "01/24/2026",
        "1/24/26",
        "1/24/2026 12:00 AM",
        "1/24/2026, 3:04 PM",
        "1-24-2026",
        "January 24, 2026",
        "Jan 24, 2026",
        "Jan. 24 2026",
        "Saturday, January 24, 2026",
        "24 January 2026",
        "24-Jan-2026",
        "24-Jan-26",
        "24/Jan/2026",
        "24. Jan. 2026",
        "24.01.2026",
        "24.1.26",
        "2026-01-24T17:05:09+0000",
        "46046",  # days since 1899-12-30, as a spreadsheet counts: date(1899, 12, 30) + 46046 days
        "46046.75",
    ],
)
def test_day(written):
    assert lead_days.day(written) == date(2026, 1, 24)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("December 12, 2022", date(2022, 12, 12)),
        ("2025-03-18T00:00:00Z", date(2025, 3, 18)),
        ("Sept 9, 2024", date(2024, 9, 9)),
        ("2024-02-29", date(2024, 2, 29)),
    ],
)
def test_other_days(written, meant):
    assert lead_days.day(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "",
        "2026-02-30",
        "24/1/2026",
        "2026-01-24xyz",
        "1999-13-01",
        "0001-01-01",
        "9999-12-31",
        "Ju 1, 2020",
        "soon",
        "٢٠٢٦-٠١-٢٤",
    ],
)
def test_no_day(written):
    assert lead_days.day(written) is None


@given(st.dates(date(1970, 1, 1), date(2100, 12, 31)))
def test_every_day_is_read_in_every_form(day):
    for form in ("%Y-%m-%d", "%m/%d/%Y", "%B %d, %Y", "%d %b %Y", "%Y-%m-%dT08:30:00Z", "%m/%d/%Y 12:00 AM"):
        assert lead_days.day(day.strftime(form)) == day


@pytest.mark.parametrize(
    ("cells", "read", "asked"),
    [
        # (cells of one file, what each is, whether a person should be asked)
        (["2/10/25", "13/2/2025"], [date(2025, 10, 2), date(2025, 2, 13)], False),  # the second decides
        (["2/10/25", "2/13/2025"], [date(2025, 2, 10), date(2025, 2, 13)], False),
        (["2/10/2025", "2/13/2025", "13/2/2025"], [None, date(2025, 2, 13), date(2025, 2, 13)], True),
        (["2/10/25", "3/3/2025"], [date(2025, 2, 10), date(2025, 3, 3)], True),  # nothing decides: as in the USA
        (["10.02.2025"], [date(2025, 2, 10)], True),  # dots: the day first
        (["10.02.2025", "2.13.2025"], [date(2025, 10, 2), date(2025, 2, 13)], False),
        (["2/10/2025", "24.12.2025"], [date(2025, 2, 10), date(2025, 12, 24)], True),  # dots tell nothing of slashes
        (["25-02-10", "10-Feb-25", "45698", "2025-02-10T09:30:00.000Z", "soon", ""],
         [None, *[date(2025, 2, 10)] * 3, None, None], False),
        ([], [], False),
    ],
)  # fmt: skip
def test_the_whole_file_says_which_number_is_the_day(cells, read, asked):
    days = lead_days.read_order(cells)
    assert [lead_days.day(cell, days.order) for cell in cells] == read
    assert days.undecided == asked


def test_what_was_decided_is_said_and_a_person_s_word_wins():
    assert lead_days.read_order(["2/10/2025", "13/2/2025"]).sentence == (
        "2/10/2025 was read as October 2, 2025, since 13/2/2025 can be nothing else."
    )
    assert lead_days.read_order(["2/10/2025"]).sentence == (
        "2/10/2025 was read as February 10, 2025, not October 2, 2025: no other day of the file tells."
    )
    assert lead_days.read_order(["2/10/2025", "2/13/2025"]).sentence == ""  # as everybody here would read it
    mixed = lead_days.read_order(["2/10/2025", "2/13/2025", "13/2/2025"])
    assert mixed.sentence.startswith(
        "Days stand in both orders (13/2/2025 and 2/13/2025), so one such as 2/10/2025"
    )
    assert lead_days.expected_day("The date", "2/10/2025", mixed.order) == (
        "The date, '2/10/2025', may be February 10, 2025 or October 2, 2025. Write it as 2026-02-11."
    )
    assert lead_days.expected_day("The date", "soon") == (
        "The date was expected as 2026-02-11, 2/11/2026 or 11-Feb-2026, but is 'soon'."
    )


@pytest.mark.parametrize(
    ("cells", "day_first", "slashed", "sentence"),
    [
        # A person's word counts where the days do not tell or contradict each other, and always leaves a sentence.
        (["2/10/2025"], True, True, "October 2, 2025, not February 10, 2025: that the day comes first was said."),
        (["2/10/2025"], False, False, "February 10, 2025, not October 2, 2025: that the month comes first was said."),
        (["2/10/2025", "2/13/2025"], True, False, "said, but 2/13/2025 can be nothing else than February 13, 2025, so the month"),
        (["2/10/2025", "13/2/2025"], False, True, "said, but 13/2/2025 can be nothing else than February 13, 2025, so the day"),
        (["2/10/2025", "13/2/2025"], True, True, "The day was read first, as was said and as 13/2/2025 tells."),
        (["2/10/2025", "2/13/2025", "13/2/2025"], True, True, "The day was said to come first, so one such as 2/10/2025 is October 2"),
        (["2/10/2025", "2/13/2025", "13/2/2025"], False, False, "and one such as 13/2/2025 is not read."),
        (["2025-02-10"], True, True, "was said, but no day of the file can be read in two ways."),
    ],
)  # fmt: skip
def test_a_person_s_order_counts_where_the_days_do_not_tell(cells, day_first, slashed, sentence):
    said = lead_days.read_order(cells, day_first=day_first)
    assert said.order.slashed is slashed
    assert sentence in said.sentence


@pytest.mark.parametrize(("telling", "decided"), [(19, None), (20, False)])
def test_one_slip_among_many_days_costs_itself_alone(telling, decided):
    cells = ["2/10/2025", *["2/13/2025"] * telling, "13/2/2025"]
    days = lead_days.read_order(iter(cells))
    assert (days.order.slashed, days.undecided) == (decided, True)  # a person may say otherwise
    lost = [cell for cell in cells if lead_days.day(cell, days.order) is None]
    assert lost == (["2/10/2025"] if decided is None else ["13/2/2025"])
    if decided is not None:
        assert "comes first in 20 of 21, so one such as 2/10/2025 is February 10, 2025" in days.sentence
    turned = lead_days.read_order([cell.replace("/", ".") for cell in cells])
    assert turned.order.dotted is decided


@given(st.lists(st.dates(date(1970, 1, 1), date(2100, 12, 31)), max_size=6), st.booleans())
def test_days_of_one_order_are_read_back_once_one_of_them_tells(days, day_first):
    form = "%d/%m/%Y" if day_first else "%m/%d/%Y"
    cells = [day.strftime(form) for day in [*days, date(2025, 2, 13)]]
    found = lead_days.read_order(cells)
    assert not found.undecided
    assert [lead_days.day(cell, found.order) for cell in cells] == [*days, date(2025, 2, 13)]


@given(
    st.lists(
        st.text(max_size=16) | st.from_regex(r"[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}", fullmatch=True)
    )
)
def test_no_text_breaks_the_order_of_days(cells):
    found = lead_days.read_order(cells)
    for cell in cells:
        lead_days.day(cell, found.order)
        assert lead_days.expected_day("The date", cell, found.order)


def test_the_order_a_person_says_counts_for_signals_and_is_kept_with_the_file():
    columns = {"company_name": ["Company"], "signal_date": ["Signal"]}
    text = b"Company,Signal\nA,2/10/2026\n"
    usual = read_leads(text, "a.csv", columns)
    assert (usual.leads["signal_date"][0].isoformat()[:10], usual.days.undecided) == ("2026-02-10", True)
    said = read_leads(text, "a.csv", columns, day_first=True)
    assert said.leads["signal_date"][0].isoformat()[:10] == "2026-10-02"
    assert said.notes == [said.days.sentence] != [""]
    mixed = read_leads(text + b"B,13/2/2026\nC,2/13/2026\n", "a.csv", columns)
    assert (len(mixed.leads), mixed.days.undecided) == (3, True)
    assert "cannot be told, and is not read." in mixed.notes[0]  # the lead stays, without its signal's day
    assert read_leads(b"Company\nA\n", "a.csv", columns, day_first=True).notes == []


@pytest.mark.parametrize(
    ("words", "meant"), [([], None), (["--day-first"], True), (["--month-first"], False)]
)
def test_either_order_can_be_said_at_a_terminal(words, meant):
    options = parser("scripts.import_deals", "a command")
    day_options(options)
    assert options.parse_args(words).day_first is meant
