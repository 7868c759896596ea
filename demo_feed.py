"""What becomes of the demo's leads, when, and how a dialler and a CRM would tell it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lead_values import normalised_company_name

FEED_DAYS = 14  # outcomes come in every two weeks, the last time on the day before "today"

# Days from export (or deal) to delivery: a gamma with median 45 and 95 % within 115 days. Twice a gamma of shape 2.5
# is chi-square on 5 degrees of freedom, whose median is 4.351 and whose 95 % quantile is 11.070.
_LAG_SHAPE, _LAG_SCALE, _LAG_LEAST = 2.5, 2 * 45 / 4.351, 8

_STAGES = {
    "contacted": ("HLM Follow up", "HLM follow-up"),
    "appointment": ("Appt Not Acknowledged", "Green - Approved By Locator", "Green - SiteSurvey Sent"),
    "delivery": ("Green/Delivered", "Green/ Delivered", "Green / Delivered"),
    "lost": ("Red/Rejected", "Declined By Operator"),
    "churned": ("Machine Removed",),
}
_TYPOS = 9
_FORMS = (", Inc.", " LLC", " Inc", " Co.")


def delivery_lags(rng: np.random.Generator, size: int) -> npt.NDArray[Any]:
    """Days from export to delivery (timedelta64), at least 8."""
    days = np.maximum(np.rint(rng.gamma(_LAG_SHAPE, _LAG_SCALE, size)), _LAG_LEAST)
    return days.astype("int64").astype("timedelta64[D]")


def workdays(days: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same days (datetime64), those on a weekend moved to the Monday after."""
    return np.busday_offset(days.astype("datetime64[D]"), 0, roll="forward")


def outcome_feed(
    rng: np.random.Generator, companies: pd.DataFrame, batch_days: Sequence[date], today: date
) -> pd.DataFrame:
    """One row per milestone that happened before `today`, by the day it is reported, with names and stages as typed.

    `companies` is World.companies; `batch_days` the export day of each batch. Columns: batch, company_id (Int64;
    missing: a company nobody knows), batch_text (missing: the batch's own ID), company_name, milestone, happened_on,
    reported_on (datetime64), detail. Some names have typos, and three rows fit no company: work for a person.
    """
    feed = _milestones(rng, companies)
    last = np.datetime64(today - timedelta(days=1))
    feed = feed[feed["happened_on"] <= last]
    feed = feed.sort_values(["happened_on", "company_id"], kind="stable", ignore_index=True)
    feed["company_name"] = [spelled(name, rng) for name in feed["company_name"]]
    # A name that cannot be read back: only where a later milestone of the same company says as much and more.
    farther = feed.loc[feed["milestone"].isin(["appointment", "delivery"]), "company_id"]
    told_again = np.flatnonzero(feed["milestone"].eq("contacted") & feed["company_id"].isin(farther))
    for place in rng.choice(told_again, min(_TYPOS, len(told_again)), replace=False):
        feed.loc[place, "company_name"] = mistyped(str(feed.loc[place, "company_name"]), rng)
    feed = pd.concat([feed, _strangers(batch_days, last)], ignore_index=True)
    late = (last - feed["happened_on"].to_numpy().astype("datetime64[D]")).astype("int64") // FEED_DAYS
    feed["reported_on"] = last - (late * FEED_DAYS).astype("timedelta64[D]")
    feed = feed.astype({"company_id": "Int64", "batch_text": "str"})
    return feed.sort_values(["reported_on", "happened_on"], kind="stable", ignore_index=True)


def spelled(name: str, rng: np.random.Generator) -> str:
    """The name as somebody types it into a CRM: other case, other legal form, `and` for `&`; the same normalised."""
    bare = name
    for form in _FORMS:
        bare = bare.removesuffix(form)
    changes = (
        name.upper(),
        name.lower(),
        name.replace("&", "and"),
        name.replace(", Inc.", " Incorporated").replace(" LLC", ", L.L.C."),
        f"{name}, LLC" if name == bare else bare,
        f"The {name}",
        name.replace(" ", "  ") + " ",
    )
    drawn = int(rng.integers(2 * len(changes)))
    changed = changes[drawn] if drawn < len(changes) else name
    return changed if normalised_company_name(changed) == normalised_company_name(name) else name


def mistyped(name: str, rng: np.random.Generator) -> str:
    """The name with one letter of its first word missing."""
    place = int(rng.integers(1, 4))
    return name[:place] + name[place + 1 :]


def _milestones(rng: np.random.Generator, companies: pd.DataFrame) -> pd.DataFrame:
    """Every milestone that ever happens to these companies: batch, company_id, company_name, milestone, happened_on,
    detail, batch_text (all missing).

    Three in four are reached, a quarter of those meet; whoever is delivered was reached and met on the way.
    """
    size = len(companies)
    exported = companies["exported_on"].to_numpy().astype("datetime64[D]")
    delivered = companies["delivered_on"].to_numpy().astype("datetime64[D]")
    won = ~np.isnat(delivered)
    lag = np.where(won, (delivered - exported) / np.timedelta64(1, "D"), 0.0)
    reached = won | (rng.random(size) < 0.74)
    met = won | (reached & (rng.random(size) < 0.24))
    contact = np.where(won, np.maximum(rng.uniform(0.05, 0.25, size) * lag, 1), rng.gamma(1.5, 7.0, size) + 1)
    meeting = np.where(won, rng.uniform(0.30, 0.65, size) * lag, contact + rng.gamma(2.0, 6.0, size) + 1)
    lost = ~won & (rng.random(size) < np.where(met, 0.85, 0.45))
    lost_after = np.where(met, meeting, contact) + rng.gamma(2.0, 18.0, size) + 2
    churned = won & (rng.random(size) < 0.07)
    parts = []
    for milestone, happens, days in (
        ("contacted", reached, contact),
        ("appointment", met, meeting),
        ("delivery", won, lag),
        ("lost", lost, lost_after),
        ("churned", churned, lag + rng.integers(40, 260, size)),
    ):
        rows = companies.loc[happens, ["batch", "company_id", "company_name"]]
        after = np.floor(days[happens]).astype("int64").astype("timedelta64[D]")
        stages = _STAGES[milestone]
        parts.append(
            rows.assign(
                milestone=milestone,
                happened_on=workdays(exported[happens] + after),
                detail=[stages[place] for place in rng.integers(len(stages), size=len(rows))],
                batch_text=None,
            )
        )
    milestones: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return milestones


def _strangers(batch_days: Sequence[date], last: np.datetime64) -> pd.DataFrame:
    """Three rows that fit no company: two of companies nobody exported, one with a batch ID that never was."""
    first, second, third = len(batch_days) - 12, len(batch_days) - 9, len(batch_days) - 7
    unknown_batch = f"HADES-{batch_days[third]:%Y%m%d}-901"
    rows = (
        (first, None, "Windrow Crossing Assisted Living", "delivery", last - 12, "Green/ Delivered"),
        (second, None, "Old Ferry Motor Lodge", "appointment", last - 8, "Green - Approved By Locator"),
        (third, unknown_batch, "Stonebarn Machine Works", "contacted", last - 5, "HLM Follow up"),
    )
    columns = ["batch", "batch_text", "company_name", "milestone", "happened_on", "detail"]
    return pd.DataFrame(rows, columns=columns).assign(company_id=None)
