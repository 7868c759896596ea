"""What a clerk does in a browser at the export desk, from Home to the file and what comes after."""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from lead_rows import csv_file, lead_row

from tests.browser import ROOT, chromium, go, served, settled

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=document.title='owned'> <script>document.title='owned'</script> =1+1"


def downloaded(page: Any, name: str) -> bytes:
    with page.expect_download() as waiting:
        page.get_by_role("button", name=name).locator("visible=true").first.click()
    return Path(waiting.value.path()).read_bytes()


def test_from_home_to_the_file_in_under_ten_clicks_then_rejects_again_and_void(tmp_path: Path) -> None:
    data, config = tmp_path / "data", tmp_path / "config"
    data.mkdir()
    shutil.copytree(ROOT / "config", config)
    rows = [
        lead_row(1),
        lead_row(2, Company_Name=HOSTILE),
        lead_row(3, Employees="9"),
        lead_row(4, Company_Name=""),
    ]
    clicks = 0
    with served(data, config) as address, chromium() as page:
        go(page, address)
        page.get_by_role("link", name="Score and Export").first.click()
        page.get_by_role("textbox", name="Measure from ZIP").fill("75201")
        page.get_by_role("textbox", name="Measure from ZIP").press("Enter")
        settled(page)
        page.locator("input[type=file]").first.set_input_files(
            {"name": "leads.csv", "mimeType": "text/csv", "buffer": csv_file(rows)}
        )
        page.get_by_text("2 of 4 leads are ready to go out").first.wait_for()
        assert page.title() != "owned"
        page.get_by_role("button", name="Export 2 leads").click()
        page.get_by_text("is recorded: 2 leads").first.wait_for()
        content = downloaded(page, "Download for VanillaSoft")
        clicks += 5  # the menu, the box for the ZIP, the file, Export, Download
        assert clicks < 10
        companies = [row["Company"] for row in csv.DictReader(io.StringIO(content.decode()))]
        assert companies == ["Oak Inn 1", HOSTILE]
        assert downloaded(page, "To look at in Excel")[:2] == b"PK"

        settled(page)
        page.get_by_text("Exported before").first.click()
        settled(page)
        reasons = downloaded(page, "Download all rows that stay").decode()
        assert "Fewer than 50 employees." in reasons
        assert "Company Name: empty" in reasons
        assert "was exported in HADES-" in reasons

        page.get_by_role("link", name="Open the batch").click()
        page.get_by_text("Download the file again").first.wait_for()
        settled(page)
        assert "batch=HADES-" in page.url
        # The weights and the layout change; the file of the batch does not.
        text = (config / "icp.yaml").read_text()
        (config / "icp.yaml").write_text(text.replace('"7011": 100', '"7011": 46'))
        (config / "vanillasoft.yaml").write_text("columns:\n  - {name: Notes, fill: notes}\n")
        page.reload()
        page.get_by_text("Download the file again").first.wait_for()
        settled(page)
        again = downloaded(page, "Download the file again")
        assert hashlib.sha256(again).hexdigest() == hashlib.sha256(content).hexdigest()
        page.get_by_text(f"SHA-256 {hashlib.sha256(content).hexdigest()}").first.wait_for()

        page.get_by_role("button", name="Make this batch void").click()
        page.get_by_role("textbox", name="Reason").fill("Wrong operator")
        page.get_by_role("textbox", name="Reason").press("Enter")
        page.get_by_role("button", name="Make void").click()
        page.get_by_text("is void. Its leads are free").first.wait_for()
        settled(page)
        assert downloaded(page, "Download the file again") == content
        assert not page.outside
