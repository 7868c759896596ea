"""Who gets in: every page asks for sign-in, its end and the role, and every write asks once more."""

from __future__ import annotations

import ast
import os
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime

import pytest
from page_words import said
from streamlit.testing.v1 import AppTest
from test_pages import PAGES, filled  # noqa: F401 - filled is a fixture

import turso_db
import ui
from tests.browser import ROOT, chromium

AUTH = {"redirect_uri": "http://127.0.0.1:8501/oauth2callback", "cookie_secret": "planted-secret"}
IN_AN_HOUR = datetime.now(UTC).timestamp() + 3600
NEEDS = {"pages/1_Score_and_Export.py": "ops", "pages/12_Audit.py": "manager"}  # all others: viewer
ROLES = ("viewer", "ops", "manager", "admin")


def visit(
    page: str, *, role: str | None = "viewer", exp: float = IN_AN_HOUR, logged_in: bool = True
) -> AppTest:
    """The page as this person sees it; a role of None stands nowhere in the secrets."""
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60)
    app.secrets["auth"] = AUTH
    app.secrets["roles"] = {"bo@example.com": role} if role else {}
    app.user = {"is_logged_in": logged_in, "email": "bo@example.com", "name": "Bo Diaz", "exp": exp}
    app.run()
    return app if page == "Home.py" else app.switch_page(page).run()


@pytest.mark.parametrize("role", ROLES[:3])
def test_each_page_lets_in_whom_its_role_lets_in_and_says_a_sentence_to_others(filled, role):  # noqa: F811
    app = visit("Home.py", role=role)
    for page in PAGES:
        app.switch_page(page).run()
        assert not app.exception, page
        if ROLES.index(role) >= ROLES.index(NEEDS.get(page, "viewer")):
            assert not app.error, (page, said(app))
            assert app.title, page
        else:
            told = said(app).replace("\\", "")
            assert f"Bo Diaz is signed in as {role} and may not open" in told
            assert "takes the role" in told
            assert not app.title
            assert not app.dataframe


def test_a_sign_in_that_has_run_out_shows_nothing_but_the_way_back_in(filled):  # noqa: F811
    app = visit("Home.py", exp=IN_AN_HOUR - 7200)
    for page in PAGES:
        app.switch_page(page).run()
        assert [button.label for button in app.button] == ["Sign in"], page
        assert "Your sign-in has run out" in said(app)
        assert not app.metric
        assert not app.dataframe


def test_who_is_given_no_role_sees_nothing(filled):  # noqa: F811
    """Most providers let anybody in the world sign in."""
    for roles, verified in (
        ({}, True),
        ({"bo@example.com": "owner"}, True),
        ({"@example.com.evil.example": "viewer", "example.com": "viewer", "": "viewer"}, True),
        ({"bo@example.com": "manager"}, False),
        ({"bo@example.com": "manager"}, "false"),
        ({"bo@example.com": "manager"}, ""),
        ({"bo@example.com": "", "@example.com": "ops"}, True),  # named, to be kept out
    ):
        app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60)
        app.secrets["auth"], app.secrets["roles"] = AUTH, roles
        app.user = {
            "is_logged_in": True,
            "email": "Bo@example.com",
            "exp": IN_AN_HOUR,
            "email_verified": verified,
        }
        app.run()
        assert "nobody has let you in yet" in said(app), roles
        assert [button.label for button in app.button] == ["Sign out"]
        assert not app.metric


def test_a_role_may_be_given_to_a_whole_domain_and_one_s_own_wins(filled):  # noqa: F811
    for roles, role, verified in (
        ({"@Example.com": "viewer"}, "viewer", {}),  # not every provider says
        ({"@example.com": "manager", "BO@example.com": "ops"}, "ops", {"email_verified": "true"}),
    ):
        app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60)
        app.secrets["auth"], app.secrets["roles"] = AUTH, roles
        app.user = {
            "is_logged_in": True,
            "email": "bo@example.com",
            "name": "Bo Diaz",
            "exp": IN_AN_HOUR,
        } | verified
        told = said(app.run().switch_page("pages/12_Audit.py").run()).replace("\\", "")
        assert f"Bo Diaz is signed in as {role} and may not open" in told


