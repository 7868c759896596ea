"""A named person puts single scores into force, or brings an earlier version of config/icp.yaml back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from actors import Actor, given_reason, require
from configuration import active_configuration, changed_scores
from errors import InputError, Refused
from icp import parse_icp
from score_changes import (
    Applied,
    change_of_open_run,
    check_signer,
    put_into_force,
    text_diff,
)
from stores import proposals, weights
from turso_db import Database


def approve(
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
) -> Applied:
    """The new version, in force for the very next score in every process.

    `rows` are (dimension, value) as ticked; None means all rows that say move and are no candidates. The
    journal keeps it as proposed and decided by the same person, with the `prediction` (change_preview.predict).
    Refused where icp.yaml asks for a second approver: propose it then.
    """
    require(actor, "manager", "approve scores")
    reason = given_reason(reason)
    active = active_configuration(db, config_dir=config_dir, now=now)
    check_signer(active.icp, actor)
    icp, told = change_of_open_run(db, run_id=run_id, rows=rows, active=active, extend_filter=extend_filter)
    proposal = proposals.insert_applied(
        run_id=run_id, changes=told, reason=reason, actor=actor.name, now=now, version=active.version + 1,
        diff=text_diff(active.icp.text, icp.text), prediction=prediction,
    )  # fmt: skip
    return put_into_force(
        db, config_dir=config_dir, active=active, icp=icp, kind="approval", changes=told, reason=reason, now=now,
        actor=actor, run_id=run_id, with_it=[proposal], detail={"run_id": run_id, "changes": told},
    )  # fmt: skip


def rollback(
    db: Database, *, config_dir: Path, version: int, reason: str, now: datetime, actor: Actor
) -> Applied:
    """The new version whose text is, byte for byte, that of `version`; history keeps everything in
    between.
    """
    require(actor, "manager", "roll back scores")
    reason = given_reason(reason)
    active = active_configuration(db, config_dir=config_dir, now=now)
    target = weights.read_version(db, version=version)
    if target is None:
        raise InputError(f"There is no version {version}; versions 1 to {active.version} exist.")
    if target["sha256"] == active.icp.sha256:
        raise Refused(f"Version {active.version}, in force now, already has the text of version {version}.")
    icp = parse_icp(target["icp_yaml"])
    changes = changed_scores(active.icp, icp)
    return put_into_force(
        db, config_dir=config_dir, active=active, icp=icp, kind="rollback", changes=changes,
        reason=reason, now=now, actor=actor, rolled_back_to=version, with_it=[], action="roll back",
        detail={"to": version, "changes": changes},
    )  # fmt: skip
