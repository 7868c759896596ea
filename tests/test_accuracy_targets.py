"""Targets of the accuracy report."""

from __future__ import annotations

import pandas as pd
import pytest

from analytics.accuracy_targets import MISSED, OPEN, REACHED, read_accuracy_rules, targets_table
from errors import ConfigError


def confidences(called, fp_low, fp_high, hits=0):
    return pd.DataFrame([{"confidence": "High", "called": called, "hits": hits, "false_positives": 0.8, "fp_low": fp_low,
                          "fp_high": fp_high, "false_negatives": 0.3, "fn_low": 0.0, "fn_high": 1.0}])  # fmt: skip


@pytest.mark.parametrize(
    ("ends", "status"), [((0.6, 0.79), REACHED), ((0.81, 0.9), MISSED), ((0.7, 0.9), OPEN)]
)
def test_a_target_is_judged_by_the_whole_interval(tmp_path, ends, status):
    table = targets_table(confidences(50, *ends), read_accuracy_rules(tmp_path))  # the shipped: .80 for High
    row = table.set_index("kind").loc["false positives"]
    assert (row["status"], row["target"], row["of"]) == (status, 0.8, 50)


def test_no_case_is_no_target_reached(tmp_path):
    table = targets_table(confidences(0, 0.0, 0.0), read_accuracy_rules(tmp_path))
    assert set(table["status"]) == {OPEN}


@pytest.mark.parametrize(
    ("text", "told"),
    [("high_score: yes", "high_score"), ("high_score: 120", "120"), ("[", "cannot be read"),
     ("high_score: 70\ntargets: {Highest: {}}", "High, Medium, Low"),
     ("high_score: 70\ntargets: {High: {false_positives: 80}}", "targets.High.false_positives"),
     ("high_score: 70\ntargets: {High: {misses: .8}}", "false_positives and false_negatives")],
)  # fmt: skip
def test_a_wrong_file_is_told_by_its_key(tmp_path, text, told):
    (tmp_path / "accuracy.yaml").write_text(text)
    with pytest.raises(ConfigError, match=told):
        read_accuracy_rules(tmp_path)


def test_without_targets_there_is_nothing_to_judge(tmp_path):
    (tmp_path / "accuracy.yaml").write_text("high_score: 70")
    assert targets_table(confidences(10, 0.1, 0.2), read_accuracy_rules(tmp_path)).empty
