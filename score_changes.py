"""Which scores a calibration run would change, whether it still may, and the one write that puts them into force."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from actors import Actor, same_person
from configuration import Active, lay
from errors import Conflict, InputError, Refused
from icp import WORKFLOWS, Icp, in_filter, parse_icp, scores_in_force
from icp_edit import ScoreChange, edit_scores
from icp_numbers import edit_weights
from stores import runs, weights
from stores.audit import audit_entry
from turso_db import Database, Statement

_MOST_NAMED = 5
WEIGHT = "_weight"  # behind the name of a workflow: what its weights are called beside the dimensions


@dataclass(frozen=True)
class Applied:
    """What an approval or a rollback did: the version now in force, and each value before and after."""

    version: int
    changes: list[dict[str, Any]]
    icp: Icp


def movable_rows(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a run that say move and are no candidates: what "all" means."""
    return [
        row for row in run["rows"]
        if row["verdict"] == "move" and not row["candidate"] and row["current"] is not None
        and row["suggested"] is not None and row["suggested"] != row["current"]
    ]  # fmt: skip


def weight_rows(run: Mapping[str, Any], workflow: str) -> list[dict[str, Any]]:
    """What a run says about the weights of a workflow's components, as rows that can be approved together: dimension
    (`intent_weight`, `geography_weight`), value (the component), current, suggested (0–1, at two decimals), low, high,
    verdict, why, leads, deliveries. Empty where the run knows none.
    """
    return [
        {
            "dimension": f"{workflow}{WEIGHT}", "value": row["component"], "current": row["current"],
            "suggested": row["rounded"], "low": row["low"], "high": row["high"], "verdict": row["verdict"], "why": row["why"],
            "leads": part["leads"], "deliveries": part["deliveries"], "rate": None, "candidate": False,
        }
        for part in run["components"] or [] if part["workflow"] == workflow
        for row in part["rows"]
    ]  # fmt: skip


