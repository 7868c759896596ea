"""Five questions about the win rate, in order, each answered in one sentence with the tables behind it.

Did it fall, or is it noise? Why? Where is the biggest risk? What first? Who? Where the data cannot tell, the
sentence says so; nothing is offered as an action that chance alone would make.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.alarms import Cusum, cusum_path, design_cusum
from analytics.driver_model import in_order
from analytics.drivers import MOST_DEALS, Drivers, find_drivers
from analytics.maturity import fit_delay
from analytics.mix import Waterfall, rate_waterfall
from analytics.owners import owner_table, owners_sentence
from analytics.rates import benjamini_hochberg
from analytics.run_chart import Break, Fall, find_break, latest_day, monthly_rates, recent_fall
from analytics.segments import SEGMENT_FIELDS, found_rules, segment_table, stage_table
from analytics.signed_numbers import signed
from analytics.stage_flow import StageFlow, stage_flow

Q = 0.05
MOST_YOUNG = (
    20_000  # of either period: what their ages are worth differs by the day, and is counted one by one
)
SLOW_FALL = 0.05  # the fall the CUSUM is tuned to: five points
_HORIZON_DAYS = 365


@dataclass(frozen=True)
class WinReport:
    """The answers and what they rest on. None where there are too few deals for a part.

    answers: (question, sentence) in order. months, cohorts: monthly_rates by closing and by creation.
    waterfalls: field → the split of the change between the periods of `fall` (closed deals); terms: one row per
    field and term (mix, rate): field, term, change, low, high (points), by_chance, adjusted. young: the same for
    deals by creation, won so far, with the term maturity; empty with fewer than 30 in either period. actions: one row each, the most wins first: action, wins_a_year, low,
    high. cusum, cusum_signals (days). flow: how deals move through their stages; None without their states.
    """

    deals: int
    as_of: pd.Timestamp
    answers: list[tuple[str, str]]
    fall: Fall
    months: pd.DataFrame
    cohorts: pd.DataFrame
    broke: Break | None
    cusum: Cusum | None
    cusum_signals: list[pd.Timestamp]
    waterfalls: dict[str, Waterfall]
    terms: pd.DataFrame
    young: pd.DataFrame
    drivers: Drivers | None
    segments: pd.DataFrame
    rules: pd.DataFrame
    stages: pd.DataFrame
    actions: pd.DataFrame
    owners: pd.DataFrame
    flow: StageFlow | None

    @property
    def risk_field(self) -> str | None:
        """The field that the third answer is about; None without segments."""
        return None if self.segments.empty else str(_worst(self.segments)["field"])

    @property
    def young_sentence(self) -> str:
        """One sentence on what of the newest creations' difference is only youth; empty where there are too few."""
        if self.young.empty:
            return ""
        part = self.young.iloc[0]
        told = f"({signed(part['low'], 1)} to {signed(part['high'], 1)})"
        return (
            f"By creation date, {signed(part['change'], 1)} points {told} of the newest period's difference come from deals that are "
            "still young."
        )


