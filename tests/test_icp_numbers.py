"""Single numbers of icp.yaml: only their digits change."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errors import ConfigError, InputError
from icp import parse_icp
from icp_numbers import edit_factors, edit_weights

TEXT = (Path(__file__).resolve().parents[1] / "config" / "icp.yaml").read_text(encoding="utf-8")


@settings(max_examples=25)  # each reads icp.yaml three times
@given(
    st.dictionaries(
        st.sampled_from(["Migration", "Existing", "Cold"]), st.integers(0, 200).map(lambda n: n / 100)
    )
)
def test_only_the_lines_of_the_named_segments_differ(factors):
    text = edit_factors(TEXT, factors)
    assert (
        parse_icp(text).data["scoring"]["segments"]
        == {"Migration": 1.0, "Existing": 1.0, "Cold": 1.0} | factors
    )
    pairs = list(zip(TEXT.splitlines(), text.splitlines(), strict=True))
    changed = [old for old, new in pairs if old != new]
    assert [line.split(":")[0].strip() for line in changed] == [
        name for name in ("Migration", "Existing", "Cold") if factors.get(name, 1.0) != 1.0
    ]


def test_back_again_gives_the_same_bytes_and_comments_stay():
    odd = TEXT.replace("    Migration: 1.0\n", "    Migration:    1.0   # the best\r\n")
    once = edit_factors(odd, {"Migration": 1.25})
    assert "    Migration:    1.25   # the best\r\n" in once
    assert edit_factors(once, {"Migration": 1.0}) == odd


@pytest.mark.parametrize("factor", [-0.1, 2.01, True, "1", float("nan")])
def test_a_factor_outside_is_refused(factor):
    with pytest.raises(InputError, match="from 0 to 2"):
        edit_factors(TEXT, {"Cold": factor})


def test_an_unknown_segment_is_refused_with_the_known_ones():
    with pytest.raises(InputError, match="Migration, Existing, Cold"):
        edit_factors(TEXT, {"Warm": 1.0})


def test_weights_change_in_their_workflow_alone():
    weights = {"signal_strength": 0.4, "onsite_likelihood": 0.35, "freshness": 0.25}
    data = parse_icp(edit_weights(TEXT, "intent", weights)).data["scoring"]
    assert data["intent"]["weights"] == weights
    assert data["geography"] == parse_icp(TEXT).data["scoring"]["geography"]
    for wrong, told in (
        ({**weights, "freshness": 0.3}, "sum to 1"),
        ({"freshness": 1.0}, "each component"),
    ):
        with pytest.raises(InputError, match=told):
            edit_weights(TEXT, "intent", wrong)
    with pytest.raises(InputError, match="unknown"):
        edit_weights(TEXT, "phone", weights)


def test_a_number_that_stands_for_two_is_not_changed():
    shared = TEXT.replace("    Migration: 1.0", "    Migration: &one 1.0").replace(
        "    Cold: 1.0", "    Cold: *one"
    )
    try:
        parse_icp(shared)
    except ConfigError:
        return  # anchors are refused at load: nothing to change
    with pytest.raises(ConfigError, match="safely"):
        edit_factors(shared, {"Cold": 1.1})
