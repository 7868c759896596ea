"""Milestones that come as files: what is matched, what leaves a trace, and what is never taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from lead_rows import lead_row
from outcome_rows import BATCH, MILESTONES, history, told
from racing import ANA, export_rows

import turso_db
from actors import Actor
from errors import InputError, Refused
from export import void_batch
from outcomes import import_historical, import_outcomes
from stores import batches, outcomes, unmatched


def company(db, place=0):
    """What stands for one company of the batch."""
    return db.rows("SELECT * FROM company_outcomes ORDER BY lead_id")[place]


def outcome_of(db):
    return [(row["outcome"], row["outcome_at"]) for row in db.rows("SELECT * FROM lead_outcomes ORDER BY id")]


@pytest.fixture
def batch(db, config_dir, now):
    """A batch of three sites: Oak Inn with five contacts, Elm Mill, Fir Hall."""
    oak = {"Company_Name": "Oak Inn, Inc.", "ZoomInfo_Company_ID": "1"}
    rows = [lead_row(n, **oak) for n in range(1, 6)]
    rows += [lead_row(6, Company_Name="Elm Mill"), lead_row(7, Company_Name="Fir Hall")]
    done = export_rows(db, config_dir, now, rows)
    assert done.batch_id == BATCH
    return done


def test_five_contacts_of_one_company_are_one_lead_and_one_success(db, batch, now):
    later = now + timedelta(days=30)
    done = told(db, later, (BATCH, "OAK INN", "delivery", "2026-03-01"))
    assert done.counts == {"read": 1, "matched": 1, "review": 0, "unmatched": 0, "rejected": 0, "updated": 1}
    assert outcome_of(db)[:5] == [("delivery", "2026-03-01")] * 5
    assert outcomes.read_funnel(db) == {"exported": 3, "contacted": 1, "appointment": 1, "delivery": 1}
    frame = outcomes.read_outcome_frame(db)
    assert (len(frame), int(frame["delivered_on"].notna().sum())) == (3, 1)
    seen = batches.read_batches(db).iloc[0]
    assert (seen["exported"], seen["companies"], seen["deliveries"]) == (7, 3, 1)


def test_the_same_file_again_changes_nothing(db, batch, now):
    later = now + timedelta(days=60)
    rows = [
        (BATCH, "Oak Inn", "contacted", "2026-02-12"),
        (BATCH, "Oak Inn", "delivery", "2026-03-01"),
        (BATCH, "Oak Inn", "delivery", "2026-03-01"),
        (BATCH, "Nobody", "contacted", "2026-02-12"),
    ]
    first = told(db, later, *rows)
    assert (first.counts["matched"], first.counts["unmatched"], first.counts["updated"]) == (3, 1, 1)
    kept = [db.rows(f"SELECT * FROM {t}") for t in ("outcome_milestones", "lead_outcomes")]
    again = told(db, later + timedelta(days=1), *rows)
    assert (again.counts["matched"], again.counts["unmatched"], again.counts["updated"]) == (3, 1, 0)
    assert [db.rows(f"SELECT * FROM {t}") for t in ("outcome_milestones", "lead_outcomes")] == kept
    assert unmatched.count_unmatched(db) == 1


def test_a_churned_site_was_delivered_all_the_same(db, batch, now):
    later = now + timedelta(days=200)
    told(db, later, (BATCH, "Oak Inn", "delivery", "2026-03-01"), (BATCH, "Oak Inn", "churned", "2026-08-01"))
    assert outcome_of(db)[0] == ("churned", "2026-08-01")
    assert company(db)["delivery"] == 1
    frame = outcomes.read_outcome_frame(db)
    assert str(frame["delivered_on"].dropna().iloc[0].date()) == "2026-03-01"
    told(
        db, later, (BATCH, "Elm Mill", "churned", "2026-08-01"), (BATCH, "Elm Mill", "delivery", "2026-04-01")
    )
    assert company(db, 1)["delivery"] == 1  # also when the churn was told first


def test_milestones_in_any_order_come_to_the_same_outcome(db, batch, now):
    later = now + timedelta(days=60)
    steps = [
        ("delivery", "2026-03-20"),
        ("contacted", "2026-02-12"),
        ("lost", "2026-03-25"),
        ("appointment", "2026-02-20"),
    ]
    for place, (milestone, on) in enumerate(steps):
        told(db, later + timedelta(days=place), (BATCH, "Oak Inn", milestone, on))
    for milestone, on in sorted(steps, key=lambda step: step[1]):
        told(db, later, (BATCH, "Fir Hall", milestone, on))
    assert outcome_of(db)[0] == outcome_of(db)[6] == ("delivery", "2026-03-20")
    dates = ("contacted_at", "appointment_at", "delivery_at", "lost_at", "churned_at")
    assert [company(db, 0)[name] for name in dates] == [company(db, 2)[name] for name in dates]


def test_contacted_and_appointment_are_no_failure_and_an_open_lead_stays_open(db, batch, now):
    told(
        db, now + timedelta(days=10),
        (BATCH, "Oak Inn", "contacted", "2026-02-12"), (BATCH, "Elm Mill", "appointment", "2026-02-13"),
    )  # fmt: skip
    assert outcome_of(db)[5:] == [("appointment", "2026-02-13"), (None, None)]
    frame = outcomes.read_outcome_frame(db)
    assert frame["delivered_on"].isna().all()  # open: not delivered yet, and not told lost
    assert outcomes.read_funnel(db) == {"exported": 3, "contacted": 2, "appointment": 1, "delivery": 0}
    assert company(db)["lost_at"] is None


def test_lost_is_a_milestone_and_a_later_delivery_still_counts(db, batch, now):
    told(db, now + timedelta(days=20), (BATCH, "Oak Inn", "lost", "2026-02-20"))
    assert outcome_of(db)[0] == (None, None)
    assert company(db)["lost_at"] == "2026-02-20"
    told(db, now + timedelta(days=99), (BATCH, "Oak Inn", "delivery", "2026-05-01"))
    assert (outcome_of(db)[0], company(db)["delivery"]) == (("delivery", "2026-05-01"), 1)


def test_of_two_dates_of_one_milestone_the_first_counts(db, batch, now):
    later = now + timedelta(days=60)
    told(db, later, (BATCH, "Oak Inn", "delivery", "2026-03-20"))
    done = told(db, later, (BATCH, "Oak Inn", "delivery", "2026-03-01"))
    assert done.counts["updated"] == 1
    assert (company(db)["delivery_at"], outcome_of(db)[0][1]) == ("2026-03-01", "2026-03-01")


@pytest.mark.parametrize(
    "written",
    [
        "HADES-20260211-001",
        "Batch: HADES-20260211-001 | Score: 85",
        "hades 20260211 001",
        "HADES_20260211_001",
    ],
)
@pytest.mark.parametrize(
    "name", ["Oak Inn, Inc.", "oak inn", "THE OAK INN LLC", "  Oak   Inn ", "Oak Inn Inc"]
)
def test_batch_and_company_are_matched_as_people_write_them(written, name, db, batch, now):
    done = told(db, now + timedelta(days=9), (written, name, "Contacted", "2/12/2026"))
    assert done.counts["matched"] == 1


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (
            ("HADES-20260211-0010", "Oak Inn", "contacted", "2026-02-12"),
            "No batch with this ID was exported.",
        ),
        (("HADES-20260211-002", "Oak Inn", "contacted", "2026-02-12"), "No batch with this ID was exported."),
        ((BATCH, "Oak Inn North", "contacted", "2026-02-12"), "No company of this batch has this name."),
    ],
)
def test_what_matches_nothing_leaves_a_trace(row, why, db, batch, now):
    done = told(db, now + timedelta(days=9), row)
    assert done.counts == {"read": 1, "matched": 0, "review": 0, "unmatched": 1, "rejected": 0, "updated": 0}
    open_row = unmatched.read_unmatched(db).iloc[0]
    assert (open_row["company_name"], open_row["milestone"], open_row["why"]) == (row[1], "contacted", why)


def test_a_misspelt_name_at_its_zip_is_for_a_person_to_say_and_never_counts_by_itself(db, config_dir, now):
    named = {"Company_Name": "Elm Oak Residence", "Company_Zip_Code": "75201"}
    export_rows(db, config_dir, now, [lead_row(1, **named), lead_row(2, Company_Name="Delta Foods")])
    rows = [
        (BATCH, "Elm Oak Rsidence", "delivery", "2026-02-12", zip_code) for zip_code in ("75201", "94103")
    ]
    done = told(db, now + timedelta(days=9), *rows, headers=(*MILESTONES, "zip_code"))
    assert (done.counts["matched"], done.counts["review"], done.counts["unmatched"]) == (0, 1, 1)
    assert [row.why for row in done.unmatched] == [
        "Nearly Elm Oak Residence, 75201, of this batch: say whether that one is meant.",
        "No company of this batch has this name.",
    ]
    assert db.rows("SELECT count(*) AS n FROM outcome_milestones") == [{"n": 0}]


def test_a_trace_is_settled_when_its_company_is_found_later(db, config_dir, now):
    later = now + timedelta(days=9)
    row = (BATCH, "Oak Inn 1", "contacted", "2026-02-12")
    told(db, later, row)
    told(db, later, row)
    assert unmatched.count_unmatched(db) == 1
    export_rows(db, config_dir, now, [lead_row(1)])
    assert told(db, later, row).counts["matched"] == 1
    assert unmatched.count_unmatched(db) == 0
    assert db.rows("SELECT resolution FROM unmatched_outcomes") == [
        {"resolution": "matched by a later import"}
    ]


def test_two_sites_of_one_name_are_for_a_person_or_a_zip_to_tell_apart(db, config_dir, now):
    same = {"Company_Name": "Oak Inn", "ZoomInfo_Company_ID": ""}
    export_rows(db, config_dir, now, [lead_row(1, **same), lead_row(2, **same, Company_Zip_Code="75202")])
    later = now + timedelta(days=9)
    done = told(db, later, (BATCH, "Oak Inn", "delivery", "2026-02-12"))
    assert (done.counts["review"], done.counts["matched"]) == (1, 0)
    assert "several sites" in unmatched.read_unmatched(db).iloc[0]["why"]
    done = told(
        db, later, (BATCH, "Oak Inn", "delivery", "2026-02-12", "75202"), headers=(*MILESTONES, "zip_code")
    )
    assert done.counts["matched"] == 1
    assert [row["outcome"] for row in db.rows("SELECT outcome FROM lead_outcomes ORDER BY id")] == [
        None,
        "delivery",
    ]
    # Where the name is enough, another ZIP (of the person who signed) does no harm.
    export_rows(db, config_dir, now, [lead_row(9)])
    row = ("HADES-20260211-002", "Oak Inn 9", "contacted", "2026-02-12", "10001")
    assert told(db, later, row, headers=(*MILESTONES, "zip_code")).counts["matched"] == 1


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        (
            ("HADES-2026-1", "Oak Inn", "contacted", "2026-02-12"),
            "batch ID was expected as HADES-20260211-001",
        ),
        ((BATCH, "", "contacted", "2026-02-12"), "no company name"),
        (
            (BATCH, "Oak Inn", "promised", "2026-02-12"),
            "one of contacted, appointment, delivery, churned, lost",
        ),
        ((BATCH, "Oak Inn", "retracted", "2026-02-12"), "but is 'retracted'"),
        ((BATCH, "Oak Inn", "contacted", ""), "The date was expected"),
        ((BATCH, "Oak Inn", "contacted", "2026-02-30"), "The date was expected"),
        ((BATCH, "Oak Inn", "contacted", "2027-01-01"), "2027-01-01 lies in the future"),
    ],
)
def test_a_milestone_that_cannot_be_read_is_rejected_with_its_reason(row, sentence, db, batch, now):
    done = told(db, now, row, (BATCH, "Oak Inn", "contacted", "2026-02-11"))
    assert (done.counts["read"], done.counts["matched"], done.counts["rejected"]) == (2, 1, 1)
    assert done.rejected[0][0] == 2
    assert sentence in done.rejected[0][1]


def test_milestones_of_a_void_batch_are_kept_and_not_counted(db, batch, now):
    void_batch(db, batch_id=BATCH, reason="Wrong operator.", now=now, actor=ANA)
    assert (
        told(db, now + timedelta(days=60), (BATCH, "Oak Inn", "delivery", "2026-03-01")).counts["matched"]
        == 1
    )
    assert outcome_of(db)[0] == ("delivery", "2026-03-01")
    assert outcomes.read_funnel(db)["delivery"] == 0
    assert len(outcomes.read_outcome_frame(db)) == 0


def test_an_outcome_leaves_what_was_known_at_export_as_it_was(db, batch, now):
    known = "SELECT source_features, hades_score, exported_at, sic_code FROM lead_outcomes ORDER BY id"
    before = db.rows(known)
    told(db, now + timedelta(days=60), (BATCH, "Oak Inn", "delivery", "2026-03-01"))
    assert db.rows(known) == before


def test_a_lead_that_is_exported_again_keeps_the_outcome_it_had(db, config_dir, batch, now):
    told(db, now + timedelta(days=30), (BATCH, "Elm Mill", "delivery", "2026-03-01"))
    again = export_rows(db, config_dir, now + timedelta(days=200), [lead_row(6, Company_Name="Elm Mill")])
    assert again.counts["exported"] == 1
    assert [found for found in outcome_of(db) if found[0]] == [("delivery", "2026-03-01")]
    assert len(outcomes.read_outcome_frame(db)) == 4  # another batch is another call


def test_milestones_are_append_only(db, batch, now):
    told(db, now + timedelta(days=30), (BATCH, "Elm Mill", "delivery", "2026-03-01"))
    for change in (
        "UPDATE outcome_milestones SET happened_at = '2026-01-01'",
        "DELETE FROM outcome_milestones",
    ):
        with pytest.raises(Refused, match="append-only"):
            db.write([turso_db.Statement(change)])


@pytest.mark.parametrize("imports", [import_historical, import_outcomes])
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"company_name,batch_id\nOak,x\n", "has no column for "),
        (b"company_name,outcome,company_name,batch_id,milestone,date\na,b,c,d,e,f\n", "more than once"),
        (b"company_name,Company Name,outcome,batch_id,milestone,date\na,b,c,d,e,f\n", "all mean it"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "picture"),
        (bytes(range(256)) * 40, "not text"),
        (b"PK\x03\x04 and no workbook", "opened"),
        (
            "company_name,outcome,batch_id,milestone,date\nOak \u201cInn,delivery,x,x,x\n".encode("cp1252")
            + b"\x81",
            "UTF-8",
        ),
    ],
    ids=[
        "empty",
        "column missing",
        "header twice",
        "header twice in other words",
        "picture",
        "binary",
        "archive",
        "bytes",
    ],
)
def test_a_file_that_is_no_table_of_outcomes_is_a_sentence_and_leaves_nothing(
    imports, content, sentence, db, now
):
    with pytest.raises(InputError) as caught:
        imports(db, content=content, name="file.csv", now=now, actor=ANA)
    assert sentence in str(caught.value)
    assert "file.csv" in str(caught.value)
    for name in ("historical_outcomes", "outcome_milestones", "unmatched_outcomes", "sync_runs", "audit"):
        assert db.rows(f"SELECT count(*) AS n FROM {name}") == [{"n": 0}]


def test_a_viewer_imports_nothing(db, now):
    with pytest.raises(Refused, match="may not import outcomes"):
        told(db, now, actor=Actor("Vic", "viewer"))


def test_words_people_use_mean_the_words_of_the_product(db, batch, now):
    done = told(
        db, now, (BATCH, "Elm Mill", "Delivered", "2026-02-11"), (BATCH, "Fir Hall", "appt", "2026-02-11")
    )
    assert done.counts["matched"] == 2
    assert [outcome for outcome, _ in outcome_of(db)[-2:]] == ["delivery", "appointment"]
    past = history(db, now, ("Oak Inn", "8361", "", "", "", "not delivered", "2025-01-01", ""))
    assert past.counts["imported"] == 1


def test_a_delivery_before_its_deal_is_no_history(db, now):
    done = history(db, now, ("Oak Inn", "8361", "", "", "", "delivery", "2025-09-01", "2025-08-01"))
    assert done.counts["rejected"] == 1
    assert "before the day the deal was created" in done.rejected[0][1]


def test_a_site_only_known_as_churned_was_delivered(db, batch, now):
    told(db, now, (BATCH, "Elm Mill", "churned", "2026-02-11"))
    assert outcomes.read_funnel(db)["delivery"] == 1
    assert outcome_of(db)[5] == ("churned", "2026-02-11")
