"""A training from end to end, without a database: what is learned from older leads, and judged on the newest ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.accuracy import band_rates
from analytics.backtest import PairedGain, paired_gain
from analytics.calibration_table import Day, known_outcomes
from analytics.lead_model import LeadModel, chances, log_odds
from analytics.model_features import HISTORY, candidate_inputs, leak_warnings, plain_features
from analytics.model_fit import Fitted, fit_model, points_by_weights
from analytics.model_gate import TOO_LITTLE, falls_behind, gate, newest_cut
from analytics.penalised_logistic import FEWEST_DELIVERIES
from analytics.rates import FloatArray, wilson_interval
from icp import WORKFLOWS, Icp

Scored = tuple[FloatArray, FloatArray]  # score 0–100, chance 0–1


@dataclass(frozen=True)
class Training:
    """What a training found. status: proposed, not better or too little; why: the sentence; model: None where nothing
    could be learned. report: plain JSON, see `trained`."""

    status: str
    why: str
    model: LeadModel | None
    cut_off: pd.Timestamp | None
    leads: int
    deliveries: int
    data_sha256: str
    report: dict[str, Any]


def matured_leads(
    leads: pd.DataFrame, kept: Sequence[Mapping[str, Any]], *, as_of: Day, maturity_days: int
) -> tuple[pd.DataFrame, pd.Series]:
    """(the leads old enough to judge on `as_of` with their features as first seen, whether each was delivered by then).

    `leads`, `kept`: stores.models.read_first_seen. A feature named like a column of `leads` is not taken.
    """
    known = known_outcomes(leads, as_of=as_of, maturity_days=maturity_days)
    judged = known.index[known["matured"]]
    features = plain_features([kept[place] for place in judged]).set_axis(judged)
    further = [name for name in features if name not in leads]
    delivered = known.loc[judged, "delivered"].astype(bool)
    seen = leads.loc[judged].assign(delivered_on=leads.loc[judged, "delivered_on"].where(delivered))
    return pd.concat([seen, features[further]], axis=1), delivered


def trained(
    leads: pd.DataFrame,
    kept: Sequence[Mapping[str, Any]],
    icp: Icp,
    *,
    as_of: Day,
    top: int,
    seed: int,
    in_force: Mapping[str, LeadModel] | None = None,
    not_before: pd.Timestamp | None = None,
) -> Training:
    """A model learned from the older matured leads and held against what scores now on the newest ones.

    `in_force`: workflow → the model a person approved (else the weights score it); `not_before`: the newest day of the
    leads that one was learned from. `top`: how many leads are called at once. What is stored is what was judged: the
    model is not fitted again afterwards. No outcome, or one kind only, is a sentence.

    report: judged, judged_deliveries, base_rate, top; scorers (weights, model and, if any, in force: name, auc, top_deliveries, lift, brier,
    bands, reliability); gains (of the model over what scores now, over the weights, and per workflow; each with intervals);
    inputs, warnings, carried, used.
    """
    days = int(icp.data["calibration"]["maturity_days"])
    known, delivered = matured_leads(leads, kept, as_of=as_of, maturity_days=days)
    digest = _data_sha256(known, delivered)
    wins = int(delivered.sum())
    cut = newest_cut(known, delivered, not_before=not_before)
    if min(wins, len(known) - wins) < FEWEST_DELIVERIES or cut is None:
        why = (
            f"{wins:,} deliveries of {len(known):,} leads that are old enough to judge are too little to learn from; "
            f"{FEWEST_DELIVERIES} deliveries and {FEWEST_DELIVERIES} leads without one are needed."
        )
        if cut is None and min(wins, len(known) - wins) >= FEWEST_DELIVERIES:
            why = "No exported lead is old enough to judge a model on yet, so that none was learned."
        return Training(TOO_LITTLE, why, None, cut, len(known), wins, digest, {})
    older = (known["started_on"].isna() | (known["started_on"] <= cut)).to_numpy()
    newest = (~older) & (known["workflow"] != HISTORY).to_numpy() & ~known["by_chance"].to_numpy()
    candidates = candidate_inputs(known[older], icp)
    warnings = leak_warnings(known[older], delivered[older], candidates)
    barred = set(warnings.loc[warnings["left_out"], "input"])
    used = [c for c in candidates if c.reason not in barred and c.part.column not in barred]
    fitted = fit_model(known[older], delivered[older], icp, used, seed=seed)
    if fitted is None:
        few = int(delivered[older].sum())
        why = (
            f"{few:,} deliveries of the {int(older.sum()):,} older leads are too little to learn from, once the newest ones "
            f"are kept to judge by; {FEWEST_DELIVERIES} deliveries and {FEWEST_DELIVERIES} leads without one are needed."
        )
        return Training(TOO_LITTLE, why, None, cut, int(older.sum()), few, digest, {})
    return _judged(
        known, delivered, older, newest, fitted, warnings, icp, in_force or {}, cut, top, seed, digest
    )


def behind(
    leads: pd.DataFrame,
    kept: Sequence[Mapping[str, Any]],
    icp: Icp,
    in_force: Mapping[str, tuple[LeadModel, pd.Timestamp | None]],
    *,
    as_of: Day,
    top: int,
    seed: int,
) -> dict[str, str]:
    """workflow → the warning that its model ranks worse than the weights; nothing for one that does not.

    `in_force`: workflow → model and the last day of the leads it was learned from; only newer matured leads judge it.
    """
    if not in_force:
        return {}
    known, delivered = matured_leads(
        leads, kept, as_of=as_of, maturity_days=int(icp.data["calibration"]["maturity_days"])
    )
    found = {}
    for workflow, (model, cut) in in_force.items():
        rows = (known["workflow"] == workflow) & ~known["by_chance"]
        if cut is not None:
            rows &= known["started_on"] > cut
        judges, hit = known[rows], delivered[rows].to_numpy(dtype=bool)
        weights, scores = points_by_weights(judges, icp), scored_by_model(judges, model)[0]
        warning = falls_behind(hit, weights, scores, np.zeros(len(hit)), top=top, seed=seed)
        if warning is not None:
            found[workflow] = warning
    return found


def scored_by_model(leads: pd.DataFrame, model: LeadModel) -> Scored:
    """The score (0–100, rounded) and the chance of leads by their workflow, missing for one the model has no card for."""
    score, chance = np.full(len(leads), np.nan), np.full(len(leads), np.nan)
    for workflow in model.cards:
        rows = (leads["workflow"] == workflow).to_numpy()
        if rows.any():
            total = log_odds(leads[rows], model, workflow=workflow).to_numpy().sum(axis=1)
            score[rows] = np.clip(np.floor(model.center + model.per_logit * total + 0.5 + 1e-9), 0, 100)
            chance[rows] = chances(leads[rows], model, workflow=workflow)
    return score, chance


def compared(
    delivered: npt.ArrayLike, groups: npt.ArrayLike, first: Scored, second: Scored, *, top: int, seed: int
) -> dict[str, Any]:
    """What the second score gains over the first on the same leads, as plain JSON.

    The fields of backtest.PairedGain, and brier_gain (lower squared error is a gain), brier_low, brier_high (paired, 95 %),
    lift_gain, lift_low, lift_high (of the leads called first, over the base rate).
    """
    hit = np.asarray(delivered, dtype=bool)
    gain = paired_gain(hit, first[0], second[0], groups, top=top, seed=seed)
    apart = (first[1] - hit) ** 2 - (second[1] - hit) ** 2
    half = 1.959964 * float(apart.std(ddof=1)) / np.sqrt(len(hit))
    called = gain.top * float(hit.mean())
    return gain._asdict() | {
        "brier_gain": float(apart.mean()), "brier_low": float(apart.mean() - half), "brier_high": float(apart.mean() + half),
        "lift_gain": gain.top_gain / called, "lift_low": gain.top_low / called, "lift_high": gain.top_high / called,
    }  # fmt: skip


def reliability(chance: FloatArray, delivered: npt.ArrayLike) -> pd.DataFrame:
    """One row per fifth of the leads by their chance: leads, deliveries, chance (mean), rate, low, high (Wilson)."""
    hit = np.asarray(delivered, dtype=bool)
    place = np.argsort(np.argsort(chance, kind="stable"), kind="stable") * 5 // max(len(chance), 1)
    rows = pd.DataFrame({"fifth": place, "chance": chance, "hit": hit}).groupby("fifth").agg(
        leads=("hit", "size"), deliveries=("hit", "sum"), chance=("chance", "mean")
    )  # fmt: skip
    low, high = wilson_interval(rows["deliveries"], rows["leads"])
    rates: pd.DataFrame = rows.assign(
        rate=rows["deliveries"] / rows["leads"], low=low, high=high
    ).reset_index(drop=True)
    return rates


def chances_by_points(points: FloatArray, delivered: npt.ArrayLike, others: FloatArray) -> FloatArray:
    """What the weights' points say as a chance: logistic regression on leads with outcomes, for `others`."""
    from sklearn.linear_model import LogisticRegression

    if np.ptp(points) == 0:
        return np.full(len(others), float(np.mean(np.asarray(delivered, dtype=float))))
    fit = LogisticRegression(C=100.0).fit(points[:, None] / 100, np.asarray(delivered, dtype=bool))
    chance: FloatArray = fit.predict_proba(others[:, None] / 100)[:, 1]
    return chance


