"""Which rows go out, which do not and why: the counts always add up."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lead_rows import ZOOMINFO_HEADERS, lead_file, lead_row, scored_leads

from errors import InputError
from icp import parse_icp, read_icp
from preflight import count_reasons, export_rules, preflight, unmeasured

CONFIG = Path(__file__).resolve().parents[1] / "config"


def planned(
    *rows,
    icp=None,
    exported_before=None,
    headers=ZOOMINFO_HEADERS,
    rules=None,
    seed=None,
    suppressed=None,
    **options,
):
    """The preflight of these ZoomInfo rows; the first one is row 2 of the file."""
    icp = icp or read_icp(CONFIG)
    file = lead_file(rows, CONFIG, headers=headers)
    return preflight(
        file, scored_leads(file, icp, **options), icp, exported_before=exported_before, suppressed=suppressed,
        rules=export_rules(icp, **(rules or {})), seed=seed,
    )  # fmt: skip


def profile(**export):
    """icp.yaml with other values under `export`."""
    text = (CONFIG / "icp.yaml").read_text(encoding="utf-8")
    for key, value in export.items():
        before = {"min_score": "0", "max_rows": "null"}[key]
        assert f"\n  {key}: {before}\n" in text
        text = text.replace(f"\n  {key}: {before}\n", f"\n  {key}: {value}\n")
    return parse_icp(text)


def kinds(plan):
    """row number → (kind, reason) of every row that stays."""
    return {row.row_number: (row.kind, row.reason) for row in plan.misses.itertuples()}


def test_one_row_of_each_kind_and_the_counts_add_up():
    plan = planned(
        lead_row(1),
        lead_row(2, Company_Name=""),
        lead_row(3, SIC_Code_1="5812", SIC_Codes="58;581;5812"),
        lead_row(4, ZoomInfo_Contact_ID="-1001"),
        lead_row(5, Direct_Phone_Do_Not_Call="Yes", Mobile_Phone_Do_Not_Call="Yes", Company_HQ_Phone=""),
        lead_row(6),
        exported_before={"contact_id": {"-1006": "The same contact was exported in HADES-20260101-001."}},
    )
    assert plan.counts() == {
        "rows_in": 6, "exported": 1, "duplicates": 2, "suppressed": 1, "excluded": 1, "rejected": 1,
    }  # fmt: skip
    assert kinds(plan) == {
        3: ("rejected", "Company Name: empty, and a row without a company is no lead."),
        4: ("excluded", "The SIC code is not in the filter."),
        5: ("duplicate", "The same contact is already in row 2 of this file."),
        6: ("suppressed", "Every number of this contact is marked do not call."),
        7: ("duplicate", "The same contact was exported in HADES-20260101-001."),
    }
    assert plan.ready["row_number"].tolist() == [2]
    assert plan.misses["row_number"].tolist() == [3, 4, 5, 6, 7]
    assert plan.misses.loc[0, "company_name"] is pd.NA or pd.isna(plan.misses.loc[0, "company_name"])
    assert plan.misses.loc[1, "company_name"] == "Oak Inn 3"


def test_every_reason_to_exclude_is_said():
    plan = planned(
        lead_row(1, Employees="49"),
        lead_row(2, Employees="5001"),
        lead_row(3, SIC_Code_1="", SIC_Codes="", Primary_Industry="Manufacturing"),
        lead_row(4, Intent_Signal_Date="2026-01-27"),  # 15 days before 11 February
        lead_row(5, Intent_Signal_Date=""),
        lead_row(6, Intent_Signal_Score="", Intent_Signal_Date=""),
        lead_row(7, Intent_Signal_Date="2026-01-28"),  # 14 days: the last that counts
    )
    assert {row: reason for row, (kind, reason) in kinds(plan).items() if kind == "excluded"} == {
        2: "Fewer than 50 employees.",
        3: "More than 5,000 employees.",
        4: "No SIC code.",
        5: "The signal is older than 14 days.",
        6: "The age of the signal is unknown.",
        7: "The company has no intent signal.",
    }
    assert plan.ready["row_number"].tolist() == [8]


def test_outside_the_radius_is_excluded_and_an_unknown_distance_stays():
    plan = planned(
        lead_row(1),
        lead_row(2, Company_Zip_Code="10001"),
        lead_row(3, Company_Zip_Code=""),
        workflow="geography", center_zip="75201", radius_miles=25,
    )  # fmt: skip
    assert kinds(plan) == {3: ("excluded", "Outside the radius of 25 miles.")}
    assert plan.counts()["exported"] == 2


def test_of_the_same_phone_number_the_best_score_stays_then_the_first_row():
    # Row 2: Medium signal 0.5 x 70 = 35 + 25 + 25 = 85; rows 3 and 4: High, 100.
    same = {"Direct_Phone_Number": "(214) 555-0100"}
    plan = planned(lead_row(1, Intent_Signal_Score="80", **same), lead_row(2, **same), lead_row(3, **same))
    assert plan.ready["row_number"].tolist() == [3]
    again = ("duplicate", "The same phone number is already in row 3 of this file.")
    assert kinds(plan) == {2: again, 4: again}


def test_contacts_without_a_number_are_no_duplicates_of_each_other():
    none = {"Direct_Phone_Number": "", "Company_HQ_Phone": "", "Mobile_phone": "", "ZoomInfo_Contact_ID": ""}
    assert planned(*(lead_row(n, **none) for n in range(1, 5))).counts()["exported"] == 4


def test_colleagues_who_share_only_the_company_line_are_called_once():
    shared = {"Direct_Phone_Number": "", "Company_HQ_Phone": "(972) 555-0100"}
    assert planned(lead_row(1, **shared), lead_row(2, **shared)).counts()["duplicates"] == 1


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"Direct_Phone_Do_Not_Call": "Yes"}, "ready"),  # the company's line is left
        ({"Direct_Phone_Do_Not_Call": "Yes", "Company_HQ_Phone": ""}, "ready"),  # the mobile is left
        (
            {"Direct_Phone_Do_Not_Call": "Yes", "Company_HQ_Phone": "", "Mobile_Phone_Do_Not_Call": "Y"},
            "suppressed",
        ),
        (
            {"Direct_Phone_Number": "", "Company_HQ_Phone": "", "Mobile_Phone_Do_Not_Call": "true"},
            "suppressed",
        ),
        # All three are the same flagged number.
        (
            {
                "Direct_Phone_Do_Not_Call": "1",
                "Company_HQ_Phone": "2145550001",
                "Mobile_phone": "12145550001",
            },
            "suppressed",
        ),
        ({"Direct_Phone_Number": "", "Company_HQ_Phone": "", "Mobile_phone": ""}, "ready"),  # nobody said no
    ],
)
def test_who_may_not_be_called_on_any_number_is_suppressed(changes, kind):
    plan = planned(lead_row(1, **changes))
    assert [*plan.misses["kind"], *["ready"] * len(plan.ready)] == [kind]


@pytest.mark.parametrize("key", ["contact_id", "phone", "company_key"])
def test_what_was_exported_before_stays_with_the_sentence_that_says_where(key):
    icp = read_icp(CONFIG)
    keyed = scored_leads(lead_file([lead_row(1), lead_row(2)], CONFIG), icp)
    column = "dial_key" if key == "phone" else key
    known = {"contact_id": {}, "phone": {}, "company_key": {}} | {key: {keyed[column][1]: "Exported in B."}}
    plan = planned(lead_row(1), lead_row(2), exported_before=known)
    assert kinds(plan) == {3: ("duplicate", "Exported in B.")}


def test_the_cut_by_score_takes_its_limit_in():
    # 0.5 x 100 + 25 + 25 = 100; Medium 35 + 50 = 85; Low 20 + 50 = 70.
    rows = [lead_row(1), lead_row(2, Intent_Signal_Score="80"), lead_row(3, Intent_Signal_Score="10")]
    plan = planned(*rows, icp=profile(min_score=85))
    assert plan.ready["score"].tolist() == [100, 85]
    assert kinds(plan) == {4: ("excluded", "Below the cut: the lowest score exported is 85.")}


def test_the_cut_by_number_keeps_the_best_and_comes_after_the_duplicates():
    rows = [
        lead_row(1, Intent_Signal_Score="10"),
        lead_row(2),
        lead_row(3, ZoomInfo_Contact_ID="-1002"),
        lead_row(4, Intent_Signal_Score="80"),
    ]
    plan = planned(*rows, icp=profile(max_rows=2))
    assert plan.ready["row_number"].tolist() == [3, 5]
    assert kinds(plan) == {
        2: ("excluded", "Below the cut: the 2 best leads are exported."),
        4: ("duplicate", "The same contact is already in row 3 of this file."),
    }


def test_a_file_where_every_row_is_rejected_has_nothing_to_export():
    plan = planned(lead_row(1, Company_Name=""), lead_row(2, Company_Name="N/A"), workflow="geography",
                   center_zip="75201")  # fmt: skip
    assert plan.counts() == {
        "rows_in": 2, "exported": 0, "duplicates": 0, "suppressed": 0, "excluded": 0, "rejected": 2,
    }  # fmt: skip


def test_the_same_company_has_one_key_per_site():
    icp = read_icp(CONFIG)
    rows = [
        lead_row(1, ZoomInfo_Company_ID="77"),
        lead_row(2, ZoomInfo_Company_ID="77"),
        lead_row(3, ZoomInfo_Company_ID="77", Company_Zip_Code="75202"),
        lead_row(4, ZoomInfo_Company_ID="", Company_Name="The Oak Inn, LLC"),
        lead_row(5, ZoomInfo_Company_ID="", Company_Name="OAK INN"),
    ]
    keys = scored_leads(lead_file(rows, CONFIG), icp)["company_key"].tolist()
    assert keys[0] == keys[1]
    assert keys[3] == keys[4]
    assert len(set(keys)) == 3


def colleagues(number, company, **changes):
    """A contact at a company that others of the file work for as well."""
    return lead_row(number, ZoomInfo_Company_ID=company, Company_Name=f"Oak Inn {company}", **changes)


def test_all_contacts_of_a_company_go_out_unless_told_otherwise():
    assert planned(*(colleagues(n, "77") for n in range(1, 5))).counts()["exported"] == 4


def test_the_best_contact_of_a_company_goes_out_and_the_others_say_which_one_did():
    # .70 x 100 + .20 x accuracy (95 -> 100, 85 -> 70, else 40) + .10 x phone (mobile 100, other 70):
    # row 2: 70 + 14 + 10 = 94; row 3: 70 + 20 + 7 = 97; row 4: 70 + 20 + 10 = 100; row 5: another company
    plan = planned(
        colleagues(1, "77", Contact_Accuracy_Score="85"),
        colleagues(2, "77", Mobile_phone=""),
        colleagues(3, "77"),
        colleagues(4, "78", Contact_Accuracy_Score="10"),
        rules={"contacts_per_company": 1},
    )
    assert plan.ready["row_number"].tolist() == [4, 5]
    best = ("excluded", "The best contact of this company goes out: row 4 of this file.")
    assert kinds(plan) == {2: best, 3: best}


def test_a_contact_who_may_not_be_called_takes_nobody_s_place():
    plan = planned(
        colleagues(1, "77", Direct_Phone_Number="", Company_HQ_Phone="", Mobile_Phone_Do_Not_Call="Yes"),
        colleagues(2, "77", Contact_Accuracy_Score="10"),
        rules={"contacts_per_company": 1},
    )
    assert plan.ready["row_number"].tolist() == [3]
    assert kinds(plan)[2][0] == "suppressed"


def test_several_contacts_of_a_company_and_of_equals_the_first_rows():
    plan = planned(*(colleagues(n, "77") for n in range(1, 6)), rules={"contacts_per_company": 2})
    assert plan.ready["row_number"].tolist() == [2, 3]
    assert {reason for _, reason in kinds(plan).values()} == {
        "The 2 best contacts of this company go out; this is another one."
    }


def test_the_contacts_are_chosen_before_the_cut_by_number():
    rows = [colleagues(1, "77"), colleagues(2, "77"), colleagues(3, "78"), colleagues(4, "79")]
    plan = planned(*rows, rules={"contacts_per_company": 1, "max_rows": 2})
    assert plan.ready["row_number"].tolist() == [2, 4]


def left_out_rows(ready, filtered, low=0):
    """Leads of which so many go out, fail the SIC filter, or score low."""
    rows = [lead_row(n) for n in range(1, ready + 1)]
    rows += [lead_row(n, SIC_Code_1="5812", SIC_Codes="58;5812") for n in range(1001, 1001 + filtered)]
    return rows + [lead_row(n, Intent_Signal_Score="10") for n in range(2001, 2001 + low)]


def test_without_exploration_nothing_goes_out_by_chance():
    plan = planned(*left_out_rows(40, 20))
    assert (plan.explored(), plan.explorable, plan.seed) == (0, 0, None)
    assert plan.ready["inclusion_probability"].isna().all()


def test_the_slice_is_drawn_from_filtered_and_cut_alike_with_its_probability():
    plan = planned(*left_out_rows(40, 20, low=10), rules={"exploration_percent": 5, "min_score": 80}, seed=3)
    assert plan.explored() == 2  # 5 % of 40
    assert plan.explorable == 30
    drawn = plan.ready[plan.ready["inclusion_probability"].notna()]
    assert drawn["inclusion_probability"].tolist() == [2 / 30] * 2
    assert set(drawn["left_out_because"]) <= {
        "The SIC code is not in the filter.", "Below the cut: the lowest score exported is 80.",
    }  # fmt: skip
    counts = plan.counts()
    assert (counts["rows_in"], counts["exported"], counts["excluded"]) == (70, 42, 28)
    assert (
        plan.ready["inclusion_probability"].isna().tolist() == [True] * 40 + [False] * 2
    )  # best first, then they


def test_the_same_file_draws_the_same_slice_and_another_seed_another():
    rows = left_out_rows(100, 90)
    rules = {"exploration_percent": 5}
    first, again = planned(*rows, rules=rules), planned(*rows, rules=rules)
    other = planned(*rows, rules=rules, seed=1)
    assert first.ready["row_number"].tolist() == again.ready["row_number"].tolist()
    assert first.ready["row_number"].tolist() != other.ready["row_number"].tolist()


def test_every_lead_of_the_pool_has_the_chance_that_is_stored():
    # 400 draws of 1 from 20: each is expected 20 times; chi-square on 19 degrees of freedom stays under 43.8
    # (its 99.9 % quantile, SciPy's chi2.ppf(.999, 19)).
    from preflight import _drawn

    pool = pd.DataFrame(
        {"row_number": range(22, 42), "kind": "excluded", "step": "filtered", "reason": "Cut."}
    )
    hits = dict.fromkeys(range(22, 42), 0)
    for seed in range(400):
        drawn = _drawn(pool, 1, seed)
        hits[drawn["row_number"].iloc[0]] += 1
        assert drawn["inclusion_probability"].tolist() == [1 / 20]
    assert sum((many - 20) ** 2 / 20 for many in hits.values()) < 43.8


def test_the_slice_never_takes_who_must_not_be_called_or_was_exported_or_is_outside_the_radius():
    barred = {"SIC_Code_1": "5812", "SIC_Codes": "58;5812"}
    rows = [
        *left_out_rows(60, 0),
        lead_row(901, **barred, Direct_Phone_Number="", Company_HQ_Phone="", Mobile_Phone_Do_Not_Call="Yes"),
        lead_row(902, **barred),  # exported before
        lead_row(903, **barred, ZoomInfo_Contact_ID="-1001"),  # a contact that goes out anyway
        lead_row(904, **barred, ZoomInfo_Company_ID="350002"),  # at a company that goes out anyway
        lead_row(905, **barred, Company_Name="Elm Mill"),  # on a list
        lead_row(906, Company_Zip_Code="10001"),  # outside the radius
        lead_row(907, **barred, Direct_Phone_Number="", Company_HQ_Phone="", Mobile_phone=""),  # no number
        lead_row(908, **barred),
    ]
    plan = planned(
        *rows, rules={"exploration_percent": 5}, workflow="geography", center_zip="75201",
        exported_before={"contact_id": {"-1902": "Before."}}, suppressed={"company": {"elm mill": "On a list."}},
    )  # fmt: skip
    assert plan.explorable == 1
    assert plan.ready["row_number"].tolist()[60:] == [69]
    assert plan.ready["inclusion_probability"].iloc[-1] == 1.0


def test_the_slice_has_its_place_within_the_size_of_the_batch():
    plan = planned(*left_out_rows(100, 50), rules={"exploration_percent": 5, "max_rows": 40}, seed=1)
    assert plan.counts()["exported"] == 40
    assert plan.explored() == 2
    assert plan.explorable == 50 + 62


@pytest.mark.parametrize(
    "choice",
    [{"exploration_percent": 5.1}, {"min_score": 101}, {"max_rows": 0}, {"contacts_per_company": 0},
     {"exported_within_days": -1}],
)  # fmt: skip
def test_a_rule_outside_its_range_is_a_sentence(choice):
    with pytest.raises(InputError, match=r"was expected to be a"):
        export_rules(read_icp(CONFIG), **choice)


rows_of_a_file = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "Company_Name": st.sampled_from(["", "Oak Inn", "Elm Mill"]),
            "ZoomInfo_Contact_ID": st.sampled_from(["", "-1", "-2"]),
            "Direct_Phone_Number": st.sampled_from(["", "2145550001", "2145550002", "12"]),
            "Company_HQ_Phone": st.sampled_from(["", "2145550001", "9725550001"]),
            "Mobile_phone": st.sampled_from(["", "4695550001"]),
            "Direct_Phone_Do_Not_Call": st.sampled_from(["", "Yes"]),
            "Mobile_Phone_Do_Not_Call": st.sampled_from(["", "Yes"]),
            "Employees": st.sampled_from(["", "10", "100", "9000"]),
            "SIC_Code_1": st.sampled_from(["", "7011", "8062", "5812"]),
            "Intent_Signal_Score": st.sampled_from(["", "95", "80", "10"]),
            "Intent_Signal_Date": st.sampled_from(["", "2026-02-10", "2026-01-01"]),
        },
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=35)
@given(
    rows_of_a_file, st.sampled_from([0, 70]), st.sampled_from(["null", 2]), st.sampled_from([None, 1, 2]),
    st.sampled_from([0, 5]),
)  # fmt: skip
def test_every_row_goes_out_or_has_one_kind_and_one_reason(changes, min_score, max_rows, contacts, explored):
    plan = planned(
        *(lead_row(n, **row) for n, row in enumerate(changes, 1)),
        lead_row(99),  # a signal at least, so that the workflow has something to look at
        icp=profile(min_score=min_score, max_rows=max_rows),
        exported_before={"phone": {"2145550002": "Before."}, "contact_id": {}, "company_key": {}},
        rules={"contacts_per_company": contacts, "exploration_percent": explored},
    )
    counts = plan.counts()
    assert counts["rows_in"] == len(changes) + 1 == sum(counts.values()) - counts["rows_in"]
    rows = [*plan.ready["row_number"], *plan.misses["row_number"]]
    assert sorted(rows) == list(range(2, len(changes) + 3))  # every row of the file once
    assert set(plan.misses["kind"]) <= {"rejected", "excluded", "duplicate", "suppressed"}
    assert plan.misses["reason"].str.endswith(".").all()
    assert plan.ready["dial_key"].dropna().is_unique
    assert plan.ready["contact_id"].dropna().is_unique
    assert plan.ready["score"].notna().all()
    assert plan.ready["score"].is_monotonic_decreasing


def test_leads_of_unknown_distance_stay_only_where_the_rules_say_so():
    rows = [lead_row(1), lead_row(2, Company_Zip_Code=""), lead_row(3, Company_Zip_Code="99998")]
    where = {"workflow": "geography", "center_zip": "75201"}
    usual = planned(*rows, **where)
    assert usual.counts()["exported"] == 3
    assert unmeasured(usual.ready) == "1 without a ZIP code and 1 with a ZIP code that is not known here"
    strict = planned(*rows, rules={"known_distance_only": True}, **where)
    assert strict.counts() | {"exported": 1, "excluded": 2} == strict.counts()
    assert strict.misses["step"].tolist() == ["filtered", "filtered"]
    assert unmeasured(strict.ready) == unmeasured(strict.ready[:0]) == ""


def test_the_slice_draws_nobody_of_unknown_distance_where_they_stay():
    barred = {"SIC_Code_1": "5812", "SIC_Codes": "58;5812"}
    rows = [lead_row(n) for n in range(1, 61)]
    rows += [lead_row(901, **barred, Company_Zip_Code=""), lead_row(902, **barred)]
    where = {"workflow": "geography", "center_zip": "75201"}
    for strict, explorable in ((False, 2), (True, 1)):
        plan = planned(*rows, rules={"exploration_percent": 5, "known_distance_only": strict}, **where)
        assert plan.explorable == explorable


def test_reasons_are_counted_once_per_row_the_most_frequent_first():
    rows = [
        lead_row(1),
        lead_row(2, ZoomInfo_Contact_ID="-1001"),
        lead_row(3),
        lead_row(4, ZoomInfo_Contact_ID="-1003"),
    ]
    plan = planned(*rows, lead_row(5, Employees="9"))
    assert count_reasons(plan.misses).to_dict() == {
        "The same contact is already in another row of this file.": 2, "Fewer than 50 employees.": 1,
    }  # fmt: skip
    assert count_reasons(plan.misses[:0]).empty
