"""Every page in every state that needs no browser: empty, filled, as a viewer, signed out."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from page_words import opened, said
from zoho_server import ZohoServer

import turso_db
import ui
from actors import Actor
from jobs import jobs
from outcomes import import_historical

ROOT = Path(__file__).resolve().parents[1]
PAGES = ["Home.py", *sorted(f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py"))]
ANA = Actor("Ana Ruiz", "manager")
HISTORY = (
    b"company_name,sic_code,employee_count,zip_code,state,outcome,deal_created_at,delivery_at\n"
    + b"".join(
        b"Site %d,7011,120,75201,TX,%s\n"
        % (n, b"delivery,2025-01-10,2025-03-01" if n % 10 == 0 else b"no_delivery,2025-01-10,")
        for n in range(200)
    )
)  # 20 of 200 delivered


@pytest.fixture
def filled(places: Path) -> Path:
    db = turso_db.connect(None, None, places / "data")
    import_historical(db, content=HISTORY, name="history.csv", now=datetime.now(UTC), actor=ANA)
    db.close()
    return places


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_database_gives_a_calm_page(places: Path, page: str) -> None:
    app = opened(page)
    assert not app.exception
    assert not app.error
    assert app.title[0].value


@pytest.mark.parametrize("page", PAGES)
def test_a_filled_database_gives_a_page_without_errors(filled: Path, page: str) -> None:
    app = opened(page)
    assert not app.exception
    assert not app.error
    assert app.title[0].value


@pytest.mark.parametrize("page", PAGES)
def test_nobody_sees_anything_before_signing_in(filled: Path, page: str) -> None:
    app = opened(
        page, auth={"redirect_uri": "http://127.0.0.1:8501/oauth2callback", "cookie_secret": "planted-secret"}
    )
    assert [button.label for button in app.button] == ["Sign in"]
    assert "Site" not in said(app)
    assert not app.metric
    assert not app.dataframe


def test_home_gives_the_rate_with_its_evidence(filled: Path) -> None:
    app = opened("Home.py")
    assert "20 of 200 companies old enough to judge were delivered: 10.0 %" in said(app)
    # Wilson, 20 of 200: SciPy's binomtest(20, 200).proportion_ci(method="wilson") gives 6.57–14.95 %
    assert app.metric[0].delta == "95 % interval 6.6–14.9 %"
    assert "Recalibration available" in said(app)


def test_an_unknown_batch_in_the_address_is_a_sentence(places: Path) -> None:
    app = opened("pages/2_Batches.py")
    app.query_params["batch"] = "HADES-19990101-001"
    assert not app.run().exception


def test_a_change_carries_its_sign_and_a_missing_one_is_a_dash() -> None:
    assert [ui.signed(change, 1) for change in (0.84, -1.25, -1234.5, None)] == [
        "+0.8",
        "−1.2",
        "−1,234.5",
        "–",
    ]


def test_calibrating_and_approving_from_the_page(filled: Path) -> None:
    app = opened("pages/7_Score_Calibration.py")
    app.button(key="calibrate").click().run()
    until = time.monotonic() + 60
    while "Run 1:" not in said(app) and time.monotonic() < until:  # it runs in a process of its own
        time.sleep(0.2)
        app.run()
    assert not app.error, said(app)
    assert "Run 1" in said(app)
    assert "20 deliveries of 200 leads judged" in said(app)
    assert app.button(key="apply_selected").disabled


def test_a_broken_configuration_is_a_sentence_on_every_page(places: Path) -> None:
    path = places / "config" / "icp.yaml"
    path.write_text(path.read_text().replace("signal_strength: 0.50", "signal_strength: 0.60"))
    for page in PAGES:
        app = opened(page)
        assert not app.exception
        assert "sum to 1" in said(app)


def test_a_sync_with_zoho_is_started_from_the_page_and_says_what_it_brought(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ZohoServer() as zoho:
        zoho.world.add(
            "Accounts", Account_Name="Harbor Vending", Account_Type="Owner Operator", Billing_Code="02139"
        )
        for name, value in zoho.environment().items():
            monkeypatch.setenv(name, value)
        app = opened("pages/3_Operators.py", query={"tab": "Zoho"})
        assert not app.error
        app.button(key="check_zoho").click().run()
        assert not app.exception
        assert "Zoho accepts the client" in said(app)
        app.button(key="sync_operators").click().run()
        until = time.monotonic() + 20
        while jobs().state("sync operators").running:
            assert time.monotonic() < until
            time.sleep(0.05)
        app.run()
        assert not app.exception
        assert "1 read, 1 created" in plain_again(said(app))
        assert "Harbor Vending" in opened("pages/3_Operators.py").dataframe[0].value.to_string()


def plain_again(text: str) -> str:
    """The text without the signs that keep Markdown from reading it."""
    return text.replace("\\", "")


def test_what_an_act_said_stays_until_the_next_act_or_another_page(places: Path) -> None:
    app = opened("pages/3_Operators.py")

    def save(name: str) -> None:
        app.text_input(key="operator_new_name").set_value(name)
        next(button for button in app.button if button.label == "Save").click().run()

    save("Oak Vending")
    app.text_input(key="search").set_value("oak").run()
    assert [one.value for one in app.success] == ["Oak Vending is saved."]
    assert not app.toast  # which tells it once
    save("Elm Vending")
    assert [one.value for one in app.success] == ["Elm Vending is saved."]
    assert len(app.toast) == 1
    assert not app.switch_page("pages/2_Batches.py").run().success
    assert not app.switch_page("pages/3_Operators.py").run().success
