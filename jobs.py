"""Long work that outlives a tab: one thread per kind, whose state every page can read, and scripts in processes of
their own.
"""

from __future__ import annotations

import json
import logging
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from errors import HadesError, Refused, Unavailable
from settings import ROOT, worker_environment

_log = logging.getLogger("hades")


@dataclass(frozen=True)
class Job:
    """How a kind of work stands: running and at which step, or what its last end said (`failed` when that was an
    error) and how many ends there were (`ended`)."""

    running: bool = False
    said: str | None = None
    failed: bool = False
    step: str | None = None
    ended: int = 0


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
            known = self._states.get(kind, Job())
            if known.running:
                return False
            self._states[kind] = Job(running=True, ended=known.ended)
        threading.Thread(target=self._run, args=(kind, work), name=f"job {kind}", daemon=True).start()
        return True

    def tell(self, kind: str, step: str) -> None:
        """Nothing; a running kind says at which step it is."""
        with self._lock:
            known = self._states.get(kind, Job())
            if known.running:
                self._states[kind] = replace(known, step=step)

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
            self._states[kind] = replace(ended, ended=self._states[kind].ended + 1)


def run_script(module: str, arguments: Sequence[str], tell: Callable[[str], None]) -> dict[str, Any]:
    """The result of `python -m module arguments --json` in a process of its own, with one thread for linear algebra, so
    that pages stay quick meanwhile. Each line on its standard error is told as a step.

    Refused with the script's own sentence when it refuses; Unavailable when it dies without one.
    """
    process = subprocess.Popen(  # noqa: S603 - our own scripts, no shell
        [sys.executable, "-m", module, *arguments, "--json"], cwd=ROOT, env=worker_environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, encoding="utf-8", errors="replace",
    )  # fmt: skip
    with process:
        assert process.stdout is not None  # both are pipes
        assert process.stderr is not None
        answer: list[str] = []
        reader = threading.Thread(target=lambda: answer.append(process.stdout.read()), daemon=True)  # type: ignore[union-attr]
        reader.start()
        for line in process.stderr:
            tell(line.strip())
        reader.join()
    try:
        result: dict[str, Any] = json.loads(answer[0])
    except (IndexError, ValueError) as error:
        raise Unavailable(
            f"{module} ended with code {process.returncode} before it said anything. Try again; the log may say more."
        ) from error
    if "error" in result:
        raise Refused(str(result["error"]["message"]))
    return result


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """The jobs of this process, the same for every page and person."""
    return Jobs()
