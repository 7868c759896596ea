"""One working day of five people, each signed in under an own role, with the keyboard alone; and its pictures.

`PICTURES=docs/pictures python -m pytest -m prove tests/test_journeys_roles.py -k light` makes the pictures of the README anew.
"""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from accessible import in_both_schemes, scheme_is, violations
from demo_years import lived
from identity_provider import Provider, provider

import turso_db
from demo_world import SAMPLE_CENTER_ZIP, sample_upload
from scripts import calibrate, load_demo
from tests.browser import ROOT, chromium, focused, go, served, settled, tab_to

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("PICTURES")  # a folder for the pictures of the README
PAGES = ["", *(path.stem.partition("_")[2] for path in sorted((ROOT / "pages").glob("*.py")))]
ROLES = {
    "ana@example.com": "manager",
    "ben@example.com": "ops",
    "eve@example.com": "admin",
    "@example.com": "viewer",
}


def picture(page: Any, name: str) -> None:
    """Nothing; with PICTURES, what the person sees is kept, in 200 colours, so that it stays small."""
    if not PICTURES:
        return
    from PIL import Image

    scheme_is(page, "light")
    seen = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    path = Path(PICTURES) / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    seen.quantize(200).save(path, optimize=True)
    assert path.stat().st_size <= 150_000, f"{name} is too large for a README"


@contextmanager
def signed_in(people: Provider, address: str, name: str, scheme: str) -> Iterator[Any]:
    """The browser of a person who has signed in with Tab and Enter; the mouse is out of reach."""
    mail = f"{name.split()[0].lower()}@example.com"
    people.person = (name, mail)
    with chromium(color_scheme=scheme) as page:
        page.goto(address)
        page.get_by_role("button", name="Sign in").wait_for()
        tab_to(page, "Sign in", "button")
        page.keyboard.press("Enter")
        page.get_by_text(f"Signed in as {name}").first.wait_for()
        settled(page)
        yield page
        assert not [url for url in page.outside if not url.startswith(people.address)]


def follow(page: Any, link: str, title: str | None = None) -> None:
    """Nothing; the link was reached by Tab and followed by Enter."""
    tab_to(page, link, "a")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name=title or link, exact=True).wait_for()
    settled(page)


def press(page: Any, name: str, kind: str = "button") -> None:
    tab_to(page, name, kind)
    page.keyboard.press("Enter")


def write(page: Any, box: str, text: str) -> None:
    tab_to(page, box, "input")
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    settled(page)


def exports(page: Any) -> None:
    """Ops: from an upload to the file for the call centre."""
    page.on(
        "filechooser", lambda _: None
    )  # from here on the browser asks us, so that no Enter comes too early for that
    follow(page, "Score and Export")
    page.get_by_text("Drop a ZoomInfo export above").first.wait_for()
    settled(page)
    tab_to(page, "Upload", "button")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    content = sample_upload("geography", datetime.now(UTC).date(), 1)
    chooser.value.set_files({"name": "leads.csv", "mimeType": "text/csv", "buffer": content})
    write(page, "Measure from ZIP", SAMPLE_CENTER_ZIP)
    ready = page.get_by_text("leads are ready to go out")
    ready.wait_for()
    number = int(re.match(r"[\d,]+", ready.inner_text()).group().replace(",", ""))
    settled(page)
    assert not in_both_schemes(page)
    picture(page, "export")
    press(page, f"Export {number} leads")
    page.get_by_text(f"is recorded: {number} leads").first.wait_for()
    settled(page)
    tab_to(page, "Download for VanillaSoft", "button")
    with page.expect_download() as waiting:
        page.keyboard.press("Enter")
    rows = list(csv.DictReader(io.StringIO(Path(waiting.value.path()).read_bytes().decode())))
    assert len(rows) == number > 10


