"""What all pages share: the guard, the menu, cached readers and formats for people."""

from __future__ import annotations

import gc
import logging
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st
import yaml
from streamlit.runtime.scriptrunner import get_script_run_ctx

import turso_db
from actors import Actor, named_actor, require
from analytics.signed_numbers import signed as signed
from configuration import active_configuration
from errors import HadesError, Refused
from icp import Icp, business_zone
from settings import ROOT, Settings, read_settings
from views.formats import age as age
from views.formats import blank as blank
from views.formats import count as count
from views.formats import day as day
from views.formats import decimal as decimal
from views.formats import difference as difference
from views.formats import interval as interval
from views.formats import many as many
from views.formats import percent as percent
from views.formats import plain as plain
from views.sign_in import UNNAMED as UNNAMED
from views.sign_in import ask_at_the_act as ask_at_the_act
from views.sign_in import ask_for_name, check_still, now_named, person, sign_in_configured

# By who uses it; each page with the role that opens it, so that nobody is led to a refusal.
MENU = {
    "": (("Home.py", "Home", ":material/home:", "viewer"),),
    "Call desk": (
        ("pages/1_Score_and_Export.py", "Score and Export", ":material/upload_file:", "ops"),
        ("pages/2_Batches.py", "Batches", ":material/inventory_2:", "viewer"),
        ("pages/4_Outcomes.py", "Outcomes", ":material/local_shipping:", "viewer"),
        ("pages/3_Operators.py", "Operators", ":material/storefront:", "viewer"),
        ("pages/9_Suppression.py", "Suppression", ":material/phone_disabled:", "viewer"),
    ),
    "Sales": (
        ("pages/6_Insights.py", "Insights", ":material/query_stats:", "viewer"),
        ("pages/5_Pipeline.py", "Pipeline", ":material/monitoring:", "viewer"),
        ("pages/8_Alerts.py", "Alerts", ":material/notifications:", "viewer"),
    ),
    "Scoring": (
        ("pages/7_Score_Calibration.py", "Score Calibration", ":material/tune:", "viewer"),
        ("pages/11_Accuracy.py", "Accuracy", ":material/fact_check:", "viewer"),
        ("pages/10_Test_a_Lead.py", "Test a Lead", ":material/science:", "viewer"),
    ),
    "Management": (("pages/12_Audit.py", "Audit", ":material/history:", "manager"),),
}
T = TypeVar("T")
MOST_ROWS = 500  # of any table that a page sends at once
WORKFLOW_NAMES = {"geography": "By distance", "intent": "By buying signal"}
_log = logging.getLogger("hades")


@dataclass(frozen=True)
class Frame:
    """What a page works with: who looks, at what, and when."""

    db: turso_db.Database
    settings: Settings
    drawn_for: Actor
    icp: Icp
    weight_version: int
    data_version: int
    now: datetime

    @property
    def actor(self) -> Actor:
        """Who acts. Refused when a click comes late: signed out meanwhile, or with a smaller role than when drawn for."""
        check_still(self.drawn_for)
        return now_named(self.drawn_for)

    @property
    def today(self) -> date:
        """Today where the business is."""
        return self.now.astimezone(business_zone(self.icp)).date()

    def may(self, role: str) -> bool:
        """Whether the person at the screen has this role."""
        return self.drawn_for.may(role)


