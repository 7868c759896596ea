"""What open deals are worth, by the history of their account and their amount, as known on one day.

Each component of an account is put on a scale of 0 to 100 points by its place among all accounts that won
something by that day; the scale is part of the result, so that a score can be read again later. A deal closed
after the day counts as open and its close as unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from analytics.driver_model import deal_design, fit_deal_model, win_chances
from analytics.drivers import KNOWN_BEFORE
from analytics.rates import FloatArray, fit_prior, shrunk_rates, wilson_interval
from errors import ConfigError
from lead_arrays import text_array
from vanillasoft import csv_bytes, neutralised

COMPONENTS = ("speed_to_close", "largest_deal", "product_mix", "upsell", "win_rate", "recency")
_LOWER_IS_BETTER = ("speed_to_close", "recency")
_KNOTS = np.linspace(0, 100, 11)
NEUTRAL = 50.0  # points of an account without a won deal: neither praised nor blamed
_SHIPPED = Path(__file__).resolve().parents[1] / "config" / "pipeline.yaml"


@dataclass(frozen=True)
class PipelineRules:
    """Weights and limits: account and opportunity weights sum to 1; confidence: word → least won deals."""

    account: Mapping[str, float]
    opportunity: Mapping[str, float]
    high: float
    confidence: Mapping[str, int]


@dataclass(frozen=True)
class PipelineScores:
    """as_of: the day. scores: one row per open deal that has an account or an amount: source, deal_id, account,
    amount, score, account_score, amount_score, COMPONENTS (points 0–100), wins, confidence, high (bool), chance,
    chance_low, chance_high (of winning by the driver model, missing where it has too few deals). scale:
    component (and amount) → its values at 0, 10 … 100 points. left_out: open deals with neither.
    """

    as_of: pd.Timestamp
    scores: pd.DataFrame
    scale: dict[str, list[float]]
    left_out: int


def read_pipeline_rules(config_dir: Path) -> PipelineRules:
    """The rules in pipeline.yaml, the shipped one where the folder has none; ConfigError when they do not fit."""
    path = config_dir / "pipeline.yaml"
    try:
        said = yaml.safe_load((path if path.exists() else _SHIPPED).read_text("utf-8"))
        rules = PipelineRules(
            {str(k): float(v) for k, v in said["account"].items()},
            {str(k): float(v) for k, v in said["opportunity"].items()},
            float(said["high"]),
            {str(k): int(v) for k, v in said["confidence"].items()},
        )
    except (
        OSError,
        yaml.YAMLError,
        UnicodeDecodeError,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
    ) as error:
        raise ConfigError(
            "pipeline.yaml was expected to give numbers under account, opportunity, high and confidence. Compare it with the "
            "shipped one."
        ) from error
    for name, weights, wanted in (
        ("account", rules.account, COMPONENTS),
        ("opportunity", rules.opportunity, ("account", "amount")),
    ):
        if set(weights) != set(wanted) or abs(sum(weights.values()) - 1) > 1e-9 or min(weights.values()) < 0:
            raise ConfigError(
                f"{name} in pipeline.yaml was expected to weigh {', '.join(wanted)} with weights that sum to 1; they sum to "
                f"{sum(weights.values()):g}."
            )
    return rules


def score_pipeline(deals: pd.DataFrame, rules: PipelineRules, *, as_of: pd.Timestamp) -> PipelineScores:
    """Scores of the deals that were open on the day `as_of`, from nothing that happened later.

    `deals` as the deal store gives them (with source). No open deals: no rows.
    """
    known = deals[deals["created_on"] <= as_of].copy()
    later = known["closed_on"] > as_of
    known.loc[later, "outcome"] = "open"
    known.loc[later, "closed_on"] = pd.NaT
    still_open = known[known["outcome"] == "open"]
    scored = still_open[still_open["account"].notna() | still_open["amount"].notna()]
    accounts = account_figures(known, as_of=as_of)
    with_wins = accounts[accounts["wins"] > 0]
    scale = {name: _knots(with_wins[name]) for name in COMPONENTS}
    scale["amount"] = _knots(known.loc[known["outcome"] != "open", "amount"].dropna())
    points = pd.DataFrame(
        {name: _points(accounts[name], scale[name], name in _LOWER_IS_BETTER) for name in COMPONENTS},
        index=accounts.index,
    )
    points[accounts["wins"] == 0] = NEUTRAL
    table = scored[["source", "deal_id", "account", "amount"]].reset_index(drop=True)
    own = points.reindex(table["account"]).reset_index(drop=True).fillna(NEUTRAL)
    table[list(COMPONENTS)] = own
    table["account_score"] = sum(rules.account[name] * own[name] for name in COMPONENTS)
    table["amount_score"] = _points(table["amount"], scale["amount"], False).fillna(NEUTRAL)
    table["score"] = (
        rules.opportunity["account"] * table["account_score"]
        + rules.opportunity["amount"] * table["amount_score"]
    ).clip(0, 100)
    table["wins"] = accounts["wins"].reindex(table["account"]).fillna(0).astype("int64").to_numpy()
    table["confidence"] = [_confidence(int(wins), rules.confidence) for wins in table["wins"]]
    table["high"] = table["score"] >= rules.high
    chances = _chances(known, scored)
    for place, name in enumerate(("chance", "chance_low", "chance_high")):
        table[name] = chances[place]
    order = table.sort_values(["score", "deal_id"], ascending=[False, True]).index
    return PipelineScores(
        as_of, table.loc[order].reset_index(drop=True), scale, len(still_open) - len(scored)
    )


def account_figures(known: pd.DataFrame, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per account (the index) of closed deals: wins, closed, and COMPONENTS in their own units.

    speed_to_close and recency in days, largest_deal in money, product_mix and upsell as counts, win_rate 0–1 (shrunk
    toward all accounts). Missing where an account won nothing.
    """
    closed = known[(known["outcome"] != "open") & known["account"].notna()]
    won = closed[closed["outcome"] == "won"].sort_values(["closed_on", "deal_id"])
    counts = (closed["outcome"] == "won").groupby(closed["account"]).agg(["sum", "size"])
    table = pd.DataFrame({"wins": counts["sum"].astype("int64"), "closed": counts["size"].astype("int64")})
    days = (won["closed_on"] - won["created_on"]).dt.days
    table["speed_to_close"] = days.groupby(won["account"]).median().reindex(table.index)
    table["largest_deal"] = won.groupby("account")["amount"].max().reindex(table.index)
    table["product_mix"] = won.groupby("account")["product"].nunique().reindex(table.index)
    table["upsell"] = _upsells(won).reindex(table.index)
    n, k = table["closed"].to_numpy(dtype=float), table["wins"].to_numpy(dtype=float)
    table["win_rate"] = shrunk_rates(k, n, fit_prior(n, k)) if len(table) else pd.Series(dtype="float64")
    last = won.groupby("account")["closed_on"].max().reindex(table.index)
    table["recency"] = (as_of - last).dt.days
    return table.astype(dict.fromkeys(COMPONENTS, "float64"))


