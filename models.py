"""Acts on predictive models: train a candidate, let a person put it in force or take it back, keep scores side by side.

Nothing here promotes itself: a training only proposes, a choice is signed and can be taken back at any later time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from actors import Actor, given_reason, require
from analytics.lead_model import LeadModel, from_json, sha256, to_json
from analytics.model_gate import PROPOSED, TOO_LITTLE
from analytics.model_report import trained
from analytics.side_by_side import as_rows, live_report, proposed_icp, scored_every_way
from analytics.signed_numbers import signed
from errors import Conflict, InputError, Refused
from icp import WORKFLOWS, Icp, business_zone, parse_icp
from model_choices import SEED, Retrained, check_choice, keep_choice, keep_proposal, one_training
from stores import models, runs
from stores.audit import audit_entry
from stores.state import read_state
from turso_db import Database, read_together

NEW_OUTCOMES = 50  # after which a training is due
_PROOF_DAYS = 60


class Due(NamedTuple):
    """How many outcomes are new since the last training, how many it takes, and whether one is due."""

    new: int
    threshold: int
    is_due: bool


def training_due(db: Database, *, icp: Icp, now: datetime) -> Due:
    """Whether 50 outcomes are new since the last training: a watermark, so that the 51st does not train again."""
    judged, known = read_together(db, due_readers(icp, now))
    return due_from(judged, known)


def due_readers(icp: Icp, now: datetime) -> list[Callable[[Database], int]]:
    """What `due_from` asks, for a page that reads it together with other things: outcomes now, outcomes then."""
    return [partial(models.count_judged, before=_judged_before(icp, now)), models.read_watermark]


def due_from(judged: int, known: int) -> Due:
    """Whether a training is due when so many outcomes are known now, and so many were at the last one."""
    new = max(judged - known, 0)
    return Due(new, NEW_OUTCOMES, new >= NEW_OUTCOMES)


def retrain(
    db: Database,
    *,
    icp: Icp,
    now: datetime,
    actor: Actor,
    code_version: str,
    only_if_due: bool = False,
    seed: int = SEED,
) -> Retrained:
    """The training just kept, with its evidence; it changes no score.

    One at a time over all processes: while another runs, nothing is started and the status is `running`. With
    `only_if_due` nothing is started before 50 outcomes are new (`not due`). Too little data, or one outcome only, is
    kept as a sentence, too, so that it is not tried again before more is known.
    """
    require(actor, "ops", "train a model")
    with one_training(db, name="train a model", now=now, actor=actor) as begins:
        if not begins:
            why = "A model is being trained already. Its result will stand on Score Calibration."
            return Retrained(None, "running", why)
        due = training_due(db, icp=icp, now=now)
        if only_if_due and not due.is_due:
            why = f"{due.new} outcomes are new since the last training; it starts at {due.threshold}."
            return Retrained(None, "not due", why)
        return _train(db, icp, now, actor, code_version, seed)


def approve_model(
    db: Database, *, version: int, workflow: str, icp: Icp, reason: str, now: datetime, actor: Actor
) -> int:
    """The number of the choice: from now on this model scores the workflow.

    Only with a proof: the training proposed it on the newest leads, or live batches would. Refused without one, where
    this workflow would lose, when the model scores it already, or where icp.yaml asks for a second person and nobody else
    proposed it; Conflict when it is not the newest model, the weights changed since it was judged, or somebody else chose
    meanwhile. InputError for an unknown version or workflow.
    """
    require(actor, "manager", "put a model in force")
    reason = given_reason(reason)
    _check_model(db, version, workflow, icp, now)
    check_choice(db, icp=icp, of=workflow, version=version, actor=actor)
    return _choose(db, workflow, version, reason, now, actor, "approve model")


def propose_model(
    db: Database, *, version: int, workflow: str, icp: Icp, reason: str, now: datetime, actor: Actor
) -> None:
    """Nothing; the model waits for another person (stores.model_proposals). Errors as for `approve_model`; Refused where one
    person is enough, or when it waits already."""
    require(actor, "manager", "propose a model")
    reason = given_reason(reason)
    _check_model(db, version, workflow, icp, now)
    keep_proposal(db, icp=icp, of=workflow, version=version, reason=reason, now=now, actor=actor)


def _check_model(db: Database, version: int, workflow: str, icp: Icp, now: datetime) -> None:
    """Nothing when this model may score the workflow."""
    _check_workflow(workflow)
    found = models.read_model(db, version=version)
    if found is None or found["coefficients"] is None:
        raise InputError(f"There is no model {version}. Pick one from the list on Score Calibration.")
    newest = models.read_newest_coefficients(db)
    if newest is not None and newest["version"] != version:
        raise Conflict(f"Model {version} was superseded by model {newest['version']}. Look at that one.")
    if found["icp_sha256"] != icp.sha256:
        raise Conflict(
            f"The weights changed since model {version} was held against them. Train again to compare it with those in force."
        )
    if models.read_models_in_force(db).get(workflow, {}).get("version") == version:
        raise Refused(f"Model {version} scores the workflow {workflow} already.")
    _check_proof(db, found, workflow, icp, now)


def bring_back(
    db: Database, *, workflow: str, version: int | None, reason: str, now: datetime, actor: Actor
) -> int:
    """The number of the choice: the weights (`version` None), or a model that scored this workflow before, score it again.

    At any time and without a proof. Refused when that is what scores it now, or when that model never did.
    """
    require(actor, "manager", "take a model back")
    reason = given_reason(reason)
    _check_workflow(workflow)
    now_in_force = models.read_models_in_force(db).get(workflow, {}).get("version")
    if version == now_in_force:
        what = "The weights score" if version is None else f"Model {version} scores"
        raise Refused(f"{what} the workflow {workflow} already.")
    before = models.read_choices(db, limit=10_000)
    ever = before.loc[before["workflow"] == workflow, "version"].dropna().astype(int).tolist()
    if version is not None and version not in ever:
        raise Refused(
            f"Model {version} never scored the workflow {workflow}. Approve it with its proof instead."
        )
    return _choose(db, workflow, version, reason, now, actor, "take model back")


def model_for(in_force: Mapping[str, Mapping[str, Any]], workflow: str) -> tuple[int, LeadModel] | None:
    """For scoring.score_leads: the version and the model that scores the workflow, None where the weights do.

    `in_force`: stores.models.read_models_in_force.
    """
    found = in_force.get(workflow)
    return None if found is None else (int(found["version"]), from_json(found["coefficients"]))


def record_side_by_side(
    db: Database, *, batch_id: str, ready: pd.DataFrame, icp: Icp, workflow: str, actor: Actor
) -> int:
    """How many leads of the batch were kept with the score of each way: weights, model, suggested scores.

    After the export, in a write of its own. The model is the one in force, else the newest that was learned; the
    suggested scores are those of the newest calibration run that was made on the weights in force. Nobody is told, and
    nothing changes by it. Again for the same batch changes nothing.
    """
    require(actor, "ops", "export leads")
    in_force, newest, run = read_together(
        db, [models.read_models_in_force, models.read_newest_coefficients, runs.read_latest_run]
    )
    found = in_force.get(workflow) or newest
    model = from_json(found["coefficients"]) if found else None
    text = proposed_icp(icp, run["rows"]) if run and run["icp_sha256"] == icp.sha256 else None
    scored = scored_every_way(
        ready, icp, workflow=workflow, model=model, proposed=parse_icp(text) if text else None
    )
    rows = as_rows(
        scored,
        model_version=int(found["version"]) if found else None,
        run_id=run["run_id"] if run and text else None,
    )
    if rows:
        db.write([models.insert_side_by_side(batch_id=batch_id, rows=rows)], bump=False)
    return len(rows)


def _train(db: Database, icp: Icp, now: datetime, actor: Actor, code_version: str, seed: int) -> Retrained:
    today = now.astimezone(business_zone(icp)).date()
    state = read_state(db)
    judged = models.count_judged(db, before=_judged_before(icp, now))
    leads, kept = models.read_first_seen(db, zone=business_zone(icp))
    in_force = models.read_models_in_force(db)
    cuts = [pd.Timestamp(row["cut_off"]) for row in in_force.values() if row["cut_off"]]
    result = trained(
        leads, kept, icp, as_of=today, top=_batch_size(leads), seed=seed,
        in_force={workflow: from_json(row["coefficients"]) for workflow, row in in_force.items()},
        not_before=max(cuts) if cuts else None,
    )  # fmt: skip
    model = result.model
    stamp = {
        "created_at": now, "created_by": actor.name, "as_of": today, "status": result.status, "why": result.why,
        "judged": judged, "cut_off": None if result.cut_off is None else result.cut_off.date(), "leads": result.leads,
        "deliveries": result.deliveries, "weight_version": state.weight_version or 0, "icp_sha256": icp.sha256,
        "data_sha256": result.data_sha256, "code_version": code_version, "seed": seed,
        "coefficients": None if model is None else to_json(model),
        "model_sha256": None if model is None else sha256(model),
    }  # fmt: skip
    written = db.write(
        [
            models.insert_model(stamp=stamp, report=result.report),
            audit_entry(
                now=now, actor=actor, action="train model", subject=result.status,
                detail={"leads": result.leads, "deliveries": result.deliveries},
            ),
        ]
    )  # fmt: skip
    return Retrained(int(written[0].rows[0]["version"]), result.status, result.why)


def _check_proof(db: Database, found: Mapping[str, Any], workflow: str, icp: Icp, now: datetime) -> None:
    version, own = found["version"], found["report"].get("gains", {}).get(workflow)
    if own is None:
        raise Refused(
            f"Model {version} was held against no lead of the workflow {workflow}, so it has no proof there."
        )
    if own["auc_gain"] < 0:
        raise Refused(
            f"Over all leads model {version} ranks better, but not in the workflow {workflow} "
            f"({signed(own['auc_gain'], 3)} AUC on its {own['leads']:,} newest leads). There the weights stay."
        )
    if found["status"] == PROPOSED:
        return
    today = now.astimezone(business_zone(icp)).date()
    live = models.read_side_by_side(db, zone=business_zone(icp))
    live = live[(live["workflow"] == workflow) & (live["model_version"] == version)]
    days = int(icp.data["calibration"]["maturity_days"])
    proof = live_report(live, as_of=today, days=_PROOF_DAYS, maturity_days=days, seed=SEED).gates.get(
        "The model"
    )
    if proof is None or proof.word != PROPOSED:
        why = found["why"] if proof is None or proof.word == TOO_LITTLE else proof.why
        raise Refused(f"Model {version} has no proof to be better than what scores now. {why}")


def _choose(
    db: Database, workflow: str, version: int | None, reason: str, now: datetime, actor: Actor, action: str
) -> int:
    number = models.next_choice(db, workflow=workflow)
    choice = models.insert_choice(
        workflow=workflow, number=number, version=version, actor=actor.name, now=now, reason=reason
    )
    return keep_choice(
        db,
        choice,
        of=workflow,
        number=number,
        version=version,
        action=action,
        reason=reason,
        now=now,
        actor=actor,
    )


def _judged_before(icp: Icp, now: datetime) -> date:
    days = int(icp.data["calibration"]["maturity_days"])
    return now.astimezone(business_zone(icp)).date() - timedelta(days=days)


def _batch_size(leads: pd.DataFrame) -> int:
    """How many companies a batch usually has; 100 before any batch."""
    sizes = leads.loc[leads["source"] == "hades", "batch_id"].value_counts()
    return max(1, int(sizes.median())) if len(sizes) else 100


def _check_workflow(workflow: str) -> None:
    if workflow not in WORKFLOWS:
        raise InputError(f"The workflow '{workflow}' is unknown. Use one of: {', '.join(WORKFLOWS)}.")
