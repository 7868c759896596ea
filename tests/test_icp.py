"""What icp.yaml says: the scores in force, the look-ups, and how the file is read."""

from __future__ import annotations

import hashlib
import os
from dataclasses import FrozenInstanceError
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from errors import ConfigError, InputError
from icp import (
    DIMENSIONS,
    Band,
    Icp,
    band_places,
    bands_in_force,
    below_bands,
    business_zone,
    component_of,
    default_score,
    dimension_values,
    dimensions,
    in_filter,
    parse_icp,
    read_icp,
    scores_in_force,
)

CONFIG = Path(__file__).parents[1] / "config"
TEXT = (CONFIG / "icp.yaml").read_bytes().decode("utf-8")
# The scores in force before any calibration, as the business gave them.
FULL = [
    "3531",
    "4225",
    "7011",
    "7021",
    "7991",
    "8051",
    "8059",
    "8062",
    "8211",
    "8221",
    "8361",
    "9223",
    "9711",
]
HALF = ["3599", "4231", "5511", "7033", "7359", "8322", "8331"]
LEAST = ["3999", "9229"]


@pytest.fixture
def icp() -> Icp:
    return read_icp(CONFIG)


def test_the_shipped_scores_are_the_ones_in_force(icp: Icp) -> None:
    assert scores_in_force(icp, "sic_code") == (
        dict.fromkeys(FULL, 100) | dict.fromkeys(HALF, 70) | dict.fromkeys(LEAST, 40)
    )
    assert scores_in_force(icp, "signal_strength") == {"High": 100, "Medium": 70, "Low": 40}
    assert scores_in_force(icp, "employee_range") == {"50-100": 40, "101-500": 70, "501+": 100}
    assert scores_in_force(icp, "proximity") == {"0-5": 100, "5-10": 85, "10-25": 70, "25-50": 50, "50+": 30}
    assert scores_in_force(icp, "state") == {}
    freshness = icp.data["components"]["freshness"]["bands"]
    assert [(b["label"], b["max"], b["score"]) for b in freshness] == [
        ("Hot", 3, 100),
        ("Warm", 7, 70),
        ("Cooling", 14, 40),
    ]
    assert icp.data["scoring"]["intent"]["weights"] == {
        "signal_strength": 0.5,
        "onsite_likelihood": 0.25,
        "freshness": 0.25,
    }
    assert icp.data["scoring"]["geography"]["weights"] == {
        "proximity": 0.5,
        "onsite_likelihood": 0.3,
        "employee_scale": 0.2,
    }
    assert icp.data["contact"]["weights"] == {"company": 0.7, "accuracy": 0.2, "phone": 0.1}
    assert icp.data["scoring"]["segments"] == {"Migration": 1.0, "Existing": 1.0, "Cold": 1.0}
    assert icp.data["scoring"]["default_segment"] == "Cold"


def test_the_shipped_filters_and_settings(icp: Icp) -> None:
    filters = icp.data["hard_filters"]
    assert filters["employees"] == {"min": 50, "max": 5000}
    assert sorted(filters["sic_codes"]) == sorted(FULL + HALF + LEAST)
    assert len(filters["sic_codes"]) == 22
    assert filters["allow_unknown_sic"] is False
    assert business_zone(icp) == ZoneInfo("America/Chicago")
    assert icp.data["call_priority"] == {"High": 80, "Medium": 60, "Low": 40, "Very Low": 0}
    export = icp.data["export"]
    assert (export["min_score"], export["max_rows"]) == (0, None)
    assert (export["radius_miles"], export["exported_within_days"]) == (25, 180)
    assert export["agents"] == []  # nobody invented goes out
    assert icp.data["calibration"] == {
        "estimator": "shrunk",
        "maturity_days": 120,
        "recency_half_life_days": None,
        "second_approver": False,
    }


def test_every_sic_code_has_its_name_beside_it() -> None:
    lines = [
        line for line in TEXT.splitlines() if line.strip().startswith(('"', '- "')) and "label" not in line
    ]
    assert len(lines) == 44
    assert all("  # " in line for line in lines)


