"""The guide of the first steps on Home: small, by itself up to date, and closed for good by one click."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import streamlit as st

import ui
from guide import close_guide, next_step, open_guide, steps


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
    done, following = sum(step.is_done for step in found), next_step(found)
    if following is None:
        return
    if progress["closed"]:
        st.button("Show the first steps", type="tertiary", icon=":material/flag:", key="open_guide", on_click=open_now, args=(frame,))  # fmt: skip
        return
    with st.container(border=True, key="first_steps"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(
                f"**First steps with your own data**  :gray[{done} of {len(found)} done]", width="content"
            )
            st.button("Close", type="tertiary", icon=":material/close:", key="close_guide", on_click=close_now, args=(frame,),
                      help="It can be shown again at the end of this page.")  # fmt: skip
        for step in found:
            icon = ":material/check_circle:" if step.is_done else ":material/arrow_forward:" if step is following else ":material/circle:"  # fmt: skip
            why = "Done." if step.is_done else step.why
            st.page_link(step.page, label=f"{step.title}  :gray[{why}]", icon=icon, query_params=step.query)
