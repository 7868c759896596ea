"""The weekly digest in words: what changed, what it means, what to do, what is stale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from analytics.html_report import document, note, section

WEEKS_BEFORE = 8  # with which a week is compared
STALE_DAYS = 7
_MILESTONES = {"contacted": "contacts", "appointment": "appointments", "delivery": "deliveries", "churned": "churned sites", "lost": "lost sites"}  # fmt: skip
_WORK = {
    "reviews": ("matches wait for a decision", "Outcomes, Review"), "unmatched": ("outcomes have found no company", "Outcomes, Unmatched"),
    "issues": ("issues about deals are open", "Insights"), "proposals": ("proposals wait for a decision", "Score Calibration"),
}  # fmt: skip
Body = dict[str, Any]


def week_of(day: date) -> date:
    """The Monday of the last whole week before `day`."""
    return day - timedelta(days=day.weekday() + 7)


def digest_body(
    facts: Mapping[str, Any], *, week: date, now: datetime, win: Sequence[tuple[str, str]] = ()
) -> Body:
    """title, and sections: heading and sentences each, for the week that begins on the Monday `week`.

    `facts` as stores.digests.read_week gives them, with the eight weeks before; `win`: the (question, answer) of a win
    report, where there is one. Every heading has at least one sentence.
    """
    sections = [
        ("What changed", _changed(facts)),
        ("What it means", _means(facts, win)),
        ("What to do", _to_do(facts, win)),
        ("What is stale", _stale(facts, now)),
    ]
    until = week + timedelta(days=6)
    return {
        "title": f"Sales health, {week:%-d %b} to {until:%-d %b %Y}",
        "sections": [{"heading": heading, "sentences": sentences} for heading, sentences in sections],
    }


def against_before(now: int, before: int, weeks: int = WEEKS_BEFORE) -> str:
    """`12, more than the 4.0 a week before`, or that it is within what chance makes (exact binomial test, 5 %).

    With the same pace, each of the now + before events falls into this week with chance 1 / (weeks + 1).
    """
    from scipy.stats import binomtest

    pace = f"{before / weeks:.1f} a week before"
    if now + before == 0:
        return "0, as before"
    chance = binomtest(now, now + before, 1 / (weeks + 1)).pvalue
    if chance > 0.05:
        return f"{now:,}, {pace}: within what chance makes"
    return f"{now:,}, {'more' if now * weeks > before else 'fewer'} than the {pace}"


def digest_text(body: Body, *, leave: str | None = None) -> str:
    """The digest as text, with the link to unsubscribe where there is one."""
    lines = [str(body["title"]), ""]
    for part in body["sections"]:
        lines += [str(part["heading"]), *(f"- {sentence}" for sentence in part["sentences"]), ""]
    if leave:
        lines.append(f"No more of these: {leave}")
    return "\n".join(lines)


def digest_html(body: Body, *, leave: str | None = None) -> str:
    """The digest as one HTML file that loads nothing."""
    parts = [
        section(str(part["heading"]), "") + "".join(note(str(s)) for s in part["sentences"])
        for part in body["sections"]
    ]
    if leave:
        parts.append(note(f"No more of these: {leave}"))
    return document(str(body["title"]), parts)


def _changed(facts: Mapping[str, Any]) -> list[str]:
    told = [f"{facts['exported']:,} leads went out in {facts['batches']:,} batches."]
    for kind, name in _MILESTONES.items():
        now, before = facts["milestones"].get(kind, (0, 0))
        if now or before:
            told.append(f"{name.capitalize()}: {against_before(now, before)}.")
    deals = facts["deals"]
    if deals["won_all"] or deals["lost_all"]:
        won_before, lost_before = deals["won_all"] - deals["won"], deals["lost_all"] - deals["lost"]
        told.append(
            f"Deals won: {against_before(deals['won'], won_before)}; lost: {against_before(deals['lost'], lost_before)}."
        )
    told += [
        f"Version {v['version']} of the scores came into force ({v['kind']} by {v['actor']}): {v['reason']}"
        for v in facts["versions"]
    ]
    return told


def _means(facts: Mapping[str, Any], win: Sequence[tuple[str, str]]) -> list[str]:
    told = [answer for _, answer in win[:2]]
    told += [f"Alert, {a['rule']}: {a['sentence']}" for a in facts["opened"]]
    if facts["closed"]:
        told.append(f"{facts['closed']:,} alerts were closed because their reason is gone.")
    return told or ["Nothing stands out from what chance makes."]


def _to_do(facts: Mapping[str, Any], win: Sequence[tuple[str, str]]) -> list[str]:
    told = [
        f"{facts['waiting'][name]:,} {what}: {where}."
        for name, (what, where) in _WORK.items()
        if facts["waiting"][name]
    ]
    told += [
        f"Still open, {a['rule']}: {a['sentence']}"
        for a in facts["standing"]
        if a not in _plain(facts["opened"])
    ]
    told += [answer for question, answer in win if question == "What first?"]
    return told or ["Nothing waits for anybody."]


def _plain(alerts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{name: alert[name] for name in ("rule", "subject", "sentence")} for alert in alerts]


def _stale(facts: Mapping[str, Any], now: datetime) -> list[str]:
    told = []
    for kind, at in facts["newest"].items():
        days = (now - datetime.fromisoformat(at)).days
        if days >= STALE_DAYS:
            told.append(f"The newest {kind} are {days} days old.")
    for step in facts["steps"]:
        if step["status"] == "failed":
            last = (
                f"it last went well on {step['last_good_at'][:10]}"
                if step["last_good_at"]
                else "it never went well"
            )
            told.append(f"The scheduled step {step['step']} fails; {last}.")
    return told or ["Nothing: what feeds these figures is up to date."]
