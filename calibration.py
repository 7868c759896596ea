"""A calibration run: what became of the leads, against what their scores promised. It proposes; it changes
nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

import pandas as pd

from actors import Actor, require
from analytics.calibration_table import Estimator, overall, tabulate
from analytics.score_proof import prove_scores
from errors import InputError
from icp import Icp, business_zone, default_score, dimension_values, dimensions, in_filter, scores_in_force
from stores import outcomes, runs
from stores.state import read_state
from turso_db import Database

SEED = 20260211
POPULATIONS = ("all", "historical", "hades")


@dataclass(frozen=True)
class Calibration:
    """What a calibration says. `overall`: leads, deliveries, rate, low, high, too_young, ... `rows`: one dict
    per dimension and value (dimension, value, leads, deliveries, too_young, rate, low, high, current,
    suggested, confidence, verdict, why, candidate, ...); numbers are plain Python, missing ones None."""

    overall: dict[str, Any]
    rows: list[dict[str, Any]]
    data_sha256: str


def calculate(
    frame: pd.DataFrame, icp: Icp, *, as_of: date, estimator: Estimator, seed: int = SEED
) -> Calibration:
    """The calibration of these outcomes (see stores.outcomes.read_outcome_frame) as they were known on
    `as_of`.

    No outcome at all gives every configured value with no leads. The same frame, configuration, date,
    estimator and seed give the same result.
    """
    maturity_days = icp.data["calibration"]["maturity_days"]
    rows: list[dict[str, Any]] = []
    for dimension in dimensions(icp):
        values = dimension_values(icp, dimension, frame)
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
        )
        rows += [_plain(row) for row in table.to_dict("records")]
    totals = overall(frame, as_of=as_of, maturity_days=maturity_days)
    return Calibration(_plain(totals), rows, data_sha256(frame))


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
) -> dict[str, Any]:
    """The run just kept, as stores.runs.read_run gives it: frozen with the hashes of data, configuration and
    code.
    """
    require(actor, "viewer", "calibrate")
    today = now.astimezone(business_zone(icp)).date()
    if as_of > today:
        raise InputError(
            f"A calibration as of {as_of} was asked for, but today is {today}: leads that are still young would count "
            "as lost. Name a day that has come."
        )
    version = read_state(db).data_version
    frame = outcomes.read_outcome_frame(db, population=population)
    estimator = estimator or icp.data["calibration"]["estimator"]
    result = calculate(frame, icp, as_of=as_of, estimator=cast("Estimator", estimator), seed=seed)
    proof = prove_scores(frame, icp, as_of=as_of, estimator=estimator, top=_batch_size(frame), seed=seed)
    run_id = runs.record_run(
        db,
        stamp={
            "created_at": now, "created_by": actor.name, "as_of": as_of, "estimator": estimator,
            "population": population, "weight_version": weight_version, "icp_sha256": icp.sha256,
            "data_sha256": result.data_sha256, "data_version": version, "code_version": code_version, "seed": seed,
        },
        overall=result.overall,
        rows=result.rows,
        proof=_plain({name: value for name, value in vars(proof).items() if name != "folds"})
        | {"folds": [_plain(fold | {"cut_off": f"{fold['cut_off']:%Y-%m-%d}"}) for fold in proof.folds.to_dict("records")]},
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
