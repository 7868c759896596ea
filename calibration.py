"""A calibration run: what became of the leads, against what their scores promised. It proposes; it changes
nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, NamedTuple, cast

import pandas as pd

from actors import Actor, require
from analytics.calibration_evidence import SEED, Calibration, calculate, plain_proof
from analytics.calibration_table import Estimator
from analytics.score_proof import prove_scores
from errors import InputError, Refused
from icp import WORKFLOWS, Icp, business_zone, parse_icp
from outcome_columns import OutcomeColumns, read_as_known, read_columns
from stores import outcome_rows, runs, weights
from stores.outcome_rows import Known
from turso_db import Database

POPULATIONS = ("all", "historical", "hades")


@dataclass(frozen=True)
class Verified:
    """A run made again: `differences`, a sentence per value that is not as it was (none: equal), the code that made it
    then, and how many rows were compared.
    """

    run_id: int
    differences: list[str]
    code_version: str
    rows: int


def calibrate(
    db: Database,
    *,
    icp: Icp,
    weight_version: int,
    as_of: date,
    now: datetime,
    actor: Actor,
    code_version: str,
    estimator: str | None = None,
    population: str = "all",
    seed: int = SEED,
    half_life_days: int | None = None,
    cache_dir: Path | None = None,
    tell: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """The run just kept, as stores.runs.read_run gives it: frozen with the hashes of data, configuration and
    code, and with how far the tables had been read.

    As of a day that has gone, only what was recorded by its end counts: see `recorded_later`. `cache_dir`: where the
    columnar copy of the outcomes is kept. `tell` hears each step in words.
    Estimator and half-life are those of icp.yaml unless others are given (`half_life_days=0`: all leads count alike).
    """
    require(actor, "ops", "calibrate")
    today = now.astimezone(business_zone(icp)).date()
    if as_of > today:
        raise InputError(
            f"A calibration as of {as_of} was asked for, but today is {today}: leads that are still young would count "
            "as lost. Name a day that has come."
        )
    tell = tell or (lambda _: None)
    tell("Reading the outcomes")
    columns = _read(db, icp, as_of, today, now, cache_dir)
    if half_life_days is None:
        half_life_days = icp.data["calibration"].get("recency_half_life_days")
    question = _Question(
        as_of, estimator or icp.data["calibration"]["estimator"], population, seed, half_life_days or None
    )
    result, proof = _answer(columns, icp, question, tell)
    tell("Keeping the run")
    run_id = runs.record_run(
        db,
        stamp={
            "created_at": now, "created_by": actor.name, "weight_version": weight_version,
            "icp_sha256": icp.sha256, "data_sha256": result.data_sha256, "data_version": columns.data_version,
            "code_version": code_version, "known": json.dumps(columns.known), **question._asdict(),
        },
        overall=result.overall,
        rows=result.rows,
        proof=proof,
        components=result.components,
    )  # fmt: skip
    run = runs.read_run(db, run_id=run_id)
    assert run is not None  # just written
    return run


def verify_run(db: Database, *, run_id: int) -> Verified:
    """Whether a run can be made again: from what was known then, by its version of icp.yaml, estimator and seed.

    InputError for an unknown run; Refused for one of an earlier release, which did not say how far it had read.
    """
    run = runs.read_run(db, run_id=run_id)
    if run is None:
        raise InputError(f"There is no calibration run {run_id}. Look its number up on Score Calibration.")
    if run["rests_on_demo"]:
        raise Refused(
            f"Run {run_id} rests on the demo, which was removed, so it cannot be made again. Calibrate anew."
        )
    version = weights.read_version(db, version=run["weight_version"])
    if run["known"] is None or version is None:
        raise Refused(
            f"Run {run_id} was made by an earlier release, which did not keep what it knew, so it cannot be made again. "
            "Calibrate anew."
        )
    icp = parse_icp(version["icp_yaml"])
    question = _Question(
        date.fromisoformat(run["as_of"]),
        run["estimator"],
        run["population"],
        run["seed"],
        run["half_life_days"],
    )
    known = Known(*json.loads(run["known"]))
    columns = read_as_known(db, known=known, zone=business_zone(icp), parts=_parts(icp))
    result, proof = _answer(columns, icp, question, lambda _: None)
    again = {
        "icp_sha256": icp.sha256, "data_sha256": result.data_sha256, "overall": result.overall, "rows": result.rows,
        "proof": proof, "components": result.components,
    }  # fmt: skip
    differences: list[str] = []
    for name, now in json.loads(json.dumps(again, allow_nan=False)).items():
        differences += _differences(name, run[name], now)
    return Verified(run_id, differences, run["code_version"], len(result.rows))


def recorded_later(db: Database, *, icp: Icp, as_of: date) -> dict[str, int]:
    """How much was recorded after the end of `as_of` and does not count for a calibration as of that day: historical
    (leads that came or were mended), leads, milestones.
    """
    marks = outcome_rows.read_marks(db)
    return outcome_rows.read_later(db, known=marks.known._replace(at=_end_of(as_of, icp)))


def _differences(name: str, then: Any, now: Any) -> list[str]:
    """A sentence per value that differs, by its place."""
    if isinstance(then, dict) and isinstance(now, dict):
        found = [_differences(f"{name} {key}", then.get(key), now.get(key)) for key in {**then, **now}]
        return [sentence for sentences in found for sentence in sentences]
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        places = [
            " ".join(
                str(row[key])
                for key in ("dimension", "workflow", "value", "component", "cut_off")
                if row.get(key)
            )
            if isinstance(row, dict)
            else ""
            for row in then
        ]
        found = [
            _differences(f"{name} {place or number}", *pair)
            for number, (place, *pair) in enumerate(zip(places, then, now, strict=True), 1)
        ]
        return [sentence for sentences in found for sentence in sentences]
    return [] if then == now else [f"{name}: {then} then, {now} now."]


class _Question(NamedTuple):
    """What a run asks."""

    as_of: date
    estimator: str
    population: str
    seed: int
    half_life_days: int | None


def _read(
    db: Database, icp: Icp, as_of: date, today: date, now: datetime, cache_dir: Path | None
) -> OutcomeColumns:
    """The outcomes as known now or, of a day that has gone, at its end."""
    zone, parts = business_zone(icp), _parts(icp)
    if as_of >= today:
        columns = read_columns(db, cache_dir=cache_dir, zone=zone, parts=parts)
        return replace(columns, known=columns.known._replace(void_at=_moment(now)))
    marks = outcome_rows.read_marks(db)
    end = _end_of(as_of, icp)
    columns = read_as_known(db, known=marks.known._replace(at=end, void_at=end), zone=zone, parts=parts)
    return replace(columns, data_version=marks.data_version)


def _answer(
    columns: OutcomeColumns, icp: Icp, question: _Question, tell: Callable[[str], None]
) -> tuple[Calibration, dict[str, Any]]:
    """The calibration of these outcomes, and its proof."""
    frame, parts = columns.frame, columns.parts
    if question.population != "all":
        frame = _in_words(frame[frame["source"] == question.population]).reset_index(drop=True)
    tell("Comparing rates with scores")
    result = calculate(
        frame, icp, as_of=question.as_of, estimator=cast("Estimator", question.estimator), seed=question.seed,
        half_life_days=question.half_life_days, components=None if question.population == "historical" else parts,
    )  # fmt: skip
    tell("Proving the suggestion on later leads")
    words = _in_words(frame)
    proof = prove_scores(
        words, icp, as_of=question.as_of, estimator=question.estimator, top=_batch_size(words), seed=question.seed,
        half_life_days=question.half_life_days,
    )  # fmt: skip
    return result, plain_proof(proof)


def _in_words(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with texts in place of categories."""
    return frame.astype(dict.fromkeys(frame.select_dtypes("category"), "str"))


def _parts(icp: Icp) -> list[str]:
    """The components of all workflows."""
    return list(dict.fromkeys(n for workflow in WORKFLOWS for n in icp.data["scoring"][workflow]["weights"]))


def _end_of(day: date, icp: Icp) -> str:
    """The last second of the day where the business is, as it is stored."""
    return _moment(datetime.combine(day, time(23, 59, 59), business_zone(icp)))


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _batch_size(frame: pd.DataFrame) -> int:
    """How many companies a batch usually has: what "the leads called first" means in the proof; 100 before any batch."""
    sizes = frame.loc[frame["source"] == "hades", "batch_id"].value_counts()
    return max(1, int(sizes.median())) if len(sizes) else 100
