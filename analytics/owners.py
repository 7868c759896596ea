"""Who wins more or less often than the others, beyond what chance makes of so few deals each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analytics.rates import benjamini_hochberg, fit_prior, shrunk_rates
from analytics.verdicts import posterior_rates

FEWEST = 30  # closed deals before anybody is named
Q = 0.05


def owner_table(deals: pd.DataFrame) -> pd.DataFrame:
    """One row per owner of closed deals, by shrunk rate from above.

    Columns: value (the owner), deals, won, rate (plain), shrunk, low, high (0–1: shrunk toward the rate of all,
    with the 95 % interval of its posterior), p (against the other owners), adjusted (BH over owners with at
    least 30 deals), stands_out (bool). Deals without an owner are left out.
    """
    from scipy.stats import norm

    closed = deals[(deals["outcome"] != "open") & deals["owner"].notna()]
    table = (
        (closed["outcome"] == "won")
        .groupby(closed["owner"])
        .agg(["size", "sum"])
        .reset_index()
        .set_axis(["value", "deals", "won"], axis="columns")
    )
    n, k = table["deals"].to_numpy(dtype=float), table["won"].to_numpy(dtype=float)
    table["rate"] = k / np.maximum(n, 1)
    if table.empty:
        return table.assign(shrunk=[], low=[], high=[], p=[], adjusted=[], stands_out=[])
    table["shrunk"] = shrunk_rates(k, n, fit_prior(n, k))
    # Draws carry the doubt about how much owners differ at all, which the fitted prior alone would hide.
    table["low"], table["high"] = np.quantile(posterior_rates(n, k, seed=0), [0.025, 0.975], axis=0)
    rate, rest = k.sum() / n.sum(), n.sum() - n
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (k / n - (k.sum() - k) / rest) / np.sqrt(rate * (1 - rate) * (1 / n + 1 / rest))
    table["p"] = np.where((n >= FEWEST) & (rest > 0) & (0 < rate < 1), 2 * norm.sf(np.abs(z)), np.nan)
    table["adjusted"] = benjamini_hochberg(table["p"].to_numpy())
    table["stands_out"] = (table["adjusted"] <= Q).fillna(False)
    return table.sort_values(["shrunk", "value"], ascending=[False, True], ignore_index=True)


def owners_sentence(owners: pd.DataFrame) -> str:
    """One sentence: who stands out, or that nobody does."""
    named = owners[owners["stands_out"]]
    judged = int((owners["deals"] >= FEWEST).sum())
    if not judged:
        return f"Too little to say: no owner has {FEWEST} closed deals yet."
    if named.empty:
        return f"Nobody: the win rates of the {judged} owners with {FEWEST} or more closed deals differ no more than chance makes."
    told = [
        f"{row['value']} ({100 * row['shrunk']:.1f} % after shrinkage, 95 % interval {100 * row['low']:.1f} to {100 * row['high']:.1f} %)"
        for row in named.head(3).to_dict("records")
    ]
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""
    return f"{', '.join(told)}{more} {'stands' if len(named) == 1 else 'stand'} out from the others by more than chance makes."
