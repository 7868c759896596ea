"""The guide of the first steps on Home: small, by itself up to date, and closed for good by one click."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import streamlit as st

import ui
from guide import close_guide, open_guide, steps


def close_now(frame: ui.Frame) -> None:
    """Callback: the guide is closed for this person."""
    with ui.act():
        close_guide(frame.db, now=datetime.now(UTC).replace(microsecond=0), actor=frame.actor)


def open_now(frame: ui.Frame) -> None:
    """Callback: the guide is back."""
    with ui.act():
        open_guide(frame.db, actor=frame.actor)


def show_first_steps(frame: ui.Frame, progress: Mapping[str, Any]) -> None:
    """The steps that lead to one's own data, the next one in front; nothing once all are done, or for who may do none."""
    if not frame.may("ops"):
        return
    found = steps(progress)
    done = sum(step.is_done for step in found)
    if done == len(found):
        return
    if progress["closed"]:
        st.button("Show the first steps", type="tertiary", icon=":material/flag:", key="open_guide", on_click=open_now, args=(frame,))  # fmt: skip
        return
    following = next(step for step in found if not step.is_done)
    with st.container(border=True, key="first_steps"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(
                f"**First steps with your own data**  :gray[{done} of {len(found)} done]", width="content"
            )
            st.button("Close", type="tertiary", icon=":material/close:", key="close_guide", on_click=close_now, args=(frame,),
                      help="It can be shown again at the end of this page.")  # fmt: skip
        for step in found:
            place, why = st.columns([2, 3], vertical_alignment="center")
            icon = ":material/check_circle:" if step.is_done else ":material/arrow_forward:" if step is following else ":material/circle:"  # fmt: skip
            place.page_link(step.page, label=step.title, icon=icon, query_params=step.query)
            why.caption("Done." if step.is_done else step.why)
