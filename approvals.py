"""What a person approves: single values of config/icp.yaml, each state of it a version that can come back."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from actors import Actor, require
from errors import ConfigError, Conflict, InputError, Refused
from icp import Icp, dimensions, in_filter, parse_icp, scores_in_force
from icp_edit import ScoreChange, edit_scores
from stores import runs, weights
from stores.audit import audit_entry
from stores.state import read_state
from turso_db import Database

# The same text always means the same configuration; what is in force is looked up each time.
_parsed = lru_cache(maxsize=16)(parse_icp)
_FIRST = Actor("HADES", "admin")
_HAND = Actor("someone with access to the file", "admin")


@dataclass(frozen=True)
class Active:
    """The configuration in force, its version, and the data version of the same look at the database."""

    icp: Icp
    version: int
    data_version: int


@dataclass(frozen=True)
class Applied:
    """What an approval or a rollback did: the version now in force, and each value before and after."""

    version: int
    changes: list[dict[str, Any]]
    icp: Icp


def active_configuration(db: Database, *, config_dir: Path, now: datetime) -> Active:
    """The configuration in force, with file and database brought to agree.

    Same hash: nothing to do. File missing, or known from an older version (a disk that was thrown away and
    laid anew): the newest version is written back. Unknown hash: somebody edited the file by hand; once it
    passes the checks it is recorded as a version of its own. ConfigError when the hand-edited file is wrong.
    """
    path = config_dir / "icp.yaml"
    for _ in range(5):
        state = read_state(db)
        text = _read_text(path)
        if text is None and state.weight_version is None:
            raise ConfigError(
                "config/icp.yaml is missing and the database has no version of it. Restore it from the release."
            )
        if text is not None:
            icp = _parsed(text) if _is_new(db, text, state.icp_sha256) else None
            if icp is None and state.weight_version is not None and _sha256(text) == state.icp_sha256:
                return Active(_parsed(text), state.weight_version, state.data_version)
            if icp is not None:
                version = (state.weight_version or 0) + 1
                kind = "first" if version == 1 else "hand edit"
                with contextlib.suppress(Conflict):  # another process recorded a version first: look again
                    _record(db, version, kind, icp, _FIRST if version == 1 else _HAND, _reason(kind), now)
                continue
        newest = weights.read_active_version(db)
        assert newest is not None  # a version is there: the file was missing or known
        _lay(db, path, newest["icp_yaml"])
        return Active(_parsed(newest["icp_yaml"]), int(newest["version"]), state.data_version)
    raise Conflict(
        "config/icp.yaml keeps changing while it is read. Wait until the edits are done, then try again."
    )


def movable_rows(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a run that say move and are no candidates: what "all" means."""
    return [
        row for row in run["rows"]
        if row["verdict"] == "move" and not row["candidate"] and row["current"] is not None
        and row["suggested"] is not None and row["suggested"] != row["current"]
    ]  # fmt: skip


def pick_rows(run: Mapping[str, Any], names: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """The rows of a run named as (dimension, value), in the order of the run; InputError when one is not
    there.
    """
    by_name = {(row["dimension"], row["value"]): row for row in run["rows"]}
    strange = [f"{dimension}={value}" for dimension, value in names if (dimension, value) not in by_name]
    if strange:
        raise InputError(
            f"Run {run['run_id']} has no row {', '.join(strange)}. Name rows as DIMENSION=VALUE, e.g. sic_code=8361."
        )
    return [row for key, row in by_name.items() if key in set(names)]


def planned_changes(
    icp: Icp, rows: Sequence[Mapping[str, Any]], *, extend_filter: bool = False
) -> list[ScoreChange]:
    """The changes of icp.yaml that these rows of a run ask for.

    Refused for a row that cannot change anything: a report-only dimension, no evidence, or the score it
    already has.
    """
    changes = []
    for row in rows:
        name = f"{row['dimension']}={row['value']}"
        in_force = scores_in_force(icp, row["dimension"])
        if not in_force:
            raise Refused(
                f"{name} is only reported: config/icp.yaml has no scores for it, so there is nothing to approve."
            )
        if row["suggested"] is None:
            raise Refused(
                f"{name} has no evidence: the outcomes do not know this dimension, so there is no suggestion."
            )
        lets_in = row["candidate"] and extend_filter and not in_filter(icp, row["dimension"], row["value"])
        if in_force.get(row["value"]) == row["suggested"] and not lets_in:
            raise Refused(f"{name} already has the score {row['suggested']}. Untick it.")
        changes.append(
            ScoreChange(
                row["dimension"],
                row["value"],
                int(row["suggested"]),
                lets_in,
            )
        )
    if not changes:
        raise Refused("No row was chosen that says move, so nothing was changed.")
    return changes


def check_open(run: Mapping[str, Any] | None, active: Active, db: Database) -> None:
    """Nothing when the run may still be approved; Conflict with who and when, if not. New outcomes do not
    matter.
    """
    if run is None:
        raise InputError(
            "There is no calibration run with this number. Calibrate first, or pick one from the list."
        )
    number = run["run_id"]
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
) -> Applied:
    """The new version, in force for the very next score in every process.

    `rows` are (dimension, value) as ticked; None means all rows that say move and are no candidates. The
    database decides who was first: the version's number can be taken once. Only then is the file replaced, in
    one step.
    """
    require(actor, "manager", "approve scores")
    reason = _said(reason)
    active = active_configuration(db, config_dir=config_dir, now=now)
    run = runs.read_run(db, run_id=run_id)
    check_open(run, active, db)
    assert run is not None  # check_open refuses a missing run
    chosen = movable_rows(run) if rows is None else pick_rows(run, rows)
    changes = planned_changes(active.icp, chosen, extend_filter=extend_filter)
    icp = parse_icp(edit_scores(active.icp.text, changes))
    told = [
        {
            "dimension": change.dimension,
            "value": change.value,
            "before": scores_in_force(active.icp, change.dimension).get(change.value),
            "after": change.score,
            "extend_filter": change.extend_filter,
        }
        for change in changes
    ]
    version = active.version + 1
    try:
        db.write(
            [
                weights.insert_version(
                    version=version, kind="approval", icp_yaml=icp.text, sha256=icp.sha256, actor=actor.name,
                    reason=reason, now=now, run_id=run_id, changes=told,
                ),
                runs.insert_applied_proposal(
                    run_id=run_id, changes=told, reason=reason, actor=actor.name, now=now, version=version
                ),
                audit_entry(now=now, actor=actor, action="approve", subject=f"version {version}", detail={"run_id": run_id, "changes": told}),
            ]
        )  # fmt: skip
    except Conflict as error:
        raise _someone_was_first(db, version) from error
    _lay(db, config_dir / "icp.yaml", icp.text)
    return Applied(version, told, icp)


