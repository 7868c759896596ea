"""Builders: outcomes as people bring them in files, a real result, and a calibration of what is stored."""

from __future__ import annotations

import csv
import io
from datetime import date

from racing import ANA

from calibration import calibrate
from configuration import active_configuration
from outcomes import import_historical, import_outcomes

HISTORY = (
    "company_name",
    "sic_code",
    "employee_count",
    "zip_code",
    "state",
    "outcome",
    "deal_created_at",
    "delivery_at",
)
MILESTONES = ("batch_id", "company_name", "milestone", "date")
BATCH = "HADES-20260211-001"


def table(headers, rows):
    """A CSV file of these rows under these headers."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([headers, *rows])
    return text.getvalue().encode()


def history(db, now, *rows, headers=HISTORY, **options):
    return import_historical(
        db, content=table(headers, rows), name="history.csv", now=now, **({"actor": ANA} | options)
    )


def told(db, now, *rows, headers=MILESTONES, **options):
    return import_outcomes(
        db, content=table(headers, rows), name="told.csv", now=now, **({"actor": ANA} | options)
    )


# A real result, SIC → (leads, deliveries): 2,198 leads, 197 deliveries.
REAL = {
    "3599": (33, 3), "3999": (76, 4), "4213": (79, 15), "4581": (11, 3), "4731": (20, 4), "5511": (379, 30),
    "7011": (410, 28), "7991": (39, 4), "8051": (245, 18), "8059": (146, 18), "8062": (133, 6), "8211": (236, 14),
    "8221": (28, 2), "8322": (78, 3), "8331": (67, 7), "8361": (218, 38),
}  # fmt: skip


def real_history(table=REAL, deal="2025-01-15", delivered="2025-04-01"):
    """One row per lead of the table, with names of their own."""
    return [
        (f"Site {sic} {n}", sic, "", "", "", "delivery" if n < deliveries else "no_delivery", deal, delivered if n < deliveries else "")
        for sic, (leads, deliveries) in table.items()
        for n in range(leads)
    ]  # fmt: skip


def calibrated(db, config_dir, now, **options):
    active = active_configuration(db, config_dir=config_dir, now=now)
    return calibrate(
        db, icp=active.icp, weight_version=active.version, now=now, code_version="0.1.0+test",
        **({"as_of": date(2026, 2, 11), "actor": ANA} | options),
    )  # fmt: skip
