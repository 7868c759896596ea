"""Who acts on a machine without sign-in: the name is given once, shown, and can be changed or taken away."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

import turso_db
from actors import Actor
from views.sign_in import UNNAMED, now_named, remembered_name

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def home(config_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    st.cache_data.clear()
    st.cache_resource.clear()


def visit() -> AppTest:
    """A new session of the app."""
    return AppTest.from_file(str(ROOT / "Home.py"), default_timeout=30).run()


def test_a_name_given_once_is_there_on_the_next_visit_and_can_be_taken_away(
    home: None, tmp_path: Path
) -> None:
    box = visit().text_input(key="acting_as")
    assert (box.value, box.placeholder) == ("", UNNAMED)
    box.set_value("  Ana Ruiz ").run()
    assert remembered_name(tmp_path / "data") == "Ana Ruiz"
    again = visit()
    assert again.text_input(key="acting_as").value == "Ana Ruiz"
    again.text_input(key="acting_as").set_value("").run()
    assert visit().text_input(key="acting_as").value == ""


def test_a_name_given_beside_an_act_is_the_sidebar_s_from_then_on(home: None, tmp_path: Path) -> None:

    assert now_named(Actor("Ana Ruiz", "ops")) == Actor("Ana Ruiz", "ops")

    def beside() -> None:
        import streamlit as st

        from views.sign_in import ask_at_the_act, ask_for_name, person

        who = person()
        ask_for_name()
        ask_at_the_act("act_name")
        st.write(who.name)

    app = AppTest.from_function(beside, default_timeout=30).run()
    app.text_input(key="act_name").set_value(" Bo Lind ").run()
    assert app.markdown[0].value == "Bo Lind"
    assert [box.value for box in app.text_input] == ["Bo Lind", " Bo Lind "]
    assert remembered_name(tmp_path / "data") == "Bo Lind"
    app.text_input[0].set_value("Ana Ruiz").run()
    assert app.markdown[0].value == "Ana Ruiz"
    again = AppTest.from_function(beside, default_timeout=30).run()
    assert [box.key for box in again.text_input] == ["acting_as"]  # who has a name is not asked for it again


def test_what_cannot_be_read_is_no_name(tmp_path: Path) -> None:
    assert remembered_name(tmp_path / "nowhere") == ""
    (tmp_path / "your_name.txt").write_bytes(b"\xff\xfe")
    assert remembered_name(tmp_path) == ""
    (tmp_path / "your_name.txt").write_text("x" * 500)
    assert remembered_name(tmp_path) == "x" * 120


def test_a_name_outlives_a_change_of_page_and_back_and_is_the_one_acts_carry(
    home: None, tmp_path: Path
) -> None:
    """Each page draws the box anew: an empty new box would be taken for the wish to be forgotten."""
    app = visit()
    app.text_input(key="acting_as").set_value("Ana Ruiz").run()
    for page in ("pages/2_Batches.py", "pages/8_Alerts.py", "Home.py", "pages/3_Operators.py"):
        app.switch_page(page).run()
        assert not app.exception
        assert app.text_input(key="acting_as").value == "Ana Ruiz", page
        assert app.session_state["your_name"] == "Ana Ruiz"
        assert remembered_name(tmp_path / "data") == "Ana Ruiz"
    app.text_input(key="operator_new_name").set_value("Oak Vending")
    app.button[[button.label for button in app.button].index("Save")].click().run()
    db = turso_db.connect(None, None, tmp_path / "data")
    assert [row["actor"] for row in db.rows("SELECT actor FROM audit WHERE action = 'add operator'")] == [
        "Ana Ruiz"
    ]
    db.close()
