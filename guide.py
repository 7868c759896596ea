"""The first steps from the demo to one's own data: which are done, why each matters, and where it is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from actors import Actor
from stores import guide as store
from turso_db import Database


class Step(NamedTuple):
    """One step: what to do, why, whether the database says that it is done, the page with the parameters that open it, and
    whether there is something to do it with.
    """

    title: str
    why: str
    is_done: bool
    page: str
    query: dict[str, str]
    can_begin: bool = True


def steps(progress: Mapping[str, Any]) -> list[Step]:
    """The steps in their order, from stores.guide.read_progress: the same, in the same words, as README.md tells them. The
    demo's removal is one where there is or was a demo. History is no step any more for whoever exported without it.
    """
    known = bool(progress["own_history"] or progress["own_outcomes"])
    report = {"tab": "Calibration report"}
    found = [
        Step(
            "Remove the demo",
            "Invented leads count beside yours in every rate until they leave. Nothing of yours goes.",
            not progress["demo"], "pages/13_Demo.py", {},
        ),
        Step(
            "Bring in what is known already",
            "Leads called before HADES teach the scores from the first day. Without such history go on with the export.",
            bool(progress["own_history"] or progress["own_batches"]), "pages/4_Outcomes.py", {"tab": "History"},
        ),
        Step(
            "Calibrate",
            "It holds every score against what happened, and changes nothing.",
            bool(progress["calibrated"]), "pages/7_Score_Calibration.py", report, known,
        ),
        Step(
            "Approve what convinces you",
            "A named person puts single scores into force; each can be rolled back.",
            bool(progress["approved"]), "pages/7_Score_Calibration.py", report, bool(progress["calibrated"]),
        ),
        Step(
            "Score and export your own ZoomInfo file",
            "Only leads that went out under a batch ID can be learned from later.",
            bool(progress["own_batches"]), "pages/1_Score_and_Export.py", {},
        ),
        Step(
            "Bring back what became of them",
            "Scores are judged by deliveries: from a file, from Zoho or by hand.",
            bool(progress["own_outcomes"]), "pages/4_Outcomes.py", {"tab": "Import files"}, bool(progress["own_batches"]),
        ),
    ]  # fmt: skip
    return found if progress["demo"] or progress["demo_left"] else found[1:]


def next_step(found: Sequence[Step]) -> Step | None:
    """The step to take now: the first that is not done and has something to be done with; None once all are done."""
    left = [step for step in found if not step.is_done]
    return next((step for step in left if step.can_begin), left[0] if left else None)


def close_guide(db: Database, *, now: datetime, actor: Actor) -> None:
    """Nothing; this person does not see the guide any more, on whatever machine."""
    db.write([store.close_statement(person=actor.name, now=now)])


def open_guide(db: Database, *, actor: Actor) -> None:
    """Nothing; this person sees the guide again."""
    db.write([store.open_statement(person=actor.name)])