def _judged(
    known: pd.DataFrame, delivered: pd.Series, older: npt.NDArray[np.bool_], newest: npt.NDArray[np.bool_], fitted: Fitted,
    warnings: pd.DataFrame, icp: Icp, in_force: Mapping[str, LeadModel], cut: pd.Timestamp, top: int, seed: int, digest: str,
) -> Training:  # fmt: skip
    judges, hit = known[newest], delivered[newest].to_numpy(dtype=bool)
    groups = judges["workflow"].to_numpy(dtype="object").astype(str)
    points = points_by_weights(judges, icp)
    learned = points_by_weights(known[older], icp)
    by_weights = (np.floor(points + 0.5 + 1e-9), chances_by_points(learned, delivered[older], points))
    by_model = scored_by_model(judges, fitted.model)
    now = (by_weights[0].copy(), by_weights[1].copy())
    for workflow, model in in_force.items():
        rows = groups == workflow
        theirs = scored_by_model(judges, model)
        now[0][rows], now[1][rows] = theirs[0][rows], theirs[1][rows]
    decided = gate(hit, now[0], by_model[0], groups, top=top, seed=seed)
    scorers = {"weights": by_weights, "model": by_model} | ({"in force": now} if in_force else {})
    report: dict[str, Any] = {
        "judged": len(hit), "judged_deliveries": int(hit.sum()), "carried": fitted.carried, "used": fitted.used,
        "base_rate": float(hit.mean()) if len(hit) else None, "top": top, "slope": fitted.model.slope,
        "inputs": fitted.inputs.to_dict("records"), "warnings": warnings.to_dict("records"), "gains": {}, "scorers": [],
    }  # fmt: skip
    if decided.gain is not None:
        pairs = {"now": (now, by_model), "weights": (by_weights, by_model)}
        for name, (first, second) in pairs.items():
            report["gains"][name] = compared(hit, groups, first, second, top=top, seed=seed)
        for workflow in WORKFLOWS:
            rows = groups == workflow
            if 0 < hit[rows].sum() < rows.sum():
                first, second = (now[0][rows], now[1][rows]), (by_model[0][rows], by_model[1][rows])
                found = compared(hit[rows], groups[rows], first, second, top=top, seed=seed)
                report["gains"][workflow] = found | {
                    "leads": int(rows.sum()),
                    "deliveries": int(hit[rows].sum()),
                }
        report["scorers"] = [scorer_told(name, hit, groups, scored, top) for name, scored in scorers.items()]
    plain = json.loads(json.dumps(report, default=_number), parse_constant=lambda _: None)
    return Training(
        decided.word, decided.why, fitted.model, cut, fitted.leads, fitted.deliveries, digest, plain
    )


