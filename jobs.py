"""Long work that outlives a tab: one thread per kind, whose state every page can read."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st

from errors import HadesError

_log = logging.getLogger("hades")


@dataclass(frozen=True)
class Job:
    """How a kind of work stands: running, or what its last end said (`failed` when that was an error)."""

    running: bool = False
    said: str | None = None
    failed: bool = False


class Jobs:
    """The jobs of this process. A second start of a running kind does nothing; processes beside this one are kept
    apart by the acts' own leases."""

    def __init__(self) -> None:
        self._states: dict[str, Job] = {}
        self._lock = threading.Lock()

    def state(self, kind: str) -> Job:
        """How this kind of work stands; a kind that never ran is at rest and said nothing."""
        with self._lock:
            return self._states.get(kind, Job())

    def start(self, kind: str, work: Callable[[], str]) -> bool:
        """Whether `work` was started; False while the same kind runs. What it returns is the sentence of its end."""
        with self._lock:
            if self._states.get(kind, Job()).running:
                return False
            self._states[kind] = Job(running=True)
        threading.Thread(target=self._run, args=(kind, work), name=f"job {kind}", daemon=True).start()
        return True

    def _run(self, kind: str, work: Callable[[], str]) -> None:
        ended = Job(failed=True)
        try:
            ended = Job(said=work())
        except HadesError as error:
            ended = replace(ended, said=str(error))
        except Exception:
            reference = secrets.token_hex(4)
            _log.exception("job %s failed, reference %s", kind, reference)
            ended = replace(ended, said=f"Something went wrong. The log has the details under {reference}.")
        with self._lock:
            self._states[kind] = ended


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """The jobs of this process, the same for every page and person."""
    return Jobs()
