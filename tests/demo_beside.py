"""One database that own acts and the demo's acts write to, for the tests of who leaves it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
from lead_rows import TODAY, lead_row
from outcome_rows import history, told
from racing import ANA, export_rows

from actors import Actor
from deal_import import import_deals
from deals import read_deal_rules
from operators import save_operator
from outcome_entry import Entry, record_outcomes
from stores import demo as demo_store
from stores import outcomes, summary_views, unmatched
from turso_db import Statement

DEMO = Actor("Demo import", "ops")
BESIDES = (
    "audit",
    "demo_removals",
    "demo_load",
    "demo_truth",
    "demo_operators",
    "schema_migrations",
    "meta",
    "batch_numbers",
)
DEALS = b"deal_id,account,owner,outcome,amount,created_on,closed_on\n%s-1,Oak,Ana,Won,100,2025-01-01,2025-02-01\n%s-2,Elm,Bo,Open,90,2026-01-01,\n"


def rows_of(db):
    """(table, rowid) → the row, of every table that holds data of people."""
    names = [
        row["name"]
        for row in db.rows(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'"
        )
    ]
    return {
        (name, row.pop("_place")): repr(row)
        for name in names if name not in BESIDES
        for row in db.rows(f"SELECT rowid AS _place, * FROM {name}")
    }  # fmt: skip


class World:
    """One database that own acts and the demo's acts write to; what the demo's acts wrote is noted as it happens."""

    def __init__(self, db, config_dir: Path, now):
        self.db, self.config, self.now, self.number = db, config_dir, now, 0
        self.invented: set[tuple[str, int]] = set()
        self.own: list[str] = []
        self.demo: list[str] = []

    def next(self) -> int:
        self.number += 10
        return self.number

    def begin(self) -> None:
        truth = pd.DataFrame([("sic_code", "7011", 10, 0.1)], columns=["dimension", "value", "leads", "rate"])
        operators = [
            {
                "name": "Demo Dora",
                "business_name": "Demo Vending",
                "email": "d@vending.example.com",
                "zip_code": "75201",
            }
        ]
        self.db.write(demo_store.begin_load(seed=7, day=date(2026, 2, 11), truth=truth, operators=operators, now=self.now,
                                            since=self.now, actor="Demo"))  # fmt: skip
        self.db.write([demo_store.finish_load(now=self.now)])

    def as_demo(self, act) -> None:
        before = rows_of(self.db)
        act()
        self.invented |= {place for place, row in rows_of(self.db).items() if before.get(place) != row}

    def export(self, *, demo: bool, **options) -> str:
        first = self.next()
        name = "Invented" if demo else "Own"
        rows = [lead_row(n, Company_Name=f"{name} Inn {n}") for n in (first, first + 1)]
        parameters = {"demo": len(self.demo)} if demo else {}
        made = export_rows(self.db, self.config, self.now, rows, parameters=parameters, **options)
        assert made.batch_id
        (self.demo if demo else self.own).append(made.batch_id)
        return made.batch_id

    def company(self, batch_id: str) -> tuple[str, str]:
        return batch_id, str(outcomes.read_companies(self.db, batch_ids=[batch_id])["company_key"].iloc[0])

    def say(self, company: tuple[str, str], milestone: str) -> None:
        entry = Entry(*company, milestone, TODAY)
        record_outcomes(self.db, entries=[entry], today=TODAY, now=self.now, actor=ANA)

    def view(self, batch_id: str) -> None:
        lead = int(outcomes.read_companies(self.db, batch_ids=[batch_id])["lead_id"].iloc[0])
        self.db.write([summary_views.insert_view(view={"lead_id": lead}, viewed_by="Ana Ruiz", now=self.now)])

    def deals(self, who: bytes, name: str, **options) -> None:
        content = DEALS.replace(b"%s", who)
        rules = read_deal_rules(self.config)
        import_deals(
            self.db, content=content, name=name, rules=rules, **({"now": self.now, "actor": ANA} | options)
        )

    # Own acts, each as pages and scripts do it.

    def own_export(self):
        self.export(demo=False)

    def own_history(self):
        row = (
            f"Own Site {self.next()}",
            "7011",
            "120",
            "75201",
            "TX",
            "delivery",
            "2025-01-10",
            "2025-03-01",
        )
        history(self.db, self.now, row)

    def own_outcomes(self):
        batch = self.export(demo=False)
        rows = [
            (batch, f"Own Inn {self.number}", "delivery", "2026-02-11"),
            (batch, "Nobody", "lost", "2026-02-11"),
        ]
        told(self.db, self.now, *rows)

    def own_hand(self):
        self.say(self.company(self.export(demo=False)), "contacted")

    def own_operator(self):
        save_operator(self.db, values={"name": f"Own Vending {self.next()}"}, now=self.now, actor=ANA)

    def own_deals(self):
        self.deals(b"own%d" % self.next(), "own.csv")

    def own_view(self):
        self.view(self.export(demo=False))

    # The demo's acts.

    def demo_export(self) -> str:
        self.as_demo(lambda: self.export(demo=True))
        return self.demo[-1]

    def demo_history(self):
        row = (f"Invented Site {self.next()}", "7011", "90", "75201", "TX", "no_delivery", "2025-01-10", "")
        self.as_demo(lambda: history(self.db, self.now, row, source="demo", actor=DEMO))
        self.db.write(
            [
                Statement(
                    "UPDATE sync_runs SET note = 'demo_history.csv' WHERE kind = 'historical' AND started_by = 'Demo import'"
                )
            ]
        )

    def demo_outcomes(self):
        batch, key = self.company(self.demo_export())
        said = {"batch_id": batch, "milestone": "delivery", "happened_at": "2026-02-11", "source": "demo"}
        found = said | {"company_key": key, "source_key": f"7-{self.number}"}
        missed = said | {
            "company_name": "Inventd Inn",
            "source_key": f"7-{self.number}-missed",
            "why": "No such name.",
        }
        self.as_demo(lambda: self.db.write([
            outcomes.insert_milestones(milestones=[found], now=self.now, actor="Demo import"),
            outcomes.refresh_outcomes(companies=[(batch, key)], now=self.now),
            unmatched.record_unmatched(rows=[missed], now=self.now),
        ]))  # fmt: skip

    def demo_deals(self):
        self.as_demo(lambda: self.deals(b"demo%d" % self.next(), "demo_sales.csv", actor=DEMO, source="demo"))

    def demo_view(self):
        batch = self.demo_export()
        self.as_demo(lambda: self.view(batch))