def rollback(
    db: Database, *, config_dir: Path, version: int, reason: str, now: datetime, actor: Actor
) -> Applied:
    """The new version whose text is, byte for byte, that of `version`; history keeps everything in
    between.
    """
    require(actor, "manager", "roll back scores")
    reason = _said(reason)
    active = active_configuration(db, config_dir=config_dir, now=now)
    target = weights.read_version(db, version=version)
    if target is None:
        raise InputError(f"There is no version {version}; versions 1 to {active.version} exist.")
    if target["sha256"] == active.icp.sha256:
        raise Refused(f"Version {active.version}, in force now, already has the text of version {version}.")
    icp = parse_icp(target["icp_yaml"])
    told = changed_scores(active.icp, icp)
    number = active.version + 1
    try:
        db.write(
            [
                weights.insert_version(
                    version=number, kind="rollback", icp_yaml=icp.text, sha256=icp.sha256, actor=actor.name,
                    reason=reason, now=now, rolled_back_to=version, changes=told,
                ),
                audit_entry(now=now, actor=actor, action="roll back", subject=f"version {number}", detail={"to": version}),
            ]
        )  # fmt: skip
    except Conflict as error:
        raise _someone_was_first(db, number) from error
    _lay(db, config_dir / "icp.yaml", icp.text)
    return Applied(number, told, icp)


def changed_scores(before: Icp, after: Icp) -> list[dict[str, Any]]:
    """Each score that differs: dimension, value, before, after (None where one of them has no such value)."""
    changed = []
    for dimension in dict.fromkeys([*dimensions(before), *dimensions(after)]):
        old, new = (
            scores_in_force(icp, dimension) if dimension in dimensions(icp) else {} for icp in (before, after)
        )
        changed += [
            {"dimension": dimension, "value": value, "before": old.get(value), "after": new.get(value)}
            for value in dict.fromkeys([*old, *new])
            if old.get(value) != new.get(value)
        ]
    return changed


def write_atomically(path: Path, text: str) -> None:
    """Nothing; the file holds `text` and no reader ever sees half of it. Its permissions stay, and a link to it
    stays a link.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".icp-", suffix=".yaml")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _lay(db: Database, path: Path, text: str) -> None:
    """Nothing; the file says `text`, unless somebody saved an edit this very moment: that one is kept for
    `active_configuration` to record. On a disk that cannot be written the database alone is the truth.
    """
    with contextlib.suppress(OSError, ConfigError):
        found = _read_text(path)
        if found is None or weights.is_known_text(db, sha256=_sha256(found)):
            write_atomically(path, text)


def _someone_was_first(db: Database, version: int) -> Conflict:
    other = weights.read_version(db, version=version) or {}
    return Conflict(
        f"{other.get('actor', 'Somebody')} was first: version {version} ({other.get('kind', 'a change')}) was made "
        "while you decided. Look at what changed and calibrate again."
    )


def _record(
    db: Database, version: int, kind: str, icp: Icp, actor: Actor, reason: str, now: datetime
) -> None:
    previous = weights.read_active_version(db)
    told = changed_scores(parse_icp(previous["icp_yaml"]), icp) if previous else []
    db.write(
        [
            weights.insert_version(
                version=version, kind=kind, icp_yaml=icp.text, sha256=icp.sha256, actor=actor.name, reason=reason,
                now=now, changes=told,
            ),
            audit_entry(now=now, actor=actor, action=kind, subject=f"version {version}"),
        ]
    )  # fmt: skip


def _reason(kind: str) -> str:
    return (
        "The configuration this database began with."
        if kind == "first"
        else "config/icp.yaml was edited by hand."
    )


def _is_new(db: Database, text: str, active_sha256: str | None) -> bool:
    sha256 = _sha256(text)
    return sha256 != active_sha256 and not weights.is_known_text(db, sha256=sha256)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _read_text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise ConfigError("config/icp.yaml was expected to be UTF-8 text. Save it as UTF-8.") from error
    except OSError as error:
        raise ConfigError(
            f"config/icp.yaml cannot be read: {error.strerror}. Mend its permissions."
        ) from error


def _said(reason: str) -> str:
    if not reason.strip():
        raise InputError("A reason was expected, but it is empty. Say in a few words why this is right.")
    return " ".join(reason.split())
