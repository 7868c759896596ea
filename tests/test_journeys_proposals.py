"""A change of scores in a browser: calibrate, tick, look at what would change, propose, accept, read the journal."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from demo_years import loaded

from tests.browser import ROOT, chromium, go, served, settled

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("SHOTS")  # a folder for pictures of the way


def shot(page: Any, name: str) -> None:
    if SHOTS:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for width in (1440, 420):
                page.set_viewport_size({"width": width, "height": 1000})
                page.wait_for_timeout(700)
                page.screenshot(path=f"{SHOTS}/{name}_{scheme}_{width}.png", full_page=True)
        page.set_viewport_size({"width": 1360, "height": 900})


def named(page: Any, name: str) -> None:
    page.get_by_role("textbox", name="Your name").fill(name)
    page.get_by_role("textbox", name="Your name").press("Enter")
    settled(page)


def test_calibrate_tick_preview_propose_accept_and_read_the_journal(tmp_path: Path) -> None:
    data, config = tmp_path / "data", tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    loaded(data / "hades.db")
    before = (config / "icp.yaml").read_bytes()
    with served(data, config) as address, chromium() as page:
        go(page, address, "Score_Calibration")
        named(page, "Ana Ruiz")
        page.get_by_role("button", name="Calibrate now").click()
        page.get_by_text("Run 1:").first.wait_for(timeout=90_000)
        settled(page)
        page.get_by_text("that say move").click()
        settled(page)
        page.get_by_text("Show what would change").click()
        page.get_by_text("deliveries than today").first.wait_for()
        settled(page)
        page.get_by_text("Called first", exact=True).first.wait_for()
        shot(page, "1_preview")

        page.get_by_role("button", name="selected").click()
        page.get_by_role("button", name="Propose").click()
        page.get_by_role("dialog").get_by_text("A reason was expected").wait_for()  # the dialog stays
        page.get_by_role("textbox", name="Why is this right?").fill("The outcomes say so")
        page.get_by_role("textbox", name="Why is this right?").press("Enter")
        settled(page)
        shot(page, "2_dialog")
        page.get_by_role("button", name="Propose").click()
        page.get_by_text("Proposal 1 waits for a decision").first.wait_for()
        settled(page)
        assert "proposal=1" in page.url
        assert (config / "icp.yaml").read_bytes() == before

        go(page, address, "Score_Calibration?proposal=1")  # the address that was passed on
        page.get_by_text("Proposal 1:").first.wait_for()
        named(page, "Ben Cole")
        page.get_by_text("scores to change, open").first.wait_for()
        shot(page, "3_proposal")
        page.get_by_role("textbox", name="Why?").fill("Agreed")
        page.get_by_role("textbox", name="Why?").press("Enter")
        settled(page)
        page.get_by_role("button", name="Accept all").click()
        page.get_by_text("Version 2 is in force").first.wait_for()
        assert (config / "icp.yaml").read_bytes() != before
        settled(page)
        page.get_by_text("1 prediction is too young to grade").first.wait_for()
        page.get_by_text("Applied by Ben Cole").first.wait_for()
        shot(page, "4_journal")
        assert not page.outside
