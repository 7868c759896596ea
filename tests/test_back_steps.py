"""The browser's Back undoes what a person did to the address, and nothing that the server corrects in it."""

from __future__ import annotations

from browser import chromium

from settings import ROOT

ADDRESS = "http://127.0.0.1:9/page"  # nobody listens there: the browser is answered by the test


def test_a_change_long_after_the_last_click_is_no_step() -> None:
    with chromium() as page:
        page.route(
            "**/*",
            lambda route: route.fulfill(body="<title>t</title><p>Click here", content_type="text/html"),
        )
        page.clock.install()
        page.add_init_script(path=ROOT / "assets" / "back.js")
        page.goto(ADDRESS)

        def steps(wait: int, name: str) -> int:
            before: int = page.evaluate("history.length")
            page.clock.fast_forward(wait)
            page.evaluate(f"history.pushState(null, '', '?{name}')")
            assert page.url == f"{ADDRESS}?{name}"
            after: int = page.evaluate("history.length")
            return after - before

        page.get_by_text("Click here").click()
        assert steps(500, "filter") == 1
        assert steps(0, "corrected") == 0  # in the same step
        page.get_by_text("Click here").click()  # on nothing that changes the address
        assert steps(5000, "later") == 0
        page.keyboard.press("Tab")
        assert steps(500, "key") == 1
