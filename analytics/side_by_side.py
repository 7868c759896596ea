"""Champion and challenger: every way of scoring gives every exported lead a score, silently; outcomes say who was right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.accuracy import BANDS
from analytics.backtest import auc, paired_gain
from analytics.calibration_table import Day
from analytics.lead_model import LeadModel, apply_model
from analytics.model_gate import Gate, gate
from errors import InputError
from icp import Icp
from icp_edit import ScoreChange, edit_scores
from lead_arrays import number_array
from lead_features import plain_values
from scoring import component_scores

LEAST_DAYS, MOST_DAYS = 30, 60
CHALLENGERS = {"model_score": "The model", "proposed_score": "The suggested scores"}
_HALF = 1_000_000  # more than any batch has: the better half of each counts as called first


@dataclass(frozen=True)
class LiveReport:
    """What live batches say. first_day, last_day: of the leads, missing (NaT) without any; batches, leads, deliveries.

    ways: one row per way of scoring, a random order last: way (text), auc, called (leads called first: the better half
    of each batch), deliveries (among those), low, high (95 %; of a random order only). gates: challenger → its gate
    against the weights on the same leads. waiting: leads that are still too young.
    """

    first_day: pd.Timestamp
    last_day: pd.Timestamp
    batches: int
    leads: int
    deliveries: int
    waiting: int
    ways: pd.DataFrame
    gates: Mapping[str, Gate]


def proposed_icp(icp: Icp, rows: Sequence[Mapping[str, Any]]) -> str | None:
    """The text of icp.yaml with every score that a calibration run says should move, or None where none should."""
    changes = [
        ScoreChange(row["dimension"], row["value"], int(row["suggested"]))
        for row in rows
        if row["verdict"] == "move" and not row["candidate"] and None not in (row["current"], row["suggested"])
        and row["suggested"] != row["current"]
    ]  # fmt: skip
    return edit_scores(icp.text, changes) if changes else None


def scored_every_way(
    ready: pd.DataFrame, icp: Icp, *, workflow: str, model: LeadModel | None, proposed: Icp | None
) -> pd.DataFrame:
    """One row per lead that goes out, in the order given: row_number, weights_score, model_score, proposed_score.

    `ready`: preflight's, whoever decided its scores. Each way's score is 0–100, rounded, with the lead's own factor;
    missing without that way. A lead of the exploration slice that the weights exclude has no score by them.
    """
    by_weights = ready["weights_score"] if "weights_score" in ready else ready["score"]
    found = pd.DataFrame({"row_number": ready["row_number"], "weights_score": by_weights.astype("Float64")})
    found["model_score"], found["proposed_score"] = pd.NA, pd.NA
    if model is not None:
        anyone = ready.assign(score=pd.array([0] * len(ready), dtype="Int64"))
        bare = anyone.drop(columns=[n for n in ("weights_score", "chance", "model_version") if n in anyone])
        found["model_score"] = apply_model(bare, model, workflow=workflow, version=0)["score"]
    if proposed is not None:
        weights = proposed.data["scoring"][workflow]["weights"]
        scores = component_scores(ready, proposed, workflow=workflow)
        total = sum(weight * scores[name].to_numpy() for name, weight in weights.items())
        exact = total * number_array(ready, "factor")
        found["proposed_score"] = np.minimum(np.floor(exact + 0.5 + 1e-9), 100.0)
    return found.astype({"weights_score": "Float64", "model_score": "Float64", "proposed_score": "Float64"})


def as_rows(scored: pd.DataFrame, *, model_version: int | None, run_id: int | None) -> list[tuple[Any, ...]]:
    """The tuples that stores.models.insert_side_by_side keeps."""
    columns = [
        plain_values(scored[name])
        for name in ("row_number", "weights_score", "model_score", "proposed_score")
    ]
    return [
        (row, weights, model_version, model, run_id, proposed)
        for row, weights, model, proposed in zip(*columns, strict=True)
    ]


def live_report(
    leads: pd.DataFrame,
    *,
    as_of: Day,
    days: int,
    maturity_days: int,
    outcome: str = "delivery",
    seed: int = 0,
) -> LiveReport:
    """How each way ranked the leads of the newest `days` days that can be judged.

    `leads`: stores.models.read_side_by_side. `outcome`: delivery, of leads old enough to judge; or appointment, an early
    sign, of the leads of the last `days` days that are 14 days old at least. Ranked within each batch. The newest model
    and the newest run in that time compete. InputError for fewer than 30 or more than 60 days.
    """
    if not LEAST_DAYS <= days <= MOST_DAYS:
        raise InputError(f"{LEAST_DAYS} to {MOST_DAYS} days of live batches were expected, got {days}.")
    day = pd.Timestamp(as_of)
    wait = maturity_days if outcome == "delivery" else 14
    known = leads[leads["started_on"] <= day]
    old = known[known["started_on"] <= day - pd.Timedelta(days=wait)]
    last = old["started_on"].max()
    some = old[old["started_on"] > last - pd.Timedelta(days=days)].reset_index(drop=True)
    hit = (some["delivered_on" if outcome == "delivery" else "appointment_on"] <= day).to_numpy(dtype=bool)
    batches = some["batch_id"].to_numpy(dtype="object").astype(str)
    ways: list[dict[str, Any]] = []
    gates: dict[str, Gate] = {}
    weights = _ranked(some["weights_score"])
    if len(some):
        ways.append(_way("The weights", hit, weights, batches))
    for column, name in CHALLENGERS.items():
        stamp = some["model_version" if column == "model_score" else "run_id"]
        there = (some[column].notna() & (stamp == stamp.max())).fillna(False).to_numpy(dtype=bool)
        if not there.any():
            continue
        scores = _ranked(some[column])
        gates[name] = gate(hit[there], weights[there], scores[there], batches[there], top=_HALF, seed=seed)
        ways.append(_way(name, hit[there], scores[there], batches[there]))
    if len(some):
        ways.append(_random(hit, batches))
    table = pd.DataFrame(ways, columns=["way", "auc", "called", "deliveries", "low", "high"])
    first = some["started_on"].min()
    return LiveReport(
        first, last, len(set(batches)), len(some), int(hit.sum()), len(known) - len(old), table, gates
    )


def compare_factors(
    scored: pd.DataFrame, factors: Mapping[str, float], *, delivered: npt.ArrayLike | None = None
) -> pd.DataFrame:
    """One row per factor on the same sample of leads: what it does to scores, and that it does nothing to their order.

    `scored`: leads of scoring.score_leads with their points, whatever factor they had. Columns: name, factor, leads, mean
    (score), low, fair, good, high (share in the bands 0–29, 30–49, 50–69, 70–100), tied_at_100, turned (pairs of leads
    whose order differs from the first factor's, ties apart: always 0), auc (missing without `delivered`). A lead without a score is left out. InputError for a
    factor outside 0–2.
    """
    strange = [value for value in factors.values() if not 0 <= value <= 2]
    if strange:
        raise InputError(f"Factors from 0 to 2 were expected, got {strange[0]:g}.")
    kept = scored["score"].notna().to_numpy()
    parts = [name for name in scored if str(name).endswith("_points") and name != "factor_points"]
    total = np.nan_to_num(scored.loc[kept, parts].to_numpy(dtype=float)).sum(
        axis=1
    )  # other workflows, other parts
    rows, first = [], None
    for name, factor in factors.items():
        score = np.clip(np.floor(total * factor + 0.5 + 1e-9), 0, 100)
        first = score if first is None else first
        shares = [
            float(np.mean((score >= low) & (score < end))) if len(score) else np.nan for low, end in BANDS
        ]
        area = np.nan if delivered is None else auc(score, np.asarray(delivered, dtype=bool)[kept])
        mean = float(score.mean()) if len(score) else np.nan
        rows.append(
            (name, factor, len(score), mean, *shares, int((score == 100).sum()), _turned(first, score), area)
        )
    return pd.DataFrame(
        rows,
        columns=[
            "name",
            "factor",
            "leads",
            "mean",
            "low",
            "fair",
            "good",
            "high",
            "tied_at_100",
            "turned",
            "auc",
        ],
    )


def _turned(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> int:
    """How many pairs of distinct scores stand the other way round, ties apart; of integers from 0 to 100."""
    counts = np.zeros((101, 101))
    np.add.at(counts, (first.astype(int), second.astype(int)), 1)
    below = counts.cumsum(axis=0) - counts  # of lower first scores, by second score
    worse = np.flip(np.flip(below, axis=1).cumsum(axis=1), axis=1) - below  # … whose second score is higher
    return int((counts * worse).sum())


def _ranked(scores: pd.Series) -> npt.NDArray[np.float64]:
    """The scores, −1 where there is none: such a lead would be called last."""
    return scores.fillna(-1.0).to_numpy(dtype=float)


def _way(
    name: str, hit: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64], batches: npt.NDArray[np.str_]
) -> dict[str, Any]:
    found = paired_gain(hit, scores, scores, batches, top=_HALF, seed=0, repeats=2)
    return {"way": name, "auc": found.auc_current, "called": found.top, "deliveries": found.top_current}


def _random(hit: npt.NDArray[np.bool_], batches: npt.NDArray[np.str_]) -> dict[str, Any]:
    """A random order, worked out: hypergeometric in each batch, summed (normal 95 %)."""
    called = mean = variance = 0.0
    for batch in np.unique(batches):
        own = hit[batches == batch]
        size, won, first = len(own), int(own.sum()), (len(own) + 1) // 2
        called, mean = called + first, mean + first * won / size
        if size > 1:
            variance += first * won / size * (1 - won / size) * (size - first) / (size - 1)
    half = 1.959964 * np.sqrt(variance)
    return {"way": "A random order", "auc": 0.5, "called": int(called), "deliveries": mean,
            "low": max(mean - half, 0.0), "high": min(mean + half, float(hit.sum()))}  # fmt: skip