def pick_rows(run: Mapping[str, Any], names: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """The rows of a run, weights of components included, named as (dimension, value), in the order of the run; InputError
    when one is not there.
    """
    rows = [*run["rows"], *(row for workflow in WORKFLOWS for row in weight_rows(run, workflow))]
    by_name = {(row["dimension"], row["value"]): row for row in rows}
    strange = [name for name in names if name not in by_name]
    if strange:
        told = ", ".join(f"{dimension}={value}" for dimension, value in strange)
        raise InputError(f"Run {run['run_id']} has no row {told}. {_names_of(by_name, strange)}")
    return [row for key, row in by_name.items() if key in set(names)]


def _names_of(rows: Collection[tuple[str, str]], asked: Sequence[tuple[str, str]]) -> str:
    """How rows are named: the dimensions there are, and what asked-for values are called."""
    called_so = [name for name in rows if name[1] in {value for _, value in asked}]
    alike = [
        f"{dimension}={value}"
        for dimension, value in called_so or rows
        if called_so or dimension in {dimension for dimension, _ in asked}
    ]
    told = f" Near it: {', '.join(alike[:_MOST_NAMED])}." if alike else ""
    known = ", ".join(dict.fromkeys(dimension for dimension, _ in rows))
    return f"Name rows as DIMENSION=VALUE, e.g. sic_code=8361; dimensions are {known}.{told}"


def taken_back(versions: Sequence[Mapping[str, Any]], version: int) -> Mapping[str, Any] | None:
    """The rollback (a row of stores.weights.read_versions) that took this version out of force; None while no rollback
    did, or a later one brought it back.
    """
    later = [v for v in versions if v["kind"] == "rollback" and v["version"] > version]
    newest = max(later, key=lambda v: v["version"], default=None)
    return None if newest is None or newest["rolled_back_to"] >= version else newest


def overtaking(run: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Dimension → the values without a lead to judge that would stand above one of these rows once it has its suggested
    score, and do not now. Empty where nothing is lowered below such a value.
    """
    found: dict[str, list[str]] = {}
    chosen = {(row["dimension"], row["value"]) for row in rows}
    for other in run["rows"]:
        name = (other["dimension"], other["value"])
        if other["leads"] or other["current"] is None or other["candidate"] or name in chosen:
            continue
        if any(
            row["dimension"] == name[0] and row["current"] is not None and row["suggested"] is not None
            and row["suggested"] < other["current"] <= row["current"]
            for row in rows
        ):  # fmt: skip
            found.setdefault(name[0], []).append(name[1])
    return found


def planned_changes(
    icp: Icp, rows: Sequence[Mapping[str, Any]], *, extend_filter: bool = False
) -> list[dict[str, Any]]:
    """The changes of icp.yaml that these rows of a run ask for, as versions and proposals keep them: dimension, value,
    before (None without one), after, extend_filter.

    Refused for a row that cannot change anything: a report-only dimension, no evidence, or the score it
    already has; and for some of a workflow's weights without the others.
    """
    changes = []
    for row in rows:
        dimension, value, after = row["dimension"], row["value"], row["suggested"]
        name = f"{dimension}={value}"
        workflow = _workflow_of(dimension)
        in_force = _weights(icp, workflow) if workflow else scores_in_force(icp, dimension)
        if not in_force:
            raise Refused(
                f"{name} is only reported: config/icp.yaml has no scores for it, so there is nothing to approve."
            )
        # A run of an earlier release suggested something also where no lead speaks.
        if after is None or row.get("leads") == 0:
            raise Refused(
                f"{name} has no evidence: no lead that can be judged has this value, so nothing is suggested. Untick it."
            )
        lets_in = row["candidate"] and extend_filter and not in_filter(icp, dimension, value)
        if in_force.get(value) == after and not lets_in:
            if workflow:  # the others move around it
                continue
            raise Refused(f"{name} already has the score {after}. Untick it.")
        changes.append(
            {
                "dimension": dimension,
                "value": value,
                "before": in_force.get(value),
                "after": after if workflow else int(after),
                "extend_filter": lets_in,
            }
        )
    if not changes:
        raise Refused("No row was chosen that says move, so nothing was changed.")
    _check_whole(icp, changes)
    return changes


def _workflow_of(dimension: str) -> str | None:
    """The workflow whose weights go by this name; None for a dimension."""
    return next((workflow for workflow in WORKFLOWS if dimension == f"{workflow}{WEIGHT}"), None)


def _weights(icp: Icp, workflow: str) -> dict[str, float]:
    return {name: float(weight) for name, weight in icp.data["scoring"][workflow]["weights"].items()}


def _weights_after(icp: Icp, changes: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Workflow → its weights with these changes, for the workflows that change."""
    after: dict[str, dict[str, float]] = {}
    for change in changes:
        if workflow := _workflow_of(change["dimension"]):
            after.setdefault(workflow, _weights(icp, workflow))[change["value"]] = change["after"]
    return after


def _check_whole(icp: Icp, changes: Sequence[Mapping[str, Any]]) -> None:
    for workflow, weights_after in _weights_after(icp, changes).items():
        if abs(sum(weights_after.values()) - 1) > 1e-9:
            raise Refused(
                f"The weights of the workflow {workflow} sum to 1 and change together: choose all of them, or none."
            )


def needs_second(icp: Icp) -> bool:
    """Whether two persons are needed to change scores: one proposes, another decides."""
    return bool(icp.data["calibration"].get("second_approver", False))


def check_signer(icp: Icp, actor: Actor, *, proposed_by: str | None = None) -> None:
    """Nothing when this person may put a change into force. Refused where two persons are needed and nobody proposed it
    before, or the same person did, however the name is spelled.
    """
    if not needs_second(icp):
        return
    if proposed_by is None:
        raise Refused(
            "config/icp.yaml asks for a second approver (calibration.second_approver), so nobody puts a change into "
            "force alone. Propose it; another person then decides."
        )
    if same_person(actor.name, proposed_by):
        raise Refused(
            f"{actor.name} proposed this change, and config/icp.yaml asks for a second approver: another person decides."
        )


def change_of_run(
    icp: Icp, rows: Sequence[Mapping[str, Any]], *, extend_filter: bool = False
) -> tuple[Icp, list[dict[str, Any]]]:
    """The configuration that these rows of a run ask for, and what differs in it; Refused as `planned_changes` is."""
    changes = planned_changes(icp, rows, extend_filter=extend_filter)
    return changed_icp(icp, changes), changes


def changed_icp(icp: Icp, changes: Sequence[Mapping[str, Any]]) -> Icp:
    """The configuration with these changes (see `planned_changes`): every other byte of its text is the same. Refused for
    some of a workflow's weights without the others.
    """
    _check_whole(icp, changes)
    scores = [
        ScoreChange(c["dimension"], c["value"], c["after"], c.get("extend_filter", False))
        for c in changes
        if not _workflow_of(c["dimension"])
    ]
    text = edit_scores(icp.text, scores) if scores else icp.text
    for workflow, weights_after in _weights_after(icp, changes).items():
        text = edit_weights(text, workflow, weights_after)
    return parse_icp(text)


def change_of_open_run(
    db: Database, *, run_id: int, rows: Sequence[tuple[str, str]] | None, active: Active, extend_filter: bool
) -> tuple[Icp, list[dict[str, Any]]]:
    """The configuration that these rows of a run ask for, named as (dimension, value), and what differs in it; None means
    `movable_rows`. Errors as for `check_open`, `pick_rows` and `planned_changes`.
    """
    run = runs.read_run(db, run_id=run_id)
    check_open(run, active, db)
    assert run is not None  # check_open refuses a missing run
    chosen = movable_rows(run) if rows is None else pick_rows(run, rows)
    return change_of_run(active.icp, chosen, extend_filter=extend_filter)


def text_diff(before: str, after: str) -> str:
    """The unified diff of icp.yaml, three lines around each change; empty where nothing differs."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), "icp.yaml in force", "icp.yaml proposed", lineterm=""
    )
    return "\n".join(lines)


def check_open(run: Mapping[str, Any] | None, active: Active, db: Database) -> None:
    """Nothing when the run may still be approved; Conflict with who and when, if not. New outcomes do not
    matter.
    """
    if run is None:
        raise InputError(
            "There is no calibration run with this number. Calibrate first, or pick one from the list."
        )
    number = run["run_id"]
    if run["rests_on_demo"]:
        raise Refused(f"Run {number} rests on the demo, which was removed. Calibrate again.")
    if run["applied_version"] is not None:
        version = weights.read_version(db, version=run["applied_version"]) or {}
        raise Conflict(
            f"Run {number} was already applied by {version.get('actor')} on {str(version.get('created_at'))[:10]} "
            f"as version {run['applied_version']}. Calibrate again to see what is left to change."
        )
    if run["weight_version"] != active.version or run["icp_sha256"] != active.icp.sha256:
        version = weights.read_version(db, version=active.version) or {}
        raise Conflict(
            f"The scores changed since run {number}: it was made on version {run['weight_version']}, and version "
            f"{active.version} ({version.get('kind')} by {version.get('actor')} on {str(version.get('created_at'))[:10]}) "
            "is in force. Calibrate again."
        )
    if run["superseded_by"] is not None:
        raise Conflict(f"Run {number} was superseded by run {run['superseded_by']}. Review that one.")


def put_into_force(
    db: Database,
    *,
    config_dir: Path,
    active: Active,
    icp: Icp,
    kind: str,
    changes: list[dict[str, Any]],
    reason: str,
    now: datetime,
    actor: Actor,
    with_it: Sequence[Statement],
    run_id: int | None = None,
    rolled_back_to: int | None = None,
    action: str = "approve",
    detail: Mapping[str, Any] | None = None,
) -> Applied:
    """The version after `active`, in force for the very next score in every process.

    The database decides who was first: the version's number can be taken once, and `with_it` is kept in the same
    write. Only then is the file replaced, in one step. Conflict, with who came first and what they changed.
    """
    version = active.version + 1
    try:
        db.write(
            [
                weights.insert_version(
                    version=version, kind=kind, icp_yaml=icp.text, sha256=icp.sha256, actor=actor.name, reason=reason,
                    now=now, run_id=run_id, rolled_back_to=rolled_back_to, changes=changes,
                ),
                *with_it,
                audit_entry(now=now, actor=actor, action=action, subject=f"version {version}",
                            detail={"from_version": active.version} | dict(detail or {})),
            ]
        )  # fmt: skip
    except Conflict as error:
        raise _someone_was_first(db, version) from error
    lay(db, config_dir / "icp.yaml", icp.text)
    return Applied(version, changes, icp)


def _someone_was_first(db: Database, version: int) -> Conflict:
    other = weights.read_version(db, version=version)
    if other is None:
        return Conflict(
            "Somebody decided this meanwhile, so nothing was changed. Open the journal to see who and what."
        )
    return Conflict(
        f"{other['actor']} was first: version {version} ({other['kind']}) was made while you decided. It changed "
        f"{weights.told(other)}. Look at what changed and calibrate again."
    )