def test_look_ups_by_dimension(icp: Icp) -> None:
    assert dimensions(icp) == DIMENSIONS
    assert [default_score(icp, dimension) for dimension in DIMENSIONS] == [40, None, None, None, None]
    assert component_of(icp, "sic_code") == "onsite_likelihood"
    assert component_of(icp, "state") is None
    assert bands_in_force(icp, "employee_range") == (
        Band("50-100", 50, 100, 40),
        Band("101-500", 100, 500, 70),
        Band("501+", 500, None, 100),
    )
    assert bands_in_force(icp, "sic_code") == bands_in_force(icp, "state") == ()
    assert in_filter(icp, "sic_code", "8361")
    assert not in_filter(icp, "sic_code", "4213")
    assert in_filter(icp, "state", "TX")
    for ask in (scores_in_force, default_score, bands_in_force):
        with pytest.raises(InputError, match="no dimension"):
            ask(icp, "colour")
    with pytest.raises(InputError, match="no dimension"):
        dimension_values(icp, "colour", pd.DataFrame({"a": [1]}))


def test_bands_take_their_upper_end() -> None:
    bands = (Band("0-5", 0, 5, 100), Band("5-10", 5, 10, 85), Band("10+", 10, None, 30))
    numbers = np.array([-1, 0, 5, 5.0001, 10, 10.1, np.inf, np.nan])
    assert band_places(bands, numbers).tolist() == [0, 0, 0, 1, 1, 2, 2, -1]
    ended = (*bands[:2], Band("10-14", 10, 14, 30))
    assert band_places(ended, np.array([14, 14.5, np.nan])).tolist() == [2, 3, -1]
    assert band_places(bands, np.array([])).tolist() == []


def test_values_of_leads(icp: Icp) -> None:
    leads = pd.DataFrame(
        {
            "sic_code": pd.array(["8361", "4213", None], dtype="str"),
            "employee_count": pd.array([100, None, 501], dtype="Int64"),
            "state": pd.array(["TX", None, "OK"], dtype="str"),
            "distance_miles": [5.0, 50.5, np.nan],
            "signal_strength": pd.array(["High", None, "Low"], dtype="str"),
        },
        index=[9, 4, 4],
    )

    def values(dimension: str) -> list[str | None]:
        column = dimension_values(icp, dimension, leads)
        assert column.index.tolist() == [9, 4, 4]
        assert column.dtype == "str"
        assert column.name == dimension
        return [None if pd.isna(value) else value for value in column]

    assert values("sic_code") == ["8361", "4213", None]
    assert values("employee_range") == ["50-100", None, "501+"]
    assert values("state") == ["TX", None, "OK"]
    assert values("proximity") == ["0-5", "50+", None]
    assert values("signal_strength") == ["High", None, "Low"]
    for dimension in DIMENSIONS:
        assert dimension_values(icp, dimension, leads.iloc[:0]).tolist() == []
        assert dimension_values(icp, dimension, leads[["state"]].iloc[:, :0]).isna().all()


def test_values_of_columns_in_other_dtypes(icp: Icp) -> None:
    # As a database hands them over: whole numbers as float, text as object, a column of nothing as object or
    # float.
    odd = pd.DataFrame(
        {"employee_count": [49.0, np.nan, 6000.0], "sic_code": ["8361", None, "0174"]}, dtype="object"
    )
    assert dimension_values(icp, "employee_range", odd).tolist()[::2] == [
        "under 50",
        "501+",
    ]
    assert (below_bands(icp, "employee_range"), below_bands(icp, "proximity")) == ("under 50", None)
    assert below_bands(icp, "state") is None
    assert dimension_values(icp, "sic_code", odd).tolist()[::2] == ["8361", "0174"]
    nothing = pd.DataFrame(
        {"signal_strength": [None, None], "state": [np.nan, np.nan], "distance_miles": [None, None]}
    )
    for dimension in ("signal_strength", "state", "proximity"):
        assert dimension_values(icp, dimension, nothing).isna().all()


