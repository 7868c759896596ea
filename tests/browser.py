"""A real server and a real Chromium for the journeys a person makes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip


@contextmanager
def served(data_dir: Path, config_dir: Path, secrets: Callable[[str], str] | None = None) -> Iterator[str]:
    """The address of the app over this data and configuration; `secrets` gives Streamlit's secrets for that address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"HADES_DATA_DIR": str(data_dir), "HADES_CONFIG_DIR": str(config_dir)}
    address = f"http://127.0.0.1:{port}"
    if secrets is not None:
        home = data_dir / "home" / ".streamlit"
        home.mkdir(parents=True)
        (home / "secrets.toml").write_text(secrets(address))
        environment["HOME"] = str(home.parent)
    log = (data_dir / "server.log").open("wb")
    server = subprocess.Popen(
        [sys.executable, "-m", "serve", "--port", str(port)],
        cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT,
    )  # fmt: skip
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


_FOCUSED = """() => {
    const one = document.activeElement, copy = one.cloneNode(true);
    copy.querySelectorAll('[data-testid=stIconMaterial]').forEach(icon => icon.remove());
    const label = one.getAttribute('aria-label') || [...(one.labels || [])].map(l => l.innerText).join(' ') || copy.textContent;
    return [one.tagName.toLowerCase() + (one.getAttribute('role') ? '=' + one.getAttribute('role') : ''), label.trim()];
}"""


def focused(page: Any) -> tuple[str, str]:
    """What the keyboard would press: its tag with its role (`button=tab`), and its name."""
    kind, name = page.evaluate(_FOCUSED)
    return kind, name


def tab_to(page: Any, name: str, kind: str = "", most: int = 150, key: str = "Tab") -> None:
    """Nothing; Tab was pressed until the element whose name begins so (and whose tag is of the kind) has the focus."""
    seen = []
    for _ in range(most):
        page.keyboard.press(key)
        now = focused(page)
        if now[1].startswith(name) and now[0].startswith(kind):
            page.wait_for_timeout(100)
            if focused(page) == now:  # a page that is still drawing may take it away again
                return
        seen.append(now)
    raise AssertionError(f"No key leads to {name!r}; it came by {seen}")
