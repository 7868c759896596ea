"""How right a score was: what it promised beside what came of it, for leads or deals that can be judged.

Everything here counts finished cases only: leads old enough to judge, or closed deals. What was never exported
has no outcome, so that recall is over the exported alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.rates import FloatArray, benjamini_hochberg, wilson_interval
from errors import InputError

BANDS = ((0, 30), (30, 50), (50, 70), (70, 101))  # 0–29, 30–49, 50–69, 70–100
CONFIDENCES = ("High", "Medium", "Low")
FEWEST_HITS = 10  # successes, and as many failures, before anything is said about the ranking
FEWEST_IN_PATTERN = 20  # high-scored or low-scored cases with a trait before it is tested
Q = 0.05  # share of false patterns that is accepted, after Benjamini–Hochberg


@dataclass(frozen=True)
class Accuracy:
    """What `accuracy` found; every share is 0–1 with the 95 % interval beside it (low, high).

    cases, hits: judged cases and successes among them. auc, auc_low, auc_high: DeLong's, missing with fewer than
    10 of either. brier = reliability − resolution + uncertainty, of `table`'s chances.
    calls: one row per rule ("score 70 or more", "the first 100"): rule, called, true_positives, false_positives,
    false_negatives, true_negatives, precision, precision_low, precision_high, recall, recall_low, recall_high, f1,
    accuracy. bands: band, cases, hits, rate, low, high. table: one row per tenth of the scores: cases, score_from,
    score_to, chance (what the score said, out of fold), rate, low, high. confidences, versions: one row per
    confidence or weight version with cases, hits, rate, low, high, auc, auc_low, auc_high, called, false_positives
    (share of the called that failed), fp_low, fp_high, false_negatives (share of the hits not called), fn_low,
    fn_high. parts: component, called, failed_mean, hit_mean, difference (failed − hit, points), low, high, adjusted,
    misleading. patterns: side ("high scored" or "low scored"), trait, value, cases, hits, rate, low, high,
    rest_rate, adjusted, found. failed, won: the high-scored that failed and the low-scored that did not, worst first.
    """

    cases: int
    hits: int
    high: float
    auc: float
    auc_low: float
    auc_high: float
    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    calls: pd.DataFrame
    bands: pd.DataFrame
    table: pd.DataFrame
    confidences: pd.DataFrame
    versions: pd.DataFrame
    parts: pd.DataFrame
    patterns: pd.DataFrame
    failed: pd.DataFrame
    won: pd.DataFrame


def accuracy(
    judged: pd.DataFrame,
    *,
    high: float,
    top: int,
    parts: Sequence[str] = (),
    traits: Sequence[str] = (),
    seed: int = 20260211,
) -> Accuracy | None:
    """The accuracy of the scores of these cases; None without any case that has a score.

    `judged` has one row per case: score (0–100), hit (bool), name (text), confidence (High, Medium, Low or missing),
    version (of the weights, or missing), and a column per name of `parts` (0–100) and `traits` (text). Rows without
    a score are left out. `high`: from this score on a case counts as promised; `top`: how many are called at once.
    The chances of the reliability table come from a logistic regression on the score over the other four fifths,
    drawn by `seed`. InputError when `high` is outside 0–100 or `top` below 1.
    """
    if not 0 <= high <= 100 or top < 1:
        raise InputError(
            f"A high score from 0 to 100 and at least one call were expected, got {high} and {top}."
        )
    cases = judged[judged["score"].notna()].reset_index(drop=True)
    if cases.empty:
        return None
    score, hit = cases["score"].to_numpy(dtype=float), cases["hit"].to_numpy(dtype=bool)
    area = auc_interval(score, hit)
    table, brier = _reliability(score, hit, seed)
    ends = ["name", "score", "confidence", "version"]
    return Accuracy(
        len(cases), int(hit.sum()), float(high), *area, *brier,
        calls=_calls(score, hit, high, top),
        bands=band_rates(score, hit),
        table=table,
        confidences=_groups(cases, "confidence", CONFIDENCES, high),
        versions=_groups(cases, "version", sorted(cases["version"].dropna().unique()), high),
        parts=misleading_parts(cases, parts, high),
        patterns=_patterns(cases, traits, high),
        failed=cases.loc[(score >= high) & ~hit, ends].sort_values("score", ascending=False, kind="stable"),
        won=cases.loc[(score < high) & hit, ends].sort_values("score", kind="stable"),
    )  # fmt: skip


def auc_interval(score: npt.ArrayLike, hit: npt.ArrayLike) -> tuple[float, float, float]:
    """AUC with its 95 % interval on the logit scale; three times missing with fewer than 10 hits or misses.

    Variance by structural components (DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44, 837–845); ties
    count half. A perfect ranking (or one that never differs) has no variance: its interval is then Wilson's over as
    many independent pairs as there are cases of the rarer kind, which is cautious.
    """
    values, good = np.asarray(score, dtype=float), np.asarray(hit, dtype=bool)
    hits, misses = int(good.sum()), int((~good).sum())
    if min(hits, misses) < FEWEST_HITS:
        return float("nan"), float("nan"), float("nan")
    from scipy.stats import rankdata

    ranks = rankdata(values)
    of_hits = (ranks[good] - rankdata(values[good])) / misses  # share of misses below each hit
    of_misses = 1 - (ranks[~good] - rankdata(values[~good])) / hits
    area = float(of_hits.mean())
    variance = float(of_hits.var(ddof=1) / hits + of_misses.var(ddof=1) / misses)
    if variance == 0:
        few = min(hits, misses)
        low_end, high_end = wilson_interval([round(area * few)], [few])
        return area, min(float(low_end[0]), area), max(float(high_end[0]), area)
    middle, half = np.log(area / (1 - area)), 1.959964 * np.sqrt(variance) / (area * (1 - area))
    low, upper = 1 / (1 + np.exp(-(middle - half))), 1 / (1 + np.exp(-(middle + half)))
    return area, float(low), float(upper)


def band_rates(score: npt.ArrayLike, hit: npt.ArrayLike) -> pd.DataFrame:
    """One row per band 0–29, 30–49, 50–69, 70–100: band, cases, hits, rate (missing for none), low, high (Wilson)."""
    values, good = np.asarray(score, dtype=float), np.asarray(hit, dtype=bool)
    inside = [(values >= low) & (values < end) for low, end in BANDS]
    rows = _rated(np.array([i.sum() for i in inside]), np.array([good[i].sum() for i in inside]))
    rows.insert(0, "band", [f"{low}–{end - 1}" for low, end in BANDS])
    return rows


def misleading_parts(cases: pd.DataFrame, parts: Sequence[str], high: float) -> pd.DataFrame:
    """One row per part of the score: did it stand higher on promised cases that failed than on those that did not?

    Columns as in `Accuracy.parts`; the interval is Welch's, the tail probability after Benjamini–Hochberg over the
    parts. misleading: the failed stand higher beyond chance. Missing numbers with fewer than two of either kind or a
    part that never differs.
    """
    called = cases[cases["score"].astype(float) >= high]
    failed, fine = called[~called["hit"].astype(bool)], called[called["hit"].astype(bool)]
    rows = [_welch(part, failed[part].dropna(), fine[part].dropna()) for part in parts if part in cases]
    columns = ["component", "called", "failed_mean", "hit_mean", "difference", "low", "high", "p"]
    table = pd.DataFrame(rows, columns=columns)
    adjusted = benjamini_hochberg(table.pop("p").to_numpy(dtype=float)) if len(table) else np.array([])
    return table.assign(adjusted=adjusted, misleading=(table["difference"] > 0) & (adjusted <= Q))


def _welch(part: str, failed: pd.Series, fine: pd.Series) -> tuple[object, ...]:
    means = (failed.mean() if len(failed) else np.nan, fine.mean() if len(fine) else np.nan)
    difference, count = means[0] - means[1], len(failed) + len(fine)
    nothing = (part, count, *means, difference, np.nan, np.nan, np.nan)
    if min(len(failed), len(fine)) < 2:
        return nothing
    by_failed, by_fine = failed.var() / len(failed), fine.var() / len(fine)
    spread = np.sqrt(by_failed + by_fine)
    if not spread > 0:
        return nothing
    from scipy.stats import t

    freedom = (by_failed + by_fine) ** 2 / (by_failed**2 / (len(failed) - 1) + by_fine**2 / (len(fine) - 1))
    half = t.ppf(0.975, freedom) * spread
    tail = 2 * t.sf(abs(difference) / spread, freedom)
    return (part, count, *means, difference, difference - half, difference + half, tail)


def _calls(score: FloatArray, hit: npt.NDArray[np.bool_], high: float, top: int) -> pd.DataFrame:
    """Confusion counts for the threshold and for the first `top`; a tie at the cut goes by the order given."""
    first = np.zeros(len(score), dtype=bool)
    first[np.argsort(-score, kind="stable")[:top]] = True
    rows = []
    for rule, called in (
        (f"score {high:g} or more", score >= high), (f"the first {min(top, len(score)):,}", first),
    ):  # fmt: skip
        tp, fp = int((called & hit).sum()), int((called & ~hit).sum())
        fn, tn = int((~called & hit).sum()), int((~called & ~hit).sum())
        precision, recall = _share(tp, tp + fp), _share(tp, tp + fn)
        f1 = 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else float("nan")
        rows.append((rule, tp + fp, tp, fp, fn, tn, *precision, *recall, f1, (tp + tn) / len(score)))
    return pd.DataFrame(rows, columns=[
        "rule", "called", "true_positives", "false_positives", "false_negatives", "true_negatives", "precision",
        "precision_low", "precision_high", "recall", "recall_low", "recall_high", "f1", "accuracy"])  # fmt: skip


def _share(part: int, of: int) -> tuple[float, float, float]:
    low, high = wilson_interval([part], [of])
    return (part / of if of else float("nan")), float(low[0]), float(high[0])


def _rated(cases: npt.ArrayLike, hits: npt.ArrayLike) -> pd.DataFrame:
    n, k = np.asarray(cases, dtype=int), np.asarray(hits, dtype=int)
    low, high = wilson_interval(k, n)
    rate = np.divide(k, n, out=np.full(len(n), np.nan), where=n > 0)
    return pd.DataFrame({"cases": n, "hits": k, "rate": rate, "low": low, "high": high})


def _reliability(
    score: FloatArray, hit: npt.NDArray[np.bool_], seed: int
) -> tuple[pd.DataFrame, tuple[float, float, float, float]]:
    """The reliability table, and Brier score = reliability − resolution + uncertainty (Murphy 1973, J. Appl. Meteor.
    12, 595–600), exact because every case of a tenth is given the tenth's mean chance."""
    chance = _chances(score, hit, seed)
    tenth = pd.qcut(pd.Series(score).rank(method="dense"), 10, labels=False, duplicates="drop")
    frame = pd.DataFrame({"tenth": tenth.fillna(0), "score": score, "chance": chance, "hit": hit})
    grouped = frame.groupby("tenth", sort=True).agg(
        cases=("hit", "size"), hits=("hit", "sum"), chance=("chance", "mean"),
        score_from=("score", "min"), score_to=("score", "max"),
    ).reset_index(drop=True)  # fmt: skip
    table = _rated(grouped["cases"], grouped["hits"]).assign(**grouped[["score_from", "score_to", "chance"]])
    table = table[["score_from", "score_to", "cases", "hits", "chance", "rate", "low", "high"]]
    share, base = table["cases"] / len(score), float(hit.mean())
    reliability = float((share * (table["chance"] - table["rate"]) ** 2).sum())
    resolution = float((share * (table["rate"] - base) ** 2).sum())
    uncertainty = base * (1 - base)
    return table, (reliability - resolution + uncertainty, reliability, resolution, uncertainty)


