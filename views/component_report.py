"""The weights of the score's parts in a calibration run: what outcomes say about each, workflow by workflow."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

import ui
from analytics.calibration_charts import weight_intervals
from errors import Refused
from score_changes import planned_changes, weight_rows
from views.approval import confirm
from views.current_weights import ONSITE, part_name
from views.light_table import show_table
from views.plain_words import proof_sentences


def show_components(frame: ui.Frame, run: dict[str, Any], *, is_open: bool) -> None:
    """Per workflow the verdicts, the picture, the proof and, while the run may be applied, the way to the approval; a calm
    sentence where a run knows none.
    """
    if not run["components"]:
        st.info(
            "This run does not know the parts of a score: historical leads carry none, and earlier runs did not keep them. "
            "Calibrate with the outcomes of HADES batches.",
            icon=":material/info:",
        )
        return
    st.caption(
        "How much each part should count, from the parts that leads of HADES batches were exported with. Historical leads have "
        f"none. The weights of a workflow sum to 1, so they are approved together. {ONSITE}"
    )
    for part in run["components"]:
        rows = pd.DataFrame(part["rows"])
        moves = int((rows["verdict"] == "move").sum())
        st.markdown(
            f"**{ui.WORKFLOW_NAMES.get(part['workflow'], part['workflow'])}: {ui.many(moves, 'weight') if moves else 'no weight'} contradicted**"
        )
        st.caption(
            f"{part['deliveries']:,} deliveries of {ui.many(part['leads'], 'lead')} judged, {part['too_young']:,} too young."
        )
        left, right = st.columns(2, gap="large")
        with left:
            st.plotly_chart(
                weight_intervals(rows.assign(component=[part_name(name) for name in rows["component"]])), key=f"weights_of_{part['workflow']}_{run['run_id']}", config={"displayModeBar": False},
                alt=f"Weights in force and suggested with interval, {part['workflow']}",
            )  # fmt: skip
        with right:
            show_table(
                pd.DataFrame({
                    "Part": [part_name(name) for name in rows["component"]], "Verdict": rows["verdict"],
                    "In force": [ui.percent(weight, 0) for weight in rows["current"]],
                    "Suggested": [ui.percent(weight, 0) for weight in rows["rounded"]],
                    "95 % interval": [
                        "–" if (low, high) == (0, 1) else f"{100 * low:.0f}–{100 * high:.0f} %"
                        for low, high in zip(rows["low"], rows["high"], strict=True)
                    ],
                }),
                title=f"Weights in force and suggested, {ui.WORKFLOW_NAMES.get(part['workflow'], part['workflow']).lower()}",
                numbers=["In force", "Suggested", "95 % interval"],
            )  # fmt: skip
        named = zip(rows["component"], rows["why"], strict=True)
        st.markdown("\n".join(f"- **{part_name(name)}**: {ui.plain(why)}" for name, why in named))
        st.caption(
            f"On later leads: **{part['proof']['word']}**. {ui.plain(' '.join(proof_sentences(part['proof'])))}"
        )
        if is_open:
            _offer(frame, run, part["workflow"])


def _offer(frame: ui.Frame, run: dict[str, Any], workflow: str) -> None:
    """The button that leads to the approval of a workflow's weights, where a run suggests others than those in force."""
    rows = weight_rows(run, workflow)
    try:
        planned_changes(frame.icp, rows)
    except Refused:
        return
    if st.button(
        "Apply these weights", icon=":material/balance:", key=f"apply_weights_of_{workflow}",
        help="The suggestion, the reason and your name are asked for first",
    ):  # fmt: skip
        confirm(frame, run, rows)
