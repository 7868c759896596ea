"""Ten people at once over 100,000 leads, beside one alone; and one person while heavy work runs: a calibration, a training, and
a file of 100,000 rows that somebody else uploads, looks at and exports.

Run from the repository: python -m benchmarks.bench_together [FOLDER [SECONDS]]. FOLDER holds the database of
benchmarks.large_year; it is made there when it is not. A person is a session over Streamlit's own websocket: opens a
page of the menu, reads for a second, opens the next, in an order of its own. What is timed is the server: from the
click until it says that the script has finished. A browser's drawing is measured in bench_pages.
"""

from __future__ import annotations

import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.bench_pages import beside_empty_pages, page_titles, served
from benchmarks.large_year import fill
from benchmarks.page_session import Person
from benchmarks.ratios import Figure, tell

PEOPLE, ROWS, READS = 10, 100_000, 1.0  # seconds a person looks at a page
MEBIBYTE = 1024


def clicking(address: str, people: int, seconds: float, titles: list[str]) -> tuple[list[float], int]:
    """Seconds of every click of so many people in that time, and how many pages showed an error."""
    times: list[float] = []
    errors: list[int] = []

    def clicks(seed: int) -> None:
        chance = random.Random(seed)
        person = Person(address)
        person.open("Home")
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            times.append(person.open(chance.choice(titles)))
            time.sleep(READS * chance.uniform(0.5, 1.5))
        errors.append(person.errors)
        person.leave()

    threads = [threading.Thread(target=clicks, args=(seed,)) for seed in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(errors) < people:
        raise RuntimeError(f"{people - len(errors)} of {people} people were thrown out.")
    return times, sum(errors)


def memory(process: subprocess.Popen[bytes]) -> float:
    """MiB that the process holds."""
    lines = Path(f"/proc/{process.pid}/status").read_text("utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / MEBIBYTE


def meanwhile(address: str, work: Callable[[], object], titles: list[str]) -> tuple[list[float], float]:
    """Seconds of one person's clicks while `work` runs, and how long it ran."""
    thread = threading.Thread(target=work)
    times: list[float] = []
    person = Person(address)
    person.open("Home")
    began = time.perf_counter()
    thread.start()
    place = 0
    while thread.is_alive() or len(times) < 5:
        times.append(person.open(titles[place % len(titles)]))
        place += 1
        time.sleep(READS / 4)
    took = time.perf_counter() - began
    person.leave()
    return times, took


def large_file(rows: int) -> bytes:
    """A ZoomInfo export of so many rows, three people to a company."""
    from tests.lead_rows import csv_file, lead_row

    def row(number: int) -> dict[str, str]:
        company = str(number // 3)
        phones = {name: f"({place}) {200 + number // 10000:03d}-{number % 10000:04d}" for name, place in
                  (("Direct_Phone_Number", 214), ("Mobile_phone", 469), ("Company_HQ_Phone", 972))}  # fmt: skip
        return lead_row(number, ZoomInfo_Company_ID=company, Company_Name=f"Birch Inn {company}", **phones)

    return csv_file(row(number) for number in range(1, rows + 1))


class Uploader:
    """Somebody with a browser who uploads a file on Score and Export, and exports what may go out."""

    def __init__(self, address: str, content: bytes, server: subprocess.Popen[bytes]) -> None:
        self._address, self._content, self._server = address, content, server
        self.steps: list[
            tuple[str, float, float]
        ] = []  # what was done, seconds it took, MiB of the server after it

    def work(self) -> None:
        """Nothing; `steps` tells how long each step took and how much memory the server held after it."""
        from tests.browser import chromium, go

        with chromium() as page:
            page.set_default_timeout(300_000)
            go(page, self._address, "Score_and_Export")
            page.get_by_role("textbox", name="Measure from ZIP").fill("75201")
            page.get_by_role("textbox", name="Measure from ZIP").press("Enter")
            self._timed("before", lambda: None)
            self._timed("read, scored and planned", lambda: self._upload(page))
            self._timed("exported", lambda: self._export(page))
        time.sleep(5)
        self._timed("the browser closed", lambda: None)

    def _upload(self, page: Any) -> None:
        file = {"name": "leads.csv", "mimeType": "text/csv", "buffer": self._content}
        page.locator("input[type=file]").first.set_input_files(file)
        page.get_by_text("leads are ready to go out").wait_for()

    def _export(self, page: Any) -> None:
        page.get_by_test_id("stMain").get_by_role("button", name=re.compile("^.*Export [0-9]")).click()
        page.get_by_text("is recorded:").wait_for()

    def _timed(self, what: str, act: Callable[[], object]) -> None:
        began = time.perf_counter()
        act()
        self.steps.append((what, time.perf_counter() - began, memory(self._server)))


def main(data: Path, seconds: float) -> None:
    """Prints a figure for ten people, and one for each kind of heavy work."""
    if not (data / "hades.db").exists():
        fill(data, 100_000)
    titles = page_titles()
    with (
        tempfile.TemporaryDirectory() as name,
        served(beside_empty_pages(Path(name) / "app"), data) as (address, server),
    ):
        first = Person(address)
        for _ in range(2):
            for title in titles:
                first.open(title)
        first.leave()
        before = memory(server)
        alone, wrong = clicking(address, 1, seconds, titles)
        ten, wrong_of_ten = clicking(address, PEOPLE, seconds, titles)
        after = memory(server)
        floor = statistics.median(alone)
        is_one = "one person alone"
        tell(
            Figure(
                f"{PEOPLE} people, median of {len(ten)} clicks", statistics.median(ten), floor, None, is_one
            )
        )
        tell(
            Figure(
                f"{PEOPLE} people, slowest click",
                max(ten),
                max(alone),
                None,
                "the slowest of one person alone",
            )
        )
        print(
            f"{wrong + wrong_of_ten} pages with an error; memory {before:.0f} MiB, {after:.0f} MiB with {PEOPLE} people"
        )
        if wrong + wrong_of_ten:
            raise SystemExit("No page may show an error.")
        quiet = [title for title in titles if title not in ("Accuracy", "Insights", "Score Calibration")]
        calm = statistics.median(meanwhile(address, lambda: time.sleep(5), quiet)[0])
        for what, arguments in (
            ("a calibration", ["scripts.calibrate", "--actor", "Ana Ruiz"]),
            ("a training", ["scripts.train_model"]),
        ):
            times, took = meanwhile(address, lambda said=arguments: _worker(data, said), quiet)  # type: ignore[misc]
            named = f"a click while {what} of {took:.0f} s runs"
            tell(Figure(named, statistics.median(times), calm, None, "a click with nothing else"))

        uploader = Uploader(address, large_file(ROWS), server)
        times, took = meanwhile(address, uploader.work, quiet)
        named = f"a click while a file of {ROWS:,} rows is scored and exported, {took:.0f} s"
        tell(Figure(named, statistics.median(times), calm, None, "a click with nothing else"))
        tell(Figure(f"{named}, the slowest", max(times), calm, None, "a click with nothing else"))
        told = [f"{what} {took:.1f} s, {held:.0f} MiB" for what, took, held in uploader.steps]
        print(f"  the file: {'; '.join(told)}")


def _worker(data: Path, arguments: list[str]) -> None:
    """Nothing; the script ran as the pages run it: a process of its own."""
    from settings import worker_environment

    environment = worker_environment() | {"HADES_DATA_DIR": str(data)}
    root = str(Path(__file__).resolve().parents[1])
    subprocess.run(
        [sys.executable, "-m", *arguments], cwd=root, env=environment, check=True, stdout=subprocess.DEVNULL
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(os.environ.get("HADES_BENCH_WORLD", made))
        main(folder, float(sys.argv[2]) if len(sys.argv) > 2 else 30)