def scorer_told(
    name: str, hit: npt.NDArray[np.bool_], groups: npt.NDArray[np.str_], scored: Scored, top: int
) -> dict[str, Any]:
    """What one way of scoring did on these leads, as plain numbers: name, auc, top, top_deliveries, lift, brier, bands and
    reliability (tables as records)."""
    score, chance = scored
    alone: PairedGain = paired_gain(hit, score, score, groups, top=top, seed=0, repeats=2)
    return {
        "name": name, "auc": alone.auc_current, "top": alone.top, "top_deliveries": alone.top_current,
        "lift": alone.top_current / alone.top / hit.mean(), "brier": float(((chance - hit) ** 2).mean()),
        "bands": band_rates(score, hit).to_dict("records"),
        "reliability": reliability(chance, hit).to_dict("records"),
    }  # fmt: skip


def _number(value: Any) -> Any:
    return value.item()


def _data_sha256(known: pd.DataFrame, delivered: pd.Series) -> str:
    """A hash of leads, features and outcomes that does not depend on their order or their row numbers."""
    cells = known.drop(columns=["lead_id"]).assign(delivered=delivered)
    cells = cells[sorted(map(str, cells))].astype("object").where(cells.notna(), None)
    names, told = list(cells), json.JSONEncoder(default=str).encode
    rows = zip(*(cells[name].tolist() for name in names), strict=True)
    lines = sorted(told(dict(zip(names, row, strict=True))) for row in rows)
    return hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()
