"""Syncs and imports as a person reads them: what ran, how long, what it brought, and whether it still runs."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pandas as pd

KINDS = {
    "outcomes": "Outcomes from Zoho", "operators": "Operators from Zoho", "historical": "History", "file": "Outcomes from a file",
    "exports": "Batches from a file",
}  # fmt: skip
_MATCHING = ("outcomes", "file")  # the others have nothing to match
_QUIET_SECONDS = 120  # a run beats every few seconds; after this silence its place is free for another one


def run_list(runs: pd.DataFrame, *, now: datetime) -> pd.DataFrame:
    """One row per run of stores.syncs.read_sync_runs, in its order.

    Columns: started_at, what, how (all, what changed, or blank), status (running, done, failed, interrupted), by, window,
    read, matched, review, unmatched (these three missing where nothing is matched), updated, calls, credits, seconds (missing
    while it runs), errors (how many).
    A running row without a sign of life for two minutes is interrupted; the next run goes on from there.
    """
    return pd.DataFrame(
        [_row(row, now) for row in runs.to_dict("records")],
        columns=["started_at", "what", "how", "status", "by", "window", "read", "matched", "review", "unmatched", "updated",
                 "calls", "credits", "seconds", "errors"],
    )  # fmt: skip


def told_in_full(run: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The sentences of one run: its errors, and what it noted."""
    errors = [str(sentence) for sentence in json.loads(run["errors"] or "[]")]
    note = run["note"] if isinstance(run["note"], str) else ""
    return errors, [line for line in note.split("\n") if line.strip()]


def progress(run: dict[str, Any] | None, *, now: datetime) -> str:
    """How far a running sync is, in a sentence; blank when none runs."""
    if run is None or _status(run, now) != "running":
        return ""
    seconds = int((now - _moment(run["started_at"])).total_seconds())
    return (
        f"{int(run['read']):,} records read with {int(run['calls']):,} calls to Zoho, {duration(seconds)} so far. "
        "You may leave this page; it goes on."
    )


def duration(seconds: float | None) -> str:
    """`12 s`, `3 min 20 s`, `1 h 5 min`, or a dash."""
    if seconds is None or pd.isna(seconds):
        return "–"
    whole = max(int(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    return (
        f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"
    )


def _row(run: dict[Any, Any], now: datetime) -> dict[str, Any]:
    ended = run["finished_at"] if isinstance(run["finished_at"], str) else None
    window = [
        str(run[end])[:16].replace("T", " ")
        for end in ("window_from", "window_to")
        if isinstance(run[end], str)
    ]
    return {
        "started_at": run["started_at"],
        "what": KINDS.get(run["kind"], str(run["kind"]).capitalize()),
        "how": {"full": "all", "incremental": "what changed"}.get(run["mode"], ""),
        "status": _status(run, now),
        "by": run["started_by"],
        "window": (" to " if len(window) == 2 else "").join(window) if isinstance(run["window_from"], str) or not window else f"up to {window[0]}",
        **{name: int(run[name]) for name in ("read", "updated", "calls", "credits")},
        **{name: int(run[name]) if run["kind"] in _MATCHING else None for name in ("matched", "review", "unmatched")},
        "seconds": (_moment(ended) - _moment(run["started_at"])).total_seconds() if ended else None,
        "errors": len(json.loads(run["errors"] or "[]")),
    }  # fmt: skip


def _status(run: dict[Any, Any], now: datetime) -> str:
    beat = run["heartbeat_at"]
    if (
        run["status"] == "running"
        and isinstance(beat, str)
        and (now - _moment(beat)).total_seconds() > _QUIET_SECONDS
    ):
        return "interrupted"
    return str(run["status"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
