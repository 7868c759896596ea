"""What the API knows of trained models: those in force, as functions from leads to probabilities, and how one is trained."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from actors import Actor
from lead_conversion import Trained
from turso_db import Database


def models_in_force(db: Database) -> Mapping[str, Trained]:
    """The models by what they score: a kind of lead, or `hades/intent` for the leads of one workflow. None, none."""
    return {}


def train_models(db: Database, now: datetime, actor: Actor) -> str:
    """What a training found, as a sentence; it proposes at most."""
    return "There is no model to train yet: every lead is scored by its base rate."
