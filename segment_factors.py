"""A named person puts a segment's tuning factor into force; every version can come back like any other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from actors import Actor, require
from configuration import active_configuration
from errors import Conflict, InputError, Refused
from icp import parse_icp
from icp_numbers import edit_factors
from score_changes import Applied, needs_second, put_into_force, said
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
    reason = said(reason)
    active = active_configuration(db, config_dir=config_dir, now=now)
    if active.version != seen_version:
        raise Conflict(
            f"Version {active.version} came into force while you decided; you looked at version {seen_version}. Look again."
        )
    if needs_second(active.icp):
        raise Refused(
            "Two persons are needed here to change scores (calibration.second_approver), and a factor is approved by one. "
            "Edit it in config/icp.yaml together, or switch the rule off."
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
    detail = {"changes": changes, "evidence": dict(evidence or {})}
    return put_into_force(
        db, config_dir=config_dir, active=active, icp=icp, kind="approval", changes=changes, reason=reason, now=now, actor=actor,
        with_it=[], action="approve factor", detail=detail,
    )  # fmt: skip
