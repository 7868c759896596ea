"""How long a request whose answer was lost is repeated, and when it is given up."""

from __future__ import annotations

from collections.abc import Callable

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_exponential_jitter

from turso_wire import Lost

_ATTEMPTS = 6
_PATIENCE = 45.0  # seconds after which no further attempt begins
_LONGEST_WAIT = 30.0  # a longer Retry-After is told to the person instead
_GROWING = wait_exponential_jitter(multiplier=0.1, max=5.0, jitter=0.1)


def repeating(sleep: Callable[[float], None]) -> Retrying:
    """What calls an attempt again while it raises Lost; the last Lost is raised when patience ends.

    It ends after six attempts, after 45 seconds, or when the server asks for a pause of more than 30. A pause the
    server asks for is kept; otherwise it grows from a tenth of a second. `sleep` takes the pauses.
    """
    return Retrying(retry=retry_if_exception_type(Lost), stop=_enough, wait=_pause, sleep=sleep, reraise=True)


def _enough(state: RetryCallState) -> bool:
    wait = _asked_for(state)
    too_long = wait is not None and wait > _LONGEST_WAIT
    return state.attempt_number >= _ATTEMPTS or too_long or (state.seconds_since_start or 0.0) > _PATIENCE


def _pause(state: RetryCallState) -> float:
    wait = _asked_for(state)
    return _GROWING(state) if wait is None else wait


def _asked_for(state: RetryCallState) -> float | None:
    lost = state.outcome.exception() if state.outcome else None
    return lost.wait if isinstance(lost, Lost) else None
