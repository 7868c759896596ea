"""Messages delivered from their table at least once: claimed, sent, then marked. Alerts and digests go out alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from errors import HadesError
from stores import messages as store
from turso_db import Database

_CLAIM_MINUTES = 10  # after a crash between sending and marking, once more after so long
_WAITS_MINUTES = (5, 15, 60, 240)  # after the first, second, third and each later attempt that was not taken


@dataclass(frozen=True)
class Delivered:
    """sent and failed: how many messages; a failed one is tried again later."""

    sent: int
    failed: int


def deliver_due(
    db: Database, due: Sequence[Mapping[str, Any]], *, table: store.Table, send: Callable[[Mapping[str, Any]], None], now: datetime
) -> Delivered:  # fmt: skip
    """How many of the messages `due` (with message_id and attempts, from `table`) were taken and how
    many were not. Whoever claims a message first sends it, so that none is lost and one is repeated only after a crash
    between sending and marking. An error of the product from `send` says that it was not taken; any other comes through.
    """
    sent = failed = 0
    for message in due:
        number, attempts = message["message_id"], message["attempts"]
        until = now + timedelta(minutes=_CLAIM_MINUTES)
        claim = store.claim_message(table=table, message_id=number, attempts=attempts, until=until)
        if not db.write([claim], bump=False)[0].rows:
            continue  # somebody else is sending it
        try:
            send(message)
        except HadesError as error:
            later = now + timedelta(minutes=_WAITS_MINUTES[min(attempts, len(_WAITS_MINUTES) - 1)])
            db.write([store.mark_trouble(table=table, message_id=number, trouble=str(error), next_at=later)])
            failed += 1
            continue
        db.write([store.mark_sent(table=table, message_id=number, now=now)])
        sent += 1
    return Delivered(sent, failed)
