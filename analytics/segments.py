"""Where sales loses most: impact per segment, what is beyond chance in it, and rules found and checked.

A segment is the deals with one label of one field, or with two labels of two fields. Its impact counts; its
excess compares; whether either is more than chance is said beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pandas as pd

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
    closed = deals[deals["outcome"] != "open"]
    still_open = deals[deals["outcome"] == "open"]
    won = (closed["outcome"] == "won").to_numpy()
    days = np.asarray((closed["closed_on"] - closed["created_on"]).dt.days, dtype=np.float64)
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
            middle[name] = [_middle(part) for part in _split(days, codes, mask & known, len(labels))]
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
    closed = deals[deals["outcome"] != "open"].sort_values("deal_id", ignore_index=True)
    if len(closed) < 4 * FEWEST_IN_RULE:
        return pd.DataFrame(columns=RULE_COLUMNS)
    won = (closed["outcome"] == "won").to_numpy()
    held_out = np.random.default_rng(seed).random(len(closed)) < HOLD_OUT
    masks = _rules(closed, fields)
    names = [name for name, mask in masks.items() if (mask & ~held_out).sum() >= FEWEST_IN_RULE]
    p = np.array([_difference(won, masks[name], ~held_out)[1] for name in names])
    adjusted = benjamini_hochberg(p)
    rows = []
    for place in np.flatnonzero(adjusted <= Q):
        name = names[place]
        mask = masks[name]
        parts = name.split(" and ")
        if len(parts) == 2 and any(
            _difference(won, mask, ~held_out & masks[parent])[1] > Q for parent in parts
        ):
            continue
        points, _ = _difference(won, mask, ~held_out)
        kept, kept_p = _difference(won, mask, held_out)
        one_sided = kept_p / 2 if kept * points > 0 else 1 - kept_p / 2
        n, rest = int(mask.sum()), int((~mask).sum())
        k, k_rest = int(won[mask].sum()), int(won[~mask].sum())
        low, high = newcombe_interval(k, n, k_rest, rest)
        rows.append((name, n, k / n, k_rest / rest, 100 * (k / n - k_rest / rest), 100 * low, 100 * high,
                     float(p[place]), float(adjusted[place]), 100 * kept, float(one_sided), False))  # fmt: skip
    table = pd.DataFrame(rows, columns=RULE_COLUMNS)
    table = table.sort_values("p", ignore_index=True)
    agrees = _holm(table["kept_p"].to_numpy(dtype=float)) <= Q
    left = np.ones(len(closed), dtype=bool)
    standing: list[bool] = []
    for name, agreed in zip(table["rule"], agrees, strict=True):
        stands = bool(agreed) and _difference(won, masks[name], left)[1] <= Q
        if stands:
            left &= ~masks[name]
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


def _split(
    days: FloatArray, codes: npt.NDArray[np.intp], mask: npt.NDArray[np.bool_], labels: int
) -> list[FloatArray]:
    """The days of the masked deals per label, each part sorted."""
    days, codes = days[mask], codes[mask]
    order = np.lexsort((days, codes))
    ends = np.cumsum(np.bincount(codes, minlength=labels))
    return np.split(days[order], ends[:-1])


def _middle(sorted_days: FloatArray) -> tuple[float, float]:
    """(median, its standard error) of sorted values, the error from two order statistics (Price and Bonett 2001,
    J. Stat. Comput. Simul. 68, 295–305); NaN for none, an infinite error under five."""
    n = len(sorted_days)
    if n == 0:
        return float("nan"), float("nan")
    median = float((sorted_days[(n - 1) // 2] + sorted_days[n // 2]) / 2)
    if n < 5:
        return median, float("inf")
    place = max(1, round((n + 1) / 2 - np.sqrt(n)))
    z = NormalDist().inv_cdf(1 - _outside(n, place) / 2)
    return median, float((sorted_days[n - place] - sorted_days[place - 1]) / (2 * z))


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


def _rules(closed: pd.DataFrame, fields: Sequence[str]) -> dict[str, npt.NDArray[np.bool_]]:
    """Name → deals of every rule of one label and of two labels of two fields."""
    single = {
        field: {str(v): (closed[field] == v).to_numpy() for v in sorted(closed[field].dropna().unique())}
        for field in fields
    }
    masks = {f"{_called(f)} {v}": m for f, some in single.items() for v, m in some.items()}
    for f, g in combinations(fields, 2):
        masks |= {
            f"{_called(f)} {v} and {_called(g)} {w}": m & other
            for v, m in single[f].items()
            for w, other in single[g].items()
        }
    return masks


def _called(field: str) -> str:
    return field.replace("_", " ")


def _difference(
    won: npt.NDArray[np.bool_], mask: npt.NDArray[np.bool_], part: npt.NDArray[np.bool_]
) -> tuple[float, float]:
    """(rate inside − rate outside, two-sided p) within `part` of the deals."""
    k = np.array([won[part & mask].sum(), won[part & ~mask].sum()], dtype=float)
    n = np.array([(part & mask).sum(), (part & ~mask).sum()], dtype=float)
    if n.min() == 0:
        return 0.0, 1.0
    p = _against_the_rest(k, n)[0]
    return float(k[0] / n[0] - k[1] / n[1]), 1.0 if np.isnan(p) else float(p)


def _holm(p: FloatArray) -> FloatArray:
    """Adjusted p-values under which no rule is wrong in 95 % of cases (Holm 1979, Scand. J. Stat. 6, 65–70)."""
    order = np.argsort(p)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return adjusted
