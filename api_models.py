"""What the API knows of trained models: those in force as functions from leads to probabilities, and how one is trained."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from actors import Actor
from analytics.lead_model import LeadModel, chance_of, chances, from_json
from analytics.sent_model import reasons
from api_retraining import FEEDBACK
from errors import Unavailable
from lead_conversion import Trained
from models import model_for
from settings import ROOT
from stores import models as store
from stores import sent_models
from turso_db import Database

_KIND = "hades"  # the leads that models are learned from
_LONGEST = 1500  # seconds, less than a retraining is waited for


def models_in_force(db: Database) -> Mapping[str, Trained]:
    """workflow of HADES leads (`hades/intent`), or another kind (`web`) → the model that a person put in force for it; empty
    while weights and base rates score.

    metrics: how the model did on the newest leads when it was trained (auc, brier, lift), with how many leads that was.
    """
    in_force = store.read_models_in_force(db)
    found = {}
    for workflow in in_force:
        chosen = model_for(in_force, workflow)
        if chosen is not None:
            version, model = chosen
            metrics = _metrics(store.read_model(db, version=version) or {})
            found[f"{_KIND}/{workflow}"] = _trained(f"model-{version}", model, workflow, metrics)
    for kind, held in sent_models.read_in_force(db).items():
        model = from_json(held["coefficients"])
        found[kind] = _trained(f"{kind}-{held['version']}", model, kind, _metrics(held))
    return found


def _trained(name: str, model: LeadModel, workflow: str, metrics: Mapping[str, Any]) -> Trained:
    how: dict[str, Any] = {"model": model, "workflow": workflow}
    why = partial(reasons, model=model, kind=workflow)
    return Trained(name, partial(chances, **how), metrics, partial(chance_of, **how), why)


def train_models(_: Database, __: datetime, actor: Actor) -> str:
    """What the trainings found, a sentence each; they propose at most. In a process of its own, so that answers stay quick.

    When outcomes set it off, it trains only if enough of them are outcomes of exported leads; on request always.
    Unavailable when the process ends without an answer.
    """
    asked = [sys.executable, "-m", "scripts.train_model", "--json", "--actor", actor.name]
    if actor == FEEDBACK:
        asked.append("--if-due")
    try:
        ended = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=_LONGEST, check=False)  # noqa: S603
        said = json.loads(ended.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise Unavailable(
            "The training ended without an answer. Run python -m scripts.train_model to see why."
        ) from error
    if "why" not in said:
        return str(said["error"]["message"])
    return " ".join(
        [said["why"], *(f"{kind.capitalize()} leads: {one['why']}" for kind, one in said["kinds"].items())]
    )


def _metrics(row: Mapping[str, Any]) -> dict[str, Any]:
    report = row.get("report") or {}
    own: Mapping[str, Any] = next(
        (one for one in report.get("scorers", []) if one.get("name") == "model"), {}
    )
    told = {name: own[name] for name in ("auc", "brier", "lift") if own.get(name) is not None}
    return {**told, "leads": report.get("judged"), "deliveries": report.get("judged_deliveries")}
