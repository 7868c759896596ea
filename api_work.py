"""What each route of the feedback API does once its request was read and its caller let in: one act, and the answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from actors import Actor
from api_answers import Problem
from api_desk import Desk, clock
from errors import Conflict, InputError
from feedback import ScoredLead, exported_row, give_feedback, score_sent, undo_feedback
from lead_conversion import conversions, reasons_of, scorer_of
from lead_schema import SentLead, check_lead
from settings import VERSION
from stores import feedback as store
from stores.state import read_state


def scored(desk: Desk, actor: Actor, sent: Any, as_text: bool) -> dict[str, Any]:
    """What POST /score answers: the lead is kept with its score, and its outcome where one was said. InputError for a lead
    that does not fit, Conflict for one that was exported or is of another kind already.
    """
    lead = check_lead(sent, desk.rules, as_text=as_text)
    now = clock()
    (found,) = score_sent(desk.db, leads=[lead], scorers=desk.scorers(), now=now, actor=actor)
    if found.problem:
        raise Conflict(found.problem)
    if lead.outcome is not None:
        desk.retrainer.nudge()
    return _score_answer(found, f"{now:%Y-%m-%dT%H:%M:%SZ}")


def reasons(desk: Desk, lead_id: str) -> dict[str, Any]:
    """What GET /score/{lead_id} answers: the score as of now and its reasons; nothing is kept. Problem 404 for a lead that no
    program sent.
    """
    lead = store.read_lead(desk.db, lead_id=lead_id)
    if lead is None or lead["exported_lead"] is not None:
        raise Problem(404, "No lead with this lead_id was sent to be scored.")
    features = json.loads(lead["last_features"])
    scorer = scorer_of(desk.scorers(), lead["kind"], features)
    (found,) = conversions([features], scorer)
    told = {name: round(points, 6) for name, points in reasons_of(features, scorer).items()}
    return _score_answer(ScoredLead(lead_id, found), f"{clock():%Y-%m-%dT%H:%M:%SZ}") | {"reasons": told}


def scored_batch(desk: Desk, actor: Actor, sent: Any) -> dict[str, Any]:
    """What POST /score/batch answers: every lead is in `results` or in `problems`. InputError for what is no batch."""
    leads = sent.get("leads") if isinstance(sent, dict) and set(sent) == {"leads"} else None
    if not isinstance(leads, list) or not 1 <= len(leads) <= desk.rules.batch_leads:
        raise InputError(
            f'A batch was expected as {{"leads": [...]}} with 1 to {desk.rules.batch_leads:,} leads.'
        )
    now, good, problems = clock(), list[tuple[int, SentLead]](), list[dict[str, Any]]()
    for place, one in enumerate(leads):
        try:
            good.append((place, check_lead(one, desk.rules)))
        except InputError as error:
            problems.append({"index": place, "lead_id": _shown_id(one), "message": str(error)})
    found = score_sent(
        desk.db, leads=[lead for _, lead in good], scorers=desk.scorers(), now=now, actor=actor
    )
    problems += [
        {"index": place, "lead_id": one.lead_id, "message": one.problem}
        for (place, _), one in zip(good, found, strict=True)
        if one.problem
    ]
    if any(lead.outcome is not None for _, lead in good):
        desk.retrainer.nudge()
    stamp = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    results = [_score_answer(one, stamp) for one in found if not one.problem]
    return {
        "received": len(leads), "scored": len(results), "rejected": len(problems), "results": results,
        "problems": sorted(problems, key=lambda problem: problem["index"]),
    }  # fmt: skip


def _score_answer(found: ScoredLead, stamp: str) -> dict[str, Any]:
    return {
        "lead_id": found.lead_id, "conversion_score": found.conversion.conversion_score,
        "risk_category": found.conversion.risk_category, "timestamp": stamp,
        "model_version": found.conversion.model_version,
    }  # fmt: skip


def _shown_id(sent: Any) -> str | None:
    said = sent.get("lead_id") if isinstance(sent, dict) else None
    return said[:100].encode("utf-8", "replace").decode() if isinstance(said, str) else None


def given(desk: Desk, actor: Actor, lead_id: str, outcome: bool) -> dict[str, Any]:
    """What PUT /feedback/{lead_id} answers: what became of the lead is kept."""
    state = give_feedback(desk.db, lead_id=lead_id, outcome=outcome, now=clock(), actor=actor)
    if state.changed:
        desk.retrainer.nudge()
    message = "The outcome is kept." if state.changed else "This outcome stood already; nothing changed."
    return {"message": message, **_stands(state)}


def undone(desk: Desk, actor: Actor, lead_id: str) -> dict[str, Any]:
    """What DELETE /feedback/{lead_id} answers: the newest outcome is taken back."""
    state = undo_feedback(desk.db, lead_id=lead_id, now=clock(), actor=actor)
    before = "no outcome stands" if state.outcome is None else "the one before it stands again"
    return {"message": f"The newest outcome is taken back; {before}.", **_stands(state)}


def _stands(state: Any) -> dict[str, Any]:
    return {"lead_id": state.lead_id, "outcome": state.outcome, "total_feedback": state.total_feedback}


def history(desk: Desk, lead_id: str) -> dict[str, Any]:
    """What GET /feedback/{lead_id} answers: everything said of the lead. Problem 404 where it was neither sent nor exported."""
    lead, row = store.read_lead(desk.db, lead_id=lead_id), exported_row(lead_id)
    if lead is None:
        if row is None or store.read_exported(desk.db, batch_id=row[0], row_number=row[1]) is None:
            raise Problem(404, "No lead with this lead_id was scored.")
        lead = {"outcome": None}  # exported, and no program said anything of it
    told = store.read_history(desk.db, lead_id=lead_id)
    rows = [{name: row[name] for name in ("outcome", "given_at", "given_by", "came_from")} for row in told]
    return {"lead_id": lead_id, "outcome": _flag(lead["outcome"]), "history": [row | {"outcome": _flag(row["outcome"])} for row in rows]}  # fmt: skip


def _flag(value: int | None) -> bool | None:
    return None if value is None else bool(value)


def retrained(desk: Desk, actor: Actor) -> dict[str, Any]:
    """What POST /retrain answers: whether a retraining was started."""
    started = desk.retrainer.request(actor)
    message = (
        "A retraining was started; GET /info says how it ends." if started else "One is running already."
    )
    return {"message": message, "started": started, "retraining_status": desk.retraining_status()}


def healthy(desk: Callable[[], Desk]) -> dict[str, str]:
    """What GET /health answers, once the database did; its error where it did not."""
    read_state(desk().db)
    return {"status": "ok", "version": VERSION}
