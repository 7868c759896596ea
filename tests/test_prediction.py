"""What an approval promised, and the grade it gets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analytics.prediction import BETTER, HELD, SHORT, TOO_YOUNG, grade, half, predict
from analytics.ranking import ranking_change
from tests.figures import show


def ranked(before, after, chances):
    scores = (pd.Series(values, dtype="Int64") for values in (before, after))
    return ranking_change(*scores, top=half(len(before)), chances=chances)


def leads(before, after, delivered, *, matured=True, workflow="intent"):
    return pd.DataFrame({
        "workflow_type": workflow, "score_before": pd.Series(before, dtype="Int64"),
        "score_after": pd.Series(after, dtype="Int64"), "matured": matured, "delivered": np.asarray(delivered, dtype=bool),
    })  # fmt: skip


def promise(per_100, low, high):
    return {"per_100": per_100, "per_100_low": low, "per_100_high": high}


def test_promises_of_several_lists_add_up_draw_by_draw():
    # First list: leads 0 and 1 called, then 2 and 0: .1 goes, .3 or .5 comes. Second: one of two, .2 goes, .4 comes.
    first = ranked([90, 80, 70, 60], [90, 10, 80, 20], np.array([[0.2, 0.1, 0.3, 0.0], [0.2, 0.1, 0.5, 0.0]]))
    second = ranked([90, 80], [80, 90], np.array([[0.2, 0.4], [0.2, 0.4]]))
    told = predict([first, second])
    assert (told["leads"], told["calls"], told["entering"]) == (6, 3, 2)
    assert told["expected_current"] == pytest.approx(0.5)  # .2 + .1 + .2
    assert told["expected_suggested"] == pytest.approx(1.0)  # .2 + .3 or .5 + .4
    assert told["extra"] == pytest.approx(0.5)
    assert told["per_100"] == pytest.approx(100 * 0.5 / 3)
    assert told["lift"] == pytest.approx((0.9 / 0.5 + 1.1 / 0.5) / 2)
    assert predict([]) is None
    assert predict([ranked([1, 2], [2, 1], None)]) is None


def test_too_few_old_leads_are_too_young():
    found = grade(promise(5, 1, 9), leads([1] * 40, [1] * 40, [0] * 40, matured=[True] * 29 + [False] * 11))
    assert (found.word, found.leads, found.waiting) == (TOO_YOUNG, 29, 11)
    assert "29 leads" in found.why
    assert "11 are on their way" in found.why


@pytest.mark.parametrize(
    ("promised", "entering", "leaving", "word"),
    [
        # 100 leads, 50 called; 50 enter and 50 leave. Variance of k of 50: 50 p (1 - p), p = (k + 1) / 52.
        # 12 and 2: sd sqrt(50 (.25 .75 + .058 .942)) = 3.5; promised 10 of 50: 10 held, and 0 would not have been.
        (promise(20, 16, 24), 12, 2, HELD),
        (promise(20, 16, 24), 5, 5, SHORT),  # 0 of 10 promised; sd sqrt(2 * 50 * .115 * .885) = 3.2
        (promise(1, 0, 2), 20, 2, BETTER),  # 18 of half a delivery promised
    ],
)
def test_the_grade_by_hand(promised, entering, leaving, word):
    # The first 50 are called before, the last 50 after.
    before, after = [90] * 50 + [10] * 50, [10] * 50 + [90] * 50
    delivered = [n < leaving for n in range(50)] + [n < entering for n in range(50)]
    found = grade(promised, leads(before, after, delivered))
    assert (found.word, found.calls, found.observed) == (word, 50, entering - leaving)
    assert found.predicted == pytest.approx(promised["per_100"] / 2)
    assert found.low < found.predicted < found.high
    assert found.open == (word == SHORT)


def test_each_workflow_is_ranked_by_itself_and_the_young_count_nowhere():
    both = pd.concat(
        [
            leads([90] * 20 + [10] * 20, [10] * 20 + [90] * 20, [0] * 20 + [1] * 20),
            leads([5] * 10, [5] * 10, [0] * 10, workflow="geography"),
            leads([1] * 50, [99] * 50, [1] * 50, matured=False),
        ],
        ignore_index=True,
    )
    found = grade(promise(0, -1, 1), both)
    assert (found.leads, found.waiting, found.calls, found.observed) == (50, 50, 25, 20.0)


def test_nothing_that_changes_holds_a_promise_of_nothing():
    found = grade(promise(0, 0, 0), leads([5] * 40, [5] * 40, [1] * 40))
    assert (found.word, found.observed, found.open) == (HELD, 0.0, True)


@pytest.mark.prove
def test_promises_that_are_right_hold_in_about_95_of_100_worlds() -> None:
    """The rates of six kinds are drawn from the posterior that made the promise; then the leads are drawn."""
    rng, worlds = np.random.default_rng(20260211), 600
    held = 0
    for _ in range(worlds):
        n, k = np.full(6, 300), rng.binomial(300, [0.05, 0.07, 0.09, 0.11, 0.13, 0.15])
        draws = rng.beta(k + 1, n - k + 10, size=(401, 6))
        kind = rng.integers(0, 6, 300)
        before, after = rng.integers(0, 100, 6)[kind], np.argsort(np.argsort(k))[kind]
        change = ranked(before, after, draws[1:][:, kind])
        told = predict([change])
        new = rng.integers(0, 6, 240)
        scores = dict(zip(kind.tolist(), before.tolist(), strict=True))
        again = dict(zip(kind.tolist(), after.tolist(), strict=True))
        delivered = rng.random(240) < draws[0][new]
        graded = grade(told, leads([scores[i] for i in new], [again[i] for i in new], delivered))
        held += graded.word == HELD
    show(f"Predictions that hold when the posterior is right: {held / worlds:.1%} of {worlds} worlds")
    assert 0.92 <= held / worlds <= 0.99