ORDERS = ("Score", "Amount at risk", "Amount", "Oldest")


def in_order_of(rows: pd.DataFrame, order: str) -> pd.DataFrame:
    """Scored deals (deal_id, score, amount, chance, created_on) by what matters first, with at_risk: amount × (1 − chance),
    missing without a chance. `order` is one of ORDERS; what is missing stands last, ties by deal_id.
    """
    table = rows.assign(at_risk=rows["amount"] * (1 - rows["chance"]))
    column, ascending = {
        "Score": ("score", False), "Amount at risk": ("at_risk", False), "Amount": ("amount", False),
        "Oldest": ("created_on", True),
    }[order]  # fmt: skip
    return table.sort_values([column, "deal_id"], ascending=[ascending, True], ignore_index=True)


def rows_csv(rows: pd.DataFrame) -> bytes:
    """All rows as CSV; text that a spreadsheet would take for a formula is shown as text, missing values are empty."""
    cells = {}
    for name in rows.columns:
        text = rows[name].astype("object").where(rows[name].notna(), "").astype("str")
        is_number = pd.api.types.is_numeric_dtype(rows[name])
        cells[name] = text if is_number else pd.array(neutralised(text_array(text)), dtype="str")
    return csv_bytes(pd.DataFrame(cells, index=rows.index))


