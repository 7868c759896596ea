"""Names from files, from Zoho and from people are shown as text: markup is planted everywhere, and every page is read."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import streamlit as st
from browser import chromium, go, served
from deal_worlds import as_csv, deal_world
from figures import show
from google.protobuf.json_format import MessageToDict
from lead_rows import csv_file, lead_row
from outcome_rows import HISTORY, real_history, table
from streamlit.testing.v1 import AppTest

import scripts.calibrate
import scripts.export_batch
import scripts.import_deals
import scripts.import_historical
import scripts.import_outcomes
import scripts.load_suppression
import scripts.snapshot_pipeline_scores
from scripts.command import run

ROOT = Path(__file__).resolve().parents[1]
PLANTED = "<img src=x onerror=alert(1)>[x](javascript:alert(2)) :red[r] $y$ ![p](https://evil.example/p.png)"
RENDERED = re.compile(r"(?<!\\)<img|(?<!\\)\[x\]\(|(?<!\\):red\[|(?<!\\)\$y|(?<!\\)\[p\]\(")
FREE = {
    "company_name", "name", "business_name", "team", "website", "street", "city", "exported_by", "source_file", "operator_name",
    "void_reason", "voided_by", "reason", "why", "actor", "subject", "recorded_by", "account", "owner", "region", "industry",
    "product", "lead_source", "stage", "what", "file_name", "loaded_by", "created_by", "started_by", "note", "sentence",
    "assigned_to", "proposed_by", "decided_by", "decided_because", "resolution", "resolved_by", "set_aside_because", "rule",
    "set_aside_by", "trouble", "acknowledged_by", "chosen_by", "given_by", "first_scored_by", "made_by", "changed_by", "segment",
}  # fmt: skip
TABS = {
    "pages/2_Batches.py": [{"batch": "HADES-20260211-001"}, {"batch": "HADES-20260211-002"}, {"batch": PLANTED}],
    "pages/4_Outcomes.py": [{"tab": name} for name in ("Newest", "Review", "Unmatched", "Chain of custody", "Import files",
                                                       "History", "By hand")] + [{"review": "s-1"}, {"review": PLANTED}],
    "pages/7_Score_Calibration.py": [{"tab": name} for name in ("Current weights", "Calibration report", "Proposals", "Outcomes feed",
                                                                "Why the rate changed", "Tuning", "Model")],
    "pages/3_Operators.py": [{"search": PLANTED}],
    "pages/11_Accuracy.py": [{"of": "Deals"}],
}  # fmt: skip
WITHOUT = {  # what stands in the data is in tables and boxes here, which show text as it is
    f"pages/{name}.py"
    for name in (
        "10_Test_a_Lead",
        "11_Accuracy",
        "13_Demo",
        "1_Score_and_Export",
        "3_Operators",
        "5_Pipeline",
    )
}
PAGES = ["Home.py", *sorted(f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py"))]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small world in which every free text of every table has markup in it."""
    folder = tmp_path_factory.mktemp("planted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HADES_DATA_DIR", str(folder / "data"))
        patch.setenv("HADES_CONFIG_DIR", str(shutil.copytree(ROOT / "config", folder / "config")))
        patch.chdir(folder)
        Path("history.csv").write_bytes(table(HISTORY, real_history()[::4]))
        named = [lead_row(n, Company_Name=f"{PLANTED} {n}") for n in range(1, 8)]
        for n, part in enumerate((named[:4], named[4:]), 1):
            Path(f"leads{n}.csv").write_bytes(csv_file(part))
        rows = [
            ("HADES-20260211-001", f"{PLANTED} 1", "delivery", "2026-02-12"),
            ("HADES-20260211-001", PLANTED, "contacted", "2026-02-12"),
        ]
        Path("outcomes.csv").write_bytes(table(("batch_id", "company_name", "milestone", "date"), rows))
        Path("numbers.csv").write_bytes(b"Phone\n(214) 555-0199\n")
        Path("deals.csv").write_bytes(as_csv(deal_world(1, 60, still_open=0.2)))
        actor = ["--actor", "Ana Ruiz"]
        export = ["--workflow", "intent", "--as-of", "2026-02-11", "--out", "out.csv", *actor]
        for module, words in (
            (scripts.import_historical, ["--csv", "history.csv"]), (scripts.calibrate, []),
            (scripts.export_batch, ["leads1.csv", *export]), (scripts.export_batch, ["leads2.csv", *export]),
            (scripts.import_outcomes, ["outcomes.csv"]), (scripts.import_deals, ["deals.csv"]), (scripts.snapshot_pipeline_scores, []),
            (scripts.load_suppression, ["numbers.csv", "--kind", "phone", "--name", "Registry", "--scrubbed", "2025-01-01", *actor]),
        ):  # fmt: skip
            assert run(module.main, words) == 0, module.__name__
        plant(folder / "data" / "hades.db")
        yield folder


