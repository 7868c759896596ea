"""Calibration runs and the proposals made from them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from turso_db import Database, Statement

_RUN_FIELDS = (
    "created_at", "created_by", "as_of", "estimator", "population", "weight_version", "icp_sha256",
    "data_sha256", "data_version", "code_version", "seed",
    "half_life_days", "known",
)  # fmt: skip


def record_run(
    db: Database,
    *,
    stamp: Mapping[str, Any],
    overall: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    proof: Mapping[str, Any],
    components: Sequence[Mapping[str, Any]] = (),
) -> int:
    """The number of the run just kept. `stamp` holds who, when and every hash; a missing one is a
    KeyError, but for half_life_days and known, which may be missing.
    """
    written = db.write(
        [
            Statement(
                f"INSERT INTO calibration_runs ({', '.join(_RUN_FIELDS)}, overall, rows, proof, components) "  # noqa: S608
                f"VALUES ({', '.join('?' for _ in _RUN_FIELDS)}, ?, ?, ?, ?) RETURNING run_id",
                (
                    *(
                        ({"half_life_days": None, "known": None} | dict(stamp))[field]
                        for field in _RUN_FIELDS
                    ),
                    json.dumps(overall, allow_nan=False),
                    json.dumps(rows, allow_nan=False),
                    json.dumps(proof, allow_nan=False),
                    json.dumps(list(components), allow_nan=False),
                ),
            )
        ]
    )
    return int(written[0].rows[0]["run_id"])


_WITH_FATE = (
    "SELECT r.*, (SELECT version FROM proposals p WHERE p.run_id = r.run_id AND p.status = 'applied') "
    "AS applied_version, (SELECT max(n.run_id) FROM calibration_runs n WHERE n.run_id > r.run_id "
    "AND n.estimator = r.estimator AND n.population = r.population AND n.half_life_days IS r.half_life_days "
    "AND n.as_of >= r.as_of) AS superseded_by, "
    "r.run_id <= (SELECT coalesce(max(last_run), 0) FROM demo_removals) AS rests_on_demo FROM calibration_runs r "
)


def read_run(db: Database, *, run_id: int) -> dict[str, Any] | None:
    """One run with `overall`, `rows`, `proof` and `components` parsed, `applied_version` (or None), `superseded_by`
    (or None) and `rests_on_demo` (1: on invented leads that were removed since).

    A run is superseded by a newer one that asked the same question: same estimator, population and half-life, and not
    of an earlier date.
    """
    return _parsed(db.rows(_WITH_FATE + "WHERE r.run_id = ?", (run_id,)))


def read_latest_run(db: Database, *, estimator: str | None = None) -> dict[str, Any] | None:
    """The newest run (of that estimator), as `read_run` gives it, or None when nothing was calibrated yet. Runs on a demo
    that was removed do not count.
    """
    newest = (
        "WHERE r.run_id = (SELECT max(run_id) FROM calibration_runs WHERE (? IS NULL OR estimator = ?) "
        "AND run_id > (SELECT coalesce(max(last_run), 0) FROM demo_removals))"
    )
    return _parsed(db.rows(_WITH_FATE + newest, (estimator, estimator)))


def _parsed(found: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    if not found:
        return None
    return {
        **found[0],
        **{name: json.loads(found[0][name]) for name in ("overall", "rows", "proof", "components")},
    }


def read_runs(db: Database, *, limit: int = 50) -> pd.DataFrame:
    """The newest runs first: run_id, created_at, created_by, as_of, estimator, population, half_life_days,
    weight_version, overall (JSON).
    """
    return db.frame(
        "SELECT run_id, created_at, created_by, as_of, estimator, population, half_life_days, weight_version, overall "
        "FROM calibration_runs ORDER BY run_id DESC LIMIT ?",
        (limit,),
    )
