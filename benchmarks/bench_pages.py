"""How long a click takes until its page stands, with 100,000 leads, beside an empty Streamlit page.

Run from the repository: python -m benchmarks.bench_pages [FOLDER [ROUNDS]]. FOLDER holds the database of
benchmarks.large_year; it is made there when it is not. The empty page is served by the same server to the same Chromium
in the same turns: a title and a link; a third such page has a table of three rows. Painted: the script has ended, nothing on the page is a placeholder, and the last
change of the document is followed by a frame. `again` is a click while nothing was written since the page was last
seen; `changed` is the first click after a write, when every figure is read from the database anew.
Cold start: from the start of the process until the first page stands, its port asked every few milliseconds.
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.large_year import fill
from benchmarks.ratios import Figure, tell

ROOT = Path(__file__).resolve().parents[1]
LINE = 2.0
BARE = (
    "Empty",
    "Blank",
    "Table",
)  # two empty pages and one with a table of three rows, each linking to the next
EMPTY = """
import streamlit as st
st.title("{title}", anchor=False)
st.page_link("pages/{other}.py", label="{other_title}")
{more}
"""
CLICK = """
async (title) => {
    const link = [...document.querySelectorAll('a[data-testid="stPageLink-NavLink"]')]
        .find(a => a.textContent.trim().endsWith(title));
    const app = document.querySelector('[data-testid=stApp]');
    let last = performance.now(), began = last;
    const seen = new MutationObserver(() => { last = performance.now(); });
    seen.observe(document.body, {childList: true, characterData: true, subtree: true});
    seen.observe(app, {attributes: true, attributeFilter: ['data-test-script-state']});
    link.click();
    const frame = () => new Promise(requestAnimationFrame);
    const stands = () => app.dataset.testScriptState === 'notRunning'
        && [...document.querySelectorAll('h1')].some(h => h.textContent.trim() === title)
        && !document.querySelector('[data-testid=stSkeleton], [data-testid=stSpinner], [data-stale=true]');
    while (performance.now() - began < 60000) {
        await frame();
        if (stands() && performance.now() - last > 250) break;
    }
    seen.disconnect();
    return last - began;
}
"""


def page_titles() -> list[str]:
    """The title of every page of the menu, in its order; Home first."""
    from ui import MENU

    return [label for links in MENU.values() for _, label, *_ in links]


def beside_empty_pages(folder: Path) -> Path:
    """A folder from which Streamlit serves the product's own pages and two empty ones."""
    shutil.copytree(ROOT / "pages", folder / "pages")
    shutil.copytree(ROOT / ".streamlit", folder / ".streamlit")
    shutil.copy(ROOT / "Home.py", folder / "Home.py")
    names = [f"9{place}_{title}" for place, title in enumerate(BARE)]
    for place, title in enumerate(BARE):
        following = (place + 1) % len(BARE)
        more = "st.dataframe({'a': [1, 2, 3], 'b': [4, 5, 6]})" if title == "Table" else ""
        script = EMPTY.format(title=title, other=names[following], other_title=BARE[following], more=more)
        (folder / "pages" / f"{names[place]}.py").write_text(script, "utf-8")
    return folder


