"""Who is at the screen: the signed-in user, or on this machine alone a manager, who gives a name once."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import streamlit as st
from streamlit import runtime

from actors import ROLES, Actor
from errors import Refused
from settings import read_settings

UNNAMED = "Local manager"  # who acts on a machine without sign-in before giving a name
ONLY_WITH_SIGN_IN = "HADES serves other machines, and this one under another name, only with sign-in."
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_LONGEST = 120


def person() -> Actor:
    """Who is at the screen; whoever may not be there sees a sentence, and the run ends."""
    if sign_in_configured():
        if not st.user.get("is_logged_in") or _has_run_out():
            st.title("HADES", anchor=False)
            st.write(
                "Your sign-in has run out. Sign in again to go on."
                if st.user.get("is_logged_in")
                else "Sign in to see leads, batches and scores."
            )
            st.button("Sign in", type="primary", on_click=st.login)
            st.stop()
        found = _signed_in()
        if found is None:
            st.title("HADES", anchor=False)
            st.error(
                "You are signed in, but nobody has let you in yet. Ask an administrator for a role under [roles] in the secrets."
            )
            st.button("Sign out", on_click=st.logout)
            st.stop()
        return found
    if st.get_option("server.address") not in _LOOPBACK:
        _end_server()
    if not _by_own_name():
        _refuse()
    if "your_name" not in st.session_state:
        st.session_state["your_name"] = remembered_name(read_settings().data_dir)
    return Actor(st.session_state["your_name"] or UNNAMED, "manager")


def _refuse() -> NoReturn:
    st.error(f"{ONLY_WITH_SIGN_IN} Set up [auth] in the secrets, or open http://127.0.0.1 here.")
    st.stop()


def _end_server() -> NoReturn:
    """Nothing is shown, and `streamlit run Home.py` on another address ends with the reason on stderr.

    Streamlit runs nothing of ours before somebody opens a page, so that is the first moment; `serve.py` refuses to start.
    """
    if runtime.exists():
        sentence = f"{ONLY_WITH_SIGN_IN} Set up [auth] in the secrets, or serve 127.0.0.1."
        print(sentence, file=sys.stderr, flush=True)  # noqa: T201
        os.kill(os.getpid(), signal.SIGTERM)  # Streamlit closes its sessions and ends
    _refuse()


def check_still(drawn_for: Actor) -> None:
    """Nothing when the person whom a page was drawn for may still act; a page can lie open for days before a click.

    Refused once the sign-in has run out or ended, or the role is less than it was. Without sign-in there is nothing to ask.
    """
    if not sign_in_configured():
        return
    if not st.user.get("is_logged_in") or _has_run_out():
        raise Refused("Your sign-in has run out, so nothing was changed. Sign in again, then repeat it.")
    found = _signed_in()
    if found is None or not found.may(drawn_for.role):
        raise Refused(
            "Your role was changed since this page was drawn, so nothing was changed. Load the page again."
        )


def _signed_in() -> Actor | None:
    """The signed-in user with the role that the secrets give now, by address or else by its `@domain`; None where they
    give none. An address that they name with no role is let in by no domain.

    Many providers let anybody in the world sign in, and some let people claim an address that nobody has checked: what
    they say of that, if anything, has to be true (some send it as text).
    """
    verified = st.user.get("email_verified")
    if verified is not None and str(verified).lower() != "true":
        return None
    roles = {str(named).lower(): str(role) for named, role in dict(st.secrets.get("roles", {})).items()}
    email = str(st.user.get("email") or "").lower()
    role = roles.get(email, roles.get(f"@{email.rpartition('@')[2]}"))
    return Actor(str(st.user.get("name") or email), role) if role in ROLES else None


def _has_run_out() -> bool:
    """Whether the identity provider's word for this user is no longer good; one that names no end never is."""
    try:
        return float(str(st.user.get("exp") or 0)) <= datetime.now(UTC).timestamp()
    except (TypeError, ValueError):
        return True


def sign_in_configured() -> bool:
    """Whether the secrets say how people sign in."""
    try:
        return "auth" in st.secrets
    except FileNotFoundError:
        return False


def ask_for_name() -> None:
    """Nothing; the box of whoever acts on this machine without sign-in, filled with the name given last."""
    # The name is kept beside the box: a box that another page draws anew begins empty, which is no wish to be forgotten.
    # A name given elsewhere on the page makes another box: the browser would send back what the old one holds.
    key = f"acting_as{st.session_state.get('named_elsewhere', '')}"
    st.text_input(
        "Your name", st.session_state["your_name"], key=key, placeholder=UNNAMED, max_chars=_LONGEST, on_change=_remember, args=(key,),
        help="There is no sign-in on this machine: you act as manager. Approvals and exports carry this name; the next "
        "visit from this machine begins with it.",
    )  # fmt: skip


def ask_at_the_act(key: str) -> None:
    """Nothing; where nobody gave a name on this machine, the same box beside an act that is journalled. It keeps its place
    once it is filled, so that nothing moves under the hand.
    """
    if not sign_in_configured() and (not st.session_state.get("your_name") or key in st.session_state):
        st.text_input(
            "Who does this?", key=key, placeholder="Your name", max_chars=_LONGEST, on_change=_remember_here, args=(key,),
            help="It stands beside this act for whoever looks later, and is kept on this machine.",
        )  # fmt: skip


def now_named(actor: Actor) -> Actor:
    """The person whom a page was drawn for, by the name given meanwhile where it was drawn for nobody's."""
    given = "" if actor.name != UNNAMED or sign_in_configured() else st.session_state.get("your_name", "")
    return Actor(given, actor.role) if given else actor


def remembered_name(data_dir: Path) -> str:
    """The name that was given last on this machine; nothing where none was, or where it cannot be read."""
    with suppress(OSError, UnicodeDecodeError):
        return _file(data_dir).read_text("utf-8").strip()[:_LONGEST]
    return ""


def _remember_here(key: str) -> None:
    """Callback: the name from beside an act, which the sidebar shows, too, from the next run on."""
    _remember(key)
    st.session_state["named_elsewhere"] = st.session_state.get("named_elsewhere", 0) + 1


def _remember(key: str) -> None:
    """Callback: the next visit begins with this name; a folder that cannot be written forgets it, and nothing else."""
    name = st.session_state["your_name"] = st.session_state[key].strip()
    path = _file(read_settings().data_dir)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, "utf-8")


def _file(data_dir: Path) -> Path:
    return data_dir / "your_name.txt"


def _by_own_name() -> bool:
    """Whether the browser asked this machine by a name of its own; another site's name can be pointed at it."""
    with suppress(ValueError):
        return urlsplit(f"//{st.context.headers.get('Host') or 'localhost'}").hostname in _LOOPBACK
    return False
