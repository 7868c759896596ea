"""Tuning factors: what outcomes say a segment's factor should be, and what a factor does to scores and ranking.

A score of 70 claims a rate of 70 % of the best. A factor multiplies that claim for a whole segment, so the factor that
outcomes ask for is the segment's deliveries over those that its points alone lead one to expect: the standardised
ratio (Breslow and Day 1987, Statistical Methods in Cancer Research II, chapter 2), with the exact Poisson interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml

from analytics.rates import FloatArray
from errors import ConfigError, InputError

LOWEST, HIGHEST = 0.0, 2.0
RECOMMENDED = (0.9, 1.1)
FEWEST_EXPECTED = 10.0  # expected deliveries of a segment before its factor is judged
PRIOR_DELIVERIES = 20.0  # how many deliveries the belief "the factor is 1" weighs: a spread of about 0.22
INSIDE, BELOW, ABOVE, TOO_FEW = "inside", "below", "above", "too little"
MOVE, HOLD = "move", "hold"
_SHIPPED = Path(__file__).resolve().parents[1] / "config" / "tuning.yaml"


@dataclass(frozen=True)
class TuningRules:
    """tuning.yaml: segment → (low, high) of its expected average score; where outliers begin."""

    expected: Mapping[str, tuple[float, float]]
    low_score: float
    high_score: float


def read_tuning_rules(config_dir: Path) -> TuningRules:
    """The rules of tuning.yaml in `config_dir`, of the shipped one where it has none; ConfigError names the key."""
    path = config_dir / "tuning.yaml"
    try:
        data = yaml.safe_load((path if path.exists() else _SHIPPED).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(
            "config/tuning.yaml was expected to be YAML, but cannot be read. Mend it."
        ) from error
    data = data if isinstance(data, dict) else {}
    bands = data.get("expected") or {}
    if not isinstance(bands, dict):
        raise ConfigError("expected of config/tuning.yaml was expected to have a band per segment.")
    expected = {str(name): _band(str(name), band) for name, band in bands.items()}
    low, high = (_score(data.get(name), name) for name in ("low_score", "high_score"))
    if low > high:
        raise ConfigError(
            "low_score of config/tuning.yaml was expected to be at most high_score. Mend one of them."
        )
    return TuningRules(expected, low, high)


def segment_averages(scores: pd.Series, segments: pd.Series, rules: TuningRules) -> pd.DataFrame:
    """One row per segment of `rules` and of the leads: segment, leads, average, low, high (95 %, by Student's t; missing
    with fewer than two leads), expected_low, expected_high (missing for a segment without a band), status.

    status: inside, below, above (the whole interval lies on one side of the band, or overlaps it), too little, or
    missing without a band. Leads without a score are left out.
    """
    from scipy.stats import t

    rows: list[tuple[Any, ...]] = []
    known = scores.notna() & segments.notna()
    grouped = scores[known].astype("float64").groupby(segments[known])
    names = dict.fromkeys([*rules.expected, *sorted(str(name) for name in grouped.groups)])
    for name in names:
        some = grouped.get_group(name) if name in grouped.groups else pd.Series(dtype="float64")
        count, average = len(some), float(some.mean()) if len(some) else np.nan
        half = t.ppf(0.975, count - 1) * some.std() / np.sqrt(count) if count > 1 else np.nan
        band = rules.expected.get(name)
        status = None
        if band is not None:
            status = TOO_FEW if count < 2 else INSIDE
            status = BELOW if average + half < band[0] else ABOVE if average - half > band[1] else status
        rows.append(
            (name, count, average, average - half, average + half, *(band or (np.nan, np.nan)), status)
        )
    return pd.DataFrame(
        rows,
        columns=["segment", "leads", "average", "low", "high", "expected_low", "expected_high", "status"],
    )


def suggested_factors(cases: pd.DataFrame, factors: Mapping[str, float]) -> pd.DataFrame:
    """One row per segment of `factors`: what its factor should be, as far as outcomes say.

    `cases` has one row per lead old enough to judge: segment, points (the score before any factor and rounding), hit
    (bool); rows with a missing one are left out. Columns: segment, leads, deliveries, expected (deliveries that the
    points alone lead one to expect, from a logistic regression over all segments), current, suggested (deliveries and
    expected with 20 more of either, 0 to 2 at two decimals; missing where nothing is expected), low, high (of the plain
    ratio, exact; Garwood 1936, Biometrika 28), verdict (move: the current factor lies outside; hold; too little: fewer
    than 10 deliveries are expected), why. No case gives each segment with no leads.
    """
    known = cases[cases["points"].notna() & cases["segment"].notna() & cases["hit"].notna()]
    chance = _expected(known["points"].to_numpy(dtype=float), known["hit"].to_numpy(dtype=bool))
    rows = []
    for segment, current in factors.items():
        inside = (known["segment"] == segment).to_numpy(dtype=bool)
        deliveries, expected = (
            int(known["hit"].to_numpy(dtype=bool)[inside].sum()),
            float(chance[inside].sum()),
        )
        low, high = poisson_interval(deliveries)
        ratio = (low / expected, high / expected) if expected > 0 else (0.0, np.inf)
        suggested = (deliveries + PRIOR_DELIVERIES) / (expected + PRIOR_DELIVERIES)
        suggested = round(min(max(suggested, LOWEST), HIGHEST), 2) if inside.any() else np.nan
        word = TOO_FEW if expected < FEWEST_EXPECTED else HOLD if ratio[0] <= current <= ratio[1] else MOVE
        why = _why(word, int(inside.sum()), deliveries, expected, ratio, float(current))
        rows.append(
            (segment, int(inside.sum()), deliveries, expected, float(current), suggested, *ratio, word, why)
        )
    return pd.DataFrame(rows, columns=[
        "segment", "leads", "deliveries", "expected", "current", "suggested", "low", "high", "verdict", "why"])  # fmt: skip


def poisson_interval(count: int) -> tuple[float, float]:
    """The exact 95 % interval of the mean of a Poisson count (Garwood 1936): for 0 from 0 to 3.69."""
    from scipy.stats import chi2

    low = float(chi2.ppf(0.025, 2 * count) / 2) if count else 0.0
    return low, float(chi2.ppf(0.975, 2 * count + 2) / 2)


def factored(points: npt.ArrayLike, factor: float) -> FloatArray:
    """The scores of these points under a factor: at most 100, rounded half up, as scoring does."""
    if not LOWEST <= factor <= HIGHEST:
        raise InputError(
            f"A factor from {LOWEST:g} to {HIGHEST:g} was expected, got {factor:g}. 1 changes nothing."
        )
    scores: FloatArray = np.minimum(np.floor(np.asarray(points, dtype=float) * factor + 0.5 + 1e-9), 100.0)
    return scores


def ranking_effect(points: npt.ArrayLike, current: float, factor: float) -> tuple[int, str]:
    """How many more leads are tied at 100 under `factor` than under `current`, and a sentence on the ranking.

    Within one segment a factor keeps the order of all leads; only ties at 100, by rounding and at 0 can change.
    """
    values = np.asarray(points, dtype=float)
    values = values[~np.isnan(values)]
    at_top = int((factored(values, factor) >= 100).sum()) - int((factored(values, current) >= 100).sum())
    if factor == 0:
        return (
            at_top,
            f"A factor of 0 gives all {len(values):,} leads of the segment the same score: nothing is ranked any more.",
        )
    tied = (
        f"{abs(at_top):,} leads {'now tied at' if at_top >= 0 else 'no longer at'} 100"
        if at_top
        else "nobody new is tied at 100"
    )
    return (
        at_top,
        f"Ranking within the segment unchanged, {tied}. Against other segments all its leads move together.",
    )


def _expected(points: FloatArray, hit: npt.NDArray[np.bool_]) -> FloatArray:
    """The chance of each lead from its points alone; the rate of all where the points cannot tell."""
    if not len(points) or hit.all() or not hit.any() or np.ptp(points) == 0:
        return np.full(len(points), hit.mean() if len(points) else 0.0)
    from sklearn.linear_model import LogisticRegression

    chance: FloatArray = (
        LogisticRegression(C=1e4).fit(points[:, None] / 100, hit).predict_proba(points[:, None] / 100)[:, 1]
    )
    return chance


def _why(
    word: str, leads: int, deliveries: int, expected: float, ratio: tuple[float, float], current: float
) -> str:
    counted = (
        f"{deliveries:,} of {leads:,} leads were delivered; their points lead one to expect {expected:.1f}"
    )
    if word == TOO_FEW:
        return f"{counted}. At least {FEWEST_EXPECTED:g} expected deliveries are needed to judge a factor."
    ends = f"a factor from {ratio[0]:.2f} to {ratio[1]:.2f}"
    if word == MOVE:
        return f"{counted}: {ends}, and the {current:g} in force does not fit."
    return f"{counted}: {ends}, which holds the {current:g} in force."


def _band(name: str, band: Any) -> tuple[float, float]:
    if not isinstance(band, dict) or set(band) != {"low", "high"}:
        raise ConfigError(f"expected.{name} of config/tuning.yaml was expected to have low and high.")
    low, high = (_score(band[end], f"expected.{name}.{end}") for end in ("low", "high"))
    if low > high:
        raise ConfigError(
            f"expected.{name} of config/tuning.yaml was expected to run from low to high. Swap them."
        )
    return low, high


def _score(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise ConfigError(
            f"{name} of config/tuning.yaml was expected to be a number from 0 to 100, got {value!r}."
        )
    return float(value)