def _chances(score: FloatArray, hit: npt.NDArray[np.bool_], seed: int) -> FloatArray:
    """What each score says as a chance, from the other four fifths; their rate alone with few hits or misses."""
    fifth = np.random.default_rng(seed).permutation(len(score)) % 5
    chance = np.empty(len(score))
    for place in range(5):
        out, rest = fifth == place, fifth != place
        hits = int(hit[rest].sum())
        if min(hits, int(rest.sum()) - hits) < FEWEST_HITS or np.ptp(score[rest]) == 0:
            chance[out] = (hits + 0.5) / (rest.sum() + 1)
            continue
        from sklearn.linear_model import LogisticRegression

        fit = LogisticRegression(C=100.0).fit(score[rest, None] / 100, hit[rest])
        chance[out] = fit.predict_proba(score[out, None] / 100)[:, 1]
    return chance


def _groups(cases: pd.DataFrame, column: str, values: Sequence[object], high: float) -> pd.DataFrame:
    rows = []
    for value in values:
        some = cases[cases[column] == value]
        hit, called = some["hit"].to_numpy(dtype=bool), some["score"].to_numpy(dtype=float) >= high
        rows.append(
            (value, len(some), int(hit.sum()), *_share(int(hit.sum()), len(some)),
             *auc_interval(some["score"], hit), int(called.sum()), *_share(int((called & ~hit).sum()), int(called.sum())),
             *_share(int((~called & hit).sum()), int(hit.sum())))
        )  # fmt: skip
    return pd.DataFrame(rows, columns=[
        column, "cases", "hits", "rate", "low", "high", "auc", "auc_low", "auc_high", "called", "false_positives", "fp_low",
        "fp_high", "false_negatives", "fn_low", "fn_high"])  # fmt: skip


