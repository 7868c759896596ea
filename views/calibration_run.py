"""Score Calibration: a calibration that runs in a process of its own, its progress, and its end."""

from __future__ import annotations

from typing import Any

import streamlit as st

import ui
from actors import require
from jobs import jobs, run_script
from settings import code_version

KIND = "calibration"
HALF_LIVES = {"no": 0, "half after 6 months": 182, "half after a year": 365, "half after 2 years": 730}
STEPS = (
    "Reading the outcomes", "Comparing rates with scores", "Proving the suggestion on later leads", "Keeping the run",
)  # fmt: skip


def calibrate_now(frame: ui.Frame, latest: dict[str, Any] | None) -> None:
    """Callback: start a calibration, unless one runs or nothing was written since the last one that asked the same."""
    with ui.act():
        require(frame.actor, "ops", "calibrate")
        estimator = st.session_state.get("estimator") or frame.icp.data["calibration"]["estimator"]
        population = st.session_state.get("population", "all")
        chosen = HALF_LIVES.get(st.session_state.get("half_life", ""))
        half_life = frame.icp.data["calibration"].get("recency_half_life_days") if chosen is None else chosen
        if latest is not None and is_same(frame, latest, estimator, population, half_life or None):
            ui.flash(
                "info",
                f"Nothing was recorded since run {latest['run_id']}, so it says what a new one would say.",
            )
            return
        arguments = [
            "--steps",
            "--actor",
            frame.actor.name,
            "--estimator",
            estimator,
            "--population",
            population,
        ]
        arguments += ["--half-life", str(half_life or 0)]

        def work() -> str:
            made = run_script("scripts.calibrate", arguments, lambda step: jobs().tell(KIND, step))
            return f"Run {made['run_id']} is made. Proof: {made['proof']['word']}."

        if jobs().start(KIND, work):
            st.session_state["calibration_ended"] = jobs().state(KIND).ended  # its end is news to this page
            st.query_params.pop("run", None)  # the new run is the one to look at
        else:
            ui.flash("info", "A calibration is running already.")


def is_same(
    frame: ui.Frame, run: dict[str, Any], estimator: str, population: str, half_life: int | None
) -> bool:
    """Whether a new run would be this one: same question, scores and code, and nothing written after it was kept."""
    asked = (str(frame.today), estimator, population, half_life, frame.icp.sha256, code_version())
    fields = ("as_of", "estimator", "population", "half_life_days", "icp_sha256", "code_version")
    return asked == tuple(run[field] for field in fields) and frame.data_version == run["data_version"] + 1


def show_running(frame: ui.Frame) -> None:
    """The progress of a running calibration, whoever started it, or the sentence of the end this page waited for."""
    job = jobs().state(KIND)
    waiting = "calibration_ended" in st.session_state
    if job.running:
        st.fragment(_progress, run_every=1.0)()
    elif waiting and job.ended > st.session_state["calibration_ended"]:
        del st.session_state["calibration_ended"]
        if job.failed and job.said:
            st.error(ui.plain(job.said), icon=":material/error:")
        elif job.said:
            st.success(ui.plain(job.said), icon=":material/check_circle:")


def _progress() -> None:
    job = jobs().state(KIND)
    if not job.running:
        st.rerun()  # the whole page once, for the new run
    done = STEPS.index(job.step) + 1 if job.step in STEPS else 0
    told = job.step if job.step in STEPS else "Starting"
    st.progress(done / (len(STEPS) + 1), text=f"{told}. You may leave this page; the calibration goes on.")
