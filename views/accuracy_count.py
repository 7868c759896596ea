"""Accuracy: the report, counted at once while there is little to count, else in a process of its own; kept for everybody.

While newer data are counted, the page shows the newest report there is, and how old it is.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import streamlit as st

import ui
from jobs import jobs, run_script
from scripts.judged import judge
from stores.accuracy import count_at_most

AT_ONCE = 20_000  # leads or deals; counting so many takes about half a second
REST = timedelta(minutes=1)  # while data keep coming in, one count a minute is enough


class Counted(NamedTuple):
    """A report (scripts.judged.judge), what it rests on (database, its version, day, rules and configuration) and when it was begun."""

    rests_on: tuple[Any, ...]
    at: datetime
    result: dict[str, Any]


@st.cache_resource(show_spinner=False)
def _kept() -> dict[str, Counted]:
    """The newest report of each kind of case; nobody changes one."""
    return {}


@st.cache_resource(show_spinner=False)
def _begun() -> dict[str, tuple[Any, ...]]:
    """What the last count of each kind, begun in a process of its own, was to rest on."""
    return {}


def counted(frame: ui.Frame, of: str, rules: object) -> Counted | None:
    """The newest report of these `leads` or `deals`, with a sentence where newer data are being counted; None while the first is."""
    rests_on = (frame.db.name, frame.data_version, str(frame.today), repr(rules), frame.icp.sha256)
    newest = _kept().get(of)
    if newest is not None and newest.rests_on == rests_on:
        return newest
    if ui.read(frame, count_at_most)[of] <= AT_ONCE:
        with st.spinner("Counting"):
            result = judge(
                frame.db, config_dir=frame.settings.config_dir, icp=frame.icp, of=of, as_of=frame.today
            )
        _kept()[of] = Counted(rests_on, frame.now, result)
        return _kept()[of]
    kind, job = f"accuracy of {of}", jobs().state(f"accuracy of {of}")
    broken = job.failed and _begun().get(of) == rests_on
    if not job.running and not broken and (newest is None or frame.now - newest.at >= REST):
        _begin(kind, of, Counted(rests_on, frame.now, {}))
    _show_state(kind, newest, frame)
    return newest


def _begin(kind: str, of: str, to_be: Counted) -> None:
    """Nothing; the count goes on in a process of its own, and its end is kept."""

    def work() -> str:
        result = run_script(
            "scripts.analyze_model_accuracy", ["--of", of], lambda step: jobs().tell(kind, step)
        )
        kept[of] = to_be._replace(result=result)
        return "Counted."

    kept = _kept()
    if jobs().start(kind, work):
        _begun()[of] = to_be.rests_on


def _show_state(kind: str, newest: Counted | None, frame: ui.Frame) -> None:
    """Whether newer data are being counted, and how old what stands here is."""
    job = jobs().state(kind)
    age = (
        "" if newest is None else f"Counted {ui.age(newest.at.isoformat(), frame.now)}; data came in since. "
    )
    if job.running:
        st.caption(
            f"{age}They are being counted; the page changes by itself."
            if age
            else "What came of each lead is being held against its score. That takes some seconds; you may leave the page."
        )
        st.fragment(_wait_for, run_every=1.0)(kind)
    elif job.failed and job.said:
        st.error(ui.plain(job.said), icon=":material/error:")
        if age:
            st.caption(f"{age}They are not in what stands here.")
    elif age:
        st.caption(f"{age}They are counted at the next look, a minute after the last one.")


def _wait_for(kind: str) -> None:
    if not jobs().state(kind).running:
        st.rerun()  # the whole page once, for the new figures
