"""The digest in words."""

from __future__ import annotations

from datetime import date

from analytics.weekly_digest import against_before, digest_body, digest_html, digest_text, week_of

NOTHING = {
    "batches": 0, "exported": 0, "milestones": {}, "deals": {"won": 0, "lost": 0, "won_all": 0, "lost_all": 0}, "opened": [],
    "closed": 0, "standing": [], "versions": [], "waiting": {"reviews": 0, "unmatched": 0, "issues": 0, "proposals": 0},
    "newest": {}, "steps": [],
}  # fmt: skip


def body(now, win=(), **facts):
    return digest_body(NOTHING | facts, week=date(2026, 2, 2), now=now, win=win)


def said(made):
    return {part["heading"]: part["sentences"] for part in made["sections"]}


def test_the_week_is_the_last_whole_one():
    assert week_of(date(2026, 2, 11)) == date(2026, 2, 2)  # a Wednesday: the week of Monday, 2 February
    assert week_of(date(2026, 2, 9)) == date(2026, 2, 2)
    assert week_of(date(2026, 2, 8)) == date(2026, 1, 26)  # a Sunday: its own week is not over


def test_a_quiet_week_says_so_under_every_heading(now):
    told = said(body(now))
    assert told["What changed"] == ["0 leads went out in 0 batches."]
    assert told["What it means"] == ["Nothing stands out from what chance makes."]
    assert told["What to do"] == ["Nothing waits for anybody."]
    assert "up to date" in told["What is stale"][0]
    assert body(now)["title"] == "Sales health, 2 Feb to 8 Feb 2026"


def test_a_number_is_held_against_chance():
    # 80 before in 8 weeks: 10 a week. 12 of 92 in one ninth of the time: nothing; 25 of 105 (11.7 expected): more.
    assert against_before(12, 80) == "12, 10.0 a week before: within what chance makes"
    assert against_before(25, 80) == "25, more than the 10.0 a week before"
    assert against_before(1, 80) == "1, fewer than the 10.0 a week before"
    assert against_before(0, 0) == "0, as before"


def test_everything_that_waits_or_is_old_is_named(now):
    alert = {"rule": "Batches", "subject": "batch B1", "sentence": "Batch B1 stands below."}
    told = said(body(
        now, [("Did it fall?", "No."), ("Why?", "Nothing to explain."), ("What first?", "Call India.")],
        waiting={"reviews": 3, "unmatched": 0, "issues": 2, "proposals": 1}, standing=[alert], newest={"deals": "2026-01-31T10:00:00Z"},
        steps=[{"step": "sync", "status": "failed", "last_good_at": None}],
        versions=[{"version": 4, "kind": "approval", "actor": "Ana", "reason": "Proof"}],
        milestones={"delivery": (5, 40)},
    ))  # fmt: skip
    assert told["What to do"][:3] == [
        "3 matches wait for a decision: Outcomes, Review.", "2 issues about deals are open: Insights.",
        "1 proposals wait for a decision: Score Calibration.",
    ]  # fmt: skip
    assert told["What to do"][3:] == ["Still open, Batches: Batch B1 stands below.", "Call India."]
    assert told["What is stale"] == [
        "The newest deals are 11 days old.",
        "The scheduled step sync fails; it never went well.",
    ]
    assert told["What it means"] == ["No.", "Nothing to explain."]
    assert "Version 4 of the scores came into force (approval by Ana): Proof" in told["What changed"]
    assert "Deliveries: 5, 5.0 a week before: within what chance makes." in told["What changed"]


def test_text_and_html_say_the_same_and_escape(now):
    made = body(now, versions=[{"version": 2, "kind": "approval", "actor": "<b>Bo</b>", "reason": "x"}])
    page = digest_html(made, leave="https://hades.example.com/Alerts?leave=abc")
    assert "<b>Bo" not in page
    assert "leave=abc" in page
    text = digest_text(made)
    assert all(sentence in text for part in made["sections"] for sentence in part["sentences"])
    assert "No more of these" not in text