def win_report(
    deals: pd.DataFrame,
    *,
    as_of: pd.Timestamp | None = None,
    days: int = 90,
    seed: int = 0,
    fields: Sequence[str] = SEGMENT_FIELDS,
    states: pd.DataFrame | None = None,
) -> WinReport | None:
    """The report on `deals` (as DealFile.deals) as known on the day `as_of`, by default the newest day they
    know of; None when no deal was closed by then. A deal closed later counts as open. Same input, same report.
    `states`: as stage_flow takes them, where the states in which deals were seen are kept.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):  # small matrices: threads wait for each other longer than they help
        return _report(deals, as_of, days, seed, fields, states)


def _report(
    deals: pd.DataFrame, as_of: pd.Timestamp | None, days: int, seed: int, fields: Sequence[str], states: pd.DataFrame | None
) -> WinReport | None:  # fmt: skip
    day = as_of if as_of is not None else latest_day(deals)
    known = deals[deals["created_on"] <= day].copy()
    later = known["closed_on"] > day
    if later.any():
        known.loc[later, "outcome"] = "open"
        known.loc[later, "closed_on"] = pd.NaT
    if not (known["outcome"] != "open").any():
        return None
    used = [field for field in fields if known[field].notna().any()]
    fall = recent_fall(known, as_of=day, days=days)
    broke = find_break(known, as_of=day, seed=seed)
    cusum, signals = _cusum(known, fall)
    slim = known[[*used, "created_on", "closed_on", "outcome"]]  # what is cut out again and again
    waterfalls, terms = _waterfalls(slim, fall, used, seed)
    drivers = find_drivers(known, seed=seed)
    segments, rules = segment_table(known, fields=used), found_rules(known, fields=used, seed=seed)
    owners = owner_table(known)
    actions, first = what_first(known, drivers, rules)
    answers = [
        ("Did it fall, or is it noise?", _fell(fall, broke)),
        ("Why?", _why(fall, terms)),
        ("Where is the biggest risk?", _risk(segments)),
        ("What first?", first),
        ("Who?", owners_sentence(owners)),
    ]
    return WinReport(
        deals=len(known), as_of=day, answers=answers, fall=fall, months=monthly_rates(known, as_of=day),
        cohorts=monthly_rates(known, as_of=day, by="created_on"), broke=broke, cusum=cusum, cusum_signals=signals,
        waterfalls=waterfalls, terms=terms, young=_young(slim, used, day, days, seed), drivers=drivers,
        segments=segments, rules=rules, stages=stage_table(known), actions=actions, owners=owners,
        flow=None if states is None else stage_flow(states, as_of=day if as_of is not None else _seen_until(states, day)),
    )  # fmt: skip


def _seen_until(states: pd.DataFrame, day: pd.Timestamp) -> pd.Timestamp:
    """The newest day on which a deal was seen or closed: open deals are seen later than the last one closed."""
    newest = states["seen_at"].max()
    return day if pd.isna(newest) else max(day, newest.normalize())


def _cusum(known: pd.DataFrame, fall: Fall) -> tuple[Cusum | None, list[pd.Timestamp]]:
    """The chart for a slow fall of five points below the period before, run over the deals closed since then."""
    if fall.verdict == "too little":
        return None, []
    baseline = fall.won_before / fall.deals_before
    if not SLOW_FALL < baseline < 1:
        return None, []
    closed = in_order(known.loc[known["closed_on"] >= fall.before_from, ["deal_id", "closed_on", "outcome"]])
    closed = closed.sort_values("closed_on", kind="stable")
    a_year = max(1, round(len(closed) * 365 / ((fall.until - fall.before_from).days + 1)))
    chart = design_cusum(baseline, baseline - SLOW_FALL, deals_a_year=a_year, known_from=fall.deals_before)
    _, signals = cusum_path(chart, (closed["outcome"] == "won").to_numpy())
    return chart, [pd.Timestamp(closed["closed_on"].iloc[place]) for place in signals]


def _as_outcomes(deals: pd.DataFrame, start: str) -> pd.DataFrame:
    return pd.DataFrame(
        {"started_on": deals[start], "delivered_on": deals["closed_on"].where(deals["outcome"] == "won")},
        index=deals.index,
    )


def _thin(deals: pd.DataFrame, seed: int, most: int = MOST_DEALS) -> pd.DataFrame:
    return deals.sample(most, random_state=seed) if len(deals) > most else deals


def _waterfalls(
    known: pd.DataFrame, fall: Fall, fields: Sequence[str], seed: int
) -> tuple[dict[str, Waterfall], pd.DataFrame]:
    closed = known[known["closed_on"] >= fall.before_from]
    new = _thin(closed[closed["closed_on"] >= fall.from_day], seed)
    old = _thin(closed[closed["closed_on"] < fall.from_day], seed)
    found: dict[str, Waterfall] = {}
    rows = []
    if fall.verdict != "too little":
        for field in fields:
            split = rate_waterfall(
                _as_outcomes(old, "closed_on"), old[field], _as_outcomes(new, "closed_on"), new[field],
                as_of=fall.until.date(), delay=None, horizon_days=_HORIZON_DAYS, seed=seed, repeats=250,
            )  # fmt: skip
            found[field] = split
            rows += [
                (field, r["term"], 100 * r["change"], 100 * r["low"], 100 * r["high"], r["by_chance"])
                for r in split.terms.to_dict("records")
                if r["term"] != "maturity"
            ]
    terms = pd.DataFrame(rows, columns=["field", "term", "change", "low", "high", "by_chance"])
    terms["adjusted"] = benjamini_hochberg(terms["by_chance"].to_numpy(dtype=float))
    return found, terms


def _young(
    known: pd.DataFrame, fields: Sequence[str], day: pd.Timestamp, days: int, seed: int
) -> pd.DataFrame:
    """Deals created in the newest period against those created in the year before: won so far, by field and term."""
    newest = known["created_on"].max()
    start = newest - pd.Timedelta(days=days - 1)
    new = _thin(known[known["created_on"] >= start], seed, MOST_YOUNG)
    old = known[(known["created_on"] < start) & (known["created_on"] >= start - pd.Timedelta(days=365))]
    old = _thin(old, seed, MOST_YOUNG)
    rows: list[tuple[str, str, float, float, float, float]] = []
    if fields and min(len(new), len(old)) >= 30:
        both = pd.concat([old, new])
        delay = fit_delay(_as_outcomes(both, "created_on"), both[fields[0]], as_of=day.date())
        for field in fields:
            split = rate_waterfall(
                _as_outcomes(old, "created_on"), old[field], _as_outcomes(new, "created_on"), new[field],
                as_of=day.date(), delay=delay, horizon_days=_HORIZON_DAYS, seed=seed, repeats=100,
            )  # fmt: skip
            rows += [
                (field, r["term"], 100 * r["change"], 100 * r["low"], 100 * r["high"], r["by_chance"])
                for r in split.terms.to_dict("records")
            ]
    return pd.DataFrame(rows, columns=["field", "term", "change", "low", "high", "by_chance"])


def _fell(fall: Fall, broke: Break | None) -> str:
    return fall.sentence + (f" {broke.sentence}" if broke is not None and broke.found else "")


def _why(fall: Fall, terms: pd.DataFrame) -> str:
    if fall.verdict == "too little":
        return "The data cannot tell yet: there are too few closed deals to split a change."
    sure = terms[terms["adjusted"] <= Q].sort_values("change", key=np.abs, ascending=False)
    if sure.empty and fall.verdict == "no change shown":
        return (
            "There is no change to explain: by no field did the mix of deals or the rates of like deals move by more than "
            "chance makes."
        )
    if sure.empty:
        return (
            f"No field explains it: the change of {signed(fall.points, 1)} points is spread over all kinds of deals, and no mix or "
            "rate of a field moved by more than chance makes."
        )
    # A change of the mix by one field shows as other rates by every other field: mix is asked first.
    mixes = sure[sure["term"] == "mix"]
    first = (sure if mixes.empty else mixes).iloc[0]
    name = str(first["field"]).replace("_", " ")
    change = f"{signed(first['change'], 1)} points (95 % interval {signed(first['low'], 1)} to {signed(first['high'], 1)})"
    if first["term"] == "rate":
        return (
            f"{change} come from winning the same kinds of deals at other rates; no field's mix moved the win rate by more than "
            "chance makes."
        )
    rates = terms[(terms["field"] == first["field"]) & (terms["term"] == "rate")].iloc[0]
    also = (
        f"; a further {signed(rates['change'], 1)} points come from winning like deals at other rates"
        if rates["adjusted"] <= Q
        else ", not from winning the same kind of deal less or more often"
    )
    start = "The whole does not show it, but " if fall.verdict == "no change shown" else ""
    return f"{start}{change} come from a different mix by {name}{also}."


def _worst(segments: pd.DataFrame) -> pd.Series:
    """The segment with the most wins missing beyond chance, else the one with the greatest impact of the first field."""
    bad = segments[(segments["adjusted"] <= Q) & (segments["excess"] > 0)]
    return segments.iloc[0] if bad.empty else bad.sort_values("excess", ascending=False).iloc[0]


def _risk(segments: pd.DataFrame) -> str:
    if segments.empty:
        return "The data cannot tell: the deals carry no field to split them by."
    top = _worst(segments)
    if top["adjusted"] <= Q and top["excess"] > 0:
        return (
            f"{str(top['field']).replace('_', ' ').capitalize()} {top['value']}: {top['excess']:.0f} wins are missing against "
            f"the average ({top['excess_low']:.0f} to {top['excess_high']:.0f}), {top['impact']:,} of {top['deals']:,} deals lost."
        )
    told = (
        f"Most deals by {str(top['field']).replace('_', ' ')} are lost in {top['value']} ({top['impact']:,} of {top['deals']:,}), "
        "but that is where the deals are: no segment loses more than chance makes."
    )
    at_risk = segments[segments["at_risk"] > 0].sort_values("at_risk", ascending=False)
    if at_risk.empty:
        return told
    most = at_risk.iloc[0]
    return (
        f"{told} Of the open pipeline most is at risk in {str(most['field']).replace('_', ' ')} {most['value']}: "
        f"{most['at_risk']:,.0f} of {most['open_amount']:,.0f}."
    )


def what_first(known: pd.DataFrame, drivers: Drivers | None, rules: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """(actions, sentence): what could be done about what stands out, as wins a year if the difference were closed.

    `drivers` and `rules` as find_drivers and found_rules give them for the same deals; actions as in WinReport,
    empty where nothing stands out.
    """
    closed = known["closed_on"].dropna()
    years = max(((closed.max() - closed.min()).days + 1) / 365, 0.25)
    rows = []
    covered: set[str] = set()
    if drivers is not None:
        scale = (known["outcome"] != "open").sum() / drivers.deals / years
        for value in drivers.found.to_dict("records"):
            if value["field"] == "amount":
                continue
            covered.add(f"{str(value['field']).replace('_', ' ')} {value['value']}")
            name = f"{str(value['field']).replace('_', ' ')} {value['value']}"
            ends = sorted(
                abs(value[end]) / 100 * value["deals"] * scale for end in ("effect_low", "effect_high")
            )
            size = abs(value["effect"]) / 100 * value["deals"] * scale
            start = (
                f"Find out why deals with {name} are won less often, and mend it"
                if value["effect"] < 0
                else f"Find out what makes deals with {name} succeed, and bring in more of them"
            )
            rows.append((start, size, *ends))
    for rule in rules[rules["found"].astype(bool)].to_dict("records"):
        if rule["rule"] in covered or any(part in covered for part in str(rule["rule"]).split(" and ")):
            continue
        n = rule["deals"] / years / 100
        ends = sorted(abs(rule[end]) * n for end in ("low", "high"))
        start = "Look into the lost" if rule["points"] < 0 else "Learn from the won"
        rows.append((f"{start} deals with {rule['rule']}", abs(rule["points"]) * n, *ends))
    table = pd.DataFrame(rows, columns=["action", "wins_a_year", "low", "high"])
    table = table.sort_values("wins_a_year", ascending=False, ignore_index=True)
    return table, _first(table, drivers)


def _first(actions: pd.DataFrame, drivers: Drivers | None) -> str:
    if not actions.empty:
        top = actions.iloc[0]
        return (
            f"{top['action']}: about {top['wins_a_year']:.0f} wins a year lie in the difference "
            f"({top['low']:.0f} to {top['high']:.0f})."
        )
    if drivers is None:
        return "The data cannot tell yet: there are too few closed deals to look for drivers."
    return (
        "There is nothing to act on: no driver and no segment stands out from chance, so changing one of them on these "
        "figures would be guessing."
    )
