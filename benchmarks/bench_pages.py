"""How long a click takes until its page stands, with 100,000 leads, beside an empty Streamlit page.

Run from the repository: python -m benchmarks.bench_pages [FOLDER [ROUNDS [PAGE …]]]. FOLDER holds the database of
benchmarks.large_year; it is made there when it is not. Named pages are measured alone, and each once more without its
data grids, its pictures and its menu, which tells what each of them costs.
The empty page is served by the same server to the same Chromium in the same turns: a title and a link; a third such page
has a table of three rows. The same elements: what the page sent, sent once more by a script that does nothing else
(benchmarks.furniture); it is opened as often as the page, in the same turns. Painted: the script has ended, nothing on the
page is a placeholder, and the last change of the document is followed by a frame. `again` is a click while nothing was
written since the page was last seen; `changed` is the first click after a write, when every figure is read from the
database anew. In the server: from the click until all was sent, without a browser.
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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.furniture import again_at, keep
from benchmarks.large_year import fill
from benchmarks.page_session import PICTURES, Person, Sent
from benchmarks.ratios import Figure, tell

ROOT = Path(__file__).resolve().parents[1]
LINE = 2.0
BEGUN_SECONDS = 15  # until what a page begins in a process of its own has ended
BARE = (
    "Empty",
    "Blank",
    "Table",
)  # two empty pages and one with a table of three rows, each linking to the next
APART = {"data grids": ("dataframe",), "pictures": PICTURES, "menu": ("page_link",)}
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


class Click(NamedTuple):
    """One click: milliseconds until the page was painted, and how many of them the browser's own thread worked."""

    ms: float
    busy: float


class Seen(NamedTuple):
    """A page: what it sends, its seconds in the server, and every click on it, one per round."""

    sent: Sent
    in_server: float  # median, nothing written since
    in_server_changed: float  # median, first after a write
    again: list[Click]
    changed: list[Click]
    same: list[Click]  # the same elements, sent by a script that does nothing else
    apart: dict[str, list[Click]]  # the same once more, without data grids, pictures, menu