def plant(path: Path) -> None:
    """Nothing; the markup stands in every free text of the database, which no longer guards itself."""
    raw = sqlite3.connect(path)
    for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f"DROP TRIGGER {name}")
    raw.execute("INSERT INTO zoho_sites (site, status, company_name, milestones, probability, candidates, why, changed_at) "
                "VALUES ('s-1', 'review', 'Elm', 1, 0.5, '[]', 'w', '2026-02-12T00:00:00Z')")  # fmt: skip
    raw.execute(
        "INSERT INTO alerts (rule, subject, sentence, opened_on, opened_at) VALUES ('r', 's', 't', '2026-02-12', '2026-02-12T00:00:00Z')"
    )
    raw.execute(
        "UPDATE batches SET status = 'void', voided_at = exported_at, voided_by = 'v', void_reason = 'r' WHERE batch_id LIKE '%002'"
    )
    for (name,) in raw.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall():
        for column in {row[1] for row in raw.execute(f"PRAGMA table_info({name})")} & FREE - {
            "schema_migrations"
        }:
            if name in ("schema_migrations", "leases") or (name, column) == ("lead_outcomes", "segment"):
                continue
            raw.execute(f"UPDATE {name} SET {column} = ? || rowid WHERE {column} IS NOT NULL", (PLANTED,))
    raw.execute("UPDATE sync_runs SET errors = ?", (json.dumps([PLANTED]),))
    raw.execute("UPDATE meta SET value = value + 1 WHERE key = 'data_version'")
    raw.commit()
    raw.close()


def shown(app: AppTest) -> Iterator[tuple[str, str]]:
    """(kind of element, text) of everything that Streamlit would render as markdown."""
    waiting: list[Any] = [app._tree]
    while waiting:
        node = waiting.pop()
        children = getattr(node, "children", None)
        if isinstance(children, dict):
            waiting += children.values()
        proto = getattr(node, "proto", None)
        kind = str(getattr(node, "type", type(node).__name__))
        if proto is None or kind in ("arrow_data_frame", "plotly_chart", "code", "json", "text", "unknown"):
            continue
        told = MessageToDict(proto, preserving_proto_field_name=True)
        yield from ((kind, text) for text in strings(told, kind))


ACTING = {
    "img",
    "a",
    "script",
    "iframe",
    "object",
    "embed",
    "link",
    "form",
    "svg",
    "meta",
    "base",
    "video",
    "audio",
    "input",
}


class Acting(HTMLParser):
    """Notes tags and attributes that load, lead or run; a drawing of our own in the address of an image is none."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        drawn = tag == "img" and (dict(attrs).get("src") or "").startswith("data:image/svg+xml,%3Csvg ")
        known = tag not in ACTING or drawn
        wrong = [name for name, _ in attrs if name.startswith("on") or name == "href"]
        self.found += wrong if known else [tag, *wrong]


def acts(html: str) -> list[str]:
    """What in the HTML would load, lead or run; Markdown's signs are shown as they are there."""
    reader = Acting()
    reader.feed(html)
    return reader.found


