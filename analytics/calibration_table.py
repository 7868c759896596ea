"""The calibration report of one dimension: one row per value, with its evidence and a verdict.

Everything is counted as it was known on the day `as_of`: leads started later are left out, deliveries made
later are not seen yet, and a lead younger than the maturity is neither a success nor a failure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from analytics.rates import (
    FloatArray,
    confidence_label,
    fit_prior,
    shrunk_rates,
    suggested_scores,
    wilson_interval,
)
from analytics.verdict_sentences import why
from analytics.verdicts import (
    DRAWS,
    TOO_LITTLE,
    TOO_YOUNG,
    Verdict,
    Weighing,
    contradicted,
    leads_to_settle,
    weigh_scores,
    word_for,
)
from errors import InputError

Estimator = Literal["shrunk", "raw"]
Day = date | datetime | pd.Timestamp | str

COLUMNS = (
    "dimension", "value", "leads", "deliveries", "too_young", "effective_leads", "rate", "low", "high", "shrunk_rate",
    "shrunk_low", "shrunk_high", "lift", "current", "suggested", "delta", "confidence", "tail", "adjusted_tail",
    "verdict", "why", "more_leads", "pace", "months_to_settle", "candidate",
)  # fmt: skip
YEAR, MONTH = 365.0, 30.0  # days that the pace is looked at, and that it is told for


def known_outcomes(outcomes: pd.DataFrame, *, as_of: Day, maturity_days: int) -> pd.DataFrame:
    """What was known at the end of the day `as_of`: same index as `outcomes`, rows started later left out.

    Columns: delivered (bool: delivered on or before that day), matured (bool), age_days (float, missing
    where the start is not known), days_to_delivery (float, missing unless delivered and the start is known).
    Needs the columns started_on and delivered_on (dates, missing allowed). A lead without a start is old and
    counts as matured. InputError when a column is missing or `maturity_days` is negative.
    """
    seen, delivered, matured, age, wait = _as_known(outcomes, as_of, maturity_days)
    columns = {
        "delivered": delivered,
        "matured": matured,
        "age_days": age,
        "days_to_delivery": np.where(delivered, wait, np.nan),
    }
    if seen.all():
        return pd.DataFrame(columns, index=outcomes.index)
    return pd.DataFrame({name: column[seen] for name, column in columns.items()}, index=outcomes.index[seen])


def in_day_numbers(outcomes: pd.DataFrame) -> pd.DataFrame:
    """started_on and delivered_on as days since 1970 (float, missing allowed), which `known_outcomes` and whoever counts
    as it does takes for days too: for those who look at the same leads many times.
    """
    return pd.DataFrame(
        {name: _day_number(outcomes[name]) for name in ("started_on", "delivered_on")},
        index=outcomes.index,
        copy=False,
    )


def aligned(values: pd.Series, known: pd.DataFrame) -> pd.Series:
    """The values of the rows of `known_outcomes`, in their order."""
    return values if len(values) == len(known) else values.loc[known.index]


def coded(values: pd.Series) -> tuple[npt.NDArray[np.integer[Any]], list[str]]:
    """(the number of each row's value, −1 where missing; the values as sorted text): quick for categories, whose unused
    ones are named too.
    """
    if isinstance(values.dtype, pd.CategoricalDtype) and values.cat.categories.is_monotonic_increasing:
        return values.cat.codes.to_numpy(), [str(value) for value in values.cat.categories]
    codes, found = pd.factorize(values, sort=True)
    return codes, [str(value) for value in found]


def overall(
    outcomes: pd.DataFrame, values: pd.Series | None = None, *, as_of: Day, maturity_days: int
) -> dict[str, Any]:
    """The base rate: {leads, deliveries, rate, low, high, too_young, without_value}.

    leads and deliveries count matured leads; rate (0–1) is None without one; low and high are Wilson's 95 %
    ends; too_young counts the leads left for later; without_value the matured leads missing in `values` (0
    without it).
    """
    seen, delivered, matured, _, _ = _as_known(outcomes, as_of, maturity_days)
    counted = seen & matured
    leads = int(counted.sum())
    deliveries = int((delivered & counted).sum())
    low, high = wilson_interval(deliveries, leads)
    without = 0 if values is None else int((values.isna().to_numpy() & counted).sum())
    return {
        "leads": leads,
        "deliveries": deliveries,
        "rate": deliveries / leads if leads else None,
        "low": float(low[0]),
        "high": float(high[0]),
        "too_young": int((seen & ~matured).sum()),
        "without_value": without,
    }


def tabulate(
    outcomes: pd.DataFrame,
    values: pd.Series,
    current: Mapping[str, float],
    *,
    dimension: str,
    as_of: Day,
    maturity_days: int,
    estimator: Estimator = "shrunk",
    seed: int = 0,
    candidates: Collection[str] = (),
    draws: int = DRAWS,
    weights: pd.Series | None = None,
) -> pd.DataFrame:
    """One row per value of the dimension: those with a score in force in their order, then the others by
    name.

    `outcomes` has one row per lead (see `known_outcomes`); `values`, aligned with it, says which value of the
    dimension the lead has (missing: none). `current` maps values to the scores in force; empty for a
    report-only dimension. `candidates` are values outside the filter. `weights`, aligned too, says how much each
    lead counts (recency.recency_weights); without it all count alike.

    Columns: dimension, value (text); leads, deliveries (matured), too_young (whole numbers); effective_leads (float:
    what the matured leads are worth, (Σw)²/Σw² after Kish 1965, Survey Sampling, 11.7; leads without weights); rate,
    low, high (0–1, plain with Wilson's 95 % interval; rate missing without leads); shrunk_rate, shrunk_low,
    shrunk_high (0–1, empirical Bayes with its 95 % credible interval); lift (rate over the dimension's
    rate); current, suggested, delta (points, Int64); confidence (High, Medium, Low); tail, adjusted_tail (of
    the current score, before and after Benjamini–Hochberg; missing where not tested); verdict; why (a
    sentence); more_leads (Int64, to settle it; missing where settled); pace (leads of this value started per 30
    days, in the year before `as_of`); months_to_settle (float: more_leads at that pace; missing where settled or
    where nothing comes); candidate (bool). With weights everything from rate on rests on the effective leads.

    suggested: 100 × rate / best rate, rounded half up, on shrunk or (`estimator="raw"`) plain rates. Missing for a value
    without matured leads, for all while nothing matured was delivered, and where no lead carries any value: "no
    evidence". Without rows and without
    scores the table is empty. InputError when `values` is not aligned, a column is missing, or the estimator
    is unknown.
    """
    if estimator not in ("shrunk", "raw"):
        raise InputError(f"The estimator was expected to be 'shrunk' or 'raw', but is '{estimator}'.")
    if not values.index.equals(outcomes.index):
        raise InputError("The values were expected to have one entry per outcome row, in the same order.")
    if weights is not None and not weights.index.equals(outcomes.index):
        raise InputError("The weights were expected to have one entry per outcome row, in the same order.")
    known = _as_known(outcomes, as_of, maturity_days)
    counts = _count(values, known, current, None if weights is None else weights.to_numpy(dtype=float))
    names, leads, deliveries, too_young = counts.names, counts.leads, counts.deliveries, counts.too_young
    worth, won = counts.worth, counts.won  # what leads and deliveries are worth: the counts, unless weighted
    scores = np.array([current.get(name, np.nan) for name in names], dtype=float)
    weighing = weigh_scores(worth, won, scores, seed=seed, draws=draws)
    prior = fit_prior(worth, won)
    shrunk = shrunk_rates(won, worth, prior) if len(names) else np.empty(0)
    plain = np.divide(won, worth, out=np.full(len(names), np.nan), where=worth > 0)
    total = counts.rate
    rates = shrunk if estimator == "shrunk" else np.where(worth > 0, plain, total)
    suggested = np.full(len(names), np.nan)
    if deliveries.sum():
        suggested = np.where(leads > 0, suggested_scores(rates), np.nan)
    low, high = wilson_interval(won, worth) if len(names) else (np.empty(0), np.empty(0))
    seen = leads.sum() > 0
    table = pd.DataFrame(
        {
            "dimension": dimension,
            "value": names,
            "leads": leads.astype("int64"),
            "deliveries": deliveries.astype("int64"),
            "too_young": too_young.astype("int64"),
            "effective_leads": worth,
            "rate": plain,
            "low": low,
            "high": high,
            "shrunk_rate": shrunk if seen else np.nan,
            "shrunk_low": weighing.rate_low if seen else np.nan,
            "shrunk_high": weighing.rate_high if seen else np.nan,
            "lift": plain / total if deliveries.sum() else np.nan,
            "current": _whole(scores),
            "suggested": _whole(suggested),
            "delta": _whole(suggested - scores),
            "confidence": [confidence_label(int(n + 0.5)) for n in worth],
            "tail": weighing.tail,
            "adjusted_tail": weighing.adjusted,
            "pace": counts.last_year * MONTH / YEAR,
            "candidate": [name in candidates for name in names],
        }
    )
    carried = bool((leads + too_young).sum() > 0)
    verdicts = _verdicts(
        table, weighing, shrunk, carried=carried, maturity_days=maturity_days, allows=estimator == "shrunk"
    )
    table["verdict"] = [verdict.word for verdict in verdicts]
    table["why"] = [verdict.why for verdict in verdicts]
    table["more_leads"] = pd.array([verdict.more_leads for verdict in verdicts], dtype="Int64")
    more = table["more_leads"].astype("float64").to_numpy()
    pace = table["pace"].to_numpy()
    table["months_to_settle"] = np.divide(more, pace, out=np.full(len(more), np.nan), where=pace > 0)
    return table[list(COLUMNS)]


def _verdicts(
    table: pd.DataFrame,
    weighing: Weighing,
    shrunk: FloatArray,
    *,
    carried: bool,
    maturity_days: int,
    allows: bool,
) -> list[Verdict]:
    worth = table["effective_leads"].to_numpy()
    moves = contradicted(weighing, worth)
    order = np.argsort(-np.where(table["leads"].to_numpy() > 0, shrunk, -1.0), kind="stable")
    tested = int(np.isfinite(weighing.tail).sum())
    verdicts = []
    for i, row in enumerate(table.to_dict("records")):
        low, high = float(weighing.score_low[i]), float(weighing.score_high[i])
        word = word_for(
            moves=bool(moves[i]),
            leads=row["leads"],
            worth=float(worth[i]),
            too_young=row["too_young"],
            low=low,
            high=high,
            delivered=weighing.leader is not None,
            known=carried,
        )
        more = None
        if word in (TOO_LITTLE, TOO_YOUNG) and weighing.leader is not None and len(order) > 1:
            rival = int(order[1] if i == order[0] else order[0])
            claim = None if np.isnan(weighing.tail[i]) else min(row["current"] / weighing.top, 1.0)
            of_rival = (float(shrunk[rival]), float(worth[rival]))
            more = leads_to_settle(float(shrunk[i]), float(worth[i]), *of_rival, claim, tested)
        sentence = why(
            word, row, weighing, more, f"from {low:.0f} to {high:.0f}", maturity_days, shrunk=allows
        )
        verdicts.append(Verdict(word, sentence, more))
    return verdicts


class _Known(NamedTuple):
    """Per outcome row: seen (started by the day), delivered by the day, matured, age and days to delivery."""

    seen: npt.NDArray[np.bool_]
    delivered: npt.NDArray[np.bool_]
    matured: npt.NDArray[np.bool_]
    age: FloatArray
    wait: FloatArray


def _as_known(outcomes: pd.DataFrame, as_of: Day, maturity_days: int) -> _Known:
    for column in ("started_on", "delivered_on"):
        if column not in outcomes.columns:
            raise InputError(f"The outcomes were expected to have a column {column}, but have none.")
    if maturity_days < 0:
        raise InputError(f"The maturity was expected to be 0 days or more, but is {maturity_days}.")
    today = _day_number(pd.Series([pd.Timestamp(as_of)]))[0]
    started = _day_number(outcomes["started_on"])
    delivered_on = _day_number(outcomes["delivered_on"])
    age = today - started
    delivered = delivered_on <= today
    # A comparison with a missing start is false, so that such a lead is seen and matured.
    return _Known(
        ~(started > today), delivered, ~(age < maturity_days), age, np.maximum(delivered_on - started, 0.0)
    )


class _Counts(NamedTuple):
    """Per value: matured leads and deliveries, what they are worth (effective leads, and of those delivered), young
    leads, leads begun in the last year; and the rate of all."""

    names: list[str]
    leads: FloatArray
    deliveries: FloatArray
    worth: FloatArray
    won: FloatArray
    too_young: FloatArray
    last_year: FloatArray
    rate: float


def _count(
    values: pd.Series, known: _Known, current: Mapping[str, float], weights: FloatArray | None
) -> _Counts:
    codes, found = coded(values)
    counted = known.seen & (codes >= 0)
    # One count of all: by value, matured or not, delivered or not, begun in the last year or not.
    kind = known.matured * np.int64(4) + known.delivered * np.int64(2) + (known.age < YEAR)
    cell = codes.astype(np.int64) * 8 + kind
    number = np.bincount(cell if counted.all() else cell[counted], minlength=8 * len(found))
    by_kind = number.reshape(len(found), 2, 2, 2).astype(float)
    young, matured = by_kind.sum(axis=(2, 3)).T
    delivered, last_year = by_kind[:, 1, 1].sum(axis=1), by_kind[..., 1].sum(axis=(1, 2))

    def mass(mask: npt.NDArray[np.bool_], weight: FloatArray) -> FloatArray:
        rows = counted & mask
        return np.bincount(codes[rows], weights=weight[rows], minlength=len(found)).astype(float)

    worth, won, rate = matured, delivered, float("nan")
    if matured.sum():
        rate = float(delivered.sum() / matured.sum())
    if weights is not None and matured.sum():
        every, hits = mass(known.matured, weights), mass(known.matured & known.delivered, weights)
        squares = mass(known.matured, weights**2)
        worth = np.divide(every**2, squares, out=np.zeros_like(every), where=squares > 0)
        won = worth * np.clip(np.divide(hits, every, out=np.zeros_like(every), where=every > 0), 0.0, 1.0)
        rate = float(hits.sum() / every.sum())
    place = {name: i for i, name in enumerate(found) if young[i] + matured[i] > 0}
    names = [*current, *sorted(set(place) - set(current))]
    at = np.array([place.get(name, len(found)) for name in names], dtype=np.intp)

    def named(counts: FloatArray) -> FloatArray:
        return np.append(counts, 0.0)[at]

    return _Counts(
        names, named(matured), named(delivered), named(worth), named(won), named(young),
        named(last_year), rate,
    )  # fmt: skip


def _day_number(column: pd.Series) -> FloatArray:
    """Days since 1970 as floats, NaN where missing; a time of day is dropped, a time zone kept as it reads. Floats are
    such days already.
    """
    if column.dtype == np.float64:
        return column.to_numpy()
    times = pd.to_datetime(column)
    if getattr(times.dt, "tz", None) is not None:
        times = times.dt.tz_localize(None)
    days = times.to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), np.nan, days.astype("int64").astype(float))


def _whole(numbers: FloatArray) -> pd.Series:
    return pd.Series(np.floor(numbers + 0.5), dtype="float64").astype("Int64")