def as_sent(person: Person, data: Path, title: str, rounds: int) -> Seen:
    """The page as the server alone sees it; nobody has clicked on it yet."""
    for _ in range(2):
        person.open(title)
    sent = person.fetch(title)
    again = statistics.median(person.open(title) for _ in range(rounds))
    changed = []
    for _ in range(max(3, rounds // 2)):
        change(data)
        changed.append(person.open(title))
    return Seen(sent, again, statistics.median(changed), [], [], [], {name: [] for name in APART})


def watched(tab: Any) -> Callable[[], float]:
    """Milliseconds that the thread of this tab has worked so far, in its own time: what other processes take does not count."""
    asked = tab.context.new_cdp_session(tab)
    asked.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy() -> float:
        found = {entry["name"]: entry["value"] for entry in asked.send("Performance.getMetrics")["metrics"]}
        return 1000 * float(found["TaskDuration"])

    return busy


def middle(clicks: Sequence[Click]) -> Click:
    """The median of both figures."""
    return Click(
        statistics.median(click.ms for click in clicks), statistics.median(click.busy for click in clicks)
    )


def clicks(
    data: Path, rounds: int, titles: list[str], *, apart: bool
) -> tuple[dict[str, Seen], dict[str, list[Click]]]:
    """Every page as it was seen, and the clicks on the pages of BARE."""
    from tests.browser import chromium, go

    menu = page_titles()
    before = {title: menu[menu.index(title) - 1] for title in titles}  # where each click comes from
    bare: dict[str, list[Click]] = {name: [] for name in BARE}
    with (
        tempfile.TemporaryDirectory() as name,
        served(app := beside_empty_pages(Path(name) / "app"), data) as (address, _),
    ):
        person = Person(address)
        for title in menu:
            person.open(title)
        time.sleep(BEGUN_SECONDS)
        needed = [title for title in menu if title in titles or title in before.values()]
        seen = {title: as_sent(person, data, title, rounds) for title in needed}
        person.leave()
        for title, found in seen.items():
            keep(found.sent, app, title)
        with chromium() as page:
            page.set_default_timeout(120_000)
            same, empty = page.context.new_page(), page.context.new_page()
            cycle = itertools.cycle(BARE)
            go(empty, address, "Table")
            for title in needed:  # the scripts of each page are loaded once
                go(page, address, "" if title == "Home" else title.replace(" ", "_"))
                go(same, address, again_at(title))

            metrics = {tab: watched(tab) for tab in (page, same, empty)}

            def click(tab: Any, title: str) -> Click:
                tab.bring_to_front()  # Chromium draws a tab behind another one seldom
                before = metrics[tab]()
                return Click(float(tab.evaluate(CLICK, title)), metrics[tab]() - before)

            for turn in range(rounds + 1):
                for title in titles:
                    found, which = seen[title], next(cycle)
                    click(page, before[title])
                    change(data)
                    changed = click(page, title)
                    click(page, before[title])
                    again = click(page, title)
                    for _ in range(2):  # as warm as the page, which was opened for `changed` a moment ago
                        click(same, before[title])
                        alone = click(same, title)
                    nothing = click(empty, which)
                    parts = {}
                    for part, without in APART.items() if apart else ():
                        if not any(found.sent.kinds[kind] for kind in without):
                            continue
                        click(same, before[title])
                        keep(found.sent, app, title, without=without)
                        parts[part] = click(same, title)
                        keep(found.sent, app, title)
                        if part == "menu":  # nothing leads on from a page without one
                            go(same, address, again_at(title))
                    if turn:  # the first warms up
                        found.again.append(again)
                        found.changed.append(changed)
                        found.same.append(alone)
                        bare[which].append(nothing)
                        for part, took in parts.items():
                            found.apart[part].append(took)
    return {title: seen[title] for title in titles}, bare


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


def reason(seen: Seen, floor: Click) -> str:
    """Where the time of a page goes, in times the empty page: in the server, and in the browser for what it shows."""
    again, same = middle(seen.again), middle(seen.same)
    return (
        f"{seen.sent.furniture}: a script that only sends them takes {same.ms / floor.ms:.1f} ×, so the page itself adds "
        f"{(again.ms - same.ms) / floor.ms:+.1f} × ({1000 * seen.in_server:.0f} ms in the server); the browser works "
        f"{again.busy:.0f} ms, for an empty page {floor.busy:.0f}"
    )


def tell_page(title: str, seen: Seen, floor: Click) -> None:
    """Nothing; the figures of one page are printed, and what it consists of."""
    again, changed, same = (middle(found) for found in (seen.again, seen.changed, seen.same))
    empty = floor.ms / 1000
    name = f"page {title}"
    tell(
        Figure(
            f"{name}: click to painted", again.ms / 1000, empty, LINE, "an empty page", reason(seen, floor)
        )
    )
    tell(
        Figure(
            f"{name}: beside its own elements",
            again.ms / 1000,
            same.ms / 1000,
            None,
            "a script that sends the same",
        )
    )
    tell(Figure(f"{name}: first click after a change", changed.ms / 1000, empty, None, "an empty page"))
    print(
        f"  {seen.sent.furniture}; in the server {1000 * seen.in_server:.0f} ms, {1000 * seen.in_server_changed:.0f} ms after a "
        f"change; the browser works {again.busy:.0f} ms, for an empty page {floor.busy:.0f}", flush=True,
    )  # fmt: skip
    parts = [f"{part} {same.busy - middle(found).busy:.0f}" for part, found in seen.apart.items() if found]
    if parts:
        kinds = ", ".join(f"{many} {kind}" for kind, many in seen.sent.kinds.most_common())
        print(f"  of {same.busy:.0f} ms of the browser's work: {', '.join(parts)}\n  {kinds}", flush=True)


def main(data: Path, rounds: int = 7, named: Sequence[str] = ()) -> None:
    """Prints the figures of every page and the cold start; of the named pages alone where some are named."""
    if not (data / "hades.db").exists():
        fill(data, 100_000)
    if unknown := set(named) - set(page_titles()):
        raise SystemExit(f"Pages are {', '.join(page_titles())}; got {', '.join(sorted(unknown))}.")
    seen, bare = clicks(data, rounds, list(named) or page_titles(), apart=bool(named))
    floor = middle(bare["Empty"] + bare["Blank"])
    if bare["Table"]:
        table = middle(bare["Table"]).ms / 1000
        tell(Figure("Streamlit alone: a page of one table", table, floor.ms / 1000, None, "an empty page"))
    for title, found in seen.items():
        tell_page(title, found, floor)
    if named:
        return
    starts = {
        name: statistics.median(found) for name, found in cold_starts(data, max(3, rounds // 2)).items()
    }
    why = "pandas and the product are imported"
    tell(
        Figure("cold start to Home with data", starts["product"], starts["empty"], LINE, "an empty app", why)
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        main(
            Path(sys.argv[1]) if len(sys.argv) > 1 else Path(made),
            int(sys.argv[2]) if len(sys.argv) > 2 else 7,
            sys.argv[3:],
        )
