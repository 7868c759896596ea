"""Do shrunken points keep up with bigger models on a real lead list? A public marketing funnel, split by time.

Leads of a marketplace with landing page, origin and weekday of first contact; won within 30 days or not.
Points are learned from contacts of 2018-01-01 to 2018-03-16 and judged on those from 2018-04-15 on. Each
value scores 100 × its rate / the best rate, plainly or shrunken as a calibration suggests it, a value not
seen before scores as an average one, and the three scores are added. Run: python benchmarks/bench_olist.py
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from analytics.backtest import auc  # noqa: E402
from analytics.rates import Prior, fit_prior, shrunk_rates, suggested_scores  # noqa: E402

FEATURES = ["landing_page", "origin", "weekday"]
TRAIN, TEST_FROM = ("2018-01-01", "2018-03-16"), "2018-04-15"


def read_leads() -> pd.DataFrame | None:
    """One row per lead: contact, the three features, won (within 30 days); None where the files are not there."""
    folder = Path(os.environ.get("HADES_SHARED_DATA") or ROOT.parent / "shared" / "data")
    try:
        leads = pd.read_csv(
            folder / "olist_qualified_leads.csv",
            header=None,
            names=["mql_id", "contact", "landing_page", "origin"],
            parse_dates=["contact"],
        )
        deals = pd.read_csv(
            folder / "olist_closed_deals.csv", usecols=["mql_id", "won_date"], parse_dates=["won_date"]
        )
    except OSError:
        return None
    leads = leads.merge(deals, on="mql_id", how="left", validate="one_to_one")
    leads["origin"] = leads["origin"].fillna("missing")
    leads["weekday"] = leads["contact"].dt.day_name()
    leads["won"] = (leads["won_date"].dt.normalize() - leads["contact"]).dt.days <= 30
    return leads


def points(train: pd.DataFrame, test: pd.DataFrame, *, shrunken: bool) -> np.ndarray:
    """The sum of the three scores of each test lead."""
    total = np.zeros(len(test))
    for feature in FEATURES:
        counts = train.groupby(feature)["won"].agg(["size", "sum"])
        leads, won = counts["size"].to_numpy(), counts["sum"].to_numpy()
        prior = fit_prior(leads, won) if shrunken else Prior(won.sum() / leads.sum(), 0.0)
        rates = np.append(shrunk_rates(won, leads, prior), prior.mean)  # the last for values not seen before
        scores = dict(zip([*counts.index, None], suggested_scores(rates), strict=True))
        total += test[feature].map(scores).fillna(scores[None]).to_numpy()
    return total


def models(train: pd.DataFrame, test: pd.DataFrame) -> dict[str, np.ndarray]:
    """Chances by logistic regression and by gradient boosting, both on the same three features."""
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    found = {}
    for name, model in (
        ("logistic regression", LogisticRegression(max_iter=1000)),
        ("gradient boosting", GradientBoostingClassifier(random_state=1)),
    ):
        fitted = make_pipeline(OneHotEncoder(handle_unknown="ignore"), model).fit(
            train[FEATURES], train["won"]
        )
        found[name] = fitted.predict_proba(test[FEATURES])[:, 1]
    return found


def main() -> int:
    leads = read_leads()
    if leads is None:
        print("Skipped: the public lead list is not here. Name its folder in HADES_SHARED_DATA.")
        return 0
    train = leads[leads["contact"].between(*TRAIN)]
    test = leads[leads["contact"] >= TEST_FROM]
    print(
        f"train {len(train):,} leads, {train['won'].sum()} won; test {len(test):,} leads, {test['won'].sum()} won"
    )
    ranked = {
        "points, plain": points(train, test, shrunken=False),
        "points, shrunken": points(train, test, shrunken=True),
    }
    found = {name: auc(scores, test["won"]) for name, scores in (ranked | models(train, test)).items()}
    for name, area in found.items():
        print(f"{name:<20} AUC {area:.3f}")
    if found["points, shrunken"] < 0.72:
        print("Expected an AUC of at least .72 for shrunken points.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
