"""Sentences of a proof and of a prediction: numbers with n and interval, and no sign that says nothing."""

from __future__ import annotations

from views.plain_words import NO_ORDER, NO_POOL, prediction_sentence, proof_sentences


def promise(**changes: float) -> dict[str, float]:
    return {
        "calls": 150, "leads": 300, "entering": 12, "extra": 2.94, "extra_low": 0.6, "extra_high": 5.31,
        "expected_current": 14.2, "expected_suggested": 17.14,
    } | changes  # fmt: skip


def test_a_promise_is_read_aloud_with_its_range() -> None:
    assert prediction_sentence(promise()) == (
        "If 150 of 300 leads are called, 12 of them are another than today. Expected: about 2.9 more deliveries than today, 17.1 "
        "instead of 14.2 (in 19 of 20 cases the difference is between +0.6 and +5.3). So it is an improvement beyond chance."
    )
    fewer = prediction_sentence(promise(extra=-1.5, extra_low=-3.0, extra_high=0.4))
    assert "about 1.5 fewer deliveries than today" in fewer
    assert "between −3.0 and +0.4). So chance is not excluded." in fewer


def test_nothing_is_never_minus_nothing() -> None:
    told = prediction_sentence(promise(extra=-0.04, extra_low=-0.04, extra_high=0.02))
    assert "as many deliveries as today" in told
    assert "0.0" in told
    for sign in ("-0", "−0.0", "+0.0"):
        assert sign not in told
    assert "nothing more or less" in prediction_sentence(promise(entering=0))


def test_a_missing_promise_says_what_it_lacks() -> None:
    assert prediction_sentence(None) == NO_ORDER
    few = prediction_sentence(None, judged=(62, 4))
    assert (
        "of 62 leads old enough to judge, history and batches together, 4 were delivered. It takes 10 delivered"
        in few
    )
    assert prediction_sentence(None, has_pools=False) == NO_POOL


def test_a_proof_says_what_was_called_then_how_both_rank() -> None:
    proof = {
        "why": "too few", "folds": [{"top": 80}, {"top": 80}], "leads": 2400, "deliveries": 197, "auc_current": 0.505,
        "auc_suggested": 0.561, "auc_gain": 0.056, "auc_low": 0.012, "auc_high": 0.098, "top_current": 16.6,
        "top_suggested": 23.4, "top_low": -1.0, "top_high": 14.0,
    }  # fmt: skip
    called, ranked = proof_sentences(proof)
    assert (
        "of the 160 leads called first, 23 would have been delivered by the suggested scores and 17 by those in force, +6"
        in called
    )
    assert "between −1 and +14" in called
    assert "in 50.5 % of cases and the suggested ones in 56.1 %" in ranked
    assert "+5.6 points" in ranked
    assert proof_sentences(proof | {"auc_gain": None}) == ["too few"]
