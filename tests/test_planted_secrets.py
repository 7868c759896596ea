"""Every secret is planted and every way out of it is made to fail: none is in a log, an error, the database, a file or a page."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from test_alerts import fail, slack
from test_planted_text import shown
from turso_server import TursoServer
from zoho_faults import Fault
from zoho_server import ZohoServer

import turso_db
from scripts import backup, check_alerts, connect_zoho, migrate, restore, run_scheduled, track_outcomes
from scripts.command import clock, run
from settings import read_settings

ROOT = Path(__file__).resolve().parents[1]
TURSO = "eyJhbGciOiJFZERTQSJ9.planted-turso-token.c2ln"
CLIENT_SECRET = "91planted" + 33 * "a"  # 42 signs, as long as Zoho's
REFRESH = "1000.planted-refresh-token.0f9e8d7c"
API_KEY = "planted-api-key-0123456789abc"
SMTP = "planted-smtp-password"
HOOK = "planted-secret"  # of the webhook in test_alerts


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def zoho(config_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ZohoServer]:
    with ZohoServer() as server:
        server.client_secret, server.refresh_token = CLIENT_SECRET, REFRESH
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def planted(zoho: ZohoServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """All secrets stand in the environment."""
    monkeypatch.setenv("HADES_API_KEY", API_KEY)
    monkeypatch.setenv("HADES_SMTP_URL", f"smtp://mailer:{SMTP}@127.0.0.1:{closed_port()}")
    monkeypatch.setenv("HADES_MAIL_FROM", "hades@example.com")
    return [TURSO, "planted-turso-token", API_KEY, SMTP, HOOK, zoho.client_secret, zoho.refresh_token]


def pages() -> Iterator[str]:
    """Everything that the pages say which touch the outside, as one text each."""
    for page in (
        "Home.py",
        "pages/3_Operators.py",
        "pages/8_Alerts.py",
        "pages/12_Audit.py",
        "pages/4_Outcomes.py",
    ):
        st.cache_data.clear()
        st.cache_resource.clear()
        app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60).run()
        app = app if page == "Home.py" else app.switch_page(page).run()
        if page == "pages/3_Operators.py":
            app.query_params["tab"] = "Zoho"
            app.run()
            app.button(key="check_zoho").click().run()
            app.button(key="sync_operators").click().run()
        if page == "pages/8_Alerts.py":
            app.button(key="check_now").click().run()
        assert not app.exception
        yield "\n".join(
            [*(text for _, text in shown(app)), *(frame.value.to_string() for frame in app.dataframe)]
        )


def test_no_secret_is_told_by_whatever_fails(
    planted: list[str], zoho: ZohoServer, db: turso_db.Database, tmp_path: Path, config_dir: Path,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    fail(db, clock())
    (config_dir / "alerts.yaml").write_text(
        "rules: [{name: Sync failed, kind: failed sync, active: true, cooldown_days: 0, tell: [slack, ana@example.com]}]"
    )
    monkeypatch.chdir(ROOT)
    ended = []
    with caplog.at_level(logging.INFO), slack([500] * 50) as (hook, _):
        monkeypatch.setenv("HADES_SLACK_WEBHOOK", hook)
        ended.append(run(check_alerts.main, []))  # Slack says 500, the mail server does not answer
        monkeypatch.setenv(
            "HADES_SMTP_URL", f"smtp://mailer:{SMTP}/x@127.0.0.1:25"
        )  # a slash ends the host's part
        fail(db, clock(), "operators")  # a further alert, which mail cannot take
        ended.append(run(check_alerts.main, ["--json"]))
        echoed = {
            "code": "INVALID_TOKEN",
            "message": f"{zoho.client_secret} {zoho.refresh_token}",
            "details": {},
            "status": "error",
        }
        zoho.faults.append(Fault("json", "coql", times=99, value=(400, echoed)))
        ended.append(run(track_outcomes.main, []))
        ended.append(run(run_scheduled.main, []))
        zoho.faults.clear()
        monkeypatch.setenv("ZOHO_REFRESH_TOKEN", f"{REFRESH}-revoked")
        ended += [
            run(connect_zoho.main, []),
            run(connect_zoho.main, ["--code", "1000.planted-code"]),
            run(track_outcomes.main, []),
        ]
        told = "".join(pages())
        with TursoServer(tmp_path / "server.db") as server:
            for url in (server.url, f"http://127.0.0.1:{closed_port()}"):
                monkeypatch.setenv("TURSO_DATABASE_URL", url)
                monkeypatch.setenv("TURSO_AUTH_TOKEN", TURSO)
                for main in (migrate.main, track_outcomes.main):
                    ended.append(run(main, []))
                ended += [
                    run(backup.main, [str(tmp_path / "b.db")]),
                    run(restore.main, [str(tmp_path / "none.db")]),
                ]
    assert 0 not in ended, ended  # each of them failed, and said so
    out, err = capfd.readouterr()
    assert err.count("\n") >= ended.count(2)  # each refusal is a sentence
    kept = b"".join(
        path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != "server.db"
    )
    for secret in [*planted, "1000.planted-code"]:
        for where, text in (("output", out + err), ("log", caplog.text), ("pages", told)):
            assert secret not in text, (secret, where)
        assert secret.encode() not in kept, (secret, "files")
    assert "Zoho no longer accepts the refresh token" in told.replace("\\", "")  # the pages did fail
    assert TURSO not in repr(read_settings())