@contextmanager
def page(title: str, *, need: str = "viewer") -> Iterator[Frame]:
    """The guarded frame of a page: menu, title, database, configuration.

    Someone who may not see the page sees a sentence and nothing else. An error of the product inside the page
    becomes its sentence; any other is logged under a reference, and the page shows the reference alone.
    """
    st.set_page_config(
        page_title=f"{title} · HADES", page_icon=str(ROOT / "assets" / "icon.png"), layout="wide"
    )
    with _sentences(title):
        with _of_every_page():
            st.html(ROOT / "assets" / "buttons.css")
            actor = person()
            _menu(actor)
        require(actor, need, f"open {title}")
        frame = _frame(actor)
        st.container()  # what an act is doing is drawn before the page is, in the place of its first element
        st.title(title, anchor=False)
        show_flash(title)
    try:
        with _sentences(title):
            yield frame
    finally:
        _leave_what_was_imported(len(sys.modules) // 50)


@contextmanager
def _of_every_page() -> Iterator[None]:
    """What is drawn inside stays on the screen when another page is opened, as if the entry script had drawn it.

    Streamlit takes a page's own elements off the screen first; a browser builds a whole menu anew in the time it needs
    for a table.
    """
    context = get_script_run_ctx()
    if context is None:
        yield
    else:
        with context.run_with_active_hash(context.pages_manager.main_script_hash):
            yield


@st.cache_resource(show_spinner=False)
def _leave_what_was_imported(modules: int) -> int:
    """The number given; from then on garbage is no longer looked for in what the process has imported so far.

    Streamlit looks for garbage after every run. Over the modules of all pages that takes a tenth of a second, in which
    the process answers nobody.
    """
    gc.freeze()
    return modules


@contextmanager
def _sentences(title: str) -> Iterator[None]:
    """Whatever goes wrong inside becomes a sentence, and the run ends there."""
    try:
        yield
    except HadesError as error:
        st.error(plain(str(error)), icon=":material/error:")
        st.stop()
    except Exception:
        reference = secrets.token_hex(4)
        _log.exception("page %s failed, reference %s", title, reference)
        st.error(
            f"Something went wrong on this page. Nothing was changed by it. The log has the details under {reference}.",
            icon=":material/error:",
        )
        st.stop()


def _frame(actor: Actor) -> Frame:
    db, settings = _connection()
    now = datetime.now(UTC).replace(microsecond=0)
    active = active_configuration(db, config_dir=settings.config_dir, now=now)
    return Frame(db, settings, actor, active.icp, active.version, active.data_version, now)


def read(frame: Frame, reader: Callable[..., T], **arguments: Any) -> T:
    """What a store's reader gives for this data version; asked of the database once per version and arguments."""
    result: T = read_all(frame, partial(reader, **arguments))[0]
    return result


def read_all(frame: Frame, *readers: Callable[[turso_db.Database], Any]) -> tuple[Any, ...]:
    """What each reader gives for this data version, in order; whatever is not known yet is asked in one round trip.

        counts, feed = ui.read_all(frame, outcomes.read_funnel, partial(outcomes.read_feed, limit=300))

    Name at the top of a page everything that it and its views show: later `ui.read` of the same readers with the same
    arguments costs nothing. A reader that asks again depending on its first answer costs one more trip.
    """
    keys = [_key(reader) for reader in readers]
    known: dict[int, Any] = {}
    for place, key in enumerate(keys):
        with suppress(_NotKept):
            known[place] = _kept(*key, frame.data_version, _not_kept)
    missing = [place for place in range(len(readers)) if place not in known]
    if missing:
        found = turso_db.read_together(frame.db, [readers[place] for place in missing])
        for place, result in zip(missing, found, strict=True):
            known[place] = _kept(*keys[place], frame.data_version, partial(_itself, result))
    return tuple(known[place] for place in range(len(readers)))


def _key(reader: Callable[..., Any]) -> tuple[str, tuple[tuple[str, Any], ...]]:
    """What tells a reader with its arguments from all others."""
    function, arguments = (reader.func, reader.keywords) if isinstance(reader, partial) else (reader, {})
    return f"{function.__module__}.{function.__qualname__}", tuple(sorted(arguments.items()))


class _NotKept(Exception):
    """Nothing is kept for this version and these arguments."""


def _not_kept() -> Any:
    raise _NotKept


def _itself(result: Any) -> Any:
    return result


@st.cache_data(max_entries=128, max_size="256MB", show_spinner=False)
def _kept(name: str, arguments: tuple[Any, ...], data_version: int, _call: Callable[[], Any]) -> Any:
    return _call()


@st.cache_resource(show_spinner="Opening the database", on_release=lambda opened: opened[0].close())
def _connection() -> tuple[turso_db.Database, Settings]:
    settings = read_settings()
    return turso_db.connect(
        settings.database_url, settings.auth_token, settings.data_dir, driver=settings.driver
    ), settings


def _menu(actor: Actor) -> None:
    with st.sidebar:
        st.logo(str(ROOT / "assets" / "icon.png"), size="large")
        for group, links in MENU.items():
            mine = [link for link in links if actor.may(link[3])]
            if group and mine:
                st.caption(group)
            for path, label, icon, _ in mine:
                st.page_link(path, label=label, icon=icon)
        st.space("small")
        if sign_in_configured():
            st.caption(f"Signed in as {plain(str(st.user.name or st.user.email))}")
            st.button("Sign out", on_click=st.logout, type="tertiary")
        else:
            ask_for_name()


def approver(frame: Frame) -> Actor:
    """The person who signs: with sign-in the user; without, the name given in the sidebar or beside the act (ask_at_the_act)."""
    actor = frame.actor
    if actor.name == UNNAMED:
        raise Refused("This is kept with a name, so nothing was changed. Write yours beside the button or in the sidebar, then repeat it.")  # fmt: skip
    return named_actor(actor.name, actor.role)


def flash(kind: str, sentence: str) -> None:
    """Nothing; the sentence is shown from the next run on. `kind`: success, info, warning, error."""
    st.session_state["flash"] = (kind, sentence)


def show_flash(title: str = "") -> None:
    """Nothing; what the last act on the page of this title had to say stands there until the next act or another page: a
    sentence that went by itself would pull up everything below it.
    """
    icons = {"success": ":material/check_circle:", "warning": ":material/warning:"}
    if "flash" in st.session_state:
        kind, sentence = st.session_state.pop("flash")
        st.session_state["said"] = (title, kind, sentence)
        st.toast(
            plain(sentence), icon=icons.get(kind, ":material/info:"), duration="long"
        )  # for whoever has scrolled down
    where, kind, sentence = st.session_state.get("said", (title, "", ""))
    if where != title:
        del st.session_state["said"]
    elif sentence:
        getattr(st, kind)(plain(sentence), icon=icons.get(kind, ":material/info:"))


def said_no() -> str | None:
    """The sentence of an act that failed just now, for a dialog that stays open; the page then does not show it again."""
    kind, sentence = st.session_state.get("flash", ("", ""))
    if kind != "error":
        return None
    del st.session_state["flash"]
    return str(sentence)


@contextmanager
def _waiting(doing: str) -> Iterator[None]:
    """What is being done, over the page (assets/buttons.css): nothing below it moves, neither when it comes nor when it goes."""
    with st.container(key="doing"), st.spinner(doing, show_time=True):
        yield


@contextmanager
def act(doing: str = "") -> Iterator[None]:
    """For callbacks: an error of the product becomes a sentence on the next run instead of breaking it, any other one the
    reference under which the log has it. What may take a while says at the top of the page what it is `doing`.
    """
    try:
        with _waiting(doing) if doing else nullcontext():
            yield
    except HadesError as error:
        flash("error", str(error))
    except Exception:
        reference = secrets.token_hex(4)
        _log.exception("an act failed, reference %s", reference)
        flash("error", f"Something went wrong. Look whether it was kept before you repeat it. The log has the details under {reference}.")  # fmt: skip


def open_row(parameter: str, table: str, names: Sequence[Any]) -> None:
    """Callback of a table whose rows are objects of `names`: the address names the ticked one, so that it can be passed on,
    opened fresh, and closed by Back.
    """
    rows = [place for place in st.session_state[table]["selection"]["rows"] if place < len(names)]
    if rows:
        st.query_params[parameter] = str(names[rows[0]])
    else:
        st.query_params.pop(parameter, None)


def named(parameter: str, names: Sequence[Any], what: str) -> int | None:
    """The place in `names` of the object that the address names, None where it names none. One that is not among them is a
    sentence.
    """
    wanted = st.query_params.get(parameter)
    if wanted is None:
        return None
    place = next((place for place, name in enumerate(names) if str(name) == wanted), None)
    if place is None:
        st.warning(plain(f"There is no {what} {wanted[:40]} here."), icon=":material/info:")
    return place


def lets(frame: Frame, role: str, doing: str) -> bool:
    """Whether the person may; where not, one line says what it takes: `Settling issues takes the role ops.`

    What somebody may not do is left away, not shown grey: a grey button is looked for a reason.
    """
    if not frame.may(role):
        st.caption(f":material/lock: {doing} takes the role {role}.")
    return frame.may(role)


def empty(sentence: str, path: str | None = None, label: str = "", **query: str) -> None:
    """Nothing; a calm sentence where there is nothing to show yet, with the link that changes it for whoever may go there."""
    st.info(sentence, icon=":material/info:")
    needed = {link[0]: link[3] for links in MENU.values() for link in links}
    if path and person().may(needed.get(path, "viewer")):
        st.page_link(path, label=label, icon=":material/arrow_forward:", query_params=query or None)


@st.cache_data(max_entries=4, show_spinner=False)
def sic_names(config_dir: Path) -> dict[str, str]:
    """SIC → name, from config/sic_names.yaml; empty when there is no such file."""
    path = config_dir / "sic_names.yaml"
    return (
        {str(code): str(name) for code, name in (yaml.safe_load(path.read_text("utf-8")) or {}).items()}
        if path.exists()
        else {}
    )


def day_column(label: str, **options: Any) -> Any:
    """A table's column of days that have no time of day: `11 Feb 2026`."""
    return st.column_config.DateColumn(label, format="D MMM YYYY", **options)


def time_column(frame: Frame, label: str, *, hours: bool = True) -> Any:
    """A table's column of moments (ISO text or UTC) on the clock of the business, which its head names: `When (Chicago)` over
    `11 Feb 2026, 09:30`; `hours` off: the day alone.
    """
    zone = str(business_zone(frame.icp))
    form = "D MMM YYYY, HH:mm" if hours else "D MMM YYYY"
    head = f"{label} ({zone.rpartition('/')[2].replace('_', ' ')})" if hours else label
    return st.column_config.DatetimeColumn(head, format=form, timezone=zone, help=f"By the clock of {zone}")
