"""The whole loop in a browser with the database on the real libsql-server: from an upload to a score that has learned,
and back again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from test_journeys import scores_shown, tick, upload, world  # noqa: F401 - world is a fixture

from database import Database, Statement
from tests.browser import chromium, go, served, settled
from tests.figures import show
from tests.real_server import RealServer, real_server_or_skip
from turso_http import for_url

pytestmark = [pytest.mark.browser, pytest.mark.prove]


@pytest.fixture(autouse=True)
def _on_the_real_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RealServer]:
    """Every process of this test, the import of the history among them, works on libsql-server."""
    with real_server_or_skip(tmp_path / "real") as server:
        monkeypatch.setenv("TURSO_DATABASE_URL", server.url)
        monkeypatch.setenv("TURSO_AUTH_TOKEN", server.token)
        yield server


def scored(page: Any, address: str, content: bytes) -> list[str]:
    """The cells of the leads that are ready, after an upload measured from 75201."""
    go(page, address, "Score_and_Export")
    page.get_by_role("textbox", name="Measure from ZIP").fill("75201")
    page.get_by_role("textbox", name="Measure from ZIP").press("Enter")
    settled(page)
    page.locator("input[type=file]").first.set_input_files(
        {"name": "leads.csv", "mimeType": "text/csv", "buffer": content}
    )
    page.get_by_text("leads are ready to go out").first.wait_for()
    settled(page)
    cells: list[str] = scores_shown(page)
    return cells


def filled(page: Any, name: str, text: str) -> None:
    page.get_by_role("textbox", name=name).fill(text)
    page.get_by_role("textbox", name=name).press("Enter")
    settled(page)


def one(db: Database, sql: str) -> dict[str, Any]:
    return db.read([Statement(sql)])[0][0]


def test_the_loop_on_the_real_server(
    world: tuple[Path, Path],  # noqa: F811
    tmp_path: Path,
    _on_the_real_server: RealServer,  # noqa: PT019
) -> None:
    data, config = world
    before = (config / "icp.yaml").read_bytes()
    db = for_url(_on_the_real_server.url, _on_the_real_server.token)
    with served(data, config) as address, chromium() as page:
        # 0.5 × 100 (distance) + 0.3 × 100 (hotel) + 0.2 × 70 (101–500 employees) = 94
        assert "94" in scored(page, address, upload())
        page.get_by_role("button", name="Export 2 leads").click()
        page.get_by_text("is recorded: 2 leads").first.wait_for()
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Download for VanillaSoft").click()
        rows = list(csv.DictReader(io.StringIO(Path(waiting.value.path()).read_bytes().decode())))
        assert [row["Company"] for row in rows] == ["Mercy Hospital", "Lakeside Hotel"]
        batch = one(db, "SELECT batch_id, exported FROM batches")
        assert batch["exported"] == 2
        assert batch["batch_id"] in rows[0]["Import Notes"]

        go(page, address, "Outcomes?tab=Import+files")
        outcomes = f"batch_id,company_name,milestone,date\r\n{batch['batch_id']},Lakeside Hotel,delivery,{datetime.now(UTC):%Y-%m-%d}\r\n"
        page.locator("input[type=file]").first.set_input_files(
            {"name": "outcomes.csv", "mimeType": "text/csv", "buffer": outcomes.encode()}
        )
        settled(page)
        page.get_by_role("button", name="Import", exact=True).first.click()
        page.get_by_text("1 of 2 exported companies").first.wait_for()
        assert one(db, "SELECT count(*) AS n FROM lead_outcomes WHERE outcome = 'delivery'") == {"n": 1}

        go(page, address, "Score_Calibration")
        filled(page, "Your name", "Ana Ruiz")
        page.get_by_role("button", name="Calibrate now").click()
        page.get_by_text("Run 1:").first.wait_for()
        settled(page)
        tick(page, "7011")
        page.get_by_role("button", name="Apply 1 selected").click()
        filled(page, "Why is this right?", "28 of 410 hotels were delivered")
        page.get_by_role("button", name="Put into force").click()
        page.get_by_text("Version 2 is in force").first.wait_for()
        assert b'"7011": 46' in (config / "icp.yaml").read_bytes()

        again = upload().replace(b"0101", b"0103").replace(b"Lakeside", b"Seaside")
        # 0.5 × 100 + 0.3 × 46 + 0.2 × 70 = 77.8 → 78
        assert "78" in scored(page, address, again)

        go(page, address, "Score_Calibration?tab=Current+weights")
        filled(page, "Your name", "Ana Ruiz")
        filled(page, "Why?", "the hotels were another chain")
        page.get_by_role("button", name="Roll back").click()
        page.get_by_text("Version 3 is in force").first.wait_for()
        assert (config / "icp.yaml").read_bytes() == before
        assert "94" in scored(page, address, again)
        assert not page.outside
    kept = db.rows("SELECT kind, actor FROM weight_versions ORDER BY version")
    assert [row["kind"] for row in kept][1:] == ["approval", "rollback"]
    assert {row["actor"] for row in kept[1:]} == {"Ana Ruiz"}
    db.close()
    show(
        "libsql-server: upload, export, download, outcomes, calibrate, approve, score differently, roll back in Chromium"
    )
