"""A calibration: real outcomes against the scores in force, as they were known on a day, kept as a frozen run."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from lead_rows import lead_row
from outcome_rows import REAL, calibrated, history, real_history, told
from racing import ANA, export_rows

from actors import Actor
from analytics.calibration_evidence import calculate, data_sha256
from configuration import active_configuration
from errors import InputError, Refused
from export import void_batch
from icp import DIMENSIONS
from score_changes import planned_changes
from stores import outcomes, runs

SUMMER = datetime(2026, 7, 2, tzinfo=UTC)  # when the leads of a February batch are old enough


def by_value(run, dimension="sic_code"):
    return {row["value"]: row for row in run["rows"] if row["dimension"] == dimension}


@pytest.fixture
def real(db, now):
    history(db, now, *real_history())


def test_the_real_table_calibrates_raw_to_hand_computed_scores(real, db, config_dir, now):
    run = calibrated(db, config_dir, now, estimator="raw")
    overall = run["overall"]
    assert (overall["leads"], overall["deliveries"], overall["too_young"]) == (2198, 197, 0)
    assert overall["rate"] == pytest.approx(197 / 2198)  # 9.0 %
    rows = by_value(run)
    # The best rate is 3/11 = .27273. 38/218 / (3/11) = 63.9; 6/133 / (3/11) = 16.5 (.16541); 28/410 / (3/11) = 25.04.
    assert {sic: rows[sic]["suggested"] for sic in ("4581", "8361", "8062", "7011")} == {
        "4581": 100, "8361": 64, "8062": 17, "7011": 25,
    }  # fmt: skip
    for sic, (leads, deliveries) in REAL.items():
        row = rows[sic]
        assert (row["leads"], row["deliveries"]) == (leads, deliveries)
        assert row["rate"] == pytest.approx(deliveries / leads)
        assert row["suggested"] == int(100 * (deliveries / leads) / (3 / 11) + 0.5)
    assert (rows["4581"]["low"], rows["4581"]["high"]) == pytest.approx(
        (0.097, 0.566), abs=5e-4
    )  # 10 to 57 %


def test_the_real_table_calibrates_shrunk_to_the_reference_figures(real, db, config_dir, now):
    run = calibrated(db, config_dir, now)
    assert run["estimator"] == "shrunk"  # the default of icp.yaml
    rows = by_value(run)
    # Beta-binomial by marginal likelihood (SciPy, Nelder-Mead): m = .0965, M = 66.0.
    expected = {"8361": 100, "4213": 94, "4581": 78, "4731": 77, "8059": 74, "8062": 40, "7011": 46}
    assert {sic: rows[sic]["suggested"] for sic in expected} == expected
    rates = {"8361": 0.156, "4213": 0.147, "4581": 0.122, "4731": 0.121, "8059": 0.115, "8062": 0.062}
    assert {sic: rows[sic]["shrunk_rate"] for sic in rates} == pytest.approx(rates, abs=5e-4)


def test_confidence_candidates_and_current_scores(real, db, config_dir, now):
    rows = by_value(calibrated(db, config_dir, now))
    labels = {sic: row["confidence"] for sic, row in rows.items() if sic in REAL}
    # High from 100 leads, Medium from 30.
    assert labels == {
        sic: "High" if n >= 100 else "Medium" if n >= 30 else "Low" for sic, (n, _) in REAL.items()
    }
    assert {sic for sic, row in rows.items() if row["candidate"]} == {"4213", "4581", "4731"}
    assert (rows["8361"]["current"], rows["5511"]["current"], rows["3999"]["current"]) == (100, 70, 40)
    assert rows["8361"]["delta"] == 0
    assert rows["9711"]["leads"] == 0  # in the filter, never called
    assert set(REAL) <= set(rows)


def test_a_dimension_without_scores_is_reported_only(db, config_dir, now):
    history(
        db, now,
        *[(f"T{n}", "8361", "", "", "TX", "delivery" if n < 20 else "no_delivery", "2025-01-15", "") for n in range(100)],
        *[(f"O{n}", "8361", "", "", "OK", "delivery" if n < 5 else "no_delivery", "2025-01-15", "") for n in range(100)],
    )  # fmt: skip
    rows = by_value(calibrated(db, config_dir, now, estimator="raw"), "state")
    assert {value: (row["current"], row["suggested"], row["candidate"]) for value, row in rows.items()} == {
        "TX": (None, 100, False),
        "OK": (None, 25, False),
    }


def test_a_number_below_every_band_is_counted_for_itself_and_never_suggested(db, config_dir, now):
    def sites(name, employees, leads, deliveries):
        return [(f"{name} {n}", "8361", employees, "", "", "delivery" if n < deliveries else "no_delivery", "2025-01-15",
                 "2025-04-01" if n < deliveries else "") for n in range(leads)]  # fmt: skip

    history(
        db, now, *sites("Small", "30", 60, 30), *sites("Fair", "80", 200, 20), *sites("Big", "600", 200, 10)
    )
    rows = by_value(calibrated(db, config_dir, now, estimator="raw"), "employee_range")
    small = rows["under 50"]
    assert (small["leads"], small["deliveries"], small["rate"]) == (60, 30, 0.5)
    assert (small["verdict"], small["suggested"], small["current"]) == ("outside", None, None)
    assert "nothing is suggested" in small["why"]
    # The best rate is that of a band: 10 % of those with 50 to 100 employees; 5 % is half of it.
    assert (rows["50-100"]["leads"], rows["50-100"]["suggested"]) == (200, 100)
    assert rows["501+"]["suggested"] == 50


def test_a_number_below_every_band_whose_leads_are_all_too_young_says_so(db, config_dir, now):
    day = (now - timedelta(days=3)).date().isoformat()
    history(db, now, *[(f"Small {n}", "8361", "10", "", "", "no_delivery", day, "") for n in range(3)])
    small = by_value(calibrated(db, config_dir, now), "employee_range")["under 50"]
    assert (small["leads"], small["too_young"], small["verdict"]) == (0, 3, "outside")
    assert small["why"].startswith(
        "None of its leads is old enough to judge yet; 3 are too young. They lie below"
    )


def test_a_value_without_a_lead_to_judge_suggests_nothing(real, db, config_dir, now):
    run = calibrated(db, config_dir, now)
    silent = [row for row in run["rows"] if not row["leads"]]
    assert {"9711", "3531"} <= {row["value"] for row in silent}
    assert {row["suggested"] for row in silent} == {None}
    old = by_value(run)["9711"] | {"suggested": 45}  # as a run of an earlier release kept it
    with pytest.raises(Refused, match="nothing is suggested"):
        planned_changes(active_configuration(db, config_dir=config_dir, now=now).icp, [old])


def test_a_history_without_distances_or_signals_has_no_evidence_about_them(real, db, config_dir, now):
    run = calibrated(db, config_dir, now)
    assert tuple(dict.fromkeys(row["dimension"] for row in run["rows"])) == (
        "sic_code",
        "employee_range",
        "proximity",
        "signal_strength",
    )
    for dimension in ("proximity", "signal_strength", "employee_range"):
        for row in by_value(run, dimension).values():
            assert (row["leads"], row["suggested"], row["verdict"]) == (0, None, "no evidence")
            assert row["current"] is not None


def test_without_any_outcome_every_score_in_force_is_shown_with_nothing_behind_it(db, config_dir, now):
    run = calibrated(db, config_dir, now)
    assert (run["overall"]["leads"], run["overall"]["rate"]) == (0, None)
    assert {row["verdict"] for row in run["rows"]} == {"no evidence"}
    assert len(by_value(run)) == 22
    json.dumps(run, allow_nan=False)


@pytest.mark.parametrize(
    ("as_of", "leads", "deliveries", "too_young"),
    [
        (date(2024, 12, 31), 0, 0, 0),  # not begun yet
        (date(2025, 1, 1), 0, 0, 2),
        (date(2025, 4, 30), 0, 0, 2),  # 119 days
        (date(2025, 5, 1), 2, 0, 0),  # 120 days: old enough, and not delivered yet
        (date(2025, 5, 31), 2, 0, 0),
        (date(2025, 6, 1), 2, 1, 0),  # the day of the delivery
        (date(2026, 2, 11), 2, 1, 0),
    ],
)
def test_a_calibration_as_of_a_day_uses_only_what_was_known_then(
    as_of, leads, deliveries, too_young, db, config_dir, now
):
    both = [(name, "8361", "", "", "", "no_delivery", "2025-01-01", "") for name in ("Oak Inn", "Elm Mill")]
    history(db, datetime(2025, 1, 1, 18, tzinfo=UTC), *both)
    told_on = datetime(2025, 6, 1, 18, tzinfo=UTC)
    history(db, told_on, ("Oak Inn", "8361", "", "", "", "delivery", "2025-01-01", "2025-06-01"))
    run = calibrated(db, config_dir, now, as_of=as_of)
    assert run["as_of"] == as_of.isoformat()
    found = run["overall"]
    assert (found["leads"], found["deliveries"], found["too_young"]) == (leads, deliveries, too_young)
    row = by_value(run)["8361"]
    assert (row["leads"], row["deliveries"], row["too_young"]) == (leads, deliveries, too_young)


def test_leads_that_are_too_young_are_neither_won_nor_lost(db, config_dir, now):
    history(db, now, *real_history({"8361": (200, 40), "7011": (200, 20)}))
    history(db, now, *[(f"New {n}", "8062", "", "", "", "no_delivery", "2026-02-01", "") for n in range(50)])
    run = calibrated(db, config_dir, now)
    assert (run["overall"]["leads"], run["overall"]["too_young"]) == (400, 50)
    row = by_value(run)["8062"]
    assert (row["leads"], row["too_young"], row["rate"], row["verdict"]) == (0, 50, None, "too young")


def test_a_company_of_a_batch_counts_once_and_a_void_batch_not_at_all(db, config_dir, now):
    oak = {"Company_Name": "Oak Inn", "ZoomInfo_Company_ID": "1"}
    done = export_rows(db, config_dir, now, [lead_row(n, **oak) for n in range(1, 6)] + [lead_row(6)])
    told(db, now + timedelta(days=30), (done.batch_id, "Oak Inn", "delivery", "2026-03-01"))
    later = {"as_of": date(2026, 7, 1)}  # 140 days on
    run = calibrated(db, config_dir, SUMMER, **later)
    row = by_value(run)["7011"]
    assert (row["leads"], row["deliveries"]) == (2, 1)
    row = by_value(run, "signal_strength")["High"]  # what the historical table cannot know, a batch does
    assert (row["leads"], row["deliveries"]) == (2, 1)
    void_batch(db, batch_id=done.batch_id, reason="Wrong.", now=now, actor=ANA)
    assert calibrated(db, config_dir, SUMMER, **later)["overall"]["leads"] == 0


def test_the_population_may_be_the_history_or_the_batches_alone(db, config_dir, now):
    history(db, now, *real_history({"8361": (30, 3)}))
    export_rows(db, config_dir, now, [lead_row(1)])
    counts = {
        population: calibrated(db, config_dir, SUMMER, as_of=date(2026, 7, 1), population=population)[
            "overall"
        ]["leads"]
        for population in ("all", "historical", "hades")
    }
    assert counts == {"all": 31, "historical": 30, "hades": 1}


def test_contacted_appointed_and_lost_leads_are_no_deliveries_and_churned_ones_are(db, config_dir, now):
    rows = [lead_row(n) for n in range(1, 6)]
    batch = export_rows(db, config_dir, now, rows).batch_id
    later = now + timedelta(days=200)
    for number, milestones in enumerate(
        (["contacted"], ["appointment"], ["lost"], ["delivery", "churned"]), 1
    ):
        for place, milestone in enumerate(milestones):
            told(db, later, (batch, f"Oak Inn {number}", milestone, f"2026-0{3 + place}-01"))
    young = calibrated(db, config_dir, SUMMER, as_of=date(2026, 6, 1))["overall"]  # 110 days
    assert (young["leads"], young["too_young"]) == (0, 5)
    old = calibrated(db, config_dir, SUMMER, as_of=date(2026, 7, 1))["overall"]
    assert (old["leads"], old["deliveries"], old["too_young"]) == (5, 1, 0)


def test_a_run_is_frozen_with_what_it_was_made_of(real, db, config_dir, now):
    run = calibrated(db, config_dir, now)
    active = active_configuration(db, config_dir=config_dir, now=now)
    assert (run["created_by"], run["created_at"]) == ("Ana Ruiz", "2026-02-11T15:30:00Z")
    assert (run["weight_version"], run["icp_sha256"]) == (1, active.icp.sha256)
    assert (run["code_version"], run["seed"], run["population"]) == ("0.1.0+test", 20260211, "all")
    assert (run["applied_version"], run["superseded_by"]) == (None, None)
    history(db, now, ("Late", "8361", "", "", "", "delivery", "2025-01-01", "2025-02-01"))
    assert runs.read_run(db, run_id=run["run_id"]) == run
    assert runs.read_run(db, run_id=run["run_id"] + 1) is None
    json.dumps(run, allow_nan=False)


def test_the_same_data_give_the_same_run_and_other_data_another_hash(real, db, config_dir, now):
    first, second = calibrated(db, config_dir, now), calibrated(db, config_dir, now + timedelta(days=1))
    for key in ("overall", "rows", "data_sha256", "icp_sha256"):
        assert first[key] == second[key]
    history(db, now, ("Late", "8361", "", "", "", "delivery", "2025-01-01", "2025-02-01"))
    assert calibrated(db, config_dir, now)["data_sha256"] != first["data_sha256"]


def test_the_hash_of_the_data_minds_values_and_neither_order_nor_numbering(real, db):
    frame = outcomes.read_outcome_frame(db)
    shuffled = frame.sample(frac=1, random_state=7).reset_index(drop=True).assign(lead_id=range(len(frame)))
    assert data_sha256(shuffled) == data_sha256(frame)
    changed = frame.copy()
    changed.loc[5, "sic_code"] = "9999"
    assert data_sha256(changed) != data_sha256(frame)
    assert data_sha256(frame.iloc[1:]) != data_sha256(frame)
    assert data_sha256(frame.iloc[:0]) == data_sha256(frame.iloc[:0])


def test_the_order_of_the_rows_changes_nothing(real, db, config_dir, now):
    frame = outcomes.read_outcome_frame(db)
    icp = active_configuration(db, config_dir=config_dir, now=now).icp
    shuffled = frame.sample(frac=1, random_state=7)
    both = [calculate(f, icp, as_of=date(2026, 2, 11), estimator="shrunk") for f in (frame, shuffled)]
    assert both[0] == both[1]


def test_a_newer_answer_to_the_same_question_supersedes_a_run(real, db, config_dir, now):
    def superseded(run):
        return runs.read_run(db, run_id=run["run_id"])["superseded_by"]

    first = calibrated(db, config_dir, now)
    calibrated(db, config_dir, now, estimator="raw")
    calibrated(db, config_dir, now, population="historical")
    calibrated(db, config_dir, now, as_of=date(2026, 2, 10))  # a look back
    assert superseded(first) is None
    newest = calibrated(db, config_dir, now)
    assert superseded(first) == newest["run_id"]
    assert superseded(newest) is None
    assert runs.read_latest_run(db)["run_id"] == newest["run_id"]
    assert runs.read_latest_run(db, estimator="raw")["estimator"] == "raw"


def test_a_score_outside_the_filter_stays_a_candidate_while_outcomes_speak_for_it(real, db, config_dir, now):
    path = config_dir / "icp.yaml"
    text = path.read_text(encoding="utf-8")
    scored = '"9229": 40  # public order and safety NEC\n'
    assert scored in text
    path.write_text(text.replace(scored, scored + '      "4213": 94\n      "1711": 50\n'), encoding="utf-8")
    rows = by_value(calibrated(db, config_dir, now))
    assert (rows["4213"]["current"], rows["4213"]["candidate"]) == (94, True)
    assert rows["1711"]["candidate"] is False  # no outcome speaks for it


def test_a_viewer_starts_nothing(real, db, config_dir, now):
    assert calibrated(db, config_dir, now, actor=Actor("Olga", "ops"))["created_by"] == "Olga"
    with pytest.raises(Refused, match="takes the role ops"):  # viewers read, they start nothing
        calibrated(db, config_dir, now, actor=Actor("Vic", "viewer"))


def test_the_five_dimensions_come_in_their_order(db, config_dir, now):
    history(db, now, ("Oak", "8361", "120", "", "TX", "delivery", "2025-01-01", ""))
    run = calibrated(db, config_dir, now)
    assert tuple(dict.fromkeys(row["dimension"] for row in run["rows"])) == DIMENSIONS


def test_a_day_that_has_not_come_is_refused(db, config_dir, now):
    """Young leads would count as lost."""
    with pytest.raises(InputError, match=r"2026-02-12.*today is 2026-02-11"):
        calibrated(db, config_dir, now, as_of=date(2026, 2, 12))
    assert runs.read_latest_run(db) is None


def test_every_row_carries_its_further_rates_and_a_run_says_what_it_rests_on(real, db, config_dir, now):
    batch = export_rows(db, config_dir, now, [lead_row(1), lead_row(2)]).batch_id
    told(db, now + timedelta(days=60), (batch, "Oak Inn 1", "delivery", "2026-03-01"))
    run = calibrated(db, config_dir, SUMMER, as_of=date(2026, 7, 1))
    row = by_value(run)["8361"]
    assert (row["leads"], row["deliveries"]) == (218, 38)
    assert row["low"] < row["rate"] < row["high"]
    assert row["adjusted_low"] < row["adjusted_rate"] < row["adjusted_high"]
    assert row["delay_low"] < row["delay_rate"] < row["delay_high"]
    assert row["km_rate"] == pytest.approx(38 / 218)  # every delivery came 76 days on, every lead is old
    told_of = run["overall"]["dimensions"]["proximity"]
    assert told_of["without_value_of"] == {"historical": 2198, "hades": 2}
    assert run["overall"]["sources"]["historical"] == {"leads": 2198, "deliveries": 197, "too_young": 0}
    assert run["overall"]["sources"]["hades"] == {"leads": 2, "deliveries": 1, "too_young": 0}
    assert run["overall"]["baseline"]["deliveries"] == 197
    assert [part["workflow"] for part in run["components"]] == ["intent", "geography"]
    assert {row["verdict"] for part in run["components"] for row in part["rows"]} == {
        "too little",
        "no evidence",
    }


def test_what_history_cannot_know_has_no_suggestion(real, db, config_dir, now):
    run = calibrated(db, config_dir, now)
    for dimension in ("proximity", "signal_strength"):
        rows = [row for row in run["rows"] if row["dimension"] == dimension]
        assert {row["verdict"] for row in rows} == {"no evidence"}
        assert {row["suggested"] for row in rows} == {None}
        assert {row["more_leads"] for row in rows} == {None}


def test_recency_is_a_choice_that_a_run_keeps_and_another_question(real, db, config_dir, now):
    plain, recent = calibrated(db, config_dir, now), calibrated(db, config_dir, now, half_life_days=365)
    assert (plain["half_life_days"], recent["half_life_days"]) == (None, 365)
    assert runs.read_run(db, run_id=plain["run_id"])["superseded_by"] is None
    # All leads of the real table are 392 days old: each counts alike, and they are worth what they are.
    assert by_value(recent)["8361"]["effective_leads"] == pytest.approx(218)
    path = config_dir / "icp.yaml"
    path.write_text(
        path.read_text("utf-8").replace("recency_half_life_days: null", "recency_half_life_days: 365"),
        "utf-8",
    )
    assert calibrated(db, config_dir, now)["half_life_days"] == 365
    assert calibrated(db, config_dir, now, half_life_days=0)["half_life_days"] is None


def test_newer_leads_may_count_more(db, config_dir, now):
    history(
        db,
        now,
        *real_history({"8361": (100, 30), "7011": (100, 10)}, deal="2023-01-15", delivered="2023-04-01"),
    )
    newer = [(f"New {row[0]}", *row[1:]) for row in real_history({"8361": (100, 10), "7011": (100, 10)})]
    history(db, now, *newer)
    plain, recent = (calibrated(db, config_dir, now, half_life_days=h) for h in (0, 365))
    assert by_value(plain)["8361"]["rate"] == 0.2
    # 2025-01-15 is 392 days back and 2023-01-15 1,123: the old hundred weighs ½^(731/365) = .2495 of the new one,
    # (10 + .2495 · 30) / (100 + 24.95) = .1400, and together they are worth 124.95² / (100 + 100 · .0623) = 147 leads.
    row = by_value(recent)["8361"]
    assert row["rate"] == pytest.approx(0.1400, abs=1e-4)
    assert row["effective_leads"] == pytest.approx(147.0, abs=0.1)
    assert (row["leads"], row["deliveries"]) == (200, 40)
