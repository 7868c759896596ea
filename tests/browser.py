"""A real server and a real Chromium for the journeys a person makes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip


@contextmanager
def served(data_dir: Path, config_dir: Path) -> Iterator[str]:
    """The address of the app over this data and configuration."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"HADES_DATA_DIR": str(data_dir), "HADES_CONFIG_DIR": str(config_dir)}
    log = (data_dir / "server.log").open("wb")
    server = subprocess.Popen(
        [sys.executable, "-m", "serve", "--port", str(port)],
        cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()
                break
            except OSError:
                if time.monotonic() > until or server.poll() is not None:
                    raise AssertionError((data_dir / "server.log").read_text()) from None
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)
        log.close()


@contextmanager
def chromium(**options: Any) -> Iterator[Any]:
    """A page of a fresh browser; requests that would leave this machine are noted in `page.outside`."""
    from playwright.sync_api import sync_playwright

    path = next(
        (p for name in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(name))), None
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        context = browser.new_context(
            viewport={"width": 1360, "height": 900}, accept_downloads=True, **options
        )
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.outside = []
        page.on("request", lambda request: None if "//127.0.0.1" in request.url or request.url.startswith(("data:", "blob:"))
                else page.outside.append(request.url))  # fmt: skip
        try:
            yield page
        finally:
            browser.close()


def settled(page: Any) -> Any:
    """The page once its script has run and nothing is loading."""
    page.wait_for_selector(
        "[data-testid=stApp][data-test-script-state=notRunning][data-test-connection-state=CONNECTED]"
    )
    page.wait_for_function(
        "() => !document.querySelector('[data-testid=stSkeleton], [data-testid=stSpinner]')"
    )
    return page


def go(page: Any, address: str, path: str = "") -> Any:
    """The page at `path`, settled, with its title shown."""
    page.goto(f"{address}/{path}")
    page.wait_for_selector("h1")
    return settled(page)
