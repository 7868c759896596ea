"""Acts on models of leads that programs send (web): train a candidate, let a person put it in force or take it back.

As with the models of the loop, nothing promotes itself: a training proposes, a choice is signed and can be taken back.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from actors import Actor, given_reason, require
from analytics.lead_model import from_json, sha256, to_json
from analytics.model_gate import PROPOSED
from analytics.sent_model import sent_frame, train_sent
from errors import Conflict, InputError, Refused
from icp import Icp
from lead_conversion import lead_frame
from lead_schema import ApiRules, LeadKind
from model_choices import SEED, Retrained, check_choice, keep_choice, keep_proposal, one_training
from stores import feedback as leads_store
from stores import sent_models as store
from stores.audit import audit_entry
from turso_db import Database

LOOP = "hades"  # the kind whose models are learned from the loop (models.py)


def kinds_to_learn(rules: ApiRules) -> list[LeadKind]:
    """The kinds of leads that get a model here: all but those of the loop."""
    return [kind for name, kind in rules.kinds.items() if name != LOOP]


def retrain_sent(
    db: Database, *, rules: ApiRules, kind: LeadKind, now: datetime, actor: Actor, code_version: str,
    only_if_due: bool = False, seed: int = SEED,
) -> Retrained:  # fmt: skip
    """The training of this kind, kept with its evidence; it changes no score.

    One at a time over all processes. With `only_if_due` nothing is started before as many outcomes are new as
    config/api.yaml says; without any outcome of the kind never. Too little to learn from is kept as a sentence, too.
    """
    require(actor, "ops", "train a model")
    known = store.read_known(db, kind=kind.name)
    if not known["leads"] or (only_if_due and known["new"] < rules.retrain_after):
        why = f"{known['new']} outcomes of {kind.name} leads are new since the last training; it starts at {rules.retrain_after}."
        return Retrained(None, "not due", why)
    with one_training(db, name=f"train a model of {kind.name} leads", now=now, actor=actor) as begins:
        if not begins:
            return Retrained(None, "running", f"A model of {kind.name} leads is being trained already.")
        return _train(db, kind, known["newest"], now, actor, code_version, seed)


def approve_sent_model(
    db: Database, *, version: int, icp: Icp, reason: str, now: datetime, actor: Actor
) -> int:
    """The number of the choice: from now on this model scores its kind of lead.

    Refused when its training did not propose it, when it scores them already, or where icp.yaml asks for a second person and
    nobody else proposed it; Conflict when a newer training ended, or somebody else chose meanwhile; InputError for an
    unknown version or no reason.
    """
    require(actor, "manager", "put a model in force")
    reason = given_reason(reason)
    kind = _check_model(db, version)
    check_choice(db, icp=icp, of=kind, version=version, actor=actor)
    return _choose(db, kind, version, reason, now, actor, "approve model")


def propose_sent_model(
    db: Database, *, version: int, icp: Icp, reason: str, now: datetime, actor: Actor
) -> None:
    """Nothing; the model waits for another person (stores.model_proposals). Errors as for `approve_sent_model`; Refused
    where one person is enough, or when it waits already."""
    require(actor, "manager", "propose a model")
    reason = given_reason(reason)
    kind = _check_model(db, version)
    keep_proposal(db, icp=icp, of=kind, version=version, reason=reason, now=now, actor=actor)


def _check_model(db: Database, version: int) -> str:
    """The kind of leads that this model may score."""
    found = store.read_model(db, version=version)
    if found is None or found["coefficients"] is None:
        raise InputError(
            f"There is no model {version} of such leads. Pick one from the list on Score Calibration."
        )
    kind = str(found["kind"])
    newest = store.read_latest(db)[kind]["version"]
    if newest != version:
        raise Conflict(f"Model {version} was superseded by training {newest}. Look at that one.")
    if found["status"] != PROPOSED:
        raise Refused(f"Model {version} has no proof to be better than what scores now. {found['why']}")
    if store.read_in_force(db).get(kind, {}).get("version") == version:
        raise Refused(f"Model {version} scores {kind} leads already.")
    return kind


def bring_back_sent(
    db: Database, *, kind: str, version: int | None, reason: str, now: datetime, actor: Actor
) -> int:
    """The number of the choice: the base rate (`version` None), or a model that scored this kind before, scores it again.

    At any time and without a proof. Refused when that is what scores it now, or when that model never did.
    """
    require(actor, "manager", "take a model back")
    reason = given_reason(reason)
    if version == store.read_in_force(db).get(kind, {}).get("version"):
        what = "The base rate scores" if version is None else f"Model {version} scores"
        raise Refused(f"{what} {kind} leads already.")
    choices = store.read_choices(db, limit=10_000)
    ever = choices.loc[choices["kind"] == kind, "version"].dropna().astype(int).tolist()
    if version is not None and version not in ever:
        raise Refused(f"Model {version} never scored {kind} leads. Approve it with its proof instead.")
    return _choose(db, kind, version, reason, now, actor, "take model back")


def _train(
    db: Database, kind: LeadKind, watermark: int, now: datetime, actor: Actor, code_version: str, seed: int
) -> Retrained:
    rows = leads_store.read_training_leads(db, kind=kind.name)
    features: list[dict[str, Any]] = [json.loads(row["first_features"]) for row in rows]
    held = store.read_in_force(db).get(kind.name)
    result = train_sent(
        sent_frame(rows, lead_frame(features, kind), kind=kind.name), [bool(row["outcome"]) for row in rows], kind=kind.name,
        seed=seed, in_force=from_json(held["coefficients"]) if held else None, not_before=held["cut_off"] if held else None,
    )  # fmt: skip
    model = result.model
    stamp = {
        "kind": kind.name, "created_at": now, "created_by": actor.name, "status": result.status, "why": result.why,
        "watermark": watermark, "cut_off": result.cut_off, "leads": result.leads, "successes": result.successes,
        "fields": json.dumps([asdict(field) for field in kind.fields.values()]), "data_sha256": result.data_sha256,
        "code_version": code_version, "seed": seed, "coefficients": None if model is None else to_json(model),
        "model_sha256": None if model is None else sha256(model),
    }  # fmt: skip
    written = db.write(
        [
            store.insert_model(stamp=stamp, report=result.report),
            audit_entry(
                now=now, actor=actor, action="train model", subject=f"{kind.name}: {result.status}",
                detail={"leads": result.leads, "successes": result.successes},
            ),
        ]
    )  # fmt: skip
    return Retrained(int(written[0].rows[0]["version"]), result.status, result.why)


def _choose(
    db: Database, kind: str, version: int | None, reason: str, now: datetime, actor: Actor, action: str
) -> int:
    number = store.next_choice(db, kind=kind)
    choice = store.insert_choice(
        kind=kind, number=number, version=version, actor=actor.name, now=now, reason=reason
    )
    return keep_choice(
        db, choice, of=kind, number=number, version=version, action=action, reason=reason, now=now, actor=actor
    )  # fmt: skip
