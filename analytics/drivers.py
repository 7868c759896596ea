"""What goes with winning: effects in percentage points, each tested, refuted where it can be, or called chance.

A field counts as a driver only when it stands four trials: its joint test after Benjamini–Hochberg over all
fields, the outcomes shuffled, a made-up driver with the same shares, and every quarter left out in turn. What
is known only when a deal closes describes and is kept apart. "Goes with" is all that is claimed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.driver_model import (
    Design,
    amount_effect,
    cross_validated_auc,
    deal_design,
    fit_deal_model,
    in_order,
    joint_test,
    label_effects,
)
from analytics.rates import FloatArray, benjamini_hochberg, chance_of, wilson_interval
from analytics.signed_numbers import signed

KNOWN_BEFORE = ("region", "industry", "product", "lead_source", "amount")
Q = 0.05
SHUFFLES, PLACEBOS = 199, 200
MOST_DEALS = 30_000  # more are thinned to so many, by seed: the intervals are narrow enough
MOST_PLACEBOS_FOUND = 0.10  # of 200 at 5 %: chance exceeds it once in a thousand
CHANCE = "not distinguishable from chance"
_Z = 1.959964


@dataclass(frozen=True)
class Drivers:
    """What was found. deals, won: the closed deals the model rests on (thinned: whether they are a sample).

    fields: one row per field: field, labels, p, adjusted (BH over fields), shuffled (share of shuffled
    outcomes that look as strong), placebo (share of made-up drivers found at 5 %), periods_kept (bool),
    found (bool), verdict (sentence). values: one row per label, and one for twice the amount: field, value,
    deals, won, rate, low, high (0–1), effect, effect_low, effect_high (points), p, adjusted (BH over all
    values), kept_low, kept_high (points: the range when each quarter is left out), found (bool), sentence.
    at_close: trait, sentence, p: descriptive. auc, auc_low, auc_high: cross-validated.
    """

    deals: int
    won: int
    thinned: bool
    fields: pd.DataFrame
    values: pd.DataFrame
    at_close: pd.DataFrame
    auc: float
    auc_low: float
    auc_high: float

    @property
    def found(self) -> pd.DataFrame:
        """The values that stand all trials, the largest effect first."""
        kept = self.values[self.values["found"]]
        return kept.reindex(kept["effect"].abs().sort_values(ascending=False).index)

    @property
    def sentence(self) -> str:
        """One sentence a person could read aloud."""
        if self.found.empty:
            return (
                f"Nothing known of the {self.deals:,} closed deals before they close goes with winning: every driver is "
                f"{CHANCE}."
            )
        first = self.found.iloc[0]
        more = len(self.found) - 1
        return str(first["sentence"]) + (
            f" {more} more {'value stands' if more == 1 else 'values stand'} out." if more else ""
        )


def find_drivers(
    deals: pd.DataFrame, *, fields: Sequence[str] = KNOWN_BEFORE, seed: int = 0
) -> Drivers | None:
    """The drivers of winning among closed deals; None where they are too few for the model.

    `deals` as DealFile.deals; open ones are left out. Same deals and seed, same result.
    """
    closed = in_order(deals[deals["outcome"].isin(["won", "lost"])])
    thinned = len(closed) > MOST_DEALS
    if thinned:
        picked = np.random.default_rng(seed).choice(len(closed), MOST_DEALS, replace=False)
        closed = closed.iloc[np.sort(picked)].reset_index(drop=True)
    design = deal_design(closed, fields)
    if design is None:
        return None
    values = _effects(design)
    left_out = _left_out(design)
    values["kept_low"] = left_out.min(axis=1)
    values["kept_high"] = left_out.max(axis=1)
    values["adjusted"] = benjamini_hochberg(values["p"].to_numpy())
    table = _fields(design, seed)
    table["periods_kept"] = [_periods_kept(values[values["field"] == field]) for field in table["field"]]
    table["found"] = (
        (table["adjusted"] <= Q)
        & (table["shuffled"] <= Q)
        & (table["placebo"] <= MOST_PLACEBOS_FOUND)
        & table["periods_kept"]
    )
    table["verdict"] = [_verdict(row) for row in table.to_dict("records")]
    stands = set(table.loc[table["found"], "field"])
    half = values["effect"] / 2
    steady = np.where(half > 0, values["kept_low"] >= half, values["kept_high"] <= half)
    candidates = values["field"].isin(stands) & (values["adjusted"] <= Q) & steady
    values["found"] = _of_their_own(design, values, candidates.to_numpy())
    values["sentence"] = [_sentence(row) for row in values.to_dict("records")]
    auc, low, high = cross_validated_auc(design, seed=seed)
    return Drivers(
        deals=len(closed),
        won=int(design.won.sum()),
        thinned=thinned,
        fields=table,
        values=values,
        at_close=known_at_close(closed),
        auc=auc,
        auc_low=low,
        auc_high=high,
    )


def known_at_close(closed: pd.DataFrame) -> pd.DataFrame:
    """What is known only when a deal closes: trait, sentence, p. It describes and is no driver."""
    from scipy.stats import chi2_contingency, mannwhitneyu

    rows = []
    days = (closed["closed_on"] - closed["created_on"]).dt.days
    won = closed["outcome"] == "won"
    if min(won.sum(), (~won).sum()) >= 10:
        p = float(mannwhitneyu(days[won], days[~won]).pvalue)
        chance = "" if p <= Q else f", {CHANCE}"
        rows.append((
            "days to close",
            f"Won deals took {days[won].median():g} days in the middle, lost ones {days[~won].median():g}{chance}.", p,
        ))  # fmt: skip
    counts = pd.crosstab(closed["stage"], won)
    counts = counts[counts.sum(axis=1) >= 30]
    if counts.shape[0] > 1 and counts.shape[1] == 2:
        p = float(chi2_contingency(counts).pvalue)
        rates = counts[True] / counts.sum(axis=1)
        told = f"from {100 * rates.min():.1f} % ({rates.idxmin()}) to {100 * rates.max():.1f} % ({rates.idxmax()})"
        rows.append((
            "last stage",
            f"The win rate by last stage runs {told}{'' if p <= Q else ', ' + CHANCE}.", p,
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=["trait", "sentence", "p"])


def _effects(design: Design) -> pd.DataFrame:
    from scipy.stats import norm

    model = fit_deal_model(design.matrix, design.won)
    rows = []
    for field in design.blocks:
        if field == "amount":
            effect, error = amount_effect(model, design)
            rows.append((field, "twice the amount", len(design.won), int(design.won.sum()), effect, error))
            continue
        effects, errors = label_effects(model, design, field)
        deals = np.bincount(design.codes[field], minlength=len(effects))
        won = np.bincount(design.codes[field], weights=design.won, minlength=len(effects))
        rows += [
            (field, label, int(n), int(k), float(e), float(s))
            for label, n, k, e, s in zip(design.labels[field], deals, won, effects, errors, strict=True)
        ]
    table = pd.DataFrame(rows, columns=["field", "value", "deals", "won", "effect", "error"])
    table["rate"] = table["won"] / table["deals"]
    table["low"], table["high"] = wilson_interval(table["won"], table["deals"])
    table["p"] = 2 * norm.sf(np.abs(table["effect"] / table["error"]))
    for column, sign in (("effect_low", -1), ("effect_high", 1)):
        table[column] = 100 * (table["effect"] + sign * _Z * table["error"])
    table["effect"] *= 100
    return table.drop(columns="error")


def _of_their_own(
    design: Design, values: pd.DataFrame, candidates: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """The candidates that stand out by themselves, and not only because a stronger one is among the others.

    Within a field the strongest comes first; each further one must differ from the labels that are left, at 5 %
    over all of these (Bonferroni), or one planted label would name a second by chance in every seventh world.
    """
    from scipy.stats import norm

    model = fit_deal_model(design.matrix, design.won)
    found = candidates.copy()
    for field in design.labels:
        rows = np.flatnonzero((values["field"] == field).to_numpy())
        order = sorted(np.flatnonzero(candidates[rows]), key=lambda place: values["p"].iloc[rows[place]])
        kept: list[int] = []
        for place in order:
            effects, errors = label_effects(model, design, field, without=kept)
            least = norm.isf(Q / 2 / max(len(effects) - len(kept), 1))
            stands = bool(abs(effects[place]) > least * errors[place]) if kept else True
            found[rows[place]] = stands
            kept += [int(place)] if stands else []
    return found


def _left_out(design: Design) -> FloatArray:
    """(values, quarters): each effect in points without the deals of one quarter."""
    columns = []
    names, counts = np.unique(design.quarters, return_counts=True)
    for quarter in names[counts >= 30]:
        kept = design.quarters != quarter
        if kept.sum() < 100:
            continue
        part = Design(
            design.matrix[kept], design.won[kept], design.blocks, design.labels,
            {field: codes[kept] for field, codes in design.codes.items()}, design.quarters[kept],
        )  # fmt: skip
        model = fit_deal_model(part.matrix, part.won)
        effects: list[float] = []
        for field in design.blocks:
            effects += (
                [amount_effect(model, part)[0]]
                if field == "amount"
                else label_effects(model, part, field)[0].tolist()
            )
        columns.append(100 * np.array(effects))
    if not columns:
        return np.full((sum(len(v) for v in design.labels.values()) + ("amount" in design.blocks), 1), np.nan)
    return np.column_stack(columns)


def _fields(design: Design, seed: int) -> pd.DataFrame:
    model = fit_deal_model(design.matrix, design.won)
    p = np.array([joint_test(model, columns) for columns in design.blocks.values()])
    table = pd.DataFrame(
        {
            "field": list(design.blocks),
            "labels": [len(design.labels.get(field, [])) or None for field in design.blocks],
            "p": p,
            "adjusted": benjamini_hochberg(p),
        }
    ).astype({"labels": "Int64"})
    table["shuffled"] = _shuffled(design, np.random.default_rng([seed, 1]))
    table["placebo"] = _placebo(design, np.random.default_rng([seed, 2]))
    return table


def _shuffled(design: Design, rng: np.random.Generator) -> list[float]:
    """Per field, the share of shuffled outcomes (and the real one) for which it looks at least as strong.

    Strength is the F-like statistic of the linear regression on the same columns: for thousands of deals it
    ranks as the logistic one does and takes one matrix product for all shuffles.
    """
    inverse = np.linalg.inv(design.matrix.T @ design.matrix + 1e-9 * np.eye(design.matrix.shape[1]))
    outcomes = np.column_stack([design.won, *(rng.permutation(design.won) for _ in range(SHUFFLES))])
    points = inverse @ (design.matrix.T @ outcomes)
    shares = []
    for columns in design.blocks.values():
        own = points[columns]
        strength = (own * np.linalg.solve(inverse[np.ix_(columns, columns)], own)).sum(axis=0)
        shares.append(float((strength >= strength[0] * (1 - 1e-9)).mean()))
    return shares


def _placebo(design: Design, rng: np.random.Generator) -> list[float]:
    """Per field, the share of made-up drivers (its own labels dealt out anew) that a test at 5 % finds.

    All fields are tried on the same 200 orders of the deals: each is judged by itself.
    """
    from scipy.stats import chi2

    orders = [rng.permutation(len(design.won)) for _ in range(PLACEBOS)]
    shares = []
    for field, columns in design.blocks.items():
        others = [c for c in range(design.matrix.shape[1]) if c not in columns]
        model = fit_deal_model(design.matrix[:, others], design.won)
        rest = design.won - chance_of(design.matrix[:, others] @ model.coefficients)
        spread = float(rest.var())
        if field == "amount":
            amount = design.matrix[:, columns[0]] / np.linalg.norm(design.matrix[:, columns[0]])
            sums = list((rest[np.array(orders)] @ amount)[:, None])
        else:
            codes = design.codes[field]
            root = np.sqrt(np.bincount(codes))
            sums = [np.bincount(codes, weights=rest[order]) / root for order in orders]
        most = float(chi2.isf(Q, max(len(sums[0]) - 1, 1)))
        shares.append(float(np.mean([(each**2).sum() > most * spread for each in sums])))
    return shares


def _periods_kept(values: pd.DataFrame) -> bool:
    """Whether the strongest effect of the field keeps at least half its size whichever quarter is left out."""
    strength = values["effect"].abs() / (values["effect_high"] - values["effect_low"])
    strongest = values.iloc[int(strength.to_numpy().argmax())]
    half = strongest["effect"] / 2
    return bool(strongest["kept_low"] >= half if half > 0 else strongest["kept_high"] <= half)


def _verdict(row: Mapping[Any, Any]) -> str:
    name = str(row["field"]).replace("_", " ").capitalize()
    if row["found"]:
        return f"{name} goes with winning; shuffled outcomes, made-up drivers and left-out quarters do not explain it away."
    if row["adjusted"] > Q:
        return f"{name} is {CHANCE}."
    return f"{name} looks like a driver but does not stand its trials; treated as {CHANCE}."


def _sentence(row: Mapping[Any, Any]) -> str:
    effect, low, high = (float(row[c]) for c in ("effect", "effect_low", "effect_high"))
    name = str(row["field"]).replace("_", " ")
    if not row["found"]:
        return f"{signed(effect, 1)} points ({signed(low, 1)} to {signed(high, 1)}), {CHANCE}."
    word = "more" if effect > 0 else "less"
    interval = f"95 % interval {signed(low, 1)} to {signed(high, 1)}"
    if name == "amount":
        return f"Twice the amount goes with winning {abs(effect):.1f} points {word} often ({interval})."
    return (
        f"Deals with {name} {row['value']} are won {abs(effect):.1f} points {word} often than otherwise alike deals "
        f"({interval})."
    )