def test_a_further_dimension_is_declared_in_the_file() -> None:
    text = TEXT.replace("  state: state", "  state: state\n  offer: offer_tier").replace(
        "\n# Dimensions that calibration",
        "\n  staff_density:\n    column: shifts\n    dimension: shifts\n    unknown: 50\n"
        "    bands:\n      - {label: one, max: 1, score: 20}\n      - {label: more, score: 90}\n"
        "\n# Dimensions that calibration",
    )
    icp = parse_icp(text)
    assert dimensions(icp) == (*DIMENSIONS, "shifts", "offer")
    assert scores_in_force(icp, "shifts") == {"one": 20, "more": 90}
    assert scores_in_force(icp, "offer") == {}
    leads = pd.DataFrame({"shifts": [1, 3], "offer_tier": ["Gold", None]})
    assert dimension_values(icp, "shifts", leads).tolist() == ["one", "more"]
    assert dimension_values(icp, "offer", leads)[0] == "Gold"


def test_sic_codes_may_stand_without_quotes_but_octal_ones_may_not() -> None:
    icp = parse_icp(TEXT.replace('"8361"', "8361").replace('"8211"', "'8211'"))
    assert scores_in_force(icp, "sic_code")["8361"] == 100
    assert in_filter(icp, "sic_code", "8361")
    assert in_filter(icp, "sic_code", "8211")
    quoted = parse_icp(TEXT.replace('"8361"', '"0174"'))
    assert in_filter(quoted, "sic_code", "0174")
    assert scores_in_force(quoted, "sic_code")["0174"] == 100
    with pytest.raises(ConfigError, match="quotes"):
        parse_icp(TEXT.replace('"8361"', "0174"))


def test_mistakes_come_in_one_error_and_name_the_file() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_icp(
            TEXT.replace("signal_strength: 0.50", "signal_strength: 0.60").replace(
                '"3531": 100', '"3531": 1000'
            )
        )
    assert str(caught.value).split("\n") == [
        "icp.yaml has 2 mistakes:",
        "- components.onsite_likelihood.scores.3531: expected a whole number from 0 to 100, got 1000.",
        (
            "- scoring.intent.weights: expected weights that sum to 1, got 1.1 (0.60 + 0.25 + 0.25). "
            "Change one of them."
        ),
    ]


@pytest.mark.parametrize("cut", range(0, 10_000, 317))
def test_a_file_cut_short_is_refused_or_whole(cut: int) -> None:
    optional = TEXT.index("maturity_days: 120") + len("maturity_days: 120")  # what follows may be left out
    if TEXT[cut:].strip() and cut < optional:
        with pytest.raises(ConfigError):
            parse_icp(TEXT[:cut])


def test_reading_keeps_every_byte(tmp_path: Path) -> None:
    windows = ("\ufeff" + TEXT.replace("\n", "\r\n")).encode("utf-8")
    (tmp_path / "icp.yaml").write_bytes(windows)
    icp = read_icp(tmp_path)
    assert icp.text.encode("utf-8") == windows
    assert icp.sha256 == hashlib.sha256(windows).hexdigest()
    assert icp.data == parse_icp(TEXT).data


def test_a_saved_change_counts_at_once(tmp_path: Path) -> None:
    path = tmp_path / "icp.yaml"
    path.write_text(TEXT, encoding="utf-8", newline="")
    before = read_icp(tmp_path)
    stamp = path.stat().st_mtime_ns
    path.write_text(
        TEXT.replace('"8361": 100', '"8361": 101'.replace("101", "099"[1:])), encoding="utf-8", newline=""
    )
    os.utime(path, ns=(stamp, stamp))  # not even the time of the file tells
    after = read_icp(tmp_path)
    assert (scores_in_force(before, "sic_code")["8361"], scores_in_force(after, "sic_code")["8361"]) == (
        100,
        99,
    )
    assert before != after


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not there"):
        read_icp(tmp_path)
    (tmp_path / "icp.yaml").write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(ConfigError, match="UTF-8"):
        read_icp(tmp_path)
    (tmp_path / "icp.yaml").unlink()
    (tmp_path / "icp.yaml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        read_icp(tmp_path)


def test_a_profile_is_its_hash(icp: Icp) -> None:
    assert icp == parse_icp(TEXT)
    assert len({icp, parse_icp(TEXT)}) == 1
    assert "components" not in repr(icp)
    with pytest.raises(FrozenInstanceError):
        icp.text = ""  # type: ignore[misc]
