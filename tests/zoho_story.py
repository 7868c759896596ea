"""A story to sync: batches exported from here, and what became of their companies in a Zoho of the tests."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

from zoho_server import ZohoServer
from zoho_world import ZohoWorld

import turso_db
from actors import Actor
from stores import batches
from zoho_auth import ZohoCredentials
from zoho_client import ZohoClient
from zoho_profile import read_profile
from zoho_sync import sync_outcomes
from zoho_tokens import TokenSource

ROOT = Path(__file__).resolve().parents[1]
PROFILE = read_profile(ROOT / "config")
OPS = Actor("Ana Ruiz", "ops")
BATCH = "HADES-20260211-001"
SMALL_PAGES = {"coql_rows": 20}
EXPORTED = datetime(2026, 2, 11, 15, 30, tzinfo=UTC)
FIRST = (
    "Amber",
    "Birch",
    "Cedar",
    "Delta",
    "Ember",
    "Falcon",
    "Granite",
    "Hazel",
    "Iris",
    "Juniper",
    "Kestrel",
    "Linden",
)
SECOND = (
    "Inn",
    "Academy",
    "Hospital",
    "Motors",
    "Care Center",
    "Foods",
    "Fitness",
    "Lodge",
    "Manor",
    "Logistics",
)
KIND = ("North", "South", "East", "West", "Central")


def company_name(number: int) -> str:
    """The name of the company with this number, each its own."""
    kind, rest = divmod(number, len(FIRST) * len(SECOND))
    second, first = divmod(rest, len(FIRST))
    return (
        f"{FIRST[first]} {SECOND[second]}{f' {KIND[kind % 5]} {kind // 5 or str()}'.rstrip() if kind else ''}"
    )


def lead_row(number: int, **changes) -> dict:
    """One exported lead; phones are 555 numbers."""
    row = dict.fromkeys(batches.LEAD_FIELDS) | {
        "row_number": number, "company_name": company_name(number), "company_key": f"c{number}|{60000 + number % 5000}",
        "phone": f"312555{number:04d}", "zip_code": f"{60000 + number % 5000}", "state": "IL", "sic_code": "8361",
        "hades_score": 80, "workflow_type": "geography", "weight_version": 1, "exported_at": "2026-02-11T15:30:00Z",
        "source_features": "{}",
    }  # fmt: skip
    return row | changes


def export(db: turso_db.Database, batch_id: str, rows: list[dict], now: datetime = EXPORTED) -> None:
    """Nothing; the batch exists with these leads."""
    values = {
        "batch_id": batch_id, "workflow_type": "geography", "exported_at": now, "exported_by": "Ana Ruiz",
        "source_file": "x.csv", "source_sha256": "0", "operator_id": None, "operator_name": None, "segment": None,
        "parameters": "{}", "weight_version": 1, "rows_in": len(rows), "exported": len(rows), "duplicates": 0,
        "suppressed": 0, "excluded": 0, "rejected": 0, "sha256": "0",
    }  # fmt: skip
    leads = [tuple(row[field] for field in batches.LEAD_FIELDS) for row in rows]
    db.write(
        [
            batches.insert_batch(values=values),
            *batches.insert_leads(
                batch_id=batch_id, columns=list(zip(*leads, strict=True)), csv=b"", now=now
            ),
        ]
    )


def lead_in_zoho(world: ZohoWorld, number: int, batch_id: str | None, **changes) -> str:
    """The id of the lead that VanillaSoft made of an exported one."""
    values = {
        "Company": company_name(number).upper(), "Phone": f"(312) 555-{number:04d}", "Lead_Source": "VanillaSoft",
        "Zip_Code": f"{60000 + number % 5000}", "State": "IL", "Lead_Status": "Contacted",
        "HADES_Batch_ID": batch_id and f"Batch: {batch_id} | Score: 80", "Last_Name": "Person", "Email": "p@example.com",
    }  # fmt: skip
    return world.add("Leads", **(values | changes))


def deliver(world: ZohoWorld, deal: str, day: str = "2026-02-20", status: str = "Delivered") -> str:
    """The id of the delivery record of a deal."""
    return world.add(
        "Deliveries",
        Name="Machine",
        Deal={"name": "x", "id": deal},
        Delivery_Date=day,
        Delivery_Status=status,
    )


def tell_story(db: turso_db.Database, world: ZohoWorld, *, companies: int = 60, seed: int = 5) -> None:
    """Nothing; batches of 20 companies are exported, and most of them have a life in Zoho. The same for equal seeds."""
    rng = random.Random(seed)
    world.now = EXPORTED
    for start in range(0, companies, 20):
        batch = f"HADES-20260211-{start // 20 + 1:03d}"
        if db is not None:
            export(db, batch, [lead_row(number) for number in range(start, start + 20)])
        for number in range(start, start + 20):
            fate = rng.random()
            if fate < 0.15:
                continue
            noisy = rng.choice([batch, batch.lower(), batch.replace("-", " "), batch.replace("-", "_")])
            lead = lead_in_zoho(
                world, number, noisy if fate > 0.2 else None, Lead_Status=rng.choice(["Contacted", "New"])
            )
            if fate < 0.5:
                continue
            deal = world.convert(lead, keep_batch=rng.random() < 0.5)
            if fate < 0.6:
                world.change("Deals", deal, Stage="Closed Lost")
            elif fate > 0.8:
                deliver(world, deal, f"2026-02-{rng.randint(12, 27)}")
    for number in range(9000, 9010):  # what other people do in the same Zoho
        world.add("Leads", Company=f"Other Firm {number}", Lead_Source="Web Download", Lead_Status="New")


def open_zoho(zoho: ZohoServer, folder: Path, **more) -> ZohoClient:
    """A client of the test server that never really pauses."""
    known = ZohoCredentials(zoho.client_id, zoho.client_secret, zoho.refresh_token, zoho.url)
    tokens = TokenSource(known, folder, sleep=lambda _: None, timeout=(2, 2))
    return ZohoClient(tokens, sleep=lambda _: None, **({"timeout": (2, 1)} | more))


def synced(
    db: turso_db.Database, zoho: ZohoServer, folder: Path, *, full: bool = False, profile=PROFILE, **more
):
    """One sync with a client of its own, at the time of the organisation's clock."""
    client = open_zoho(zoho, folder, **more)
    try:
        return sync_outcomes(db, client, profile=profile, actor=OPS, clock=lambda: zoho.world.now, full=full)
    finally:
        client.close()


