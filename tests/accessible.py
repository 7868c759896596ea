"""What axe finds wrong on a page by WCAG 2.2 A and AA, and the little of it that is Streamlit's own."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")

# What Streamlit draws and we cannot change: rule and selector → why. Everything else counts.
STREAMLITS_OWN = {
    ("target-size", "[data-testid=stDateInput] [role=spinbutton]"):
        "day, month and year inside the box of a date are 19 to 23 pixels wide; the box and its calendar are large enough",
}  # fmt: skip

_LOOK = """async ([tags, own, colours]) => {
    const rules = axe.getRules(tags).filter(rule => !colours || rule.tags.includes('cat.color')).map(rule => rule.ruleId);
    const found = await axe.run(document, {runOnly: {type: 'rule', values: rules}, resultTypes: ['violations']});
    const wrong = [];
    for (const {id, nodes} of found.violations) for (const node of nodes) {
        const element = document.querySelector(node.target[0]);
        if (own.some(([rule, selector]) => rule === id && element && element.matches(selector))) continue;
        const told = (node.any[0] || node.all[0] || node.none[0] || {}).message || '';
        wrong.push(`${id}: ${node.html.slice(0, 160)} ${told}`);
    }
    return wrong;
}"""


@lru_cache(maxsize=1)
def _axe() -> str:
    from axe_playwright_python.sync_playwright import Axe

    return str(Axe().axe_script)


def violations(page: Any, *, colours: bool = False) -> list[str]:
    """One sentence per element of the page as it is shown now that breaks a rule; `colours` asks rules about those alone."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(_axe())
    return page.evaluate(_LOOK, [list(TAGS), [list(pair) for pair in STREAMLITS_OWN], colours])


def in_both_schemes(page: Any) -> list[str]:
    """The violations in light, and those of colours in dark, where nothing else differs; the page is light afterwards."""
    scheme_is(page, "dark")
    wrong = [f"dark: {sentence}" for sentence in violations(page, colours=True)]
    scheme_is(page, "light")
    return wrong + [f"light: {sentence}" for sentence in violations(page)]


def scheme_is(page: Any, scheme: str) -> None:
    """Nothing; the page is drawn in the scheme (`light`, `dark`), and nothing of it is fading."""
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function(
        """scheme => getComputedStyle(document.querySelector('[data-testid=stApp]')).colorScheme === scheme
            && !document.querySelector('[data-stale=true]')
            && document.getAnimations().every(one => one.playState !== 'running')""",
        arg=scheme,
    )
