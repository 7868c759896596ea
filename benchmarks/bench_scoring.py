"""Scores a million leads and compares the time with bare NumPy look-ups of the same columns in the same run.

Run from the repository: python -m benchmarks.bench_scoring [LEADS]. Both sides take their best of five, in
turns, in processor time, which a busy machine hardly changes. The bare side turns the same columns of the same frame into the
three component scores and one rounded number, and nothing else: no reasons, flags, parts or checks.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.ratios import Figure, tell  # noqa: E402
from icp import Icp, read_icp, scores_in_force  # noqa: E402
from scoring import score_leads  # noqa: E402

TODAY = date(2026, 2, 11)


def million_leads(size: int, icp: Icp, seed: int = 7) -> pd.DataFrame:
    """Leads as leads.read_leads gives them: mostly in the filter, some without SIC, size or date."""
    chance = np.random.default_rng(seed)
    codes = np.array([*icp.data["hard_filters"]["sic_codes"], "4213", "4581", None], dtype="object")
    employees = chance.integers(1, 7000, size)
    miles = chance.uniform(0, 60, size)
    miles[chance.random(size) < 0.02] = np.nan
    ages = chance.integers(-1, 20, size)
    dates = (np.datetime64(TODAY, "s") - ages.astype("timedelta64[D]")).astype("datetime64[s]")
    dates[chance.random(size) < 0.02] = np.datetime64("NaT")
    return pd.DataFrame(
        {
            "row_number": np.arange(2, size + 2),
            "employee_count": pd.arrays.IntegerArray(employees, chance.random(size) < 0.02),
            "sic_code": pd.array(codes[chance.integers(0, len(codes), size)], dtype="str"),
            "distance_miles": miles,
            "signal_strength": pd.array(
                np.array(["High", "Medium", "Low"], dtype="object")[chance.integers(0, 3, size)], dtype="str"
            ),
            "signal_date": dates,
            "segment": pd.array(np.array(["Cold", "Migration"])[chance.integers(0, 2, size)], dtype="str"),
        }
    )


def bare(leads: pd.DataFrame, icp: Icp, workflow: str, *, coded: bool = False) -> np.ndarray:
    """The rounded score alone: look every value up, weigh, add, round.

    Words are searched among the sorted known ones with NumPy; with `coded`, pandas.factorize codes them
    first, which is quicker than any search among strings.
    """
    total = np.zeros(len(leads))
    for name, weight in icp.data["scoring"][workflow]["weights"].items():
        component = icp.data["components"][name]
        if "scores" not in component:
            total += weight * banded(leads, component)
            continue
        known = scores_in_force(icp, component["dimension"])
        if coded:
            codes, words = pd.factorize(leads[component["column"]])
            total += weight * np.array([*(float(known.get(word, 40)) for word in words), 40.0])[codes]
        else:
            words = np.array(sorted(known))
            scores = np.array([known[word] for word in words], dtype="float64")
            column = leads[component["column"]].to_numpy(dtype="object", na_value="").astype(words.dtype)
            places = np.minimum(np.searchsorted(words, column), len(words) - 1)
            total += weight * np.where(words[places] == column, scores[places], 40.0)
    return np.minimum(np.floor(total + 0.5), 100)


def banded(leads: pd.DataFrame, component: dict) -> np.ndarray:
    """The score of each number's band."""
    ends = np.array([band.get("max", np.inf) for band in component["bands"]])
    scores = np.array([*(float(band["score"]) for band in component["bands"]), np.nan])
    if component["column"] == "age_days":
        days = leads["signal_date"].to_numpy().astype("datetime64[D]")
        numbers = (np.datetime64(TODAY, "D") - days).astype("float64")
    else:
        numbers = leads[component["column"]].to_numpy(dtype="float64", na_value=np.nan)
    return scores[np.searchsorted(ends, numbers)]


def best(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The shortest time of each call in seconds, the calls taking turns."""
    times = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.process_time()
            call()
            times[name] = min(times[name], time.process_time() - start)
    return times


def main(size: int = 1_000_000, rounds: int = 5) -> dict[str, float]:
    """Seconds and ratios by workflow; prints a line for each."""
    icp = read_icp(ROOT / "config")
    leads = million_leads(size, icp)
    result: dict[str, float] = {"leads": float(size)}
    for workflow in ("intent", "geography"):
        times = best(
            {
                "scored": lambda w=workflow: score_leads(leads, icp, workflow=w, today=TODAY),
                "bare": lambda w=workflow: bare(leads, icp, w),
                "coded": lambda w=workflow: bare(leads, icp, w, coded=True),
            },
            rounds,
        )
        ratio, coded = times["scored"] / times["bare"], times["scored"] / times["coded"]
        result[f"{workflow}_seconds"] = times["scored"]
        result[f"{workflow}_ratio"] = ratio
        result[f"{workflow}_ratio_to_coded"] = coded
        named = f"{size:,} leads scored, {workflow}"
        tell(Figure(named, times["scored"], times["bare"], 2.0, "bare NumPy look-ups"))
        tell(Figure(named, times["scored"], times["coded"], None, "NumPy look-ups, words coded first"))
    return result


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
