"""A model for leads whose fields are declared in config/api.yaml: learned from those with an outcome, judged on the newest.

There are no weights to start from, so the base rate is the first opponent. The score is the chance in percent:

    score = 100 / (1 + exp(−z)), z = base + Σ log odds of each input's value

A reason gets the part of (score − score of the average lead) that its log odds have in the sum of all log odds. That is
what it adds on the straight way from the average lead to this one (Aumann and Shapley 1974), so reasons sum exactly.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.lead_model import Card, LeadModel, Term, chances, log_odds
from analytics.model_features import Candidate, leak_warnings, read_as
from analytics.model_fit import OTHERS, TELLING, Coded, Fitted
from analytics.model_gate import NOT_BETTER, TOO_LITTLE, gate
from analytics.model_report import Scored, compared, scorer_told
from analytics.penalised_logistic import FEWEST_DELIVERIES, fit_additive, platt
from analytics.rates import FloatArray
from analytics.signed_numbers import signed

KEYS = ("key", "started_on", "workflow")  # of a frame beside its fields
ENOUGH_SUCCESSES = 30  # among the leads that judge


@dataclass(frozen=True)
class SentTraining:
    """What a training found. status: proposed, not better or too little; why: the sentence; model: None where nothing could
    be learned; cut_off: the key of the newest lead that it was learned from. report: plain JSON, see `train_sent`."""

    status: str
    why: str
    model: LeadModel | None
    cut_off: str | None
    leads: int
    successes: int
    data_sha256: str
    report: dict[str, Any]


def train_sent(
    leads: pd.DataFrame,
    outcome: npt.ArrayLike,
    *,
    kind: str,
    seed: int,
    in_force: LeadModel | None = None,
    not_before: str | None = None,
) -> SentTraining:
    """A model learned from the older leads and held against what scores now (base rate, or `in_force`) on the newest third.

    `leads`: one row per lead with an outcome, oldest first: key (text that sorts as they came), started_on (datetime64),
    workflow (the kind) and the declared fields as they were first known. More than a third judges (up to half) until 30
    successes do. `not_before`: the key up to which the model in force had learned, which must not judge it. No outcome, or
    one kind of it only, is a sentence.

    report: judged, judged_deliveries (successes), base_rate, top; scorers (base rate, model and, if any, in force) and gains
    (now, base rate) as model_report.trained has them; inputs, warnings, carried, used.
    """
    hit = np.asarray(outcome, dtype=bool)
    digest = _data_sha256(leads, hit)
    wins, keys = int(hit.sum()), leads["key"].to_numpy(dtype="object").astype(str)
    cut = _cut(keys, hit)
    if cut is not None and not_before is not None:
        cut = max(cut, not_before)
    older = np.zeros(len(hit), dtype=bool) if cut is None else keys <= cut
    fitted, warnings = _fit(leads[older], hit[older], kind, seed)
    if fitted is None:
        some = int(hit[older].sum())
        why = (
            f"{wins:,} of {len(hit):,} leads with an outcome converted; the older ones, that are learned from, hold {some:,} of "
            f"{int(older.sum()):,}. {FEWEST_DELIVERIES} that converted and {FEWEST_DELIVERIES} that did not are needed among them."
        )
        return SentTraining(TOO_LITTLE, why, None, cut, int(older.sum()), some, digest, {})
    return _judged(leads, hit, older, fitted, warnings, kind, in_force, cut, seed, digest)


def reasons(leads: pd.DataFrame, model: LeadModel, *, kind: str) -> pd.DataFrame:
    """One row per lead: base_points (the score of the average lead) and `<reason>_points` each; their sum is the score,
    100 × the chance, to 1e-9."""
    odds = model.slope * log_odds(leads, model, workflow=kind)
    start = model.intercept + model.slope * model.cards[kind].base
    whole = odds.to_numpy().sum(axis=1)
    score, average = 100 * chances(leads, model, workflow=kind), 100 / (1 + np.exp(-start))
    flat = np.abs(whole) < 1e-9
    per_odds = np.where(flat, average * (1 - average / 100), (score - average) / np.where(flat, 1.0, whole))
    told = odds.mul(per_odds, axis=0).add_suffix("_points")
    told.insert(0, "base_points", average)
    return told


def _cut(keys: npt.NDArray[np.str_], hit: npt.NDArray[np.bool_]) -> str | None:
    """The key of the newest lead to learn from; None where nobody would be left on either side."""
    enough = int(np.searchsorted(np.cumsum(hit[::-1]), ENOUGH_SUCCESSES)) + 1
    many = min(max(len(keys) // 3, enough), len(keys) // 2)
    return str(keys[len(keys) - many - 1]) if many else None


def _fit(
    leads: pd.DataFrame, hit: npt.NDArray[np.bool_], kind: str, seed: int
) -> tuple[Fitted | None, pd.DataFrame]:
    fields = [str(name) for name in leads if name not in KEYS]
    filled = [name for name in fields if leads[name].notna().any()]
    candidates = [Candidate(name, read_as(name, leads[name].dropna()), (kind,)) for name in filled]
    warnings = leak_warnings(leads.drop(columns="key"), pd.Series(hit, index=leads.index), candidates)
    barred = set(warnings.loc[warnings["left_out"], "input"])
    where = np.full(len(leads), kind, dtype="object")
    coded = [Coded.of(leads, where, [one]) for one in candidates if one.reason not in barred]
    coded = [one for one in coded if one.block.size > 1]
    even = np.full(len(hit), 50.0)
    fit = fit_additive([one.block for one in coded], even, hit, seed=seed)
    if fit is None:
        return None, warnings
    told = [used >= TELLING for used in fit.parameters]
    if not all(told):
        coded = [one for one, tells in zip(coded, told, strict=True) if tells]
        fit = fit_additive([one.block for one in coded], even, hit, seed=seed)
        assert fit is not None  # the outcomes are the same
    base, terms = fit.base + fit.slope * 0.5, []
    for one, deviations, spreads in zip(coded, fit.deviations, fit.spreads, strict=True):
        mean = float(np.where(one.block.codes >= 0, deviations[one.block.codes], 0.0).mean())
        base += mean
        values = dict(zip(one.levels, np.round(deviations - mean, 9).tolist(), strict=True))
        other = values.pop(OTHERS, round(-mean, 9))
        spread = dict(zip(one.levels, np.round(spreads, 6).tolist(), strict=True))
        spread.pop(OTHERS, None)
        terms.append(Term(one.reason, one.parts, values, other, spread))
    slope, intercept = platt(fit.out_of_fold, hit)
    average = 1 / (1 + np.exp(-(intercept + slope * base)))
    per_logit = 100 * slope * average * (1 - average)  # points by which the score turns at the average lead
    model = LeadModel(
        {kind: Card(round(base, 9), tuple(terms))}, round(100 * float(average), 6), round(float(per_logit), 6), slope, intercept
    )  # fmt: skip
    table = pd.DataFrame(
        {
            "input": [one.reason for one in coded], "values": [one.block.size for one in coded],
            "parameters": list(fit.parameters), "spread": [per_logit * float(np.mean(spread)) for spread in fit.spreads],
        }
    ).sort_values("parameters", ascending=False, kind="stable", ignore_index=True)  # fmt: skip
    used = 1 + float(np.sum(fit.parameters))
    return Fitted(model, len(hit), int(hit.sum()), fit.carried, used, table), warnings


def _judged(
    leads: pd.DataFrame, hit: npt.NDArray[np.bool_], older: npt.NDArray[np.bool_], fitted: Fitted, warnings: pd.DataFrame,
    kind: str, in_force: LeadModel | None, cut: str | None, seed: int, digest: str,
) -> SentTraining:  # fmt: skip
    judges, won, rate = leads[~older], hit[~older], float(hit[older].mean())
    groups, top = np.full(len(won), kind), max(1, len(won) // 10)
    scorers: dict[str, Scored] = {"base rate": _by(np.full(len(won), rate))}
    scorers["model"] = _by(chances(judges, fitted.model, workflow=kind))
    if in_force is not None:
        scorers["in force"] = _by(chances(judges, in_force, workflow=kind))
    now = scorers.get("in force", scorers["base rate"])
    found = gate(won, now[0], scorers["model"][0], groups, top=top, seed=seed)
    report: dict[str, Any] = {
        "judged": len(won), "judged_deliveries": int(won.sum()), "carried": fitted.carried, "used": fitted.used,
        "base_rate": rate, "top": top, "inputs": fitted.inputs.to_dict("records"),
        "warnings": warnings.to_dict("records"), "gains": {}, "scorers": [],
    }  # fmt: skip
    if found.gain is not None:
        for name, first in (("now", now), ("base rate", scorers["base rate"])):
            report["gains"][name] = compared(won, groups, first, scorers["model"], top=top, seed=seed)
        report["scorers"] = [scorer_told(name, won, groups, scored, top) for name, scored in scorers.items()]
    plain = json.loads(json.dumps(report, default=lambda value: value.item()), parse_constant=lambda _: None)
    return SentTraining(
        found.word, _why(found.word, found.gain, won, in_force is not None), fitted.model, cut, fitted.leads,
        fitted.deliveries, digest, plain,
    )  # fmt: skip


def _by(chance: FloatArray) -> Scored:
    return 100 * chance, chance


def _why(word: str, gain: Any, won: npt.NDArray[np.bool_], is_held: bool) -> str:
    if gain is None:
        return (
            f"{int(won.sum())} of the {len(won):,} newest leads with an outcome converted: too few to compare scores; "
            f"{FEWEST_DELIVERIES} are needed, and as many that did not."
        )
    against = "the model in force" if is_held else "the base rate, which knows no order"
    sentence = (
        f"On the {len(won):,} newest leads with an outcome, of which {int(won.sum())} converted, the AUC goes from "
        f"{gain.auc_current:.3f} ({against}) to {gain.auc_suggested:.3f} ({signed(gain.auc_gain, 3)}, 95 % from {signed(gain.auc_low, 3)} "
        f"to {signed(gain.auc_high, 3)})"
    )
    return (
        f"{sentence}; at least +0.02 and an interval above 0 are needed."
        if word == NOT_BETTER
        else f"{sentence}."
    )


def _data_sha256(leads: pd.DataFrame, hit: npt.NDArray[np.bool_]) -> str:
    """A hash of leads, fields and outcomes, in the order they came."""
    names = sorted(map(str, leads))
    cells = leads[names].astype("object").where(leads[names].notna(), None)
    told = json.JSONEncoder(default=str).encode
    rows: Sequence[Any] = list(zip(*(cells[name].tolist() for name in names), hit.tolist(), strict=True))
    return hashlib.sha256("\n".join([told(names), *map(told, rows)]).encode("utf-8")).hexdigest()


def sent_frame(rows: Sequence[Mapping[str, Any]], fields: pd.DataFrame, *, kind: str) -> pd.DataFrame:
    """The frame that `train_sent` takes, of rows as stores.feedback.read_training_leads gives them and their fields."""
    when = pd.to_datetime([str(row["first_scored_at"])[:10] for row in rows], format="%Y-%m-%d")
    keys = [f"{row['first_scored_at']} {row['lead_id']}" for row in rows]
    return fields.assign(key=keys, started_on=when, workflow=kind)
