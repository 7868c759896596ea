import pandas as pd

from analytics.coverage import coverage


def test_leads_are_counted_by_source_and_by_what_they_carry() -> None:
    old, young, later = "2025-01-01", "2026-02-01", "2026-03-01"
    rows = [
        ("historical", old, "2025-03-01", "7011", None), ("historical", old, None, None, None), ("historical", None, None, "7011", None),
        ("hades", old, "2025-04-01", "8361", "0-5"), ("hades", old, None, "8361", None), ("hades", young, None, "8361", "0-5"),
        ("hades", later, None, "8361", "0-5"),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["source", "started_on", "delivered_on", "sic_code", "proximity"])
    frame = frame.astype({"started_on": "datetime64[us]", "delivered_on": "datetime64[us]"})
    for labels in (frame, frame.set_axis(list("gfedcba"))):
        sources, dimensions = coverage(
            labels, labels["source"], labels[["sic_code", "proximity"]], as_of="2026-02-11", maturity_days=120
        )
        assert sources == {
            "historical": {"leads": 3, "deliveries": 1, "too_young": 0},
            "hades": {"leads": 2, "deliveries": 1, "too_young": 1},
        }
        assert dimensions["sic_code"] == {
            "leads": 4, "deliveries": 2, "too_young": 1, "without_value": 1, "without_value_of": {"historical": 1, "hades": 0},
        }  # fmt: skip
        assert dimensions["proximity"]["without_value_of"] == {"historical": 3, "hades": 1}


def test_no_lead_is_counted_as_none() -> None:
    empty = pd.DataFrame({"started_on": [], "delivered_on": []}, dtype="datetime64[us]")
    sources, dimensions = coverage(
        empty, pd.Series([], dtype="str"), pd.DataFrame({"state": pd.Series([], dtype="str")}), as_of="2026-02-11", maturity_days=120
    )  # fmt: skip
    assert sources["hades"] == {"leads": 0, "deliveries": 0, "too_young": 0}
    assert dimensions["state"]["without_value"] == 0
