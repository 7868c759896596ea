"""Pictures of deals from finished tables. No calculation beyond placing marks."""

from __future__ import annotations

import pandas as pd

from analytics.charts import CURRENT, QUIET, SUGGESTED
from analytics.pictures import Axis, Line, Look, Mark, axis, interval_picture, plane_picture
from analytics.signed_numbers import signed

_LIMITS = (
    (("warn_low", "warn_high"), "dotted", "Where 95 of 100 months lie by chance"),
    (("alarm_low", "alarm_high"), "dashed", "Where 997 of 1,000 lie"),
)
_TERMS = {
    "maturity": Look(QUIET, "square", "Young deals"),
    "mix": Look(CURRENT, "diamond", "Other kinds of deals"),
    "rate": Look(SUGGESTED, "dot", "Other rates"),
}
_FOUND = {"found": Look(SUGGESTED, "dot"), "chance": Look(SUGGESTED, "ring")}
_MOST_LABELS = 8


def run_chart(months: pd.DataFrame, cohorts: pd.DataFrame, *, alt: str) -> str:
    """The win rate by month of closing with its funnel limits, and by month of creation as a thin line, as HTML.

    Both as analytics.run_chart.monthly_rates gives them. Hollow: a month with deals still open, or not over.
    Dotted: two standard deviations; dashed: three. Nothing without a month.
    """
    if months.empty:
        return ""
    lines = []
    for columns, dash, name in _LIMITS:
        for place, column in enumerate(columns):
            label = name if place == 0 else ""
            lines.append(Line(_points(months["month"], 100 * months[column]), QUIET, dash, label))
    if len(cohorts):
        lines.append(
            Line(_points(cohorts["month"], 100 * cohorts["rate"]), CURRENT, "solid", "By month of creation")
        )
    lines.append(
        Line(_points(months["month"], 100 * months["rate"]), SUGGESTED, "solid", "By month of closing")
    )
    marks = [
        Mark(_day(row["month"]), 100 * row["rate"], f"closed {row['month']:%b %Y}: {row['won']:,} of {row['deals']:,} ({100 * row['rate']:.1f} %)",
             look=Look(SUGGESTED, "dot" if row["complete"] else "ring"))
        for row in months.to_dict("records") if pd.notna(row["rate"])
    ]  # fmt: skip
    top = max(months["rate"].max(), cohorts["rate"].max(), months["alarm_high"].max())
    days = pd.concat([months["month"], cohorts["month"]])
    step = -(-len(months) // _MOST_LABELS)
    ticks = [(_day(day), f"{day:%b %Y}") for day in list(months["month"])[::step]]
    first, last = (_day(pd.Timestamp(day)) for day in (days.min(), days.max()))
    across = Axis(first, max(last, first + 1), ticks, "")
    return plane_picture(
        alt=alt, x=across, y=axis(0, 100 * float(top), "Won, %"), lines=lines, marks=marks, height=260
    )


def change_parts(terms: pd.DataFrame, *, alt: str) -> str:
    """One line per field and term: how many points of the change it makes, with its interval, as HTML.

    `terms` as WinReport.terms or WinReport.young: field, term, change, low, high (points).
    """
    names = [f"{_words(field)}, {term}" for field, term in zip(terms["field"], terms["term"], strict=True)]
    rows = terms.assign(at=terms["change"], look=terms["term"], name=names)
    looks = {term: look for term, look in _TERMS.items() if (rows["term"] == term).any()}
    return interval_picture(
        _told(rows, "points"), alt=alt, title="Points of the change", value=lambda points: signed(points, 1), reference=0.0, looks=looks
    )  # fmt: skip


def effects(values: pd.DataFrame, *, alt: str) -> str:
    """One line per value: its effect in points with the interval; filled where it stands its trials. As HTML.

    `values` as Drivers.values.
    """
    rows = pd.DataFrame({
        "name": [f"{_words(field)}: {value}" for field, value in zip(values["field"], values["value"], strict=True)],
        "at": values["effect"], "low": values["effect_low"], "high": values["effect_high"],
        "look": ["found" if found else "chance" for found in values["found"]],
    })  # fmt: skip
    return interval_picture(
        _told(rows, "points"), alt=alt, title="Points against otherwise alike deals", value=lambda points: signed(points, 1), reference=0.0, looks=_FOUND
    )  # fmt: skip


def impact(segments: pd.DataFrame, *, alt: str) -> str:
    """One line per value of one field: wins missing against the average, with the interval, as HTML.

    `segments`: rows of segment_table of one field.
    """
    rows = pd.DataFrame({
        "name": segments["value"], "at": segments["excess"], "low": segments["excess_low"], "high": segments["excess_high"],
        "told": [f"{value}: {_whole(missing)} wins missing, {lost:,} of {deals:,} lost"
                 for value, missing, lost, deals in segments[["value", "excess", "impact", "deals"]].itertuples(index=False)],
    })  # fmt: skip
    return interval_picture(
        rows,
        alt=alt,
        title="Wins missing against the average",
        value=lambda missing: signed(missing, 0),
        reference=0.0,
    )


def stage_stays(stages: pd.DataFrame, *, alt: str) -> str:
    """One line per stage in order: days until half of its deals had left, with the interval; an open end runs to the edge.

    `stages` as StageFlow.stages; a stage that half have not left yet has no mark. As HTML.
    """
    rows = pd.DataFrame({
        "name": stages["stage"], "at": stages["median_days"], "low": stages["median_low"].fillna(0), "high": stages["median_high"],
        "told": [f"{stage}: half have left after {days:.0f} days, {still:,} of {entered:,} are still there"
                 for stage, days, still, entered in stages[["stage", "median_days", "still_in", "entered"]].itertuples(index=False)],
    })  # fmt: skip
    return interval_picture(
        rows, alt=alt, title="Days until half have left", value="{:.0f}".format, reference=0.0
    )


def owner_rates(owners: pd.DataFrame, *, overall_rate: float, alt: str) -> str:
    """One line per owner: the win rate after shrinkage with its interval, as HTML; the dotted line is the rate of all.

    `owners` as WinReport.owners: value, deals, won, shrunk, low, high (0–1).
    """
    rows = pd.DataFrame({
        "name": owners["value"], "at": 100 * owners["shrunk"], "low": 100 * owners["low"], "high": 100 * owners["high"],
        "told": [f"{owner}: {100 * rate:.1f} % ({won:,} of {deals:,})"
                 for owner, rate, won, deals in owners[["value", "shrunk", "won", "deals"]].itertuples(index=False)],
    })  # fmt: skip
    return interval_picture(
        rows, alt=alt, title="Won after shrinkage, %", value="{:.1f}".format, reference=100 * overall_rate
    )


def _told(rows: pd.DataFrame, unit: str) -> pd.DataFrame:
    """The rows with what each says when pointed at."""
    told = [
        f"{name}: {signed(at, 1)} {unit} ({signed(low, 1)} to {signed(high, 1)})"
        for name, at, low, high in rows[["name", "at", "low", "high"]].itertuples(index=False)
    ]
    return rows.assign(told=told)


def _points(days: pd.Series, values: pd.Series) -> list[tuple[float, float]]:
    return [(_day(day), float(value)) for day, value in zip(days, values, strict=True)]


def _day(day: pd.Timestamp) -> float:
    return float(day.toordinal())


def _words(field: str) -> str:
    return str(field).replace("_", " ").capitalize()


def _whole(number: float) -> str:
    return f"{number:.0f}".replace("-", "−")
