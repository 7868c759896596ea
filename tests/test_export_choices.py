"""What a link chose for an export stands beside the button in words."""

from __future__ import annotations

from pathlib import Path

from lead_rows import csv_file, lead_row
from page_words import opened, said
from test_pages import plain_again

SCORE = "pages/1_Score_and_Export.py"


def test_what_a_link_chose_stands_beside_export(places: Path) -> None:
    app = opened(SCORE)
    app.text_input(key="center").set_value("75201")
    app.file_uploader(key="leads_file").upload("leads.csv", csv_file([lead_row(1)]), "text/csv").run()
    assert not app.exception
    assert "Otherwise than config/icp.yaml says" not in said(app)
    app.number_input(key="days").set_value(0)
    app.number_input(key="min_score").set_value(10.0)
    app.multiselect(key="agents").select("Eve")
    app.run()
    assert not app.exception
    unlike = "lowest score 10 instead of 0; days apart 0 instead of 180; agents Eve."
    assert f"Otherwise than config/icp.yaml says: {unlike}" in plain_again(said(app))
