"""repeating: as often, as long and with such pauses as it says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from errors import Unavailable
from turso_patience import repeating
from turso_wire import Lost


def losing(times: int, wait: float | None = None) -> Callable[[], str]:
    left = [times]

    def attempt() -> str:
        if left[0]:
            left[0] -= 1
            raise Lost(Unavailable("No answer."), ran=False, wait=wait)
        return "answered"

    return attempt


@pytest.mark.parametrize(("times", "pauses"), [(0, 0), (1, 1), (5, 5)])
def test_it_goes_on_until_there_is_an_answer(times: int, pauses: int) -> None:
    slept: list[float] = []
    assert repeating(slept.append)(losing(times)) == "answered"
    assert len(slept) == pauses
    assert slept == sorted(
        slept
    )  # each pause is at least as long as the one before: 0.1, 0.2, 0.4 and a little chance
    assert sum(slept) <= 0.1 + 0.2 + 0.4 + 0.8 + 1.6 + 5 * 0.1


def test_six_attempts_are_enough() -> None:
    slept: list[float] = []
    with pytest.raises(Lost):
        repeating(slept.append)(losing(6))
    assert len(slept) == 5


def test_the_pause_that_the_server_asks_for_is_kept_unless_it_is_too_long() -> None:
    slept: list[float] = []
    assert repeating(slept.append)(losing(2, wait=30.0)) == "answered"
    assert slept == [30.0, 30.0]
    with pytest.raises(Lost):
        repeating(slept.append)(losing(1, wait=30.1))
    assert len(slept) == 2