def strings(value: Any, kind: str) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            typed = key in (
                "default",
                "value",
                "raw_values",
                "placeholder",
                "id",
                "query_params",
                "query_string",
            )
            listed = key == "options" and kind in ("selectbox", "multiselect")  # shown as text by Streamlit
            if (
                not (typed and kind in ("text_input", "selectbox", "multiselect", "number_input"))
                and not listed
                and key != "id"
            ):
                yield from strings(part, kind)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part, kind)


@pytest.mark.parametrize("page", PAGES)
def test_no_page_renders_what_stands_in_the_data(
    planted: Path, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HADES_DATA_DIR", str(planted / "data"))
    monkeypatch.setenv("HADES_CONFIG_DIR", str(planted / "config"))
    monkeypatch.chdir(ROOT)
    st.cache_data.clear()
    st.cache_resource.clear()
    literal = 0
    for said in [{}, *TABS.get(page, [])]:
        app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60).run()
        if page != "Home.py":
            app.switch_page(page)
        for key, value in said.items():
            app.query_params[key] = value
        app.run()
        assert not app.exception, (said, app.exception)
        texts = list(shown(app))
        rendered = [
            (kind, text) for kind, text in texts if (acts(text) if kind == "html" else RENDERED.search(text))
        ]
        assert rendered == [], said
        literal += sum("onerror" in text for _, text in texts)
    assert literal or page in WITHOUT, "The planted text is not on the page: plant it where the page looks."


def test_html_that_acts_is_found() -> None:
    assert acts('<img src="x" onerror="alert(1)">') == ["img", "onerror"]
    assert acts('<a href="javascript:alert(2)">x</a><script>1</script>') == ["a", "href", "script"]
    assert acts('<div title="&lt;img src=x onerror=alert(1)&gt;"><i class="dot"></i></div>') == []


def test_a_file_shows_its_names_as_text(planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HADES_DATA_DIR", str(planted / "data"))
    monkeypatch.setenv("HADES_CONFIG_DIR", str(planted / "config"))
    monkeypatch.chdir(ROOT)
    app = (
        AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60)
        .run()
        .switch_page("pages/1_Score_and_Export.py")
        .run()
    )
    rows = [lead_row(n, Company_Name=f"{PLANTED} {n}", Company_City=PLANTED) for n in range(20, 24)]
    app.segmented_control(key="workflow").set_value("intent").run()
    app.file_uploader(key="leads_file").upload(
        f"{PLANTED.replace('/', '')}.csv", csv_file(rows), "text/csv"
    ).run()
    assert not app.exception
    texts = list(shown(app))
    assert [found for found in texts if RENDERED.search(found[1])] == []
    assert any("onerror" in text for _, text in texts)


@pytest.mark.prove
def test_a_browser_draws_none_of_it(planted: Path) -> None:
    """The same in Chromium, where tables are drawn, too: no picture, link, formula or script of the planted text."""
    drawn = "img[src='x'], img[src*='evil'], a[href^='javascript'], .katex"
    with served(planted / "data", planted / "config") as address, chromium() as browser:
        dialogs: list[str] = []
        browser.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        shows, visited = 0, 0
        for page in PAGES:
            path = "" if page == "Home.py" else re.sub(r"pages/\d+_|\.py", "", page)
            for said in [{}, *TABS.get(page, [])]:
                go(browser, address, f"{path}?{urlencode(said)}")
                assert browser.locator(drawn).count() == 0, (page, said)
                shows += "onerror" in browser.inner_text("body")
                visited += 1
        assert not dialogs
        assert not browser.outside
    show(f"{visited} pages and tabs, {shows} of them with the planted text, none drew it.")
    assert shows > 5


def test_the_walk_would_see_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def page() -> None:
        import streamlit as st
        from test_planted_text import PLANTED

        import ui

        st.caption(PLANTED)
        st.tabs([PLANTED])
        st.metric(PLANTED, 1)
        st.button(ui.plain(PLANTED))

    app = AppTest.from_function(page).run()
    assert not app.exception, app.exception
    assert len([text for _, text in shown(app) if RENDERED.search(text)]) == 3