def _patterns(cases: pd.DataFrame, traits: Sequence[str], high: float) -> pd.DataFrame:
    """Traits that fail more often among the high-scored, or succeed more often among the low-scored, than the rest.

    One-sided exact tests (Fisher), Benjamini–Hochberg over all traits of both sides.
    """
    from scipy.stats import fisher_exact

    rows: list[tuple[object, ...]] = []
    promised = cases["score"].astype(float) >= high
    for side, some, worse in (
        ("high scored", cases[promised], "less"),
        ("low scored", cases[~promised], "greater"),
    ):
        n, k = len(some), int(some["hit"].sum())
        for trait in traits:
            if trait not in some:
                continue
            for value, group in some.groupby(trait, sort=True, observed=True):
                size, hits = len(group), int(group["hit"].sum())
                if size < FEWEST_IN_PATTERN or n - size < FEWEST_IN_PATTERN:
                    continue
                p = fisher_exact(
                    [[hits, size - hits], [k - hits, n - size - k + hits]], alternative=worse
                ).pvalue
                rows.append(
                    (side, trait, str(value), size, hits, *_share(hits, size), (k - hits) / (n - size), p)
                )
    table = pd.DataFrame(
        rows, columns=["side", "trait", "value", "cases", "hits", "rate", "low", "high", "rest_rate", "p"]
    )
    adjusted = benjamini_hochberg(table.pop("p").to_numpy(dtype=float)) if len(table) else np.array([])
    table = table.assign(adjusted=adjusted, found=adjusted <= Q)
    return table.sort_values(["found", "adjusted"], ascending=[False, True], kind="stable", ignore_index=True)