def score_bands(outcomes: pd.DataFrame) -> pd.DataFrame:
    """One row per band of scores (0–24 … 75–100) that closed deals had at their first snapshot: band, deals, won,
    rate, low, high (0–1), amount (final value won), days (median from snapshot to close).

    `outcomes`: score, outcome, amount, days_to_close.
    """
    labels = ["0–24", "25–49", "50–74", "75–100"]
    band = pd.cut(
        outcomes["score"].astype("float64"), [-0.1, 25, 50, 75, 100.1], right=False, labels=labels
    ).astype("str")
    won = outcomes["outcome"] == "won"
    table = (
        outcomes.assign(band=band, is_won=won, kept=outcomes["amount"].astype("float64").where(won))
        .groupby("band", sort=True)
        .agg(
            deals=("is_won", "size"),
            won=("is_won", "sum"),
            amount=("kept", "sum"),
            days=("days_to_close", "median"),
        )
        .reset_index()
    )
    table["rate"] = table["won"] / table["deals"].where(table["deals"] > 0)
    table["low"], table["high"] = wilson_interval(table["won"], table["deals"])
    return table


def _upsells(won: pd.DataFrame) -> pd.Series:
    """Per account, how many won deals after the first were larger than any before or of a further product."""
    largest = won.groupby("account")["amount"].cummax().groupby(won["account"]).shift()
    first = ~won.duplicated("account")
    new_product = ~won.duplicated(["account", "product"]) & won["product"].notna()
    more = ~first & ((won["amount"] > largest) | new_product)
    return more.groupby(won["account"]).sum()


def _knots(values: pd.Series) -> list[float]:
    known = values.dropna().to_numpy(dtype=float)
    return [float(v) for v in np.percentile(known, _KNOTS)] if len(known) else []


def _points(values: pd.Series, knots: list[float], reverse: bool) -> pd.Series:
    """Places on the scale; equal knots share the middle of their points, outside of it 0 or 100."""
    if not knots or knots[0] == knots[-1]:
        return pd.Series(np.where(values.isna(), np.nan, NEUTRAL), index=values.index)
    at = np.asarray(values, dtype=float)
    edges = np.array(knots)
    first, last = np.searchsorted(edges, at, "left"), np.searchsorted(edges, at, "right")
    on_knots = (_KNOTS[np.minimum(first, 10)] + _KNOTS[np.maximum(last - 1, 0)]) / 2
    points = np.where(last > first, on_knots, np.interp(at, edges, _KNOTS))
    return pd.Series(np.where(np.isnan(at), np.nan, 100 - points if reverse else points), index=values.index)


def _confidence(wins: int, words: Mapping[str, int]) -> str:
    reached = [(least, word) for word, least in words.items() if wins >= least]
    return max(reached)[1] if reached else "Low"


def _chances(known: pd.DataFrame, scored: pd.DataFrame) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(chance, low, high) of winning per scored deal; NaN where closed deals are too few for a model."""
    closed = known[known["outcome"] != "open"]
    nothing = np.full(len(scored), np.nan)
    if not len(scored) or deal_design(closed, KNOWN_BEFORE, periods=False) is None:
        return nothing, nothing, nothing
    both = pd.concat([closed, scored], ignore_index=True)
    design = deal_design(both, KNOWN_BEFORE, periods=False, judged=len(closed))
    if design is None:
        return nothing, nothing, nothing
    model = fit_deal_model(design.matrix[: len(closed)], design.won[: len(closed)])
    chance, low, high = win_chances(model, design)
    return chance[len(closed) :], low[len(closed) :], high[len(closed) :]
