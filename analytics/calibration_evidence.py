"""What became of the leads against what their scores promised: every score of icp.yaml with its evidence and verdict."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from analytics.backtest import Proof
from analytics.batch_baseline import baseline_rate
from analytics.calibration_table import Estimator, in_day_numbers, overall, tabulate
from analytics.component_report import component_report
from analytics.coverage import coverage
from analytics.maturity import fit_delay
from analytics.recency import recency_weights
from analytics.row_evidence import COLUMNS as ROW_EVIDENCE
from analytics.row_evidence import row_evidence
from analytics.verdicts import OUTSIDE
from icp import (
    WORKFLOWS,
    Icp,
    below_bands,
    default_score,
    dimension_categories,
    dimensions,
    in_filter,
    scores_in_force,
)

SEED = 20260211


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
    # As categories and numbers, so that a million texts are compared, and as many days counted, once.
    carried = pd.DataFrame(
        {d: dimension_categories(icp, d, frame) for d in dimensions(icp)}, index=frame.index
    )
    days = in_day_numbers(frame)
    rows: list[dict[str, Any]] = []
    for dimension in dimensions(icp):
        values = carried[dimension]
        in_force = scores_in_force(icp, dimension)
        default = default_score(icp, dimension)
        seen = [str(value) for value in values.cat.categories]
        below = below_bands(icp, dimension)
        if below in seen:
            rows.append(_outside(days, values, below, dimension, as_of, maturity_days, weights))
            seen.remove(below)
            values = values.cat.remove_categories([below])
        others = [] if default is None else sorted(value for value in seen if value not in in_force)
        table = tabulate(
            days,
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
    source = frame["source"].astype("category")
    delay = fit_delay(days, carried["sic_code"], as_of=as_of)
    evidence = row_evidence(days, carried, delay, as_of=as_of, maturity_days=maturity_days)
    more = {(row["dimension"], row["value"]): _plain(row) for row in evidence.to_dict("records")}
    nothing = dict.fromkeys(ROW_EVIDENCE)
    rows = [nothing | row | more.get((row["dimension"], row["value"]), {}) for row in rows]
    sources, rested_on = coverage(days, source, carried, as_of=as_of, maturity_days=maturity_days)
    totals = overall(days, as_of=as_of, maturity_days=maturity_days) | {
        "sources": sources,
        "dimensions": rested_on,
        "delay": None if delay is None else vars(delay) | {"median_days": delay.days_until(0.5)},
        "baseline": baseline_rate(
            days[source == "historical"], delay, as_of=as_of, maturity_days=maturity_days
        ),
    }
    parts = []
    if components is not None:
        parts = [_component_part(components, icp, name, as_of, seed, half_life_days) for name in WORKFLOWS]
    return Calibration(_plain(totals), rows, data_sha256(frame), parts)


def _outside(
    days: pd.DataFrame,
    values: pd.Series,
    value: str,
    dimension: str,
    as_of: date,
    maturity_days: int,
    weights: pd.Series | None,
) -> dict[str, Any]:
    """The row of a value that no score belongs to: what became of its leads, and no word about a score."""
    alone = values.cat.set_categories([value])
    table = tabulate(
        days, alone, {}, dimension=dimension, as_of=as_of, maturity_days=maturity_days, weights=weights
    )  # fmt: skip
    row = _plain(table.iloc[0].to_dict())
    silent = ("shrunk_rate", "shrunk_low", "shrunk_high", "lift", "suggested", "delta", "tail", "adjusted_tail", "more_leads", "months_to_settle")  # fmt: skip
    leads = f"{row['leads']:,} {'lead' if row['leads'] == 1 else 'leads'}"
    known = f"{row['deliveries']:,} of {leads} old enough to judge were delivered."
    if not row["leads"]:
        known = f"None of its leads is old enough to judge yet; {row['too_young']:,} are too young."
    return row | dict.fromkeys(silent) | {
        "verdict": OUTSIDE,
        "why": f"{known} They lie below every band, so no score is "
               "theirs: they are counted here alone, and nothing is suggested.",
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
        "rows": [_plain(row) for row in report.table.to_dict("records")], "proof": plain_proof(report.proof),
    }  # fmt: skip


def plain_proof(proof: Proof) -> dict[str, Any]:
    """The proof as plain Python: its numbers, and `folds` as one dict per past month (cut_off as text)."""
    folds = proof.folds.to_dict("records")
    return _plain({name: value for name, value in vars(proof).items() if name != "folds"}) | {
        "folds": [_plain(fold | {"cut_off": f"{fold['cut_off']:%Y-%m-%d}"}) for fold in folds]
    }


def data_sha256(frame: pd.DataFrame) -> str:
    """A hash of the outcomes that does not depend on their order or their row numbers."""
    content = frame.drop(columns=["lead_id"], errors="ignore")
    hashes = pd.util.hash_pandas_object(content, index=False, categorize=True)
    return hashlib.sha256(np.sort(hashes.to_numpy()).tobytes()).hexdigest()


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(key): _plain_value(value) for key, value in row.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, dict):
        return _plain(value)
    if value is None or (not isinstance(value, list | str) and pd.isna(value)):
        return None
    return value.item() if hasattr(value, "item") else value
