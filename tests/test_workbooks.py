import io
import zipfile
from datetime import date, datetime

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import InputError
from sheets import cell_text, open_sheet, read_sheet

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="S" sheetId="1" '
    'r:id="rId1"/></sheets></workbook>',
}
HEADER = '<row r="1"><c r="A1" t="inlineStr"><is><t>Name</t></is></c></row>'


def is_header(cells):
    return "Name" in cells


def read(content):
    return read_sheet(content, "list.xlsx", is_header)


def workbook_of(rows):
    """A workbook of one sheet with these rows of XML, as a strange or broken writer may make it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path, text in PARTS.items():
            archive.writestr(path, text)
        archive.writestr(
            "xl/worksheets/sheet1.xml", f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
        )
    return content.getvalue()


def saved(workbook):
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def test_cells_become_text_without_marks_of_the_spreadsheet():
    workbook = openpyxl.Workbook()
    workbook.active.append(["Name", "ZIP", "Share", "Seen", "Day", "Yes", "Id"])
    workbook.active.append(
        ["Oak", 75201, 0.95, datetime(2026, 1, 24, 8, 30), date(2026, 1, 24), True, -1042.0]
    )
    assert read(saved(workbook)).rows == [
        (2, ["Oak", "75201", "0.95", "2026-01-24T08:30:00", "2026-01-24", "True", "-1042"])
    ]


def test_text_of_single_cells():
    assert [cell_text(cell) for cell in (75201.0, 1e15, 0.1, 7, None, "x", False)] == [
        "75201",
        "1000000000000000.0",
        "0.1",
        "7",
        "",
        "x",
        "False",
    ]


def test_rows_are_numbered_as_the_spreadsheet_shows_them():
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet["B3"], sheet["C3"], sheet["B5"], sheet["C9"] = "Name", "City", "Oak", "Dallas"
    read_back = read(saved(workbook))
    assert read_back.headers == ["Name", "City"]
    assert read_back.rows == [(5, ["Oak", ""]), (9, ["", "Dallas"])]


def test_the_first_sheet_with_the_header_is_read():
    workbook = openpyxl.Workbook()
    workbook.active.append(["Notes"])
    for title, name in (("Leads", "Oak"), ("Old leads", "Elm")):
        sheet = workbook.create_sheet(title)
        sheet.append(["Name"])
        sheet.append([name])
    read_back = read(saved(workbook))
    assert read_back.rows == [(2, ["Oak"])]
    assert read_back.notes == ["Of several sheets the first with the expected headers was read."]


def test_without_the_header_the_first_sheet_with_content_is_read():
    workbook = openpyxl.Workbook()
    workbook.create_sheet().append(["Firm"])
    assert read(saved(workbook)).headers == ["Firm"]


def test_surplus_cells_are_left_out_and_said():
    workbook = openpyxl.Workbook()
    workbook.active.append(["Name"])
    workbook.active.append(["Oak", None, "call later"])
    rows = list(open_sheet(saved(workbook), "list.xlsx", is_header).rows)
    assert [(row.number, row.cells) for row in rows] == [(2, ["Oak"])]
    assert "surplus" in rows[0].trouble


@pytest.mark.parametrize(
    "cells",
    [
        '<row r="1048576"><c r="A1048576"><v>1</v></c></row>',  # one stray cell in the last row
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',  # and in the last corner: 550 GB as a rectangle
        '<row r="2"><c r="XFD2"><v>1</v></c></row>',
        "<row r='2'><c r = 'IW2' s='1'><v>1</v></c></row>",
        '<x:row r="2" xmlns:x="m"><x:c s="1" r="ABC2"><x:v>1</x:v></x:c></x:row>',
        '<row r="2"><c r="A250000"><v>1</v></c></row>',
        '<row r="2"><c r="A99999999999999999999999"><v>1</v></c></row>',  # a number that wraps around
        f'<row r="2">{"<c><v>1</v></c>" * 300}</row>',  # cells that do not say where they are
        '<row r="999999"><c><v>1</v></c></row>',
    ],
)
def test_a_stray_cell_far_outside_is_refused_before_memory_ends(cells):
    with pytest.raises(InputError, match=r"a cell below row 250,000 or to the right of column IV"):
        read(workbook_of(HEADER + cells))


def test_a_format_far_outside_does_no_harm():
    content = workbook_of(
        HEADER + '<row r="2"><c r="A2"><v>7</v></c></row><row r="1048576"><c r="XFD1048576" s="1"/></row>'
    )
    assert read(content).rows == [(2, ["7"])]


def test_cells_that_do_not_say_where_they_are_are_read():
    assert read(workbook_of(HEADER + "<row><c><v>7</v></c></row>")).rows == [(2, ["7"])]


def test_errors_and_formulas_of_a_spreadsheet():
    content = workbook_of(
        '<row r="1"><c r="A1" t="inlineStr"><is><t>Name</t></is></c><c r="B1" t="inlineStr"><is><t>N</t></is></c></row>'
        '<row r="2"><c r="A2" t="str"><f>"O"&amp;"ak"</f><v>Oak</v></c><c r="B2" t="e"><v>#N/A</v></c></row>'
    )
    assert read(content).rows == [(2, ["Oak", ""])]


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr("workbooks._MOST_UNPACKED", 500)
    with pytest.raises(InputError, match="unpacks to more than 1 GB"):
        read(workbook_of(HEADER))


def test_another_archive_is_refused():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("readme.txt", "x")
    with pytest.raises(InputError, match="an archive of something else"):
        read(content.getvalue())


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04", b"PK\x03\x04" + b"x" * 500, workbook_of("<row"), workbook_of(HEADER)[:-40]],
    ids=["mark alone", "rubbish", "broken XML", "cut off"],
)
def test_a_damaged_workbook_is_refused(content):
    with pytest.raises(InputError, match=r"looks like an \.xlsx workbook but cannot be opened"):
        read(content)


SOUND = workbook_of(HEADER + '<row r="2"><c r="A2"><v>7</v></c></row>')


@given(st.integers(0, len(SOUND) - 1), st.binary(min_size=1, max_size=4))
def test_any_damage_is_read_or_refused(place, bytes_there):
    try:
        read(SOUND[:place] + bytes_there + SOUND[place + len(bytes_there) :])
    except InputError as refused:
        assert "list.xlsx" in str(refused)  # noqa: PT017 - both ends are right
