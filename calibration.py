"""A calibration run: what became of the leads, against what their scores promised. It proposes; it changes
nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, cast

import pandas as pd

from actors import Actor, require
from analytics.backtest import Proof
from analytics.batch_baseline import baseline_rate
from analytics.calibration_table import Estimator, overall, tabulate
from analytics.component_report import component_report
from analytics.maturity import fit_delay
from analytics.recency import recency_weights
from analytics.row_evidence import COLUMNS as ROW_EVIDENCE
from analytics.row_evidence import row_evidence
from analytics.score_proof import prove_scores
from errors import InputError
from icp import (
    WORKFLOWS,
    Icp,
    business_zone,
    default_score,
    dimension_values,
    dimensions,
    in_filter,
    scores_in_force,
)
from stores import outcomes, runs
from stores.state import read_state
from turso_db import Database

SEED = 20260211
POPULATIONS = ("all", "historical", "hades")


@dataclass(frozen=True)
class Calibration:
    """What a calibration says; numbers are plain Python, missing ones None.

    overall: leads, deliveries, rate, low, high, too_young, and sources (source → leads, deliveries, too_young),
    dimensions (dimension → leads, too_young, without_value, and without_value_of: source → leads), delay (family, shape,
    scale, deliveries; None under 20 known delays), baseline (of the history: leads, deliveries, rate, low, high; None
    without one). rows: one dict per dimension and value (dimension, value, leads, deliveries, too_young, rate, low, high,
    current, suggested, confidence, verdict, why, candidate, ... and the columns of analytics.row_evidence). components:
    one dict per workflow (workflow, leads, deliveries, too_young, rows, proof)."""

    overall: dict[str, Any]
    rows: list[dict[str, Any]]
    data_sha256: str
    components: list[dict[str, Any]] = field(default_factory=list)


def calculate(
    frame: pd.DataFrame,
    icp: Icp,
    *,
    as_of: date,
    estimator: Estimator,
    seed: int = SEED,
    half_life_days: float | None = None,
    components: pd.DataFrame | None = None,
) -> Calibration:
    """The calibration of these outcomes (see stores.outcomes.read_outcome_frame) as they were known on
    `as_of`.

    `half_life_days`: a lead so old counts half, one twice as old a quarter; all count alike without it.
    `components` (see stores.outcomes.read_component_scores) adds the weights of the score's parts. No outcome at all
    gives every configured value with no leads. The same frames, configuration, date, estimator, half-life and seed
    give the same result.
    """
    maturity_days = icp.data["calibration"]["maturity_days"]
    weights = None
    if half_life_days is not None:
        weights = recency_weights(frame, as_of=as_of, half_life_days=half_life_days)
    carried = pd.DataFrame({d: dimension_values(icp, d, frame) for d in dimensions(icp)}, index=frame.index)
    rows: list[dict[str, Any]] = []
    for dimension in dimensions(icp):
        values = carried[dimension]
        in_force = scores_in_force(icp, dimension)
        default = default_score(icp, dimension)
        seen = [str(value) for value in values.dropna().unique()]
        others = [] if default is None else sorted(value for value in seen if value not in in_force)
        table = tabulate(
            frame,
            values,
            in_force | {value: default for value in others if default is not None},
            dimension=dimension,
            as_of=as_of,
            maturity_days=maturity_days,
            estimator="raw" if estimator == "raw" else "shrunk",
            seed=seed,
            candidates={value for value in seen if not in_filter(icp, dimension, value)},
            weights=weights,
        )
        rows += [_plain(row) for row in table.to_dict("records")]
    delay = fit_delay(frame, carried["sic_code"], as_of=as_of)
    evidence = row_evidence(frame, carried, delay, as_of=as_of, maturity_days=maturity_days)
    more = {(row["dimension"], row["value"]): _plain(row) for row in evidence.to_dict("records")}
    nothing = dict.fromkeys(ROW_EVIDENCE)
    rows = [nothing | row | more.get((row["dimension"], row["value"]), {}) for row in rows]
    totals = overall(frame, as_of=as_of, maturity_days=maturity_days) | {
        "sources": _sources(frame, as_of, maturity_days),
        "dimensions": {d: _without(frame, carried[d], as_of, maturity_days) for d in carried},
        "delay": None if delay is None else vars(delay) | {"median_days": delay.days_until(0.5)},
        "baseline": baseline_rate(
            frame[frame["source"] == "historical"], delay, as_of=as_of, maturity_days=maturity_days
        ),
    }
    parts = []
    if components is not None:
        parts = [_component_part(components, icp, name, as_of, seed, half_life_days) for name in WORKFLOWS]
    return Calibration(_plain(totals), rows, data_sha256(frame), parts)


def _sources(frame: pd.DataFrame, as_of: date, maturity_days: int) -> dict[str, Any]:
    found = {}
    for source in ("historical", "hades"):
        told = overall(frame[frame["source"] == source], as_of=as_of, maturity_days=maturity_days)
        found[source] = {key: told[key] for key in ("leads", "deliveries", "too_young")}
    return found


def _without(frame: pd.DataFrame, values: pd.Series, as_of: date, maturity_days: int) -> dict[str, Any]:
    """How many leads the rows of a dimension rest on, and how many are in none as they carry no value of it."""
    carrying = values.notna()
    told = overall(frame[carrying], as_of=as_of, maturity_days=maturity_days)
    missing = {
        source: overall(frame[~carrying & (frame["source"] == source)], as_of=as_of, maturity_days=maturity_days)["leads"]
        for source in ("historical", "hades")
    }  # fmt: skip
    return {
        "leads": told["leads"], "deliveries": told["deliveries"], "too_young": told["too_young"],
        "without_value": sum(missing.values()), "without_value_of": missing,
    }  # fmt: skip


def _component_part(
    scores: pd.DataFrame, icp: Icp, workflow: str, as_of: date, seed: int, half_life_days: float | None
) -> dict[str, Any]:
    leads = scores[scores["workflow_type"] == workflow]
    report = component_report(
        leads,
        icp.data["scoring"][workflow]["weights"],
        as_of=as_of,
        maturity_days=icp.data["calibration"]["maturity_days"],
        top=100,
        seed=seed,
        half_life_days=half_life_days,
    )
    return {
        "workflow": workflow, "leads": report.leads, "deliveries": report.deliveries, "too_young": report.too_young,
        "rows": [_plain(row) for row in report.table.to_dict("records")], "proof": _proof(report.proof),
    }  # fmt: skip


def _proof(proof: Proof) -> dict[str, Any]:
    folds = proof.folds.to_dict("records")
    return _plain({name: value for name, value in vars(proof).items() if name != "folds"}) | {
        "folds": [_plain(fold | {"cut_off": f"{fold['cut_off']:%Y-%m-%d}"}) for fold in folds]
    }


def calibrate(
    db: Database,
    *,
    icp: Icp,
    weight_version: int,
    as_of: date,
    now: datetime,
    actor: Actor,
    code_version: str,
    estimator: str | None = None,
    population: str = "all",
    seed: int = SEED,
    half_life_days: int | None = None,
) -> dict[str, Any]:
    """The run just kept, as stores.runs.read_run gives it: frozen with the hashes of data, configuration and
    code.

    Estimator and half-life are those of icp.yaml unless others are given (`half_life_days=0`: all leads count alike).
    """
    require(actor, "viewer", "calibrate")
    today = now.astimezone(business_zone(icp)).date()
    if as_of > today:
        raise InputError(
            f"A calibration as of {as_of} was asked for, but today is {today}: leads that are still young would count "
            "as lost. Name a day that has come."
        )
    version = read_state(db).data_version
    zone = business_zone(icp)
    frame = outcomes.read_outcome_frame(db, population=population, zone=zone)
    parts = None
    if population != "historical":
        names = dict.fromkeys(
            name for workflow in WORKFLOWS for name in icp.data["scoring"][workflow]["weights"]
        )
        parts = outcomes.read_component_scores(db, components=list(names), zone=zone)
    estimator = estimator or icp.data["calibration"]["estimator"]
    if half_life_days is None:
        half_life_days = icp.data["calibration"].get("recency_half_life_days")
    half_life_days = half_life_days or None
    result = calculate(
        frame, icp, as_of=as_of, estimator=cast("Estimator", estimator), seed=seed,
        half_life_days=half_life_days, components=parts,
    )  # fmt: skip
    proof = prove_scores(
        frame,
        icp,
        as_of=as_of,
        estimator=estimator,
        top=_batch_size(frame),
        seed=seed,
        half_life_days=half_life_days,
    )
    run_id = runs.record_run(
        db,
        stamp={
            "created_at": now, "created_by": actor.name, "as_of": as_of, "estimator": estimator,
            "population": population, "weight_version": weight_version, "icp_sha256": icp.sha256,
            "data_sha256": result.data_sha256, "data_version": version, "code_version": code_version, "seed": seed,
            "half_life_days": half_life_days,
        },
        overall=result.overall,
        rows=result.rows,
        proof=_proof(proof),
        components=result.components,
    )  # fmt: skip
    run = runs.read_run(db, run_id=run_id)
    assert run is not None  # just written
    return run


def _batch_size(frame: pd.DataFrame) -> int:
    """How many companies a batch usually has: what "the leads called first" means in the proof; 100 before any batch."""
    sizes = frame.loc[frame["source"] == "hades", "batch_id"].value_counts()
    return max(1, int(sizes.median())) if len(sizes) else 100


def data_sha256(frame: pd.DataFrame) -> str:
    """A hash of the outcomes that does not depend on their order or their row numbers."""
    content = frame.drop(columns=["lead_id"], errors="ignore")
    hashes = pd.util.hash_pandas_object(content, index=False, categorize=True).sort_values()
    return hashlib.sha256(hashes.to_numpy().tobytes()).hexdigest()


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(key): _plain_value(value) for key, value in row.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, dict):
        return _plain(value)
    if value is None or (not isinstance(value, list | str) and pd.isna(value)):
        return None
    return value.item() if hasattr(value, "item") else value
