"""What a change of scores would do: leads ranked by both, and what an approval promises; later, whether it held.

A lead is scored again from the features kept at its export, as of the day of its export, by the one scoring function:
what is seen here is what an export under the new scores gives.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from analytics.adjusted import AdjustedFit, delivery_chances, fit_adjusted
from analytics.calibration_table import known_outcomes
from analytics.lead_model import LeadModel, from_json
from analytics.prediction import Grade, grade, half, predict
from analytics.ranking import RankingChange, ranking_change
from errors import InputError, Refused
from icp import Icp, business_zone, dimension_values, dimensions, parse_icp, scores_in_force
from lead_columns import READINGS
from score_changes import change_of_run, movable_rows, pick_rows
from scoring import score_leads
from stores import exported_leads, outcomes, runs, weights
from stores import proposals as journal
from stores.models import read_models_in_force
from turso_db import Database, read_together

SEED = 20260211
_DRAWS = 400
_FAR = 1e6  # miles: a lead that went out was inside the radius of its own export


@dataclass(frozen=True)
class Pool:
    """Leads of one workflow ranked by both scores. leads: one row per lead in `change.table`, same index:
    company_name, state, sic_code and where it comes from (source).
    """

    name: str
    workflow: str
    leads: pd.DataFrame
    change: RankingChange


@dataclass(frozen=True)
class Preview:
    """What would change. prediction: see analytics.prediction.predict; None where too few outcomes are known. by_model:
    workflow → the version of the model that scores it, which no change of points moves; the prediction names these
    workflows, too (by_model), and its per_100 is of the calls in the others, by which it is graded. judged: leads old
    enough to judge and deliveries among them, where these are too few for a prediction.
    """

    pools: list[Pool]
    prediction: dict[str, Any] | None
    by_model: dict[str, int]
    judged: tuple[int, int] | None = None


def preview_change(
    db: Database,
    icp: Icp,
    proposed: Icp,
    *,
    as_of: date,
    waiting: tuple[pd.DataFrame, Mapping[str, Any]] | None = None,
    population: str = "all",
    calls: Mapping[str, int] | None = None,
) -> Preview:
    """The newest batches of each workflow, and the leads that wait, ranked by the scores in force and the proposed ones.

    `waiting`: a frame with leads.LEAD_COLUMNS of an upload that was not exported, and the choices it is scored with
    (workflow, today, center_zip, ...: the options of scoring.score_leads). `calls`: pool name → how many are called;
    half of the leads where nothing is said. Expected deliveries come from a regression on all dimensions as known on
    `as_of`. A workflow that a model scores is ranked by it. No batch and no upload gives no pool.
    """
    fit, judged = _fit(db, icp, as_of=as_of, population=population)
    stored, in_force = read_together(db, [exported_leads.read_newest_leads, read_models_in_force])
    models = {
        name: (int(found["version"]), from_json(found["coefficients"])) for name, found in in_force.items()
    }
    pools = []
    for workflow, rows in stored.groupby("workflow_type", sort=True):
        leads = leads_of(rows)
        batches = rows["batch_id"].nunique()
        name = f"Newest {workflow} batch" + ("" if batches == 1 else f"es ({batches})")
        told = rows[["company_name", "state", "sic_code", "batch_id"]].rename(columns={"batch_id": "source"})
        model = models.get(str(workflow))
        scores = (again(rows, icp, model), again(rows, proposed, model))
        pools.append(_pool(name, str(workflow), leads, told, scores, fit, icp, calls))
    prediction = _prediction(pools, models)
    if waiting is not None and len(waiting[0]):
        options = {"model": models.get(waiting[1]["workflow"])} | dict(waiting[1])
        first, second = (
            score_leads(waiting[0].reset_index(drop=True), one, **options) for one in (icp, proposed)
        )
        told = first[["company_name", "state", "sic_code"]].assign(source="waiting")
        scores = (first["score"], second["score"])
        pools.insert(
            0, _pool("Waiting leads", str(options["workflow"]), first, told, scores, fit, icp, calls)
        )
        prediction = prediction or _prediction(pools[:1], models)
    return Preview(pools, prediction, {name: version for name, (version, _) in models.items()}, judged)


def _prediction(pools: Sequence[Pool], by_model: Collection[str]) -> dict[str, Any] | None:
    whole = predict([pool.change for pool in pools])
    if whole is None:
        return None
    moved = predict([pool.change for pool in pools if pool.workflow not in by_model]) or whole
    shares = {name: moved[name] for name in ("per_100", "per_100_low", "per_100_high")}
    return whole | shares | {"by_model": sorted(by_model)}


def leads_of(rows: pd.DataFrame) -> pd.DataFrame:
    """The leads as they were at export, from `source_features`: same index, every column that scoring may read."""
    kept = pd.DataFrame([json.loads(text) for text in rows["source_features"]], index=rows.index)
    for field, reading in READINGS.items():
        values = kept[field] if field in kept else pd.Series(None, index=rows.index, dtype="object")
        if str(reading.dtype).startswith("datetime"):
            kept[field] = pd.to_datetime(values, format="ISO8601")
        else:
            kept[field] = values.astype("object").astype(reading.dtype)  # type: ignore[call-overload]
    return kept.drop(
        columns=[
            str(name) for name in kept if str(name).endswith(("_score", "_points")) and name != "intent_score"
        ]
    )


def again(rows: pd.DataFrame, icp: Icp, model: tuple[int, LeadModel] | None = None) -> pd.Series:
    """The score (Int64) of exported leads under `icp`, as of their export; missing where they would be excluded. By the
    weights, or by `model`.

    `rows` as stores.exported_leads gives them. A batch whose leads `icp` cannot score (a segment it does not know)
    has none.
    """
    scores = pd.Series(pd.NA, index=rows.index, dtype="Int64")
    leads = leads_of(rows)
    factors = (
        pd.to_numeric(leads["environment_factor"]).fillna(1.0) if "environment_factor" in leads else None
    )
    keys = [rows["workflow_type"], rows["exported_on"]] + ([] if factors is None else [factors])
    for key, group in leads.groupby(keys, sort=False):
        factor = 1.0 if factors is None else float(str(key[2]))
        try:
            scored = score_leads(
                group, icp, workflow=str(key[0]), today=date.fromisoformat(str(key[1])), radius_miles=_FAR,
                environment_factor=factor, model=model,
            )  # fmt: skip
        except InputError:
            continue
        scores.loc[group.index] = scored["score"]
    return scores


def grade_approvals(
    db: Database, *, today: date, maturity_days: int
) -> list[tuple[dict[str, Any], Grade | None]]:
    """Each applied proposal, newest first, with the grade of its prediction; None where none was kept, and where models
    scored all leads exported since. What a model scored when the prediction was made is left out of its grade.
    """
    applied = [entry for entry in journal.read_journal(db) if entry["status"] == "applied"]
    rows = exported_leads.read_leads_of_versions(db) if applied else pd.DataFrame()
    texts = (
        {row["version"]: row["icp_yaml"] for row in weights.read_texts(db, limit=10_000)} if applied else {}
    )
    graded: list[tuple[dict[str, Any], Grade | None]] = []
    for entry in applied:
        exported = rows[rows["weight_version"] == entry["version"]]
        by_model = (entry["prediction"] or {}).get("by_model", [])  # an earlier prediction does not say
        own = exported[~exported["workflow_type"].isin(by_model)]
        if entry["prediction"] is None or (own.empty and len(exported)):
            graded.append((entry, None))
            continue
        before, after = (parse_icp(texts[version]) for version in (entry["version"] - 1, entry["version"]))
        graded.append((entry, _grade(entry["prediction"], own, before, after, today, maturity_days)))
    return graded


def _grade(
    prediction: Mapping[str, Any],
    rows: pd.DataFrame,
    before: Icp,
    after: Icp,
    today: date,
    maturity_days: int,
) -> Grade:
    exported = pd.to_datetime(rows["exported_on"])
    matured = (pd.Timestamp(today) - exported).dt.days >= maturity_days
    none = pd.Series(pd.NA, index=rows.index, dtype="Int64")
    young = not matured.any()  # nothing to rank yet
    leads = pd.DataFrame(
        {
            "workflow_type": rows["workflow_type"],
            "score_before": none if young else again(rows, before),
            "score_after": none if young else again(rows, after),
            "matured": matured,
            "delivered": rows["delivered_on"].notna(),
        }
    )
    return grade(prediction, leads)


def _fit(
    db: Database, icp: Icp, *, as_of: date, population: str
) -> tuple[AdjustedFit | None, tuple[int, int] | None]:
    frame = outcomes.read_outcome_frame(db, population=population, zone=business_zone(icp))
    days = int(icp.data["calibration"]["maturity_days"])
    fit = fit_adjusted(frame, _values(icp, frame), as_of=as_of, maturity_days=days)
    if fit is not None:
        return fit, None
    known = known_outcomes(frame, as_of=as_of, maturity_days=days)
    old = known[known["matured"]]
    return None, (len(old), int(old["delivered"].sum()))


def _values(icp: Icp, leads: pd.DataFrame) -> pd.DataFrame:
    scored = [name for name in dimensions(icp) if scores_in_force(icp, name)]
    return pd.DataFrame({name: dimension_values(icp, name, leads) for name in scored})


def _pool(
    name: str,
    workflow: str,
    leads: pd.DataFrame,
    told: pd.DataFrame,
    scores: Sequence[pd.Series],
    fit: AdjustedFit | None,
    icp: Icp,
    calls: Mapping[str, int] | None,
) -> Pool:
    chances = None if fit is None else delivery_chances(fit, _values(icp, leads), draws=_DRAWS, seed=SEED)
    ranked = int((scores[0].notna() | scores[1].notna()).sum())
    top = min((calls or {}).get(name, half(ranked)), ranked)
    change = ranking_change(scores[0], scores[1], top=top, chances=chances)
    return Pool(name, workflow, told.loc[change.table.index], change)


def promised(
    db: Database,
    icp: Icp,
    *,
    run_id: int,
    rows: Sequence[tuple[str, str]] | None,
    extend_filter: bool = False,
    as_of: date,
) -> dict[str, Any] | None:
    """What putting these rows of a run into force promises (analytics.prediction.predict), to be kept with it.

    None where too little is known, and where the rows cannot be put into force: the approval itself then says why.
    """
    try:
        run = runs.read_run(db, run_id=run_id)
        if run is None:
            return None
        chosen = movable_rows(run) if rows is None else pick_rows(run, rows)
        proposed, _ = change_of_run(icp, chosen, extend_filter=extend_filter)
        return preview_change(db, icp, proposed, as_of=as_of, population=run["population"]).prediction
    except (InputError, Refused):
        return None
