"""Every mistake in icp.yaml is a sentence that names the key, what was expected and what is there."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from icp_rules import icp_mistakes, with_text_codes
from strict_yaml import read_yaml

TEXT = (Path(__file__).parents[1] / "config" / "icp.yaml").read_text(encoding="utf-8")
DATA = read_yaml(TEXT, "icp.yaml")[0]


def mistakes(change: Callable[[dict[str, Any]], Any]) -> list[str]:
    data = copy.deepcopy(DATA)
    change(data)
    data, codes = with_text_codes(data)
    return codes + icp_mistakes(data)


def put(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        *parents, last = path.split("/")
        for part in parents:
            data = data[int(part)] if isinstance(data, list) else data[part]
        data[int(last) if isinstance(data, list) else last] = value

    return change


def drop(path: str) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        *parents, last = path.split("/")
        for part in parents:
            data = data[int(part)] if isinstance(data, list) else data[part]
        del data[int(last) if isinstance(data, list) else last]

    return change


def test_the_shipped_file_has_no_mistake() -> None:
    assert mistakes(lambda data: None) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            put("scoring/intent/weights/signal_strength", 0.6),
            "expected weights that sum to 1, got 1.1 (0.60 + 0.25 + 0.25). Change one of them.",
        ),
        (
            put("contact/weights/phone", 0.2),
            "contact.weights: expected weights that sum to 1, got 1.1 (0.70 + 0.20 + 0.20).",
        ),
        (
            put("scoring/intent/weights", {"freshnes": 1.0}),
            "scoring.intent.weights.freshnes: no component has this name. Did you mean 'freshness'?",
        ),
        (drop("scoring/geography"), "scoring.geography: this key is missing. Add it."),
        (put("exprot", {}), "exprot: this key is unknown."),
        (put("components/proximity/bands/0/score", 101), "got 101."),
        (put("components/proximity/bands/0/score", 99.5), "a whole number from 0 to 100, got 99.5."),
        (put("components/proximity/bands/0/score", True), "got true."),
        (
            put("components/proximity/bands/1/max", 4),
            "components.proximity.bands: expected upper ends that rise from band to band, got 5, 4, 25, 50.",
        ),
        (drop("components/proximity/bands/1/max"), "Only the last band may go without an upper end."),
        (put("components/proximity/bands/4/max", 99), "nothing says what a value beyond the last max scores"),
        (put("components/proximity/bands/1/label", "0-5"), "the label '0-5' stands twice"),
        (
            put("components/proximity/bands/1/min", 5),
            "components.proximity.bands, band 2.min: this key is unknown.",
        ),
        (put("components/proximity/beyond", "exclude"), "nothing lies beyond a last band without max"),
        (put("components/freshness/beyond", "drop"), "expected one of exclude, got the text 'drop'."),
        (drop("components/proximity/unknown"), "components.proximity.unknown: this key is missing."),
        (put("components/employee_scale/unknown", "51-100"), "Did you mean '50-100'?"),
        (put("components/proximity/default", 40), "this key belongs to scores, not to bands"),
        (put("components/signal_strength/beyond", "exclude"), "this key belongs to bands"),
        (put("components/signal_strength/bands", []), "expected either scores (one per value) or bands"),
        (drop("components/signal_strength/scores"), "expected either scores (one per value) or bands"),
        (put("components/signal_strength/scores", {}), "expected at least one key"),
        (
            put("components/onsite_likelihood/scores/174", 40),
            'digits, such as "8361" or "0174", got the text \'174\'',
        ),
        (put("components/onsite_likelihood/scores/abcd", 40), "four digits"),
        (
            put("components/onsite_likelihood/scores/8361", 40.5),
            "components.onsite_likelihood.scores.8361: expected",
        ),
        (lambda d: d["components"]["onsite_likelihood"]["scores"].update({8361: 4}), "8361 stands twice"),
        (
            put("components/onsite_likelihood/column", ""),
            "components.onsite_likelihood.column: expected a word",
        ),
        (put("components/onsite_likelihood/dimension", "sic"), "no component has dimension: sic_code."),
        (put("components/proximity/dimension", "state"), "the dimension state is declared more than once"),
        (put("components/proximity", 5), "components.proximity: expected a map of keys and values, got 5."),
        (put("components", None), "components: expected a map of keys and values, got nothing."),
        (drop("report_only"), "no component has dimension: state."),
        (put("report_only/region", 3), "report_only.region: expected a word, got 3."),
        (put("hard_filters/employees/min", 6000), "min to be no more than max"),
        (
            put("hard_filters/employees/min", "50"),
            "expected a number of 0 or more or null, got the text '50'.",
        ),
        (
            put("hard_filters/sic_codes", []),
            "hard_filters.sic_codes: expected a list of at least one SIC code",
        ),
        (
            put("hard_filters/sic_codes/0", 124),
            "hard_filters.sic_codes, entry 1: expected an SIC code of four digits",
        ),
        (put("hard_filters/sic_codes/0", "3599"), "hard_filters.sic_codes: 3599 stands twice."),
        (put("hard_filters/allow_unknown_sic", "maybe"), "expected true or false, got the text 'maybe'."),
        (put("business_timezone", "Mars/Olympus"), "the name of a time zone such as America/Chicago"),
        (put("business_timezone", "../etc/passwd"), "the name of a time zone"),
        (put("scoring/segments/Cold", 2.1), "scoring.segments.Cold: expected a number from 0 to 2, got 2.1."),
        (put("scoring/default_segment", "Cool"), "Did you mean 'Cold'?"),
        (put("contact/accuracy/0/min", 80), "contact.accuracy: expected limits that fall"),
        (put("contact/accuracy/2/min", 10), "contact.accuracy, step 3.min: this key is unknown."),
        (put("contact/accuracy", []), "a list of steps"),
        (drop("contact/phone/none"), "contact.phone.none: this key is missing."),
        (put("call_priority/Low", 70), "call_priority: expected limits that fall from the first to the last"),
        (put("call_priority/Very Low", 10), "the last limit to be 0"),
        (put("export/max_rows", 0), "export.max_rows: expected a whole number of 1 or more or null, got 0."),
        (put("export/radius_miles", 0), "export.radius_miles: expected a number from 0.1 to 5000"),
        (put("export/agents", "ana"), "a list of names or addresses"),
        (put("export/agents", [7]), "export.agents, entry 1: expected a name or an address as text."),
        (put("calibration/estimator", "shrink"), "Did you mean 'shrunk'?"),
        (
            put("calibration/maturity_days", -1),
            "calibration.maturity_days: expected a whole number from 0 to 3650",
        ),
    ],
)
def test_each_mistake_has_its_sentence(change: Callable[[dict[str, Any]], Any], said: str) -> None:
    assert said in " ".join(mistakes(change))


def test_a_misspelt_key_is_one_mistake_not_two() -> None:
    def change(data: dict[str, Any]) -> None:
        data["hard_filters"]["employes"] = data["hard_filters"].pop("employees")

    assert mistakes(change) == ["hard_filters.employes: this key is unknown. Did you mean 'employees'?"]


def test_all_mistakes_are_found_at_once() -> None:
    def change(data: dict[str, Any]) -> None:
        put("export/min_score", "high")(data)
        put("calibration/maturity_days", -1)(data)
        put("scoring/geography/weights/proximity", 0.4)(data)

    assert [sentence.split(":")[0] for sentence in mistakes(change)] == [
        "scoring.geography.weights",
        "export.min_score",
        "calibration.maturity_days",
    ]


def test_no_agent_is_named_in_a_sentence() -> None:
    assert "example.com" not in " ".join(
        mistakes(put("export/agents", ["a@example.com", {"x@example.com": 1}]))
    )


@pytest.mark.parametrize("top", [None, 5, "text", [], {}])
def test_a_file_that_is_something_else_is_refused(top: Any) -> None:
    data, codes = with_text_codes(top)
    assert codes + icp_mistakes(data)


def test_every_section_replaced_by_nonsense_is_refused_and_never_a_traceback() -> None:
    def paths(part: Any, path: str = "") -> list[str]:
        inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
        found = [path] if path else []
        for key, value in inner:
            found += paths(value, f"{path}/{key}" if path else str(key))
        return found

    for path in paths(DATA):
        for nonsense in ({"": {"": []}}, [[None]], -1e300):
            assert mistakes(put(path, nonsense)), path