def test_a_click_on_a_page_that_lay_open_asks_again(filled):  # noqa: F811
    db = turso_db.connect(None, None, filled / "data")

    def operators() -> int:
        return int(db.rows("SELECT count(*) AS n FROM operators")[0]["n"])

    for exp, role, sentence in (
        (IN_AN_HOUR - 7200, "ops", "Your sign-in has run out"),
        (IN_AN_HOUR, "viewer", "Your role was changed since this page was drawn"),
    ):
        app = visit("pages/3_Operators.py", role="ops")
        app.text_input(key="operator_new_name").set_value("Oak Vending")
        app.user["exp"] = exp
        app.secrets["roles"] = {"bo@example.com": role}
        next(button for button in app.button if button.label == "Save").click().run()
        assert sentence in said(app)
        assert operators() == 0
    app = visit("pages/3_Operators.py", role="ops")
    app.text_input(key="operator_new_name").set_value("Oak Vending")
    next(button for button in app.button if button.label == "Save").click().run()
    assert operators() == 1
    assert db.rows("SELECT actor, role FROM audit WHERE action = 'add operator'") == [
        {"actor": "Bo Diaz", "role": "ops"}
    ]
    db.close()


# What only moves what a page shows, and what asks inside: `start` runs in another room, `train_now` hands its frame on.
_SHOWS = {
    "open_row",
    "tick_moves",
    "_of_another",
    "_fresh_table",
    "fill_now",
    "_remember",
    "_remember_here",
    "login",
    "logout",
}
_ASKS_INSIDE = {"train_now", "check_now", "leave_now", "calibrate_now"}


def test_every_callback_that_can_change_something_asks_who_acts():
    """`frame.actor` inside `with ui.act()` asks whether the person is still signed in with the role drawn for."""
    silent = []
    for path in [ROOT / "Home.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "views").glob("*.py")]:
        tree = ast.parse(path.read_text("utf-8"))
        asks = {}
        for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
            acts = [
                n
                for n in ast.walk(function)
                if isinstance(n, ast.With) and "ui.act" in ast.unparse(n.items[0])
            ]
            inside = " ".join(ast.unparse(part) for part in acts)
            asks[function.name] = bool(inside) and (
                "frame.actor" in inside or "approver(" in inside or function.name in _ASKS_INSIDE
            )
        for call in [node for node in ast.walk(tree) if isinstance(node, ast.Call)]:
            for keyword in call.keywords:
                if keyword.arg not in ("on_click", "on_change", "on_select") or isinstance(
                    keyword.value, ast.Constant
                ):
                    continue
                name = ast.unparse(keyword.value).rpartition(".")[2]
                if name in asks and name not in _SHOWS and not asks[name]:
                    silent.append(f"{path.name}: {name}")
    assert silent == []


def test_the_menu_knows_which_page_needs_which_role():
    needed = {}
    for page in PAGES:
        text = (ROOT / page).read_text("utf-8")
        if 'need="' in text:
            needed[page] = text.split('need="')[1].split('"')[0]
    assert needed == NEEDS
    listed = {path: need for links in ui.MENU.values() for path, _, _, need in links}
    assert {path: need for path, need in listed.items() if need != "viewer"} == NEEDS
    assert set(PAGES) - set(listed) == {"pages/13_Demo.py"}  # Home's guide leads there while there is a demo


def plain_run(script: str, log):
    """`streamlit run` of this script on every address of the machine, without sign-in; the process and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.address", "0.0.0.0", "--server.port", str(port)]  # fmt: skip
    return subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=log, stderr=log), port


@pytest.mark.browser
def test_a_plain_run_on_every_address_shows_nothing_without_sign_in_and_ends(config_dir, tmp_path):
    """A deep link is the first request of the process: Streamlit runs nothing of ours before it."""
    with (tmp_path / "log").open("wb") as log:
        server, port = plain_run("Home.py", log)
        try:
            until = time.monotonic() + 60
            while time.monotonic() < until:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).close()
                    break
                except OSError:
                    time.sleep(0.1)
            with chromium() as page:
                page.goto(f"http://127.0.0.1:{port}/Batches")
                server.wait(timeout=60)
                assert page.locator("h1").count() == 0
                assert page.locator("[data-testid=stSidebar] a").count() == 0
        finally:
            server.kill()
            server.wait(timeout=20)
    assert "only with sign-in. Set up [auth] in the secrets, or serve 127.0.0.1." in (tmp_path / "log").read_text()  # fmt: skip


def test_streamlit_itself_does_not_start_the_app_on_another_address_without_sign_in(config_dir, tmp_path):
    """`streamlit run serve.py`, as the Community Cloud starts it: there sign-in has to be set up, too."""
    with (tmp_path / "log").open("wb") as log:
        server, _ = plain_run("serve.py", log)
        try:
            assert server.wait(timeout=60) != 0
        finally:
            server.kill()
    assert "The app serves other machines only with sign-in." in (tmp_path / "log").read_text()
