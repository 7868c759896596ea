"""A year at an invented call centre, from a seed: what was called, when, and what became of it.

The same seed and day give the same world, to the byte. How likely each lead was to be delivered is known here (see
demo_rates), so what calibration recovers can be held against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import Any

import numpy as np
import pandas as pd

from demo_feed import delivery_lags, outcome_feed, workdays
from demo_names import FIRST_NAMES, LAST_NAMES, CompanyNames, PhoneNumbers, places, web_name
from demo_rates import (
    PROXIMITY_EFFECTS,
    REAL_RESULT,
    SIGNAL_EFFECTS,
    mile_bands,
    planted_chances,
    planted_rates,
    size_bands,
)
from demo_sheets import FAULTS, Row, contact_rows, place_cells, with_fault, zoominfo_csv
from demo_sites import (
    FURTHER_LEADS,
    OPERATORS,
    SAMPLE_CENTER_ZIP,
    SitePlan,
    draw_employees,
    draw_far_place,
    draw_places,
    draw_sites,
)

__all__ = [
    "BATCHES",
    "SAMPLE_CENTER_ZIP",
    "SEED",
    "VOID_REASON",
    "Batch",
    "World",
    "demo_world",
    "sample_upload",
]

SEED = 1
BATCHES = 36
VOID_REASON = "Exported without the operator's details; exported again right after."
_DAYS_BETWEEN = 10
_VOID = 9  # this batch went out twice
_PEOPLE = ("Demo Ana Ruiz", "Demo Ben Cole", "Demo Chris Park", "Demo Dana Webb")
_SEGMENTS = (None, None, None, None, "Migration", None, None, "Existing")
_WITHOUT_SIZE = 0.04  # of the history


@dataclass(frozen=True)
class Batch:
    """One export of the year: who made it when, and from which file.

    `operator` is a place in World.operators or None; `content` the ZoomInfo file; `void` says that it was made void.
    """

    number: int
    day: date
    at: time
    actor: str
    workflow: str
    operator: int | None
    center_zip: str | None
    radius_miles: float
    segment: str | None
    file_name: str
    content: bytes
    void: bool = False


@dataclass(frozen=True)
class World:
    """Everything that is planted.

    `operators`: one dict per operator. `history`: one row per lead called before the year (the columns of
    outcomes.HISTORICAL_COLUMNS, and chance). `batches`: in order of time. `companies`: one row per company of a batch
    that is not void: batch, company_id, company_name, sic_code, employee_range, state, zip_code, proximity,
    signal_strength, chance, exported_on, delivered_on (missing: never; it may lie after `today`). `feed`: one row per
    outcome as a dialler and a CRM tell it: batch, company_id (missing: nobody knows), batch_text (missing: that of the
    batch), company_name as spelled there, milestone, happened_on, reported_on, detail. `planted`: see
    demo_rates.planted_rates.
    """

    seed: int
    today: date
    operators: list[dict[str, Any]]
    history: pd.DataFrame
    batches: list[Batch]
    companies: pd.DataFrame
    feed: pd.DataFrame
    planted: pd.DataFrame

    def history_csv(self) -> bytes:
        """The history as the file that import_historical reads."""
        table = self.history.drop(columns=["chance", "employee_range"])
        return table.to_csv(index=False, lineterminator="\r\n", date_format="%Y-%m-%d").encode("utf-8")


def demo_world(seed: int, today: date) -> World:
    """The world of this seed as it stands at the end of the day before `today`."""
    names = CompanyNames(_rng(seed, "names"))
    phones = PhoneNumbers(_rng(seed, "phones"), range(80))
    first_day = _batch_day(today, 0)
    operators = _operators(_rng(seed, "operators"), phones)
    history = _history(_rng(seed, "history"), names, before=first_day)
    batches, companies = _batches(_rng(seed, "batches"), names, phones, today)
    days = [_batch_day(today, number) for number in range(BATCHES)]
    feed = outcome_feed(_rng(seed, "feed"), companies, days, today)
    both = pd.concat([history.assign(proximity=None, signal_strength=None), companies], ignore_index=True)
    return World(seed, today, operators, history, batches, companies, feed, planted_rates(both))


def sample_upload(workflow: str, today: date, seed: int = SEED) -> bytes:
    """A ZoomInfo file of about 150 contacts to try HADES with, for 'intent' or 'geography' (around SAMPLE_CENTER_ZIP).

    Signals are a few days old on `today`. Some rows are in trouble: no company name, a bad phone, a SIC outside the
    filter or none, too few employees, do not call, a stale signal, far away, a contact twice.
    """
    rng = _rng(seed, f"sample {workflow}")
    names = CompanyNames(rng, sample=True)
    # Numbers and ids that the year does not use, so that nothing here was exported before.
    intent = workflow == "intent"
    phones = PhoneNumbers(rng, range(80, 90) if intent else range(90, 100))
    offset = 0 if intent else 5_000
    plan = SitePlan(0, today, workflow, None if intent else SAMPLE_CENTER_ZIP, 25.0)
    sites = draw_sites(rng, names, plan, 112, first_id=360_000_001 + offset)
    rows = contact_rows(sites, rng=rng, phones=phones, first_id=1_900_000_001 + offset)
    further = draw_sites(rng, names, plan, 12, first_id=360_001_001 + offset)
    rows += _troubled(rng, phones, plan, further, rows, first_id=1_900_001_001 + offset)
    rows[0]["Company Name"] = f"@Home {rows[0]['Company Name']}"  # a spreadsheet would take it for a formula
    rows[3]["Employees"] = "150 to 249"
    rows[6]["Employees"] = "1,200+"
    return zoominfo_csv(_shuffled(rows, rng), intent=intent)


def _rng(seed: int, part: str) -> np.random.Generator:
    """A stream of its own for each part of the world, so that one part can change without the others."""
    return np.random.default_rng([seed, *part.encode()])


def _batch_day(today: date, number: int) -> date:
    day = today - timedelta(days=1 + _DAYS_BETWEEN * (BATCHES - 1 - number))
    return day - timedelta(days=max(0, day.weekday() - 4))  # a weekend counts as the Friday before


def _operators(rng: np.random.Generator, phones: PhoneNumbers) -> list[dict[str, Any]]:
    codes = dict(zip(places()["zip_code"], places()["area_codes"], strict=True))
    operators = []
    for zip_code, business, team in OPERATORS:
        digits = phones.take(codes[zip_code])
        first, last = FIRST_NAMES[rng.integers(len(FIRST_NAMES))], LAST_NAMES[rng.integers(len(LAST_NAMES))]
        operators.append(
            {
                "name": f"{first} {last}",
                "business_name": business,
                "phone": f"({digits[:3]}) {digits[3:6]}-{digits[6:]}",
                "email": f"office@{web_name(business)}",
                "zip_code": zip_code,
                "website": f"www.{web_name(business)}",
                "team": team,
            }
        )
    return operators


def _history(rng: np.random.Generator, names: CompanyNames, *, before: date) -> pd.DataFrame:
    counts = {sic: leads for sic, (leads, _) in REAL_RESULT.items()} | FURTHER_LEADS
    ordered = [sic for sic, leads in counts.items() for _ in range(leads)]
    codes = [ordered[place] for place in rng.permutation(len(ordered))]
    size = len(codes)
    employees = draw_employees(rng, codes)
    bands = size_bands(employees)
    chance = planted_chances(codes, bands)
    delivered = rng.random(size) < chance
    where = draw_places(rng, size)
    company_names = [names.take(code) for code in codes]
    for place in range(200, size, 40):  # some companies have a second site, in another ZIP
        name = company_names[codes.index(codes[place], place % 160)]
        if (name, where["zip_code"][place]) not in zip(company_names, where["zip_code"], strict=True):
            company_names[place] = name
    created = np.datetime64(before) - rng.integers(200, 1000, size).astype("timedelta64[D]")
    shouted = rng.random(size) < 0.05
    return pd.DataFrame(
        {
            "company_name": [
                n.upper() if loud else n for n, loud in zip(company_names, shouted, strict=True)
            ],
            "sic_code": pd.Series(codes, dtype="str"),
            "employee_count": pd.Series(employees, dtype="Int64").mask(rng.random(size) < _WITHOUT_SIZE),
            "zip_code": where["zip_code"],
            "state": where["state"],
            "outcome": np.where(delivered, "delivery", "no_delivery"),
            "deal_created_at": created,
            "delivery_at": pd.Series(created + delivery_lags(rng, size)).where(delivered),
            "employee_range": bands,
            "chance": chance,
        }
    )


def _batches(
    rng: np.random.Generator, names: CompanyNames, phones: PhoneNumbers, today: date
) -> tuple[list[Batch], pd.DataFrame]:
    plans: list[tuple[SitePlan, int | None]] = []
    sites: list[dict[str, Any]] = []
    for number in range(BATCHES):
        operator = int(rng.integers(len(OPERATORS))) if number % 4 else None
        plan = SitePlan(
            number,
            _batch_day(today, number),
            "geography" if number % 2 else "intent",
            None if operator is None else OPERATORS[operator][0],
            50.0 if number % 6 == 5 else 25.0,
        )
        plans.append((plan, operator))
        sites += draw_sites(rng, names, plan, int(rng.integers(56, 82)), first_id=340_000_000 + len(sites))
    batches: list[Batch] = []
    earlier: list[list[Row]] = []
    for plan, operator in plans:
        own = [site for site in sites if site["batch"] == plan.number]
        base = 1_400_000_000 + 1000 * plan.number
        rows = contact_rows(own, rng=rng, phones=phones, first_id=base)
        further = draw_sites(
            rng, names, plan, int(rng.integers(3, 9)), first_id=350_000_000 + 100 * plan.number
        )
        troubled = _troubled(rng, phones, plan, further, rows, first_id=base + 500)
        again = _exported_before(rng, plan, earlier)
        earlier.append(rows)
        made = Batch(
            number=plan.number,
            day=plan.day,
            at=time(9 + int(rng.integers(7)), int(rng.integers(10, 60))),
            actor=_PEOPLE[rng.integers(len(_PEOPLE))],
            workflow=plan.workflow,
            operator=operator,
            center_zip=plan.center_zip,
            radius_miles=plan.radius_miles,
            segment=_SEGMENTS[plan.number % len(_SEGMENTS)],
            file_name=f"zoominfo_{plan.workflow}_{plan.day:%Y-%m-%d}.csv",
            content=zoominfo_csv(
                _shuffled([*rows, *troubled, *again], rng), intent=plan.workflow == "intent"
            ),
        )
        if plan.number == _VOID:
            batches.append(replace(made, operator=None, void=True, at=made.at.replace(minute=0)))
        batches.append(made)
    return batches, _companies(rng, sites)


def _companies(rng: np.random.Generator, sites: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """What is planted of each company of the batches, and whether and when it is delivered."""
    frame = pd.DataFrame(sites)
    sizes, near = size_bands(frame["employees"]), mile_bands(frame["miles"])
    strength = [
        None if np.isnan(score) else "High" if score >= 90 else "Medium" if score >= 75 else "Low"
        for score in frame["intent_score"]
    ]
    effects = [
        PROXIMITY_EFFECTS.get(str(band), 0.0) + SIGNAL_EFFECTS.get(str(signal), 0.0)
        for band, signal in zip(near, strength, strict=True)
    ]
    chance = planted_chances(frame["sic_code"].tolist(), sizes, effects)
    delivered = rng.random(len(frame)) < chance
    exported = frame["exported_on"].to_numpy().astype("datetime64[D]")
    return frame[["batch", "company_id", "company_name", "sic_code", "state", "zip_code"]].assign(
        employee_range=sizes,
        proximity=pd.Series(near, dtype="str"),
        signal_strength=pd.Series(strength, dtype="str"),
        chance=chance,
        exported_on=exported,
        delivered_on=pd.Series(workdays(exported + delivery_lags(rng, len(frame)))).where(delivered),
    )


def _troubled(
    rng: np.random.Generator,
    phones: PhoneNumbers,
    plan: SitePlan,
    sites: Sequence[dict[str, Any]],
    rows: Sequence[Row],
    *,
    first_id: int,
) -> list[Row]:
    """Rows that will not go out, and one contact of `rows` a second time; one phone of `rows` becomes unreadable."""
    unfit = {"bad phone", "far away" if plan.workflow == "intent" else "stale"}
    faults = [fault for fault in FAULTS if fault not in unfit]
    faults = [faults[place] for place in rng.permutation(len(faults))]
    far = place_cells(draw_far_place(rng, plan.center_zip or SAMPLE_CENTER_ZIP), rng)
    troubled = [
        with_fault(row, faults[place % len(faults)], rng=rng, today=plan.day, far=far)
        for place, row in enumerate(contact_rows(sites, rng=rng, phones=phones, first_id=first_id))
    ]
    twice = dict(rows[int(rng.integers(2, len(rows)))])
    rows[1].update(with_fault(rows[1], "bad phone", rng=rng, today=plan.day))
    return [*troubled, twice]


def _exported_before(rng: np.random.Generator, plan: SitePlan, earlier: Sequence[Sequence[Row]]) -> list[Row]:
    """Up to three contacts of the batches before, bought again with a fresh signal: the look-back finds them."""
    fresh = {
        "Intent Topic": "Micro Markets",
        "Intent Signal Score": "88",
        "Intent Signal Date": plan.day.isoformat(),
    }
    taken = [rows[int(rng.integers(len(rows)))] for rows in earlier[-6:] if rng.random() < 0.5]
    return [row | fresh for row in taken[:3]]


def _shuffled(rows: Sequence[Row], rng: np.random.Generator) -> list[Row]:
    return [rows[place] for place in rng.permutation(len(rows))]
