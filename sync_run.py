"""One sync at a time: a lease, a row per run that stays alive while the process does, and an end that is always said.

A process that was killed leaves its lease and a running row behind. The next one on the same machine sees that the
process is gone and takes over at once; on another machine it waits until the lease runs out.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from actors import Actor
from errors import Conflict, HadesError
from stores import state, syncs
from turso_db import Database

_LEASE = "zoho sync"
_LEASE_SECONDS = 120
_BEAT_SECONDS = 5.0


@dataclass
class SyncRun:
    """The run under way. What it counts and notes here is what its row will say."""

    run_id: int
    counts: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    window: tuple[str | None, str | None] = (None, None)
    lost: threading.Event = field(default_factory=threading.Event)

    def hold(self) -> None:
        """Nothing while this run may go on; Conflict when another one took over because this one stood still."""
        if self.lost.is_set():
            raise Conflict(
                "Another sync took over while this one stood still. That one goes on; this one stops."
            )

    def note(self, sentence: str) -> None:
        """Nothing; the sentence is told once at the end, however often it was noted."""
        if sentence not in self.notes:
            self.notes.append(sentence)


@contextmanager
def sync_run(
    db: Database,
    *,
    kind: str,
    mode: str,
    actor: Actor,
    clock: Callable[[], datetime],
    costs: Callable[[], tuple[int, int]],
) -> Iterator[SyncRun]:
    """The run, whose row ends as done, or failed with the error's sentence, or interrupted by the keyboard.

    `costs` gives calls and credits so far. Conflict when a sync is running already, with who holds it.
    """
    holder = _this_process()
    _take_lease(db, holder, clock())
    try:
        run = SyncRun(syncs.start_run(db, kind=kind, mode=mode, now=clock(), actor=actor.name))
        stop = threading.Event()
        beat = threading.Thread(target=_beat, args=(db, run, holder, clock, costs, stop), daemon=True)
        beat.start()
        status = "interrupted"
        try:
            yield run
            status = "done"
        except HadesError as error:
            status = "failed"
            run.errors.append(str(error))
            raise
        except Exception as error:
            status = "failed"
            run.errors.append(
                f"Something unexpected happened ({type(error).__name__}). The log has the details."
            )
            raise
        finally:
            stop.set()
            beat.join()
            run.counts["calls"], run.counts["credits"] = costs()
            ended = syncs.finish_run(
                run_id=run.run_id, status=status, counts=run.counts, errors=run.errors[:500], now=clock(),
                window=run.window, note=" ".join(run.notes)[:4000] or None,
            )  # fmt: skip
            if not run.lost.is_set():
                db.write([ended])
    finally:
        with contextlib.suppress(HadesError):
            state.release_lease(db, name=_LEASE, holder=holder)


def _take_lease(db: Database, holder: str, now: datetime) -> None:
    if state.take_lease(db, name=_LEASE, holder=holder, now=now, seconds=_LEASE_SECONDS):
        return
    other = state.read_lease_holder(db, name=_LEASE, now=now)
    if other is not None and _is_gone(other):
        state.release_lease(db, name=_LEASE, holder=other)
    if not state.take_lease(db, name=_LEASE, holder=holder, now=now, seconds=_LEASE_SECONDS):
        raise Conflict(
            "A sync with Zoho is running already. Wait until it is done; the Operators page shows how far it is. "
            f"If its machine has died, its place is free {_LEASE_SECONDS // 60} minutes later."
        )


def _beat(
    db: Database,
    run: SyncRun,
    holder: str,
    clock: Callable[[], datetime],
    costs: Callable[[], tuple[int, int]],
    stop: threading.Event,
) -> None:
    """Until `stop`: the lease is prolonged and the row says how far the run came."""
    while not stop.wait(_BEAT_SECONDS):
        # A database that does not answer for a moment is no reason to stop: the lease lasts several beats.
        with contextlib.suppress(HadesError):
            if not state.take_lease(db, name=_LEASE, holder=holder, now=clock(), seconds=_LEASE_SECONDS):
                run.lost.set()
                return
            calls, credits = costs()
            counts = {"read": run.counts.get("read", 0), "calls": calls, "credits": credits}
            syncs.note_progress(db, run_id=run.run_id, counts=counts, now=clock())


def _this_process() -> str:
    """`machine:process:its start`: a number is given to other processes later, a start is not.

    Threads of one process are told apart, too: two tabs can start a sync at once.
    """
    process = os.getpid()
    return f"{socket.gethostname()}:{process}:{_started(process) or ''}:{threading.get_ident()}"


def _is_gone(holder: str) -> bool:
    """Whether the holder was a process of this machine that no longer runs."""
    machine, _, rest = holder.rpartition(":")[0].partition(":")
    process, _, started = rest.partition(":")
    if machine != socket.gethostname() or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    now_started = _started(int(process))
    return bool(started) and now_started is not None and now_started != started


def _started(process: int) -> str | None:
    """When the process started, in the machine's own count; "ended" for one that only waits to be noticed by its
    parent; None where the machine does not tell."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return "ended" if fields[0] in "ZX" else fields[19]
    except (OSError, IndexError):
        return None
