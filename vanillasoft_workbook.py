"""The exported file as an .xlsx for looking at it: every cell is text, so that no program changes it."""

from __future__ import annotations

import io

from vanillasoft import read_back
from vanillasoft_layout import Layout


def workbook_bytes(csv: bytes, layout: Layout | None = None) -> bytes:
    """The rows of a VanillaSoft CSV as a workbook: a frozen header, columns as wide as the layout says (16 for
    a column it does not know), every cell text, also ZIPs, phones and what looks like a formula.

    The CSV is what a dialler takes; this is for people. Characters that a workbook cannot hold are left out.
    """
    import openpyxl
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    rows = read_back(csv)
    widths = {column.name: column.width for column in layout.columns} if layout else {}
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("VanillaSoft")
    for place, name in enumerate(rows.columns, 1):
        sheet.column_dimensions[get_column_letter(place)].width = widths.get(name, 16)
    sheet.freeze_panes = "A2"
    bold = Font(bold=True)

    def cell(text: str) -> WriteOnlyCell:
        made = WriteOnlyCell(sheet)
        made._value = ILLEGAL_CHARACTERS_RE.sub("", text)[:32_767]
        made.data_type = "s"  # said outright: given a value, openpyxl would take "=1+1" for a formula
        made.number_format = "@"
        return made

    header = [cell(name) for name in rows.columns]
    for made in header:
        made.font = bold
    sheet.append(header)
    for row in rows.itertuples(index=False, name=None):
        sheet.append([cell(text) if text else None for text in row])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
