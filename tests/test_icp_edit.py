"""An edit changes the digits of the scores asked for, and no other byte of the file."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errors import ConfigError, InputError
from icp import default_score, in_filter, parse_icp, scores_in_force
from icp_edit import ScoreChange, edit_scores

TEXT = (Path(__file__).parents[1] / "config" / "icp.yaml").read_bytes().decode("utf-8")
SIC_BLOCK = re.compile(r'    scores:\n((?:      "\d{4}": .*\n)+)')
SIC_LINES = SIC_BLOCK.search(TEXT).group(1)  # type: ignore[union-attr]
PAIRS = re.findall(r'"(\d{4})": (\d+)', SIC_LINES)
FILTER_LINES = re.search(r'  sic_codes:\n((?:    - "\d{4}".*\n)+)', TEXT).group(1)  # type: ignore[union-attr]
CODES = re.findall(r'"(\d{4})"', FILTER_LINES)


def with_sic_map(scores: str, text: str = TEXT) -> str:
    return text.replace("    scores:\n" + SIC_LINES, scores)


def with_filter(codes: str, text: str = TEXT) -> str:
    return text.replace("  sic_codes:\n" + FILTER_LINES, codes)


FLOW = "    scores: {" + ", ".join(f"{code}: {score}" for code, score in PAIRS) + "}  # all of them\n"
FLOW_LINES = (
    "    scores: {\n" + ",\n".join(f"        '{c}' :   {s}" for c, s in PAIRS) + "  # the last\n    }\n"
)
FLOW_COMMA = "    scores: { # tidy\n" + "".join(f'      "{c}": {s},  # n\n' for c, s in PAIRS) + "    }\n"
FLOW_CLOSED = "    scores: {\n      " + ",\n      ".join(f'"{c}": {s}' for c, s in PAIRS) + "}\n"
FLOW_FIRST = "    scores: {\n      " + "\n      , ".join(f'"{c}": {s}' for c, s in PAIRS) + "\n    }\n"
ODD = "    scores:   # odd\n" + "".join(f"              {c}:      {s}   # about {c}\n\n" for c, s in PAIRS)
SINGLE = "    scores:\n" + "".join(f"     '{c}'  : {s}\n     # after {c}: 1\n" for c, s in PAIRS)
ASKED = "    scores:\n" + "".join(f"      ? '{c}'\n      : {s}\n" for c, s in PAIRS)
TAGGED = "    scores: !!map\n" + "".join(f"      !!str {c}: !!int '{s}'\n" for c, s in PAIRS)
FILES = {
    "shipped": TEXT,
    "windows": TEXT.replace("\n", "\r\n"),
    "marked": "\ufeff" + TEXT,
    "old mac": TEXT.replace("\n", "\r"),
    "no newline at the end": TEXT.rstrip("\n"),
    "many newlines at the end": TEXT + "\n\n  \n",
    "flow": with_sic_map(FLOW, with_filter(f"  sic_codes: [{', '.join(CODES)}]\n")),
    "flow of lines": with_sic_map(FLOW_LINES, with_filter("  sic_codes: [\n    " + ",\n    ".join(CODES) + "\n  ]\n")),
    "flow with commas": with_sic_map(FLOW_COMMA, with_filter("  sic_codes: [\n" + "".join(f"   '{c}', # x\n" for c in CODES) + "  ]\n")),
    "flow closed at once": with_sic_map(FLOW_CLOSED, with_filter("  sic_codes: [" + ",\n    ".join(CODES) + "]\n")),
    "flow, commas first": with_sic_map(FLOW_FIRST),
    "odd": with_sic_map(ODD, with_filter("  sic_codes:\n" + "".join(f"  -    '{c}'\n  # and\n" for c in CODES))),
    "odd windows": with_sic_map(ODD).replace("\n", "\r\n"),
    "single quotes": with_sic_map(SINGLE),
    "explicit keys": with_sic_map(ASKED),
    "tags": with_sic_map(TAGGED),
    "unicode": TEXT.replace("# construction machinery", "# Baumaschinen, très cher, 重机 🏗"),
    "one band a block": TEXT.replace(
        '      - {label: "0-5", max: 5, score: 100}', '      -   label: "0-5"\n          score:   100   # near\n          max: 5'
    ),
}  # fmt: skip


@pytest.fixture(params=FILES)
def text(request: pytest.FixtureRequest) -> str:
    return FILES[request.param]


def changed_lines(before: str, after: str) -> list[str]:
    """The lines of a diff, -old and +new."""
    lines = difflib.ndiff(re.split("\r\n|\r|\n", before), re.split("\r\n|\r|\n", after))
    return [line for line in lines if line[0] in "+-"]


def test_every_odd_file_says_the_same(text: str) -> None:
    assert parse_icp(text).data == parse_icp(TEXT).data


def test_one_score_changes_one_line() -> None:
    after = edit_scores(TEXT, [ScoreChange("sic_code", "7011", 46)])
    assert changed_lines(TEXT, after) == [
        '-       "7011": 100  # hotels and motels',
        '+       "7011": 46  # hotels and motels',
    ]
    after = edit_scores(TEXT, [ScoreChange("employee_range", "50-100", 100)])
    assert changed_lines(TEXT, after) == [
        '-       - {label: "50-100", min: 50, max: 100, score: 40}',
        '+       - {label: "50-100", min: 50, max: 100, score: 100}',
    ]
    after = edit_scores(TEXT, [ScoreChange("signal_strength", "Medium", 0)])
    assert changed_lines(TEXT, after) == ["-       Medium: 70", "+       Medium: 0"]


def test_a_new_code_is_one_line_at_the_end_of_its_map() -> None:
    after = edit_scores(TEXT, [ScoreChange("sic_code", "4213", 94)])
    assert changed_lines(TEXT, after) == ['+       "4213": 94']
    assert after.index('"4213": 94') > after.index('"9229": 40  # public order')
    assert not in_filter(parse_icp(after), "sic_code", "4213")
    after = edit_scores(TEXT, [ScoreChange("sic_code", "4213", 94, extend_filter=True)])
    assert changed_lines(TEXT, after) == ['+     - "4213"', '+       "4213": 94']
    assert in_filter(parse_icp(after), "sic_code", "4213")


def test_new_lines_follow_the_style_of_their_neighbours() -> None:
    def added(name: str, code: str = "4213") -> list[str]:
        change = ScoreChange("sic_code", code, 94, extend_filter=True)
        return changed_lines(FILES[name], edit_scores(FILES[name], [change]))

    assert added("odd") == ["+   -    '4213'", "+               4213:      94"]
    assert added("odd", "0174") == ["+   -    '0174'", '+               "0174":      94']
    assert added("single quotes") == ['+     - "4213"', "+      '4213'  : 94"]
    assert added("explicit keys") == ['+     - "4213"', "+       '4213': 94"]
    assert added("flow of lines") == [
        "-     9711", "+     9711,", "+     4213",
        "-         '9229' :   40  # the last", "+         '9229' :   40,  # the last", "+         '4213' :   94",
    ]  # fmt: skip
    assert added("flow with commas") == ["+    '4213',", '+       "4213": 94,']
    assert added("flow closed at once") == [
        "-     9711]", "+     9711,", "+     4213]",
        '-       "9229": 40}', '+       "9229": 40,', '+       "4213": 94}',
    ]  # fmt: skip
    plain, quoted = (
        edit_scores(FILES["flow"], [ScoreChange("sic_code", "4213", 94)]),
        "9229: 40, 4213: 94}  # all",
    )
    assert quoted in plain
    assert ', "0174": 94}' in edit_scores(FILES["flow"], [ScoreChange("sic_code", "0174", 94)])


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_the_end_of_the_file_stays_as_it_is(end: str) -> None:
    # The map as the very last lines of the file.
    head, onsite = (
        TEXT.index("  # How likely people stay"),
        TEXT.index("# Dimensions that calibration reports"),
    )
    last = TEXT[:head] + "NEXT" + TEXT[onsite:]
    components = last[last.index("components:") : last.index("NEXT")]
    text = (
        (last.replace(components, "").replace("NEXT", "") + components).rstrip()
        + "\n"
        + TEXT[head:onsite].rstrip()
    )
    text = text.replace("\n", "\r\n") if end == "\r\n" else text
    assert parse_icp(text + end).data == parse_icp(TEXT).data
    after = edit_scores(text + end, [ScoreChange("sic_code", "4213", 94)])
    newline = "\r\n" if end == "\r\n" else "\n"
    assert after == text + newline + '      "4213": 94' + end


def test_only_the_values_asked_for_differ(text: str) -> None:
    changes = [
        ScoreChange("sic_code", "8361", 7),
        ScoreChange("sic_code", "3999", 100),
        ScoreChange("proximity", "0-5", 0),
        ScoreChange("employee_range", "501+", 12),
        ScoreChange("signal_strength", "Low", 1),
        ScoreChange("sic_code", "4213", 94, extend_filter=True),
        ScoreChange("sic_code", "0174", 5, extend_filter=True),
        ScoreChange("sic_code", "4581", 78),
        ScoreChange("sic_code", "7011", 100, extend_filter=True),  # already in the filter: nothing to extend
    ]
    after = edit_scores(text, changes)
    icp, before = parse_icp(after), parse_icp(text)
    for change in changes:
        assert scores_in_force(icp, change.dimension)[change.value] == change.score
    untouched = set(scores_in_force(before, "sic_code")) - {"8361", "3999"}
    assert all(
        scores_in_force(icp, "sic_code")[code] == scores_in_force(before, "sic_code")[code]
        for code in untouched
    )
    assert icp.data["hard_filters"]["sic_codes"] == [
        *before.data["hard_filters"]["sic_codes"],
        "4213",
        "0174",
    ]
    assert default_score(icp, "sic_code") == 40


def test_no_change_is_the_same_text(text: str) -> None:
    assert edit_scores(text, []) == text
    same = [
        ScoreChange("sic_code", code, score)
        for code, score in scores_in_force(parse_icp(text), "sic_code").items()
    ]
    if "!!int" not in text:  # there the tag and quotes of a value belong to it
        assert edit_scores(text, same) == text


DIMENSIONS = {d: list(scores_in_force(parse_icp(TEXT), d)) for d in ("sic_code", "employee_range", "proximity", "signal_strength")}  # fmt: skip
TARGETS = st.sampled_from([(d, v) for d, values in DIMENSIONS.items() for v in values])


@settings(derandomize=True, max_examples=30, deadline=None)
@given(
    st.sampled_from(sorted(set(FILES) - {"tags"})),
    st.dictionaries(TARGETS, st.integers(0, 100), min_size=1, max_size=6),
)
def test_there_and_back_gives_the_same_bytes(name: str, wanted: dict[tuple[str, str], int]) -> None:
    before = FILES[name]
    icp = parse_icp(before)
    there = [ScoreChange(*target, score) for target, score in wanted.items()]
    back = [ScoreChange(d, v, scores_in_force(icp, d)[v]) for d, v in wanted]
    after = edit_scores(before, there)
    # Only digits differ: with every run of digits blanked out both texts are the same.
    assert re.sub(r"\d+", "#", after) == re.sub(r"\d+", "#", before)
    numbers = [
        (a, b) for a, b in zip(re.findall(r"\d+", before), re.findall(r"\d+", after), strict=True) if a != b
    ]
    moved = [(str(b.score), str(t.score)) for b, t in zip(back, there, strict=True) if b.score != t.score]
    assert sorted(numbers) == sorted(moved)
    assert edit_scores(after, back) == before


@settings(derandomize=True, max_examples=20, deadline=None)
@given(st.sampled_from(sorted(FILES)), st.lists(st.from_regex(r"[0-9]{4}", fullmatch=True), min_size=1, max_size=3, unique=True), st.booleans())  # fmt: skip
def test_new_codes_only_add(name: str, codes: list[str], extend: bool) -> None:
    before = FILES[name]
    codes = [code for code in codes if code not in DIMENSIONS["sic_code"]]
    after = edit_scores(before, [ScoreChange("sic_code", code, 55, extend) for code in codes])
    # Every character that was there is still there, in order.
    rest = iter(after)
    assert all(character in rest for character in before)
    icp = parse_icp(after)
    assert [code for code in scores_in_force(icp, "sic_code") if code not in DIMENSIONS["sic_code"]] == codes
    assert all(in_filter(icp, "sic_code", code) is extend for code in codes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (ScoreChange("state", "TX", 50), "only reported"),
        (ScoreChange("colour", "red", 50), "no dimension"),
        (ScoreChange("proximity", "0-6", 50), "proximity has no value '0-6'"),
        (ScoreChange("signal_strength", "high", 50), "it has High, Medium, Low"),
        (ScoreChange("sic_code", "821", 50), "four digits"),
        (ScoreChange("sic_code", "8211\n  x", 50), "four digits"),
        (ScoreChange("sic_code", "8211", 101), "whole number from 0 to 100"),
        (ScoreChange("sic_code", "8211", -1), "whole number from 0 to 100"),
        (ScoreChange("sic_code", "8211", True), "whole number from 0 to 100"),
        (ScoreChange("sic_code", "8211", 50.5), "whole number from 0 to 100"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_set_is_refused(change: ScoreChange, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        edit_scores(TEXT, [change])


def test_a_value_asked_for_twice_is_refused() -> None:
    with pytest.raises(InputError, match="twice"):
        edit_scores(TEXT, [ScoreChange("sic_code", "8211", 1), ScoreChange("sic_code", "8211", 2)])


def test_a_wrong_file_is_refused_before_it_is_touched() -> None:
    with pytest.raises(ConfigError, match="sum to 1"):
        edit_scores(TEXT.replace("proximity: 0.50", "proximity: 0.60"), [ScoreChange("sic_code", "8211", 1)])
    shared = TEXT.replace('"8361": 100', '"8361": &full 100').replace('"8211": 100', '"8211": *full')
    with pytest.raises(ConfigError, match="alias"):
        edit_scores(shared, [ScoreChange("sic_code", "8361", 1)])


def test_an_anchor_nobody_uses_is_no_hindrance() -> None:
    text = TEXT.replace('"8361": 100', '"8361": &full 100')
    assert (
        scores_in_force(parse_icp(edit_scores(text, [ScoreChange("sic_code", "8361", 1)])), "sic_code")[
            "8361"
        ]
        == 1
    )


def test_further_values_are_quoted_so_that_they_stay_what_they_are() -> None:
    text = TEXT.replace(
        "\n# Dimensions that calibration",
        "\n  tier:\n    column: offer_tier\n    dimension: tier\n    default: 10\n    scores:\n      Gold: 90\n"
        "\n# Dimensions that calibration",
    )
    odd = ["Silver # 1", 'say "hi": \\', "null", "yes", "12", "- x", "{a}", "Straße"]
    after = edit_scores(text, [ScoreChange("tier", value, 5) for value in odd])
    assert scores_in_force(parse_icp(after), "tier") == {"Gold": 90} | dict.fromkeys(odd, 5)
    with pytest.raises(InputError, match="printable"):
        edit_scores(text, [ScoreChange("tier", "a\nb", 5)])