def approves_and_rolls_back(page: Any, config: Path) -> None:
    """A manager: the report, one row with a reason into force, and back again."""
    before = (config / "icp.yaml").read_bytes()
    follow(page, "Score Calibration")
    picture(page, "calibration")
    box = page.get_by_role("checkbox", name=re.compile("→")).first
    tab_to(page, box.get_attribute("aria-label")[:10], "input")
    page.keyboard.press("Space")
    page.get_by_role("button", name="Apply 1 selected").wait_for()
    press(page, "Apply 1 selected")
    page.get_by_role("dialog").get_by_text("Why is this right?").wait_for()
    settled(page)
    assert not in_both_schemes(page)
    write(page, "Why is this right?", "The outcomes say so")
    picture(page, "approval")
    press(page, "Put into force")
    page.get_by_text("Version 2 is in force").first.wait_for()
    settled(page)
    changed = [
        (old, new)
        for old, new in zip(before.splitlines(), (config / "icp.yaml").read_bytes().splitlines(), strict=True)
        if old != new
    ]
    assert len(changed) == 1

    tab_to(page, "Calibration report", "div=tab")
    page.keyboard.press("ArrowLeft")
    page.get_by_text("Version 2 is in force since").first.wait_for()
    settled(page)
    write(page, "Why?", "To show that it can be undone")
    press(page, "Roll back")
    page.get_by_text("Version 3 is in force").first.wait_for()
    assert (config / "icp.yaml").read_bytes() == before


def looks(page: Any, address: str) -> None:
    """A viewer: every page and tab opens or says why not, and nothing offers to change anything."""
    harmless = re.compile(r"Download|Take |How|Upload|Close|Show")
    offered = {}
    for path in PAGES:
        page.goto(f"{address}/{path}")
        page.get_by_text("Signed in as").first.wait_for()
        settled(page)
        tabs = page.get_by_role("tablist").first.get_by_role("tab")
        for place in range(max(tabs.count(), 1)):
            if tabs.count():
                tabs.nth(place).click()
                settled(page)
            assert not page.get_by_text("Something went wrong").count(), (path, place)
            names = page.evaluate(
                "() => [...document.querySelectorAll('main button[data-testid^=stBaseButton]:enabled')]"
                ".filter(one => one.checkVisibility()).map(one => one.innerText.split('\\n').pop().trim())"
            )
            offered |= {(path, name): place for name in names if name and not harmless.match(name)}
    assert not offered


def filters(page: Any, address: str) -> None:
    """An analyst: the figures narrowed by keys, and the address that keeps what was chosen."""
    follow(page, "Insights")
    picture(page, "insights")
    tab_to(page, "30 days")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert focused(page)[1] == "180 days"
    page.keyboard.press("Space")
    page.get_by_role("radio", name="180 days", checked=True).wait_for()
    settled(page)
    go(page, address, "Outcomes?tab=Unmatched")
    tab_to(page, "Waiting")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.wait_for_url("**log=*")
    chosen = page.url
    page.reload()
    settled(page)
    assert page.url == chosen


def audits(page: Any) -> None:
    """An admin: who did what, found by name."""
    follow(page, "Audit")
    write(page, "Person or subject", "Ana")
    page.get_by_text("The newest: Ana Ruiz, roll back").first.wait_for()
    assert not violations(page)


@pytest.mark.prove
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_day_of_five_people_with_the_keyboard(tmp_path: Path, scheme: str) -> None:
    data, config = tmp_path / "data", tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    if PICTURES:  # as of today
        load_demo.main([])
        calibrate.main([])
    else:
        lived(data / "hades.db")
    with provider() as people, served(data, config, lambda app: people.secrets(app, ROLES)) as address:
        with signed_in(people, address, "Ana Ruiz", scheme) as page:
            picture(page, "home")
            approves_and_rolls_back(page, config)
        with signed_in(people, address, "Ben Cole", scheme) as page:
            exports(page)
        if scheme == "light":  # what is offered does not depend on it
            with signed_in(people, address, "Vera Lund", scheme) as page:
                looks(page, address)
        with signed_in(people, address, "Max Ohm", scheme) as page:
            filters(page, address)
        with signed_in(people, address, "Eve Stone", scheme) as page:
            audits(page)
    db = turso_db.connect(f"file:{data / 'hades.db'}")
    by = {
        (row["actor"], row["role"], row["action"])
        for row in db.rows("SELECT actor, role, action FROM audit ORDER BY id DESC LIMIT 3")
    }
    db.close()
    assert by == {
        ("Ana Ruiz", "manager", "approve"),
        ("Ana Ruiz", "manager", "roll back"),
        ("Ben Cole", "ops", "export"),
    }
