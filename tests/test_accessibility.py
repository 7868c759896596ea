"""Every page in both schemes, tab by tab, with a year in the database: axe finds nothing that is ours."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest
from accessible import STREAMLITS_OWN, in_both_schemes, violations
from demo_years import lived

from tests.browser import ROOT, chromium, go, served, settled

pytestmark = pytest.mark.browser
PAGES = ["", *(path.stem.partition("_")[2] for path in sorted((ROOT / "pages").glob("*.py")))]
ALSO = ["Batches?batch=HADES-20260131-001"]


@pytest.mark.parametrize("every_tab", [False, pytest.param(True, marks=pytest.mark.prove)])
def test_no_page_breaks_a_rule_in_either_scheme(tmp_path: Path, every_tab: bool) -> None:
    data, config = tmp_path / "data", tmp_path / "config"
    shutil.copytree(ROOT / "config", config)
    lived(data / "hades.db")
    wrong, seen = [], 0
    with served(data, config) as address, chromium() as page:
        for path in [*PAGES, *ALSO]:
            go(page, address, path)
            tabs = page.get_by_role("tablist").first.get_by_role("tab")
            for place in range(max(tabs.count(), 1) if every_tab else 1):
                if place:
                    tabs.nth(place).click()
                    settled(page)
                wrong += [f"{path or 'Home'}, view {place}, {sentence}" for sentence in in_both_schemes(page)]
                seen += 1
    assert not wrong, "\n".join(wrong)
    assert seen >= len(PAGES) * (2 if every_tab else 1)


def test_every_picture_and_table_has_a_name_and_every_day_one_form() -> None:
    named, nameless, formless = 0, [], []
    for path in [ROOT / "Home.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "views").glob("*.py")]:
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                continue
            where = f"{path.name}:{call.lineno}"
            if call.func.attr in ("plotly_chart", "dataframe", "data_editor", "image"):
                has_name = any(keyword.arg == "alt" for keyword in call.keywords)
                named, nameless = named + has_name, nameless + [where] * (not has_name)
            if call.func.attr in ("DateColumn", "DatetimeColumn"):  # ui.day_column, ui.time_column
                formless += [where] * all(keyword.arg != "format" for keyword in call.keywords)
    assert not nameless
    assert not formless
    assert named > 50


def test_axe_finds_what_is_planted_and_lets_only_the_listed_pass() -> None:
    assert len(STREAMLITS_OWN) == 1
    planted = (
        "<html lang=en><title>Planted</title><main><h1>Planted</h1><p style='color:#999'>Pale</p><img src=x.png>"
        "<div data-testid=stDateInput><span role=spinbutton aria-label=day aria-valuenow=1 tabindex=0 "
        "style='font-size:9px'>1</span><span role=spinbutton aria-label=month aria-valuenow=1 tabindex=0 "
        "style='font-size:9px'>1</span></div></main></html>"
    )
    with chromium() as page:
        page.set_content(planted)
        rules = {sentence.partition(":")[0] for sentence in violations(page)}
    assert rules == {"color-contrast", "image-alt"}  # and not target-size
