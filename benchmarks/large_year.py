"""A database as it stands after a busy year: the demo world and so many leads more, which went out and came back.

Everything goes the way of the product: exports through export.record_export on their own days, outcomes through
outcomes.import_outcomes, a suppression list through suppression.load_list, a calibration run and a model at the end.
Three contacts per company; a tenth of the companies are delivered, and one outcome in a hundred fits nobody.
Run from the repository: python -m benchmarks.large_year FOLDER [LEADS].
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

import turso_db
from actors import Actor
from benchmarks.bench_export import lead_table
from configuration import active_configuration
from export import exported_before, record_export
from lead_columns import read_columns
from leads import LeadFile
from outcomes import import_outcomes
from preflight import preflight, with_keys
from scoring import score_leads
from suppression import load_list

ROOT = Path(__file__).resolve().parents[1]
ANA = Actor("Ana Ruiz", "manager")
PER_BATCH, DEMO_LEADS, LISTED = 3_000, 3_000, 50_000


def fill(folder: Path, leads: int) -> None:
    """Nothing; the database in `folder` holds about so many exported leads in all."""
    folder.mkdir(parents=True, exist_ok=True)
    _script(folder, "scripts.load_demo")
    db = turso_db.connect(None, None, folder)
    try:
        _go_out_and_come_back(db, leads - DEMO_LEADS)
    finally:
        db.close()
    _script(folder, "scripts.calibrate", "--actor", ANA.name)
    _script(folder, "scripts.train_model")


def _script(folder: Path, module: str, *arguments: str) -> None:
    """Nothing; the script has run over this folder. CalledProcessError when it fails."""
    environment = os.environ | {"HADES_DATA_DIR": str(folder), "HADES_CONFIG_DIR": str(ROOT / "config")}
    command = [sys.executable, "-m", module, *arguments]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)


def _go_out_and_come_back(db: turso_db.Database, leads: int) -> None:
    chance = np.random.default_rng(7)
    now = datetime.now(UTC).replace(microsecond=0)
    active = active_configuration(db, config_dir=ROOT / "config", now=now)
    whole = lead_table(leads, active.icp)
    starts = range(0, leads, PER_BATCH)
    told = []
    for place, start in enumerate(starts):
        at = now - timedelta(days=360 - 350 * place // len(starts))
        part = whole.leads.iloc[start : start + PER_BATCH].reset_index(drop=True)
        file = LeadFile(f"week_{place}.csv", "0" * 64, len(part), part, whole.problems, [], {}, [])
        scored = with_keys(
            score_leads(part, active.icp, workflow="geography", today=at.date(), center_zip="75201")
        )
        before = exported_before(db, keyed=scored, icp=active.icp, now=at)
        done = record_export(
            db, preflight=preflight(file, scored, active.icp, exported_before=before), icp=active.icp,
            weight_version=active.version, workflow="geography", today=at.date(), now=at, actor=ANA,
            parameters={"center_zip": "75201", "radius_miles": 25.0},
        )  # fmt: skip
        names = part["company_name"].drop_duplicates()
        for milestone, share, days in (("appointment", 0.2, 20), ("delivery", 0.1, 45)):
            drawn = names[chance.random(len(names)) < share]
            ages = chance.integers(1, days * 2, len(drawn))
            told += [
                (
                    done.batch_id,
                    name if chance.random() > 0.01 else f"{name} of nowhere",
                    milestone,
                    day.date(),
                )
                for name, age in zip(drawn, ages, strict=True)
                if (day := at + timedelta(days=int(age))) < now
            ]
    sheet = pd.DataFrame(told, columns=["batch_id", "company_name", "milestone", "date"])
    import_outcomes(db, content=sheet.to_csv(index=False).encode(), name="year.csv", now=now, actor=ANA)
    numbers = "\n".join(["phone", *(f"(303) {200 + n // 10000:03d}-{n % 10000:04d}" for n in range(LISTED))])
    load_list(
        db, content=numbers.encode(), file_name="registry.csv", kind="phone", name="National registry",
        scrubbed_on=now.date() - timedelta(days=2), columns=read_columns(ROOT / "config"), today=now.date(), now=now,
        actor=ANA,
    )  # fmt: skip


if __name__ == "__main__":
    fill(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
