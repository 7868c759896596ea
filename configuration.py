"""The configuration in force: config/icp.yaml and the newest version in the database, brought to agree."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from actors import Actor
from errors import ConfigError, Conflict
from icp import WORKFLOWS, Icp, dimensions, parse_icp, scores_in_force
from stores import weights
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
        lay(db, path, newest["icp_yaml"])
        return Active(_parsed(newest["icp_yaml"]), int(newest["version"]), state.data_version)
    raise Conflict(
        "config/icp.yaml keeps changing while it is read. Wait until the edits are done, then try again."
    )


def changed_scores(before: Icp, after: Icp) -> list[dict[str, Any]]:
    """Each score, weight and factor that differs: dimension, value, before, after (None where one of them has no such
    value). Weights stand under `intent_weight` and `geography_weight`, factors under `segment_factor`.
    """
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
    old_numbers, new_numbers = _numbers(before), _numbers(after)
    return changed + [
        {
            "dimension": kind,
            "value": name,
            "before": old_numbers.get((kind, name)),
            "after": new_numbers.get((kind, name)),
        }
        for kind, name in dict.fromkeys([*old_numbers, *new_numbers])
        if old_numbers.get((kind, name)) != new_numbers.get((kind, name))
    ]


def _numbers(icp: Icp) -> dict[tuple[str, str], float]:
    """The weights of each workflow's components and the factors of segments: (kind, name) → number."""
    scoring = icp.data["scoring"]
    numbers = {("segment_factor", name): float(factor) for name, factor in scoring["segments"].items()}
    for workflow in WORKFLOWS:
        numbers |= {
            (f"{workflow}_weight", name): float(w) for name, w in scoring[workflow]["weights"].items()
        }
    return numbers


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


def lay(db: Database, path: Path, text: str) -> None:
    """Nothing; the file says `text`, unless somebody saved an edit this very moment: that one is kept for
    `active_configuration` to record. On a disk that cannot be written the database alone is the truth.
    """
    with contextlib.suppress(OSError, ConfigError):
        found = _read_text(path)
        if found is None or weights.is_known_text(db, sha256=_sha256(found)):
            write_atomically(path, text)


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
            audit_entry(
                now=now, actor=actor, action=kind, subject=f"version {version}",
                detail={"from_version": previous["version"], "changes": told[:50]} if previous else None,
            ),
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
