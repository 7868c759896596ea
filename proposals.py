"""A change of config/icp.yaml as a proposal: made by one person, decided by one, kept for ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from actors import Actor, given_reason, require, same_person
from configuration import active_configuration
from errors import Conflict, InputError, Refused
from score_changes import (
    Applied,
    change_of_open_run,
    changed_icp,
    check_open,
    check_signer,
    put_into_force,
    text_diff,
)
from stores import proposals, runs
from stores.audit import audit_entry
from turso_db import Database

REFUSED, WITHDRAWN = "refused", "withdrawn"


def propose(
    db: Database,
    *,
    config_dir: Path,
    run_id: int,
    rows: Sequence[tuple[str, str]] | None,
    reason: str,
    now: datetime,
    actor: Actor,
    extend_filter: bool = False,
    prediction: Mapping[str, Any] | None = None,
) -> int:
    """The number of the proposal that now waits for a decision; icp.yaml is as it was.

    `rows` as for approvals.approve. Kept with it: the run, the ticked rows with their scores before and after, the
    reason, the version it is made on, the diff of the text and the `prediction`.
    """
    require(actor, "manager", "propose scores")
    reason = given_reason(reason)
    active = active_configuration(db, config_dir=config_dir, now=now)
    icp, told = change_of_open_run(db, run_id=run_id, rows=rows, active=active, extend_filter=extend_filter)
    written = db.write(
        [
            proposals.insert_open(
                run_id=run_id, changes=told, reason=reason, actor=actor.name, now=now, base_version=active.version,
                diff=text_diff(active.icp.text, icp.text), prediction=prediction,
            ),
            audit_entry(now=now, actor=actor, action="propose", subject=f"run {run_id}", detail={"changes": told}),
        ]
    )  # fmt: skip
    return int(written[0].rows[0]["proposal_id"])


def approve_proposal(
    db: Database,
    *,
    config_dir: Path,
    proposal_id: int,
    rows: Sequence[tuple[str, str]] | None,
    reason: str,
    now: datetime,
    actor: Actor,
    prediction: Mapping[str, Any] | None = None,
) -> Applied:
    """The new version, made of the proposed changes named in `rows`, (dimension, value); None means all of them.

    The rest stays in the proposal as not accepted. `prediction` is that of a part that was accepted; without it, the
    proposal's own stands when all was accepted and none otherwise. InputError for an unknown proposal or row;
    Conflict when it was decided, or the scores changed since it was made; Refused when icp.yaml asks for a second
    approver and the proposer decides.
    """
    require(actor, "manager", "approve scores")
    reason = given_reason(reason)
    proposal = _open(db, proposal_id)
    active = active_configuration(db, config_dir=config_dir, now=now)
    check_signer(active.icp, actor, proposed_by=proposal["proposed_by"])
    check_open(runs.read_run(db, run_id=proposal["run_id"]), active, db)
    told = _accepted(proposal, rows)
    icp = changed_icp(active.icp, told)
    whole = len(told) == len(proposal["changes"])
    decided = proposals.decide(
        proposal_id=proposal_id, status="applied", actor=actor.name, reason=reason, now=now,
        version=active.version + 1, accepted=told,
        prediction=prediction if prediction is not None or not whole else proposal["prediction"],
    )  # fmt: skip
    return put_into_force(
        db, config_dir=config_dir, active=active, icp=icp, kind="approval", changes=told, reason=reason, now=now,
        actor=actor, run_id=proposal["run_id"], with_it=[decided],
        detail={"proposal_id": proposal_id, "run_id": proposal["run_id"], "changes": told},
    )  # fmt: skip


def close_proposal(
    db: Database, *, proposal_id: int, status: str, reason: str, now: datetime, actor: Actor
) -> None:
    """Nothing; the proposal is refused, or withdrawn by whoever made it, and stays in the journal with the reason."""
    require(actor, "manager", "decide on proposals")
    reason = given_reason(reason)
    if status not in (REFUSED, WITHDRAWN):
        raise InputError(f"A proposal is {REFUSED} or {WITHDRAWN}, not '{status}'.")
    proposal = _open(db, proposal_id)
    if status == WITHDRAWN and not same_person(actor.name, proposal["proposed_by"]):
        raise Refused(
            f"Proposal {proposal_id} is {proposal['proposed_by']}'s to withdraw. Refuse it instead, with a reason."
        )
    try:
        db.write(
            [
                proposals.decide(
                    proposal_id=proposal_id, status=status, actor=actor.name, reason=reason, now=now
                ),
                audit_entry(
                    now=now, actor=actor, action="refuse" if status == REFUSED else "withdraw",
                    subject=f"proposal {proposal_id}", detail={"reason": reason},
                ),
            ]
        )  # fmt: skip
    except (Conflict, Refused) as error:
        raise _decided(proposals.read_proposal(db, proposal_id=proposal_id) or proposal) from error


def _open(db: Database, proposal_id: int) -> dict[str, Any]:
    proposal = proposals.read_proposal(db, proposal_id=proposal_id)
    if proposal is None:
        raise InputError(f"There is no proposal {proposal_id}. Look it up in the journal.")
    if proposal["status"] != "open":
        raise _decided(proposal)
    return proposal


def _decided(proposal: Mapping[str, Any]) -> Conflict:
    as_version = f" as version {proposal['version']}" if proposal["version"] else ""
    return Conflict(
        f"Proposal {proposal['proposal_id']} was {proposal['status']} by {proposal['decided_by']} on "
        f"{str(proposal['decided_at'])[:10]}{as_version}."
    )


def _accepted(proposal: Mapping[str, Any], rows: Sequence[tuple[str, str]] | None) -> list[dict[str, Any]]:
    changes: list[dict[str, Any]] = proposal["changes"]
    if rows is None:
        return changes
    wanted = set(rows)
    strange = wanted - {(change["dimension"], change["value"]) for change in changes}
    if strange:
        named = ", ".join(f"{dimension}={value}" for dimension, value in sorted(strange))
        raise InputError(f"Proposal {proposal['proposal_id']} does not change {named}.")
    chosen = [change for change in changes if (change["dimension"], change["value"]) in wanted]
    if not chosen:
        raise Refused("Nothing of the proposal was ticked. Tick what you accept, or refuse it.")
    return chosen
