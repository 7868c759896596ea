"""Which values a run may change, and that nothing else of icp.yaml ever changes with them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errors import Refused
from icp import parse_icp, scores_in_force
from score_changes import (
    change_of_run,
    changed_icp,
    needs_second,
    pick_rows,
    planned_changes,
    text_diff,
    weight_rows,
)
from settings import ROOT

TEXT = (ROOT / "config" / "icp.yaml").read_text("utf-8")
COMMENTS = ["# 100", "#  score: 100", "# ü ✓ {label: Hot}", "#\t'7011': 100"]


def row(dimension, value, suggested, *, current=None, candidate=False, verdict="move"):
    return {
        "dimension": dimension, "value": value, "suggested": suggested, "current": current, "candidate": candidate,
        "verdict": verdict,
    }  # fmt: skip


@st.composite
def odd_files(draw):
    """The shipped file in an odd dress that means the same: comments, blank lines, spaces, quotes, line ends."""
    lines = []
    for line in TEXT.splitlines():
        code = re.fullmatch(r'(\s+)"(\d{4})": (\d+)(  #.*)?', line)
        if code and draw(st.booleans()):
            indent, value, score, comment = code.groups()
            quote = draw(st.sampled_from("'\""))
            spaces = " " * draw(st.integers(1, 6))
            line = (
                f"{indent}{quote}{value}{quote}{' ' * draw(st.integers(0, 3))}:{spaces}{score}{comment or ''}"
            )
        elif "{label" in line:
            line = line.replace(", score:", f" ,{' ' * draw(st.integers(1, 4))}score :")
        if draw(st.integers(0, 5)) == 0:
            lines.append(" " * draw(st.integers(0, 9)) + draw(st.sampled_from(COMMENTS)))
        if draw(st.integers(0, 9)) == 0:
            lines.append("")
        blank = " " * draw(st.integers(0, 3))
        lines.append(line + (blank if line.strip() else ""))
    return draw(st.sampled_from(["\n", "\r\n"])).join(lines) + draw(st.sampled_from(["", "\n", "\n\n# end"]))


@settings(max_examples=30)
@given(odd_files(), st.data())
def test_only_the_ticked_values_bytes_differ_however_the_file_is_written(text, data):
    icp = parse_icp(text)
    known = [(d, v, s) for d in ("sic_code", "employee_range", "signal_strength") for v, s in scores_in_force(icp, d).items()]  # fmt: skip
    ticked = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=5, unique=True))
    score = data.draw(st.integers(0, 100).filter(lambda n: all(n != s for _, _, s in ticked)))
    changed, told = change_of_run(icp, [row(d, v, score) for d, v, _ in ticked])
    assert {(c["dimension"], c["value"], c["before"], c["after"]) for c in told} == {
        (d, v, s, score) for d, v, s in ticked
    }
    # With the new digits put back in the places where lines differ, every byte is as before.
    before, after = text.split("\n"), changed.text.split("\n")
    assert len(before) == len(after)
    touched = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert len(touched) == len(ticked)
    for old, new in touched:
        shared = 0
        while old[shared : shared + 1] == new[shared : shared + 1] and shared < min(len(old), len(new)):
            shared += 1
        tail = re.match(r"\d*", old[shared:]).group(), re.match(r"\d*", new[shared:]).group()
        assert old[shared + len(tail[0]) :] == new[shared + len(tail[1]) :]
    for dimension, value, _ in ticked:
        assert scores_in_force(changed, dimension)[value] == score


def test_a_diff_shows_the_line_that_went_and_the_line_that_came():
    changed, _ = change_of_run(parse_icp(TEXT), [row("sic_code", "8062", 40)])
    lines = text_diff(TEXT, changed.text).splitlines()
    assert lines[:2] == ["--- icp.yaml in force", "+++ icp.yaml proposed"]
    assert [line for line in lines[2:] if line[0] in "+-"] == [
        '-      "8062": 100  # general hospitals',
        '+      "8062": 40  # general hospitals',
    ]
    assert text_diff(TEXT, TEXT) == ""


def test_nothing_ticked_is_refused():
    with pytest.raises(Refused, match="No row was chosen"):
        planned_changes(parse_icp(TEXT), [])


def test_a_second_approver_is_asked_for_only_where_the_file_says_so():
    assert not needs_second(parse_icp(TEXT))
    assert needs_second(parse_icp(TEXT.replace("second_approver: false", "second_approver: true")))
    assert not needs_second(parse_icp(TEXT.replace("  second_approver: false\n", "")))


def run_with_weights(workflow="geography", **suggested):
    """A run that suggests these weights; the file has proximity .5, onsite_likelihood .3, employee_scale .2."""
    in_force = parse_icp(TEXT).data["scoring"][workflow]["weights"]
    rows = [
        {"component": name, "current": weight, "rounded": suggested.get(name, weight), "low": 0.1, "high": 0.8,
         "verdict": "move", "why": "…"}
        for name, weight in in_force.items()
    ]  # fmt: skip
    part = {"workflow": workflow, "leads": 900, "deliveries": 80, "too_young": 5, "rows": rows}
    return {"run_id": 3, "rows": [row("sic_code", "8062", 40, current=100)], "components": [part]}


def test_the_weights_of_a_workflow_change_together_beside_scores():
    run = run_with_weights(proximity=0.62, onsite_likelihood=0.3, employee_scale=0.08)
    names = [
        ("sic_code", "8062"), ("geography_weight", "proximity"), ("geography_weight", "onsite_likelihood"),
        ("geography_weight", "employee_scale"),
    ]  # fmt: skip
    changed, told = change_of_run(parse_icp(TEXT), pick_rows(run, names))
    assert changed.data["scoring"]["geography"]["weights"] == {
        "proximity": 0.62, "onsite_likelihood": 0.3, "employee_scale": 0.08,
    }  # fmt: skip
    assert [(c["dimension"], c["value"], c["before"], c["after"]) for c in told] == [
        ("sic_code", "8062", 100, 40),
        ("geography_weight", "proximity", 0.5, 0.62),
        ("geography_weight", "employee_scale", 0.2, 0.08),  # the third stays as it is
    ]
    lines = text_diff(TEXT, changed.text).splitlines()[2:]
    assert len([line for line in lines if line[0] == "+"]) == 3
    assert changed_icp(parse_icp(TEXT), told).text == changed.text  # as an accepted proposal does it


def test_some_of_the_weights_alone_or_none_suggested_are_refused():
    icp = parse_icp(TEXT)
    run = run_with_weights(proximity=0.62, onsite_likelihood=0.3, employee_scale=0.08)
    with pytest.raises(Refused, match="change together"):
        change_of_run(icp, pick_rows(run, [("geography_weight", "proximity")]))
    _, told = change_of_run(icp, weight_rows(run, "geography"))
    with pytest.raises(Refused, match="change together"):
        changed_icp(icp, told[:1])
    with pytest.raises(Refused, match="No row was chosen"):
        change_of_run(icp, weight_rows(run_with_weights(), "geography"))
    with pytest.raises(Refused, match="no evidence"):
        change_of_run(
            icp,
            weight_rows(
                run_with_weights(proximity=None, onsite_likelihood=None, employee_scale=None), "geography"
            ),
        )
    assert weight_rows(run, "intent") == [] == weight_rows(run | {"components": None}, "geography")
