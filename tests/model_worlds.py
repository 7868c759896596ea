"""Simulated worlds for the models: two scores of known quality on the same leads, and leads with a known chance."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
from scipy.stats import norm

from turso_db import Database, Many

BASE_RATE = 0.106


def two_scores(
    rng: np.random.Generator, leads: int, first_auc: float, second_auc: float, correlation: float = 0.85
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(delivered, first score, second score): normal in each class, shifted by √2·Φ⁻¹(AUC) among the delivered (the
    binormal model), correlated within the class."""
    hit = rng.random(leads) < BASE_RATE
    common, own = rng.standard_normal(leads), rng.standard_normal(leads)
    second = correlation * common + np.sqrt(1 - correlation**2) * own
    shifts = np.sqrt(2) * norm.ppf([first_auc, second_auc])
    return hit, common + shifts[0] * hit, second + shifts[1] * hit


def planted(rng: np.random.Generator, leads: int, *, pull: float = 1.0) -> tuple[pd.DataFrame, pd.Series]:
    """Leads of the geography workflow whose chance hangs on SIC, size and distance (as far as `pull`), and whether each
    was delivered. started_on: a day each, oldest first."""
    sic = rng.choice(["7011", "5511", "8361", "8062", "8211", "8051", "3999", "7991"], leads)
    size = rng.choice([75, 250, 800], leads, p=[0.5, 0.4, 0.1])
    miles = rng.uniform(0, 40, leads)
    odds = pd.Series(sic).map({"8361": 0.8, "8062": -0.7, "7011": -0.3, "5511": 0.1}).fillna(0).to_numpy()
    odds = odds + np.select([size < 100, size > 500], [0.2, -1.5], 0) - 0.02 * miles
    chance = 1 / (1 + np.exp(2.0 - pull * odds))
    frame = pd.DataFrame(
        {
            "source": "hades", "lead_id": np.arange(leads), "batch_id": "HADES-20250101-001", "workflow": "geography",
            "started_on": pd.Timestamp("2025-01-01") + pd.to_timedelta(np.arange(leads) * 200 // max(leads, 1), "D"),
            "by_chance": False, "sic_code": sic, "employee_count": size, "distance_miles": miles,
            "state": rng.choice(["TX", "OK", "LA"], leads),
        }
    )  # fmt: skip
    hit = pd.Series(rng.random(leads) < chance, name="delivered")
    frame["delivered_on"] = (frame["started_on"] + pd.Timedelta(days=30)).where(hit)
    return frame, hit


def stored(db: Database, leads: pd.DataFrame, *, exported: str = "2025-08-01") -> None:
    """Nothing; these leads (of `planted`) are exported companies of the database, eight batches of them, in their order,
    with what was seen first kept as features, and the deliveries told."""
    start = pd.Timestamp(exported)
    batch = np.arange(len(leads)) * 8 // len(leads)
    ids = [f"HADES-{start + pd.Timedelta(days=20 * int(n)):%Y%m%d}-001" for n in batch]
    rows = [
        (ids[n], n, f"Site {n}", f"C{n}", row["sic_code"], int(row["employee_count"]), row["state"], "geography",
         f"{ids[n][6:10]}-{ids[n][10:12]}-{ids[n][12:14]}T15:00:00Z", json.dumps({
             "sic_code": row["sic_code"], "employee_count": int(row["employee_count"]), "state": row["state"],
             "distance_miles": float(row["distance_miles"])}))
        for n, row in enumerate(leads.to_dict("records"))
    ]  # fmt: skip
    told = [
        (row[0], row[3], f"{pd.Timestamp(row[8][:10]) + pd.Timedelta(days=30):%Y-%m-%d}", f"told {row[1]}")
        for row, hit in zip(rows, leads["delivered_on"].notna(), strict=True)
        if hit
    ]
    sizes = pd.Series(ids).value_counts(sort=False)
    db.write([
        Many(
            "INSERT INTO batches (batch_id, workflow_type, exported_at, exported_by, parameters, weight_version, rows_in, "
            "exported, duplicates, suppressed, excluded, rejected, sha256) VALUES (?, 'geography', ?, 'Ana', '{}', 1, ?, ?, 0, 0, 0, 0, 'x')",
            [(name, f"{name[6:10]}-{name[10:12]}-{name[12:14]}T15:00:00Z", int(many), int(many)) for name, many in sizes.items()],
        ),
        Many(
            "INSERT INTO lead_outcomes (batch_id, row_number, company_name, company_key, sic_code, employee_count, state, "
            "workflow_type, exported_at, source_features, created_at, updated_at, hades_score) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', 50)",
            rows,
        ),
        Many(
            "INSERT INTO outcome_milestones (batch_id, company_key, milestone, happened_at, source, source_key, recorded_at, "
            "recorded_by) VALUES (?, ?, 'delivery', ?, 'person', ?, '', 'Ana')",
            told,
        ),
    ])  # fmt: skip
