"""Score Calibration, tab Model: who signs for a model, one person or two, as config/icp.yaml asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

import ui
from actors import same_person
from score_changes import needs_second


def show_signing(
    frame: ui.Frame, waiting: Sequence[dict[str, Any]], *, of: str, version: int, reason: str, button: str,
    sign: Callable[[ui.Frame, int, str, bool], None],
) -> None:  # fmt: skip
    """The reason and the button: puts the model into force for leads `of` a workflow or kind; or proposes it, where two persons
    are needed and nobody did (`waiting`: stores.model_proposals.read_proposed). `reason` and `button` are keys; the callback
    takes (frame, version, of, whether it is a proposal).
    """
    two = needs_second(frame.icp)
    proposal = next((row for row in waiting if (row["of"], row["version"]) == (of, version)), None)
    if proposal:
        st.caption(
            ui.plain(
                f"{proposal['proposed_by']} proposed it {ui.age(proposal['at'], frame.now)}: {proposal['reason']}"
            )
        )
    own = proposal is not None and same_person(frame.actor.name, proposal["proposed_by"])
    if two and own:
        st.caption("icp.yaml asks for a second approver: another person decides this one.")
        return
    is_proposal = two and proposal is None
    if is_proposal:
        st.caption("icp.yaml asks for a second approver: propose it, another person decides.")
    st.text_input("Why is this right?", key=reason, max_chars=300)
    ui.ask_at_the_act(f"{button}_name")
    st.button("Propose" if is_proposal else "Put into force", type="primary", key=button, on_click=sign,
              args=(frame, version, of, is_proposal), disabled=frame.actor.name == ui.UNNAMED)  # fmt: skip
