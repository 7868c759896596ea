"""What a person does in a browser with a Zoho behind: sync, review, decide, and count the chain of custody."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from zoho_server import ZohoServer
from zoho_story import ROOT, company_name, export, lead_in_zoho, lead_row

import turso_db
from tests.browser import chromium, go, served, settled

pytestmark = pytest.mark.browser
BATCH = "HADES-20260211-001"


def test_sync_review_decide_and_count(tmp_path, monkeypatch):
    data, config = tmp_path / "data", tmp_path / "config"
    data.mkdir()
    shutil.copytree(ROOT / "config", config)
    now = datetime.now(UTC).replace(microsecond=0)
    with ZohoServer() as zoho:
        zoho.world.now = now - timedelta(days=2)
        db = turso_db.connect(f"file:{data / 'hades.db'}")
        rows = [
            lead_row(0),
            lead_row(1, company_name=company_name(0), zip_code="61801"),
            lead_row(2),
            lead_row(3),
        ]
        stamp = f"{zoho.world.now:%Y-%m-%dT%H:%M:%SZ}"
        export(db, BATCH, [row | {"exported_at": stamp} for row in rows], zoho.world.now)
        db.close()
        zoho.world.wait(days=1)
        lead_in_zoho(zoho.world, 0, BATCH, Phone=None, Zip_Code=None)  # fits companies 0 and 1
        lead_in_zoho(zoho.world, 2, BATCH)
        lead_in_zoho(zoho.world, 700, None)  # from the call centre, and nobody we know
        for name, value in zoho.environment().items():
            monkeypatch.setenv(name, value)
        with served(data, config) as address, chromium() as page:
            go(page, address, "Operators?tab=Zoho")
            page.get_by_role("textbox", name="Your name").fill("Ana Ruiz")
            page.get_by_role("textbox", name="Your name").press("Enter")
            settled(page)
            page.get_by_role("button", name="Sync outcomes").click()
            page.get_by_text("3 records read: 1 matched, 1 to review, 1 unmatched").first.wait_for()

            page.get_by_role("link", name="Home").click()
            page.get_by_text("1 site in Zoho may be an exported company").first.wait_for()
            page.get_by_role("link", name="Decide").click()
            page.get_by_role(
                "heading", name=company_name(0).upper()
            ).wait_for()  # the tab is open, the site too
            settled(page)
            page.get_by_role("textbox", name="Why, if it needs saying").fill("phoned them")
            page.get_by_role("textbox", name="Why, if it needs saying").press("Enter")
            settled(page)
            page.get_by_role("button", name="This is the one: 2").click()
            page.get_by_text("Every later sync keeps to it").first.wait_for()
            page.get_by_text("No site waits for a decision").first.wait_for()
            page.get_by_text("Decided by people (1)").first.wait_for()

            page.get_by_role("tab", name="Chain of custody").click()
            page.get_by_text("2 of 3 sites in Zoho are known companies").first.wait_for()
            settled(page)
            grid = page.locator("[data-testid=stDataFrame]").locator("visible=true").first
            grid.locator("[role=gridcell]").first.wait_for(state="attached")
            cells = [text.strip() for text in grid.locator("[role=gridcell]").all_text_contents()]
            hops = [cells[place : place + 5] for place in range(0, len(cells), 5)]
            numbers = [[int(re.match(r"\d+", cell)[0]) for cell in hop[1:4]] for hop in hops]
            # companies: 4 exported, 2 known; sites: 3, 2 of them with the ID, both matched; 1 without, unknown; both contacted
            assert numbers == [[4, 2, 2], [3, 2, 1], [2, 2, 0], [1, 0, 1], [2, 2, 0]]
            page.get_by_role("radio", name="unmatched without ID").click()
            settled(page)
            page.get_by_text("The lead came without it").first.wait_for()

            page.get_by_role("link", name="Home").click()
            page.get_by_role("link", name="Work on them").click()
            page.get_by_text("1 open, 0 assigned, 0 set aside, 0 settled").first.wait_for()
            assert not page.outside
    db = turso_db.connect(f"file:{data / 'hades.db'}")
    decided = db.rows("SELECT decided_by, reason FROM match_decisions")
    assert decided == [{"decided_by": "Ana Ruiz", "reason": "phoned them"}]
    db.close()
