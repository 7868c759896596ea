import numpy as np
import pandas as pd
import pytest

from analytics.ranking import ranking_change
from errors import InputError


def scores(*values):
    return pd.Series(values, index=[f"lead {i}" for i in range(len(values))], dtype="Int64")


def test_who_enters_and_who_leaves_by_hand():
    # current order: 0 (90), 1 (80), 2 (70), 3 (60); suggested: 3 (95), 0 (90), 2 (70), 1 (50)
    change = ranking_change(scores(90, 80, 70, 60), scores(90, 50, 70, 95), top=2)
    assert change.table["rank_current"].tolist() == [1, 2, 3, 4]
    assert change.table["rank_suggested"].tolist() == [2, 4, 3, 1]
    assert change.table["change"].tolist() == ["stays", "leaves", "", "enters"]
    assert (change.entering, change.leaving) == (1, 1)
    assert np.isnan(change.extra)


def test_equal_scores_keep_the_order_of_the_rows():
    change = ranking_change(scores(70, 70, 70), scores(50, 50, 50), top=2)
    assert change.table["rank_suggested"].tolist() == [1, 2, 3]
    assert (change.entering, change.leaving) == (0, 0)


def test_expected_deliveries_with_their_range():
    # leads 1 leaves with chance .10, 3 enters with .20 or .40: extra .10 or .30, on average .20
    chances = np.array([[0.3, 0.1, 0.2, 0.2], [0.3, 0.1, 0.2, 0.4]])
    change = ranking_change(scores(90, 80, 70, 60), scores(90, 50, 70, 95), top=2, chances=chances)
    assert change.expected_current == pytest.approx(0.4)
    assert change.expected_suggested == pytest.approx(0.6)
    assert change.extra == pytest.approx(0.2)
    assert 0.1 <= change.extra_low < change.extra_high <= 0.3


def test_excluded_leads_have_no_rank_and_unlisted_ones_no_row():
    change = ranking_change(scores(90, None, 70, None), scores(None, 50, 80, None), top=1)
    assert change.table.index.tolist() == ["lead 0", "lead 1", "lead 2"]
    assert change.table["rank_suggested"].tolist() == [pd.NA, 2, 1]
    assert change.table["change"].to_dict() == {"lead 0": "leaves", "lead 1": "", "lead 2": "enters"}


def test_no_leads_and_more_calls_than_leads():
    assert ranking_change(scores(), scores(), top=5).table.empty
    everyone = ranking_change(scores(1, 2), scores(2, 1), top=99, chances=np.array([[0.1, 0.2]]))
    assert everyone.table["change"].tolist() == ["stays", "stays"]
    assert everyone.extra == 0.0


def test_trouble_gets_a_sentence():
    with pytest.raises(InputError, match="same leads"):
        ranking_change(scores(1, 2), scores(1), top=1)
    with pytest.raises(InputError, match="0 or more"):
        ranking_change(scores(1), scores(1), top=-1)
    with pytest.raises(InputError, match="Chances of 2 leads"):
        ranking_change(scores(1, 2), scores(1, 2), top=1, chances=np.array([[0.1]]))
