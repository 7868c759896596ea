"""Retrainings beside the API: set off by outcomes or on request, one at a time, never waited for."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from datetime import datetime

from actors import Actor
from errors import HadesError
from feedback import end_retraining, start_retraining
from turso_db import Database

Train = Callable[[Database, datetime, Actor], str]
FEEDBACK = Actor("feedback", "ops")  # who asks when enough outcomes are new
_PATIENCE = 15  # times the quiet time: outcomes that never stop coming do not put a retraining off for ever
_AGAIN_SECONDS = 60.0  # after the database could not be asked
_log = logging.getLogger("hades")


class Retrainer:
    """Starts `train` in a thread of its own: when `threshold` outcomes are new and none came for `settle_seconds`, or on
    request. `train` says in a sentence what it found; the table of retrainings keeps it.
    """

    def __init__(
        self,
        db: Database,
        *,
        threshold: int,
        settle_seconds: float,
        train: Train,
        clock: Callable[[], datetime],
    ) -> None:
        self._db, self._threshold, self._settle = db, threshold, settle_seconds
        self._train, self._clock = train, clock
        self._changed = threading.Condition()
        self._look_at: float | None = None
        self._first = 0.0
        self._closed = False
        self._thread: threading.Thread | None = None

    def nudge(self) -> None:
        """Nothing; once no outcome came for a while, or they came for very long, it is looked whether a retraining is due.
        Never waits."""
        with self._changed:
            now = time.monotonic()
            self._first = now if self._look_at is None else self._first
            self._look_at = min(now + self._settle, self._first + _PATIENCE * self._settle)
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._watch, name="retraining watch", daemon=True)
                self._thread.start()
            self._changed.notify()

    def request(self, actor: Actor) -> bool:
        """Whether a retraining was started now; False while one runs, here or in another process."""
        run_id = start_retraining(self._db, fewest=0, now=self._clock(), actor=actor)
        if run_id is None:
            return False
        threading.Thread(target=self._run, args=(run_id, actor), name="retraining", daemon=True).start()
        return True

    def close(self) -> None:
        """Nothing; no further retraining is started by outcomes."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _watch(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (self._look_at is None or time.monotonic() < self._look_at):
                    self._changed.wait(None if self._look_at is None else self._look_at - time.monotonic())
                if self._closed:
                    return
                self._look_at = None
            try:
                run_id = start_retraining(self._db, fewest=self._threshold, now=self._clock(), actor=FEEDBACK)
            except HadesError as error:
                _log.warning("whether a retraining is due could not be seen: %s", error)
                with self._changed:
                    self._look_at = time.monotonic() + _AGAIN_SECONDS
                continue
            if run_id is not None:
                self._run(run_id, FEEDBACK)

    def _run(self, run_id: int, actor: Actor) -> None:
        failed = True
        try:
            said = self._train(self._db, self._clock(), actor)
            failed = False
        except HadesError as error:
            said = str(error)
        except Exception as error:
            reference = secrets.token_hex(4)
            _log.error("retraining failed with %s, reference %s", type(error).__name__, reference)
            said = f"Something went wrong. The log has the details under {reference}."
        try:
            end_retraining(self._db, run_id=run_id, failed=failed, said=said, now=self._clock())
        except HadesError as error:
            _log.warning("the end of a retraining could not be kept: %s", error)
        self.nudge()  # outcomes that came meanwhile
