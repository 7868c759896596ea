"""A page opened as a session sees it, and everything it says."""

from __future__ import annotations

import re
from html import unescape

from streamlit.testing.v1 import AppTest

from settings import ROOT


def opened(page: str, *, query: dict[str, str] | None = None, **secrets: object) -> AppTest:
    """The page, opened through Home as the app does, at this address and with these secrets."""
    app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=60)
    for name, value in secrets.items():
        app.secrets[name] = value
    app.run()
    for name, value in (query or {}).items():
        app.query_params[name] = value
    return app if page == "Home.py" else app.switch_page(page).run()


def said(app: AppTest) -> str:
    """All titles, texts and notices of the page, as one text."""
    kinds = (
        app.title, app.markdown, app.error, app.warning, app.info, app.success, app.caption, app.subheader,
    )  # fmt: skip
    return "\n".join(element.value for kind in kinds for element in kind)


def pictures(app: AppTest) -> list[str]:
    """What each picture of the page says to whoever does not see it, in order."""
    told = (re.search('role="img" aria-label="([^"]*)"', part.proto.body) for part in app.get("html"))
    return [unescape(found[1]) for found in told if found]