@contextmanager
def served(
    script_folder: Path, data: Path, script: str = "Home.py"
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address of Streamlit over this folder, as soon as its port answers, and the process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "HADES_DATA_DIR": str(data), "HADES_CONFIG_DIR": str(ROOT / "config"), "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port)]
    with (data / "server.log").open("ab") as log:
        server = subprocess.Popen(command, cwd=script_folder, env=environment, stdout=log, stderr=log)
        try:
            until = time.monotonic() + 60
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if server.poll() is not None or time.monotonic() > until:
                        raise RuntimeError(f"The server did not start; see {data / 'server.log'}.") from None
                    time.sleep(0.005)
            yield f"http://127.0.0.1:{port}", server
        finally:
            server.terminate()
            server.wait(20)


def change(data: Path) -> None:
    """Nothing; the data version is one higher, as after any write."""
    with sqlite3.connect(data / "hades.db", timeout=20) as connection:
        connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'data_version'")
    connection.close()


def clicks(data: Path, rounds: int, titles: list[str]) -> dict[str, dict[str, list[float]]]:
    """Milliseconds of every click: title → `again` and `changed` → one per round; those of BARE have `again` alone."""
    from tests.browser import chromium, go

    times: dict[str, dict[str, list[float]]] = {
        name: {"again": [], "changed": []} for name in [*titles, *BARE]
    }
    with (
        tempfile.TemporaryDirectory() as name,
        served(beside_empty_pages(Path(name) / "app"), data) as (address, _),
        chromium() as page,
    ):
        page.set_default_timeout(120_000)
        empty = page.context.new_page()
        cycle = itertools.cycle(BARE)
        go(empty, address, "Table")
        for title in titles:  # the scripts of each page are loaded once
            go(page, address, "" if title == "Home" else title.replace(" ", "_"))

        def click(tab: Any, title: str, into: list[float]) -> None:
            tab.bring_to_front()  # Chromium draws a tab behind another one seldom
            into.append(tab.evaluate(CLICK, title))

        for turn in range(rounds + 1):
            kept = (
                times if turn else {name: {"again": [], "changed": []} for name in times}
            )  # the first warms up
            for place, title in enumerate(titles):
                change(data)
                click(page, title, kept[title]["changed"])
                click(page, titles[place - 1], [])
                click(page, title, kept[title]["again"])
                which = next(cycle)
                click(empty, which, kept[which]["again"])
    return times


def cold_starts(data: Path, rounds: int) -> dict[str, list[float]]:
    """Seconds from the start of the process to the first page: `product` with data, and `empty`."""
    from tests.browser import chromium, go

    times: dict[str, list[float]] = {"product": [], "empty": []}
    with tempfile.TemporaryDirectory() as name:
        empty = Path(name)
        (empty / "empty.py").write_text('import streamlit as st\nst.title("Empty", anchor=False)\n', "utf-8")
        shutil.copytree(ROOT / ".streamlit", empty / ".streamlit")
        for _ in range(rounds):
            for which, folder, script in (("product", ROOT, "Home.py"), ("empty", empty, "empty.py")):
                with chromium() as page:
                    began = time.perf_counter()
                    with served(folder, data, script) as (address, _):
                        go(page, address)
                        times[which].append(time.perf_counter() - began)
    return times


def main(data: Path, rounds: int = 7) -> None:
    """Prints a figure per page, and the cold start."""
    if not (data / "hades.db").exists():
        fill(data, 100_000)
    titles = page_titles()
    times = clicks(data, rounds, titles)
    floor = statistics.median(times["Empty"]["again"] + times["Blank"]["again"]) / 1000
    table = statistics.median(times["Table"]["again"]) / 1000
    tell(Figure("Streamlit alone: a page of one table", table, floor, None, "an empty page"))
    why = f"drawn by the browser: a table of three rows alone takes {table / floor:.1f} ×, a menu, figures and pictures more"
    for title in titles:
        again, changed = (statistics.median(times[title][kind]) / 1000 for kind in ("again", "changed"))
        tell(Figure(f"page {title}: click to painted", again, floor, LINE, "an empty page", why))
        tell(Figure(f"page {title}: first click after a change", changed, floor, None, "an empty page"))
    starts = {
        name: statistics.median(found) for name, found in cold_starts(data, max(3, rounds // 2)).items()
    }
    tell(
        Figure(
            "cold start to Home with data",
            starts["product"],
            starts["empty"],
            LINE,
            "an empty app",
            "pandas and the product are imported",
        )
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        main(
            Path(sys.argv[1]) if len(sys.argv) > 1 else Path(made),
            int(sys.argv[2]) if len(sys.argv) > 2 else 7,
        )
