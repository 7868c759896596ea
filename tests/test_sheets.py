import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sheets
from errors import InputError
from sheets import read_sheet


def is_header(cells):
    return "name" in [cell.strip().lower() for cell in cells]


def read(content):
    return read_sheet(content, "list.csv", is_header)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_delimiters_and_encodings(delimiter, encoding):
    text = f"Name{delimiter}City\r\nCafé{delimiter}São Paulo\r\n"
    sheet = read(text.encode(encoding))
    assert sheet.headers == ["Name", "City"]
    assert sheet.rows == [(2, ["Café", "São Paulo"])]
    assert sheet.notes == []


def test_a_header_may_hold_the_other_delimiters():
    sheet = read(b'Name;"Revenue, in 000s, USD, net";"a,b,c,d,e"\nOak;1,5;x\n')
    assert sheet.rows == [(2, ["Oak", "1,5", "x"])]


def test_a_first_line_that_names_the_delimiter_is_no_row():
    assert read(b"sep=;\r\nName;City\r\nOak;Dallas\r\n").rows == [(2, ["Oak", "Dallas"])]


def test_windows_1252_is_read_with_a_note():
    sheet = read("Name,City\nCafé,Dallas\n".encode("cp1252"))
    assert sheet.rows == [(2, ["Café", "Dallas"])]
    assert sheet.notes == [
        (
            "1 line was read as Windows-1252, an older way to write text, with letters such as é. Where names look right, there is "
            "nothing to do."
        )
    ]


def test_lines_of_two_encodings_are_each_read_in_their_own():
    sheet = read("Name\nCafé\n".encode() + "Müller\n".encode("cp1252") + "Señor\n".encode())
    assert [cells for _, cells in sheet.rows] == [["Café"], ["Müller"], ["Señor"]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n  \n,,\n", "holds no rows"),
        (b"Name\n\x81\x8d\n", "line 2 fits neither UTF-8 nor Windows-1252"),
        (b"\xff\xfeN\x00a\x00m", "begins like UTF-16 text but is damaged"),
        (b"Name,City,NAME \nOak,Dallas,x\n", "the column 'NAME' more than once"),
        (b"%PDF-1.7", "it is a PDF"),
        (b"\x89PNG\r\n\x1a\n", "it is a picture"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old (.xls) or locked workbook"),
        (bytes(range(32)) * 30, "it is not text"),
        (b"N\x00a\x00m\x00e\x00\n\x00" * 30, "it is not text"),  # UTF-16 without its mark
        (b'sep="\nName\n', "a mark between cells that cannot be one"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(content, said):
    with pytest.raises(InputError, match=r"^list\.csv .*\.$") as refused:
        read(content)
    assert said in str(refused.value)


def test_the_largest_file_is_read_and_a_larger_one_refused(monkeypatch):
    content = b"Name\nOak\n"
    monkeypatch.setattr(sheets, "MOST_BYTES", len(content))
    assert len(read(content).rows) == 1
    with pytest.raises(InputError, match="at most 50 MB"):
        read(content + b"\n")


def test_the_longest_file_is_read_and_a_longer_one_refused(monkeypatch):
    assert sheets.MOST_ROWS == 200_000
    monkeypatch.setattr(sheets, "MOST_ROWS", 20)
    longest = b"Name\n" + b"Oak\n" * 20
    assert len(read(longest + b"\n \n\n").rows) == 20  # blank rows do not count
    for row in (b"Oak\n", b"Elm,too many cells\n"):  # unreadable ones do
        with pytest.raises(InputError, match="more than 20 rows"):
            read(longest + row)


def test_blank_rows_are_passed_over_but_numbered():
    sheet = read(b"\n Name , City\n\nOak,Dallas\n,,\n , \nElm,Austin\n")
    assert sheet.headers == ["Name", "City"]
    assert sheet.rows == [(4, ["Oak", "Dallas"]), (7, ["Elm", "Austin"])]
    assert sheet.notes == ["3 blank rows were passed over."]  # rows 3, 5 and 6: those below the header


def test_lines_above_the_header_are_passed_over_with_a_note():
    sheet = read(b"List of sites,\nmade for Ana,\nName,City\nOak,Dallas\n")
    assert sheet.rows == [(4, ["Oak", "Dallas"])]
    assert sheet.notes == ["2 lines above the header row were passed over."]


def test_without_a_known_header_the_first_row_is_the_header():
    assert read(b"a,b\n1,2\n").headers == ["a", "b"]


def test_ragged_rows():
    sheet = read(b"Name,City\nOak\nElm,Austin,extra\nAsh,Waco,,\nFir,Tyler\n")
    assert sheet.rows == [(2, ["Oak", ""]), (4, ["Ash", "Waco"]), (5, ["Fir", "Tyler"])]
    assert sheet.unreadable == [(3, "This row has 3 cells, but the header has 2, so it cannot be read.")]


@pytest.mark.parametrize("broken", [b'Elm,"Austin', b'Elm,"Aus"tin"', b'Elm,"a" b'])
def test_a_broken_row_does_not_take_others_with_it(broken):
    sheet = read(b'Name,City\nOak,"Dal\nlas"\n' + broken + b'\nAsh,"Waco"\nFir,Tyler\n')
    assert sheet.rows == [(2, ["Oak", "Dal\nlas"]), (4, ["Ash", "Waco"]), (5, ["Fir", "Tyler"])]
    assert [number for number, _ in sheet.unreadable] == [3]


def test_a_quotation_mark_open_to_the_end_gives_up_its_own_line_only():
    sheet = read(b'Name,City\nOak,"Dallas\n' + b"Elm,Austin\n" * 500)
    assert (len(sheet.rows), len(sheet.unreadable)) == (500, 1)


def test_many_open_quotation_marks_are_read_in_time():
    # Each line opens a quotation that runs to the end: without a limit the work grows with the square of the lines.
    sheet = read(b"Name,City\n" + b'a","\n' * 20_000)
    assert len(sheet.rows) + len(sheet.unreadable) == 20_000


def test_line_ends_in_cells_stay_and_do_not_shift_row_numbers():
    sheet = read(b'Name,Note\r\nOak,"one\r\ntwo"\r\nElm,x\r\n')
    assert sheet.rows == [(2, ["Oak", "one\r\ntwo"]), (3, ["Elm", "x"])]


def test_nul_and_a_cell_too_long_for_a_spreadsheet():
    sheet = read(b"Name,City\nO\0ak,Dallas\nElm," + b"x" * 40_000 + b"\n")
    assert sheet.rows == [(2, ["Oak", "Dallas"])]
    assert sheet.unreadable == [(3, "A cell of this row is longer than 32,767 characters.")]


def test_old_line_ends():
    assert read(b"Name,City\rOak,Dallas\r").rows == [(2, ["Oak", "Dallas"])]


CELL = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@given(st.lists(st.lists(CELL, min_size=2, max_size=2), max_size=6), st.sampled_from(",;\t"))
def test_what_a_csv_writer_wrote_comes_back(rows, delimiter):
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([["Name", "City"], *rows])
    sheet = read(text.getvalue().encode())
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    assert [cells for _, cells in sheet.rows] == filled
    assert sheet.unreadable == []


@given(st.binary(max_size=200) | st.text(alphabet='Name,;\t"\n\r\0xé', max_size=80).map(str.encode))
def test_any_bytes_are_a_table_or_refused(content):
    try:
        sheet = read(content)
    except InputError:
        return
    assert all(len(cells) == len(sheet.headers) for _, cells in sheet.rows)
    numbers = [number for number, _ in sheet.rows + sheet.unreadable]
    assert len(numbers) == len(set(numbers))
