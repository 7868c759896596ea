"""The first steps from the demo to one's own data: which are done, why each matters, and where it is taken."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from actors import Actor
from stores import guide as store
from turso_db import Database


class Step(NamedTuple):
    """One step: what to do, why, whether the database says that it is done, and the page with the parameters that open it."""

    title: str
    why: str
    is_done: bool
    page: str
    query: dict[str, str]


def steps(progress: Mapping[str, Any]) -> list[Step]:
    """The steps in their order, from stores.guide.read_progress. The demo's removal is one where there is or was a demo."""
    found = [
        Step(
            "Score and export your own ZoomInfo file",
            "Only leads that went out under a batch ID can be learned from later.",
            bool(progress["own_batches"]), "pages/1_Score_and_Export.py", {},
        ),
        Step(
            "Bring back what became of them",
            "Scores are judged by deliveries: from a file, from Zoho or by hand. Leads called before count at once.",
            bool(progress["own_outcomes"]), "pages/4_Outcomes.py", {"tab": "Import files"},
        ),
        Step(
            "Remove the demo",
            "Invented leads count beside yours in every rate until they leave. Nothing of yours goes.",
            not progress["demo"], "pages/13_Demo.py", {},
        ),
        Step(
            "Calibrate",
            "It holds every score against what happened, and changes nothing.",
            bool(progress["calibrated"]), "pages/7_Score_Calibration.py", {"tab": "Calibration report"},
        ),
        Step(
            "Approve what convinces you",
            "A named person puts single scores into force; each can be rolled back.",
            bool(progress["approved"]), "pages/7_Score_Calibration.py", {"tab": "Calibration report"},
        ),
    ]  # fmt: skip
    return (
        found
        if progress["demo"] or progress["demo_left"]
        else [step for step in found if step.page != "pages/13_Demo.py"]
    )


def close_guide(db: Database, *, now: datetime, actor: Actor) -> None:
    """Nothing; this person does not see the guide any more, on whatever machine."""
    db.write([store.close_statement(person=actor.name, now=now)])


def open_guide(db: Database, *, actor: Actor) -> None:
    """Nothing; this person sees the guide again."""
    db.write([store.open_statement(person=actor.name)])
