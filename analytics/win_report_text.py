"""A win report as text, as JSON and as one HTML file that needs nothing else."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analytics.html_report import document, html_table, note, percent, plain_rows, section
from analytics.win_report import WinReport

_GAP = ["field", "value", "won_days", "lost_days", "gap", "gap_low", "gap_high", "gap_adjusted"]


def report_tables(report: WinReport) -> dict[str, list[tuple[str, pd.DataFrame]]]:
    """Question → (caption, table for people) in order; figures are rounded, rates are in percent."""
    owners = report.owners if report.owners["stands_out"].any() else report.owners.sort_values("value")
    months = report.months.assign(month=report.months["month"].dt.strftime("%b %Y"))
    segments = report.segments
    tables: dict[str, list[tuple[str, pd.DataFrame]]] = {
        report.answers[0][0]: [
            ("Months by closing date, with funnel limits (2 sd warn, 3 sd alarm) around the rate of all",
             percent(months, ("rate", "low", "high", "warn_low", "warn_high"))[
                 ["month", "deals", "won", "rate", "low", "high", "warn_low", "warn_high", "signal"]]),
            ("The same by creation date; months whose deals are still open can still rise or fall",
             percent(report.cohorts.assign(month=report.cohorts["month"].dt.strftime("%b %Y")), ("rate", "low", "high"))[
                 ["month", "deals", "won", "still_open", "rate", "low", "high"]]),
        ],
        report.answers[1][0]: [
            ("The change between the two periods, split into mix and rates, in points; by chance: how often shuffled deals do as much",
             report.terms.round({"change": 2, "low": 2, "high": 2, "by_chance": 3, "adjusted": 3})),
        ],
        report.answers[2][0]: [
            ("Impact is the plain count of lost deals; excess is wins missing against the average",
             percent(segments, ("rate", "low", "high")).round({"excess": 1, "excess_low": 1, "excess_high": 1})[
                 ["field", "value", "deals", "rate", "low", "high", "impact", "excess", "excess_low", "excess_high"]]),
            ("Cycle–Outcome Gap: median days of lost less median days of won deals; it describes",
             segments.round({"gap_low": 1, "gap_high": 1, "gap_adjusted": 3}).reindex(columns=_GAP)),
            ("Win rate by last stage; it describes",
             percent(report.stages, ("rate", "low", "high"))[["stage", "closed", "won", "rate", "low", "high", "open_deals"]]),
        ],
        report.answers[3][0]: [],
        report.answers[4][0]: [
            ("Owners, shrunk toward the rate of all; by name unless somebody stands out",
             percent(owners, ("rate", "shrunk", "low", "high")).rename(columns={"value": "owner"})[
                 ["owner", "deals", "won", "rate", "shrunk", "low", "high"]]),
        ],
    }  # fmt: skip
    if len(report.young):
        tables[report.answers[1][0]].append((
            "The same for deals by creation, won so far: maturity is what deals that are still young have not shown yet",
            report.young.round({"change": 2, "low": 2, "high": 2, "by_chance": 3}),
        ))  # fmt: skip
    if report.flow is not None and len(report.flow.stages):
        tables[report.answers[2][0]].append((
            "Stages: how many went on, and days until half had left, those still there counted as long as they were watched",
            percent(report.flow.stages, ("went_on", "low", "high")).drop(columns="longest_open"),
        ))  # fmt: skip
    if len(segments) and (segments["open_amount"] > 0).any():
        tables[report.answers[2][0]].insert(
            1,
            ("Revenue at risk: open amount × loss rate",
             segments.round(dict.fromkeys(("open_amount", "at_risk", "at_risk_low", "at_risk_high"), 0))[
                 ["field", "value", "open_deals", "open_amount", "at_risk", "at_risk_low", "at_risk_high"]]),
        )  # fmt: skip
    first = tables[report.answers[3][0]]
    if len(report.actions):
        first.append(("Ranked by wins a year", report.actions.round(1)))
    if report.drivers is not None:
        values = report.drivers.values
        first += [
            ("Drivers: effect in points against otherwise alike deals",
             values.round({"effect": 1, "effect_low": 1, "effect_high": 1, "adjusted": 3})[
                 ["field", "value", "deals", "effect", "effect_low", "effect_high", "adjusted", "sentence"]]),
            ("Trials: shuffled outcomes, made-up drivers, each quarter left out",
             report.drivers.fields.round({"p": 3, "adjusted": 3, "shuffled": 3, "placebo": 3})[
                 ["field", "p", "adjusted", "shuffled", "placebo", "periods_kept", "verdict"]]),
            ("Known only at close: describes, and is no driver",
             report.drivers.at_close.round({"p": 3})[["trait", "sentence", "p"]]),
        ]  # fmt: skip
    if len(report.rules):
        first.append((
            "Rules found in 60 % of the deals and held against the other 40 %",
            percent(report.rules, ("rate", "rest_rate")).round(
                {"points": 1, "low": 1, "high": 1, "kept_points": 1, "adjusted": 4, "kept_p": 4}
            )[["rule", "deals", "rate", "rest_rate", "points", "low", "high", "adjusted", "kept_points", "kept_p", "found"]],
        ))  # fmt: skip
    return tables


def report_notes(report: WinReport) -> list[str]:
    """What must be said with the figures: limits, models, what is left out."""
    notes = [f"{report.deals:,} deals as known on {report.as_of:%Y-%m-%d}; open deals are in no win rate."]
    if report.cusum is not None:
        days = ", ".join(f"{day:%Y-%m-%d}" for day in report.cusum_signals) or "none"
        notes.append(
            f"CUSUM for a slow fall from {100 * report.cusum.baseline:.1f} to {100 * report.cusum.to:.1f} %: signals {days}; in "
            f"unchanged times it signals in {100 * report.cusum.false_alarm:.1f} % of years of {report.cusum.deals_a_year:,} deals."
        )
    if report.drivers is not None:
        drivers = report.drivers
        notes.append(
            f"The model of all drivers tells won from lost with an AUC of {drivers.auc:.3f} "
            f"({drivers.auc_low:.3f} to {drivers.auc_high:.3f}) on deals it has not seen; 0.5 is chance."
            + (
                f" It rests on {drivers.deals:,} deals drawn from all by a fixed seed."
                if drivers.thinned
                else ""
            )
        )
    if report.rules.empty or not report.rules["found"].any():
        notes.append("No segment was found: no rule of one or two labels stands both tests.")
    if report.young_sentence:
        notes.append(report.young_sentence)
    return notes


def report_text(report: WinReport) -> str:
    """The answers, the tables and the notes as text."""
    tables = report_tables(report)
    parts = []
    for question, sentence in report.answers:
        parts += [question, f"  {sentence}", ""]
    if report.flow is not None:
        parts += [report.flow.sentence, ""]
    for question, some in tables.items():
        for caption, table in some:
            parts += [f"[{question}] {caption}", table.to_string(index=False, na_rep="-"), ""]
    return "\n".join([*parts, *report_notes(report)])


def report_json(report: WinReport) -> dict[str, Any]:
    """The answers and tables as values that JSON can hold; missing values are null."""
    return {
        "deals": report.deals,
        "as_of": f"{report.as_of:%Y-%m-%d}",
        "answers": [{"question": q, "answer": a} for q, a in report.answers],
        "tables": [
            {"question": question, "caption": caption, "rows": plain_rows(table)}
            for question, some in report_tables(report).items()
            for caption, table in some
        ],
        "notes": report_notes(report),
    }


def report_html(report: WinReport, *, title: str) -> str:
    """One HTML document with the answers, a picture and the tables; it loads nothing from anywhere."""
    tables = report_tables(report)
    body = []
    for place, (question, sentence) in enumerate(report.answers):
        body.append(section(question, sentence))
        if place == 0:
            body.append(_run_chart(report.months))
        body += [html_table(caption, table) for caption, table in tables[question]]
    return document(title, [*body, *(note(text) for text in report_notes(report))])


def _run_chart(months: pd.DataFrame) -> str:
    """The months as an SVG: dots for rates, thin lines for the limits of two standard deviations."""
    shown = months[months["rate"].notna()]
    if len(shown) < 2:
        return ""
    low = float(min(shown["warn_low"].min(), shown["rate"].min()))
    high = float(max(shown["warn_high"].max(), shown["rate"].max()))
    span = max(high - low, 1e-9)
    x = [50 + 720 * place / (len(shown) - 1) for place in range(len(shown))]

    def y(rate: float) -> float:
        return 200 - 180 * (rate - low) / span

    lines = ""
    for column in ("warn_low", "warn_high"):
        points = " ".join(f"{a:.1f},{y(b):.1f}" for a, b in zip(x, shown[column], strict=True))
        lines += f'<polyline points="{points}" fill="none" stroke="#8A97A6" stroke-dasharray="3 4"/>'
    points = " ".join(f"{a:.1f},{y(b):.1f}" for a, b in zip(x, shown["rate"], strict=True))
    lines += f'<polyline points="{points}" fill="none" stroke="#2F8AD0" stroke-width="1.5"/>'
    lines += "".join(
        f'<circle cx="{a:.1f}" cy="{y(b):.1f}" r="4" fill="#2F8AD0"><title>{month:%b %Y}: {100 * b:.1f} %</title></circle>'
        for a, b, month in zip(x, shown["rate"], shown["month"], strict=True)
    )
    labels = "".join(
        f'<text x="4" y="{y(rate) + 4:.1f}" font-size="11" fill="currentColor">{100 * rate:.0f} %</text>'
        for rate in (low, high)
    ) + "".join(
        f'<text x="{a:.1f}" y="222" font-size="11" text-anchor="middle" fill="currentColor">{month:%b %y}</text>'
        for place, (a, month) in enumerate(zip(x, shown["month"], strict=True))
        if place % max(1, len(shown) // 8) == 0
    )
    return (
        '<svg viewBox="0 0 790 230" role="img" aria-label="Win rate by month of closing, with the limits that chance keeps">'
        f"{lines}{labels}</svg>"
    )
