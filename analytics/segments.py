"""Where sales loses most: impact per segment, what is beyond chance in it, and rules found and checked.

A segment is the deals with one label of one field, or with two labels of two fields. Its impact counts; its
excess compares; whether either is more than chance is said beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.driver_model import in_order
from analytics.rates import FloatArray, benjamini_hochberg, wilson_interval

SEGMENT_FIELDS = ("region", "industry", "product", "lead_source")
Q = 0.05
FEWEST_IN_RULE = 50  # closed deals of a rule in the part where it is looked for
HOLD_OUT = 0.4
_Z = 1.959964
RULE_COLUMNS = [
    "rule", "deals", "rate", "rest_rate", "points", "low", "high", "p", "adjusted", "kept_points", "kept_p", "found",
]  # fmt: skip


def segment_table(deals: pd.DataFrame, *, fields: Sequence[str] = SEGMENT_FIELDS) -> pd.DataFrame:
    """One row per field and label that closed deals have, the greatest impact first within its field.

    Columns: field, value, deals (closed), won, rate, low, high (0–1, Wilson), impact (Segment Impact Score:
    deals × (1 − win rate), the plain count of lost deals), excess, excess_low, excess_high (deals × (overall
    win rate − win rate): wins missing against the average, from Wilson's ends), open_deals, open_amount,
    at_risk, at_risk_low, at_risk_high (open amount × loss rate; missing without amounts), won_days, lost_days
    (median days to close), gap (Cycle–Outcome Gap: lost − won), gap_low, gap_high (Price and Bonett 2002), p
    (two-sided, against the other labels of the field), adjusted (BH over all rows).
    """
    is_open = (deals["outcome"] == "open").to_numpy()
    closed = deals.loc[~is_open, [*fields, "outcome", "created_on", "closed_on"]]
    still_open = deals.loc[is_open, [*fields, "amount"]]
    won = (closed["outcome"] == "won").to_numpy()
    days = (closed["closed_on"] - closed["created_on"]).to_numpy(dtype="timedelta64[D]").astype(np.int64)
    tables = []
    for field in fields:
        places, labels = pd.factorize(closed[field], sort=True)
        codes: npt.NDArray[np.intp] = places
        if not len(labels):
            continue
        known = codes >= 0
        n = np.bincount(codes[known], minlength=len(labels))
        k = np.bincount(codes[known & won], minlength=len(labels))
        table = pd.DataFrame({"field": field, "value": labels.astype("str"), "deals": n, "won": k})
        table["open_deals"] = (
            still_open[field].value_counts().reindex(labels, fill_value=0).to_numpy(dtype="int64")
        )
        sums = still_open.groupby(field)["amount"].sum(min_count=1).reindex(labels)
        table["open_amount"] = np.where(table["open_deals"] == 0, 0.0, sums.to_numpy(dtype=float))
        table["p"] = _against_the_rest(k, n)
        middle = {}
        for name, mask in (("won", won), ("lost", ~won)):
            middle[name] = [_middle(counts) for counts in _by_day(days, codes, mask & known, len(labels))]
            table[f"{name}_days"] = [m for m, _ in middle[name]]
        spread = [
            _Z * float(np.hypot(a, b)) for (_, a), (_, b) in zip(middle["won"], middle["lost"], strict=True)
        ]
        table["gap"] = table["lost_days"] - table["won_days"]
        table["gap_low"], table["gap_high"] = table["gap"] - spread, table["gap"] + spread
        with np.errstate(invalid="ignore", divide="ignore"):
            off = np.abs(table["gap"].to_numpy()) / (np.array(spread) / _Z)
        table["gap_p"] = [np.nan if np.isnan(z) else 2 * (1 - NormalDist().cdf(z)) for z in off]
        tables.append(table)
    if not tables:
        return _with_rates(
            pd.DataFrame(columns=["field", "value", "deals", "won", "open_amount", "p", "gap_p"]), 0.0
        )
    together = pd.concat(tables, ignore_index=True)
    together = _with_rates(together, float(won.mean()))
    order = together.assign(place=together["field"].map({f: i for i, f in enumerate(fields)}))
    return together.loc[
        order.sort_values(["place", "impact", "value"], ascending=[True, False, True]).index
    ].reset_index(drop=True)


def found_rules(
    deals: pd.DataFrame, *, fields: Sequence[str] = SEGMENT_FIELDS, seed: int = 0
) -> pd.DataFrame:
    """One row per rule that differs from the other deals in the part where rules are looked for (60 % by seed).

    Columns RULE_COLUMNS: rule (`region India` or `region India and product Core`), deals, rate, rest_rate (0–1),
    points (difference to all other deals), low, high (95 %, Newcombe), p, adjusted (BH over all rules tried),
    kept_points, kept_p (one-sided, in the 40 % held out), found (bool: adjusted ≤ 5 %, and the held-out deals
    agree after Holm). A rule of two labels must also differ from what is left of each of its labels, and each
    further rule from the deals that the ones before it leave. Empty where nothing differs, as chance should.
    """
    closed = in_order(deals.loc[deals["outcome"] != "open", ["deal_id", *fields, "outcome"]])
    if len(closed) < 4 * FEWEST_IN_RULE:
        return pd.DataFrame(columns=RULE_COLUMNS)
    won = (closed["outcome"] == "won").to_numpy()
    held_out = np.random.default_rng(seed).random(len(closed)) < HOLD_OUT
    coded = {field: _coded(closed[field]) for field in fields}
    rules = _rules(coded, won, held_out)
    seen = (int(won[~held_out].sum()), int((~held_out).sum()))
    kept = (int(won.sum()) - seen[0], len(won) - seen[1])
    names = [name for name, rule in rules.items() if rule.n >= FEWEST_IN_RULE]
    p = np.array([_difference(rules[name].k, rules[name].n, *seen)[1] for name in names])
    adjusted = benjamini_hochberg(p)
    rows = []
    for place in np.flatnonzero(adjusted <= Q):
        rule = rules[names[place]]
        if any(
            _difference(rule.k, rule.n, rules[parent].k, rules[parent].n)[1] > Q for parent in rule.parents
        ):
            continue
        points, _ = _difference(rule.k, rule.n, *seen)
        kept_points, kept_p = _difference(rule.kept_k, rule.kept_n, *kept)
        one_sided = kept_p / 2 if kept_points * points > 0 else 1 - kept_p / 2
        k, n = rule.k + rule.kept_k, rule.n + rule.kept_n
        k_rest, rest = seen[0] + kept[0] - k, seen[1] + kept[1] - n
        low, high = newcombe_interval(k, n, k_rest, rest)
        rows.append((names[place], n, k / n, k_rest / rest, 100 * (k / n - k_rest / rest), 100 * low, 100 * high,
                     float(p[place]), float(adjusted[place]), 100 * kept_points, float(one_sided), False))  # fmt: skip
    table = pd.DataFrame(rows, columns=RULE_COLUMNS)
    table = table.sort_values("p", ignore_index=True)
    agrees = _holm(table["kept_p"].to_numpy(dtype=float)) <= Q
    left = np.ones(len(closed), dtype=bool)
    standing: list[bool] = []
    for name, agreed in zip(table["rule"], agrees, strict=True):
        mask = np.logical_and.reduce([coded[field][1] == code for field, code in rules[name].labels])
        inside = mask & left
        counts = (int(won[inside].sum()), int(inside.sum()), int(won[left].sum()), int(left.sum()))
        stands = bool(agreed) and _difference(*counts)[1] <= Q
        if stands:
            left &= ~mask
        standing.append(stands)
    table["found"] = np.array(standing, dtype=bool)
    return table.sort_values(["found", "p"], ascending=[False, True], ignore_index=True)


def newcombe_interval(k1: int, n1: int, k2: int, n2: int) -> tuple[float, float]:
    """95 % interval of k1/n1 − k2/n2 from Wilson's ends (Newcombe 1998, Stat Med 17, 873–890, method 10)."""
    low, high = wilson_interval([k1, k2], [n1, n2])
    a, b = k1 / n1, k2 / n2
    down = np.hypot(a - low[0], high[1] - b)
    up = np.hypot(high[0] - a, b - low[1])
    return float(a - b - down), float(a - b + up)


def stage_table(deals: pd.DataFrame) -> pd.DataFrame:
    """One row per stage: stage, closed, won, rate, low, high, open_deals, open_days (median age while open, needs
    the newest date in the deals as today). The stage of a closed deal is its last one: it describes.
    """
    newest = max(day for day in (deals["created_on"].max(), deals["closed_on"].max()) if not pd.isna(day))
    age = (newest - deals["created_on"]).dt.days.where(deals["outcome"] == "open")
    table = (
        deals.assign(is_won=deals["outcome"] == "won", is_open=deals["outcome"] == "open", age=age)
        .groupby("stage", sort=True)
        .agg(all=("is_won", "size"), won=("is_won", "sum"), open_deals=("is_open", "sum"), open_days=("age", "median"))
        .reset_index()
    )  # fmt: skip
    table.insert(1, "closed", table.pop("all") - table["open_deals"])
    table["rate"] = table["won"] / table["closed"].where(table["closed"] > 0)
    table["low"], table["high"] = wilson_interval(table["won"], table["closed"])
    return table


def _with_rates(table: pd.DataFrame, overall: float) -> pd.DataFrame:
    n = table["deals"].astype(float)
    table["rate"] = table["won"] / n
    table["low"], table["high"] = wilson_interval(table["won"].astype(float), n)
    table["impact"] = table["deals"] - table["won"]
    table["excess"] = n * (overall - table["rate"])
    table["excess_low"], table["excess_high"] = n * (overall - table["high"]), n * (overall - table["low"])
    for name, rate in (("at_risk", "rate"), ("at_risk_low", "high"), ("at_risk_high", "low")):
        table[name] = table["open_amount"] * (1 - table[rate])
    for name in ("", "gap_"):
        table[f"{name}adjusted"] = benjamini_hochberg(table[f"{name}p"].astype(float).to_numpy())
    return table


def _by_day(
    days: npt.NDArray[np.int64], codes: npt.NDArray[np.intp], mask: npt.NDArray[np.bool_], labels: int
) -> npt.NDArray[np.int64]:
    """(labels, days from 0 on): how many of the masked deals of each label took so many days."""
    wide = int(days.max(initial=0)) + 1
    counts = np.bincount(codes[mask] * wide + days[mask], minlength=labels * wide)
    return counts.reshape(labels, wide).astype(np.int64)


def _middle(counts: npt.NDArray[np.int64]) -> tuple[float, float]:
    """(median, its standard error) of days that occur so often, the error from two order statistics (Price and Bonett
    2001, J. Stat. Comput. Simul. 68, 295–305); NaN for none, an infinite error under five."""
    upto = np.cumsum(counts)
    n = int(upto[-1])
    if n == 0:
        return float("nan"), float("nan")

    def at(place: int) -> int:
        return int(np.searchsorted(upto, place, side="right"))

    median = (at((n - 1) // 2) + at(n // 2)) / 2
    if n < 5:
        return median, float("inf")
    place = max(1, round((n + 1) / 2 - np.sqrt(n)))
    z = NormalDist().inv_cdf(1 - _outside(n, place) / 2)
    return median, float((at(n - place) - at(place - 1)) / (2 * z))


def _outside(n: int, place: int) -> float:
    """Probability that the median lies outside the order statistics `place` and n − place + 1."""
    from scipy.special import bdtr

    return float(2 * bdtr(place - 1, n, 0.5))


def _against_the_rest(won: npt.ArrayLike, deals: npt.ArrayLike) -> FloatArray:
    """Two-sided p-values of each label against the other labels of its field: score test of two proportions."""
    from scipy.stats import norm

    k, n = np.asarray(won, dtype=float), np.asarray(deals, dtype=float)
    rest_n, rate = n.sum() - n, k.sum() / n.sum()
    if not 0 < rate < 1:
        return np.full(len(n), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (k / n - (k.sum() - k) / rest_n) / np.sqrt(rate * (1 - rate) * (1 / n + 1 / rest_n))
    return np.where((n > 0) & (rest_n > 0), 2 * norm.sf(np.abs(z)), np.nan)


class _Rule(NamedTuple):
    """Deals won and closed of a rule where rules are looked for (k, n) and in the part held out; its labels as (field,
    code), and the names of the rules of one label that it is made of."""

    k: int
    n: int
    kept_k: int
    kept_n: int
    labels: tuple[tuple[str, int], ...]
    parents: tuple[str, ...] = ()


def _coded(values: pd.Series) -> tuple[list[str], npt.NDArray[np.intp]]:
    """(labels by name, place of each deal's label, one more than there are where it has none)."""
    codes, labels = pd.factorize(values, sort=True)
    return [str(label) for label in labels], np.where(codes < 0, len(labels), codes)


def _rules(
    coded: Mapping[str, tuple[list[str], npt.NDArray[np.intp]]],
    won: npt.NDArray[np.bool_],
    held_out: npt.NDArray[np.bool_],
) -> dict[str, _Rule]:
    """Name → counts of every rule of one label and of two labels of two fields; counted in one pass per pair of fields."""
    part = held_out.astype(np.intp) * 2 + won

    def counted(key: npt.NDArray[np.intp], cells: int) -> npt.NDArray[np.int64]:
        return np.bincount(key * 4 + part, minlength=cells * 4).reshape(cells, 4)

    def rule(cell: npt.NDArray[np.int64], *rest: Any) -> _Rule:
        lost, k, kept_lost, kept_k = (int(number) for number in cell)
        return _Rule(k, k + lost, kept_k, kept_k + kept_lost, *rest)

    rules = {
        f"{_called(field)} {label}": rule(cell, ((field, at),))
        for field, (labels, codes) in coded.items()
        for at, (label, cell) in enumerate(zip([*labels, ""], counted(codes, len(labels) + 1), strict=True))
        if at < len(labels)
    }
    for f, g in combinations(coded, 2):
        (rows, first), (columns, second) = coded[f], coded[g]
        cells = counted(first * (len(columns) + 1) + second, (len(rows) + 1) * (len(columns) + 1))
        for at, row in enumerate(rows):
            for beside, column in enumerate(columns):
                one, other = f"{_called(f)} {row}", f"{_called(g)} {column}"
                rules[f"{one} and {other}"] = rule(
                    cells[at * (len(columns) + 1) + beside], ((f, at), (g, beside)), (one, other)
                )
    return rules


def _called(field: str) -> str:
    return field.replace("_", " ")


def _difference(k: int, n: int, k_all: int, n_all: int) -> tuple[float, float]:
    """(rate inside − rate outside, two-sided p) of k of n deals won among k_all of n_all."""
    if not 0 < n < n_all:
        return 0.0, 1.0
    p = _against_the_rest([k, k_all - k], [n, n_all - n])[0]
    return float(k / n - (k_all - k) / (n_all - n)), 1.0 if np.isnan(p) else float(p)


def _holm(p: FloatArray) -> FloatArray:
    """Adjusted p-values under which no rule is wrong in 95 % of cases (Holm 1979, Scand. J. Stat. 6, 65–70)."""
    order = np.argsort(p)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return adjusted
