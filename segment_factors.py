"""A named person puts a segment's tuning factor into force, where two are needed: one proposes, another approves.

Every version can come back like any other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from actors import Actor, given_reason, require, same_person
from configuration import Active, active_configuration
from errors import Conflict, InputError, Refused
from icp import Icp, parse_icp
from icp_numbers import edit_factors
from score_changes import Applied, check_signer, put_into_force
from stores.audit import audit_entry
from stores.factor_proposals import CLOSE, PROPOSE, read_open, refuse_settled
from turso_db import Database

DIMENSION = "segment_factor"  # what the journal calls these changes beside the scores of dimensions


def approve_factors(
    db: Database,
    *,
    config_dir: Path,
    factors: Mapping[str, float],
    seen_version: int,
    reason: str,
    now: datetime,
    actor: Actor,
    evidence: Mapping[str, Any] | None = None,
) -> Applied:
    """The new version of config/icp.yaml, in which only the digits of these factors differ.

    `seen_version` is the version whose evidence the person looked at: Conflict where another one is in force since.
    InputError for an unknown segment, a factor outside 0 to 2 or no reason; Refused where nothing would change, or where
    two persons are needed for a change. `evidence` (leads, deliveries, interval) is kept in the audit.
    """
    require(actor, "manager", "approve tuning factors")
    reason = given_reason(reason)
    active = active_configuration(db, config_dir=config_dir, now=now)
    check_signer(active.icp, actor)
    icp, changes = _planned(active, factors, seen_version)
    detail = {"changes": changes, "evidence": _plain(evidence)}
    return put_into_force(
        db, config_dir=config_dir, active=active, icp=icp, kind="approval", changes=changes, reason=reason, now=now, actor=actor,
        with_it=[], action="approve factor", detail=detail,
    )  # fmt: skip


def propose_factors(
    db: Database, *, config_dir: Path, factors: Mapping[str, float], seen_version: int, reason: str, now: datetime, actor: Actor,
    evidence: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Nothing; the factors wait for another person (stores.factor_proposals.read_open), until one decides or the scores
    change. A newer proposal takes the place of an open one. Errors as for `approve_factors`; config/icp.yaml is as it was.
    """
    require(actor, "manager", "propose tuning factors")
    reason = given_reason(reason)
    active = active_configuration(db, config_dir=config_dir, now=now)
    _, changes = _planned(active, factors, seen_version)
    detail = {
        "changes": changes, "evidence": _plain(evidence), "reason": reason, "base_version": active.version,
    }  # fmt: skip
    subject = ", ".join(change["value"] for change in changes)
    db.write([audit_entry(now=now, actor=actor, action=PROPOSE, subject=subject, detail=detail)])


def approve_proposed(
    db: Database, *, config_dir: Path, proposal: int, reason: str, now: datetime, actor: Actor
) -> Applied:
    """The new version, made of the open proposal with this number.

    Refused when its proposer decides though two persons are needed; Conflict when another proposal is open now, or none, up to
    the moment of the write.
    """
    require(actor, "manager", "approve tuning factors")
    reason = given_reason(reason)
    active = active_configuration(db, config_dir=config_dir, now=now)
    found = _open(db, proposal)
    check_signer(active.icp, actor, proposed_by=found["proposed_by"])
    factors = {change["value"]: change["after"] for change in found["changes"]}
    icp, changes = _planned(active, factors, found["base_version"])
    return put_into_force(
        db, config_dir=config_dir, active=active, icp=icp, kind="approval", changes=changes, reason=reason, now=now, actor=actor,
        with_it=[refuse_settled(proposal=proposal)], action="approve factor",
        detail={"changes": changes, "evidence": found["evidence"], "proposal": proposal, "proposed_by": found["proposed_by"]},
    )  # fmt: skip


def close_proposed(db: Database, *, proposal: int, reason: str, now: datetime, actor: Actor) -> None:
    """Nothing; the open proposal with this number is off the table: refused, or withdrawn by whoever made it. It stays in
    the audit with the reason. Conflict when another proposal is open now, or none."""
    require(actor, "manager", "decide on tuning factors")
    reason = given_reason(reason)
    found = _open(db, proposal)
    is_own = same_person(actor.name, found["proposed_by"])
    detail = {"proposal": proposal, "reason": reason, "status": "withdrawn" if is_own else "refused"}
    subject = ", ".join(change["value"] for change in found["changes"])
    db.write([audit_entry(now=now, actor=actor, action=CLOSE, subject=subject, detail=detail)])


def _open(db: Database, proposal: int) -> dict[str, Any]:
    found = read_open(db)
    if found is None or found["id"] != proposal:
        raise Conflict(
            "This proposal was decided meanwhile, or the scores changed since it was made. Look again."
        )
    return found


def _planned(
    active: Active, factors: Mapping[str, float], seen_version: int
) -> tuple[Icp, list[dict[str, Any]]]:
    """The configuration with these factors, and what differs in it."""
    if active.version != seen_version:
        raise Conflict(
            f"Version {active.version} came into force while you decided; you looked at version {seen_version}. Look again."
        )
    if not factors:
        raise InputError("A factor was expected, but none was named.")
    icp = parse_icp(edit_factors(active.icp.text, factors))
    before = active.icp.data["scoring"]["segments"]
    changes = [
        {"dimension": DIMENSION, "value": segment, "before": before[segment], "after": factor}
        for segment, factor in factors.items()
        if before[segment] != factor
    ]
    if not changes:
        raise Refused("The factors are those in force already, so nothing was changed.")
    return icp, changes


def _plain(evidence: Mapping[str, Any] | None) -> dict[str, Any]:
    """The evidence without what is not known or has no end: neither is JSON."""
    return {
        name: value
        for name, value in (evidence or {}).items()
        if not isinstance(value, float) or math.isfinite(value)
    }