def fresh(zoho: ZohoServer, folder: Path, **story) -> turso_db.Database:
    """Another database with the same exports, synced once and without faults: what every other way must end like."""
    clean = turso_db.connect(f"file:{folder / 'clean.db'}")
    tell_story(clean, ZohoWorld(), **story)
    synced(clean, zoho, folder)
    return clean


OUTCOMES = (
    "SELECT batch_id, company_key, milestone, happened_at, source, source_key, detail FROM outcome_milestones",
    "SELECT batch_id, company_key, company_name, outcome, outcome_at FROM lead_outcomes",
    "SELECT site, status, batch_id, company_key, named_batch, company_name, milestones, why, decided_by FROM zoho_sites",
    "SELECT role, zoho_id, site, batch_id, facts, deleted_at IS NULL AS live, settled FROM zoho_records",
    "SELECT source_key, batch_id, company_name, milestone, happened_at, why FROM unmatched_outcomes WHERE resolved_at IS NULL",
    "SELECT role, modified_until FROM zoho_bookmarks",
)


def whole(db: turso_db.Database) -> list[list[tuple]]:
    """Every row that a sync is answerable for, sorted, without numbers and clocks of our own."""
    return [sorted(map(str, (tuple(row.values()) for row in db.rows(sql)))) for sql in OUTCOMES]
