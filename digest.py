"""The weekly digest: written once a week, sent to each reader at least once, ended by each reader alone."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from actors import Actor, require
from analytics.weekly_digest import WEEKS_BEFORE, Body, digest_body, digest_html, digest_text
from errors import HadesError, InputError
from stores import digests as store
from stores.audit import audit_entry
from turso_db import Database

# Recipient, message key, subject line, text, HTML, link to unsubscribe; an error of the product says that it was not taken.
SendLetter = Callable[[str, str, str, str, str, str | None], None]
CLAIM_MINUTES = 10  # after a crash between sending and marking, once more after so long
_WAITS_MINUTES = (5, 15, 60, 240)
_READER = Actor("A reader, by the link of a digest", "viewer")
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")


@dataclass(frozen=True)
class Sent:
    """sent and failed: how many messages; a failed one is tried again later."""

    sent: int
    failed: int


def preview_digest(
    db: Database, *, week: date, zone: ZoneInfo, now: datetime, win: Sequence[tuple[str, str]] = ()
) -> Body:
    """The digest of the week that begins on the Monday `week`, as it would be written now; nothing is kept."""
    begin, end, before = (
        datetime.combine(day, time(), zone).astimezone(UTC)
        for day in (week, week + timedelta(days=7), week - timedelta(weeks=WEEKS_BEFORE))
    )
    facts = store.read_week(db, begin=begin, end=end, before=before)
    return digest_body(facts, week=week, now=now, win=win)


def write_digest(db: Database, *, week: date, body: Body, now: datetime, actor: Actor) -> bool:
    """Whether the digest of this week was new; it is kept as it was written first, with one message per reader."""
    require(actor, "ops", "write the digest")
    kept = db.write(store.insert_digest(week=week, body=body, now=now))
    return kept[0].affected == 1


def deliver_digest(
    db: Database, *, send: SendLetter, public_url: str | None, now: datetime, actor: Actor
) -> Sent:
    """Sends what is due: claimed, sent, marked, so that nobody misses it and one is repeated only after a crash between
    sending and marking. Who has unsubscribed gets nothing any more.
    """
    require(actor, "ops", "deliver the digest")
    sent = failed = 0
    for message in store.read_due(db, now=now):
        claim = store.claim_message(
            message_id=message["message_id"], attempts=message["attempts"], until=now + timedelta(minutes=CLAIM_MINUTES)
        )  # fmt: skip
        if not db.write([claim], bump=False)[0].rows:
            continue  # somebody else is sending it
        leave = f"{public_url}/Alerts?leave={message['token']}" if public_url else None
        body = message["body"]
        try:
            send(
                message["email"], f"digest-{message['week']}-{message['reader_id']}", f"HADES: {body['title']}",
                digest_text(body, leave=leave), digest_html(body, leave=leave), leave,
            )  # fmt: skip
        except HadesError as error:
            wait = _WAITS_MINUTES[min(message["attempts"], len(_WAITS_MINUTES) - 1)]
            later = now + timedelta(minutes=wait)
            db.write(
                [store.mark_trouble(message_id=message["message_id"], trouble=str(error), next_at=later)],
                bump=False,
            )
            failed += 1
            continue
        db.write([store.mark_sent(message_id=message["message_id"], now=now)], bump=False)
        sent += 1
    return Sent(sent, failed)


def add_reader(db: Database, *, email: str, now: datetime, actor: Actor) -> None:
    """Nothing; the person gets the next digest. InputError for what is no e-mail address."""
    require(actor, "manager", "add readers of the digest")
    address = email.strip()
    if not _EMAIL.fullmatch(address) or len(address) > 254:
        raise InputError("An e-mail address was expected, such as ana@example.com. Type it again.")
    token = secrets.token_urlsafe(24)
    db.write(
        [
            store.add_reader(email=address, token=token, now=now, actor=actor.name),
            audit_entry(now=now, actor=actor, action="add digest reader", subject=address.rpartition("@")[2]),
        ]
    )


def leave_digest(
    db: Database,
    *,
    now: datetime,
    token: str | None = None,
    reader_id: int | None = None,
    actor: Actor | None = None,
) -> bool:
    """Whether somebody was unsubscribed: the reader of this link, whoever opens it, or of this number by a manager."""
    if not token:
        if reader_id is None or actor is None:
            return False
        require(actor, "manager", "take readers of the digest away")
    gone = db.write([store.unsubscribe(token=token or None, reader_id=reader_id, now=now)])[0].rows
    if gone:  # a guessed link leaves no trace
        who = _READER if token else actor or _READER
        db.write(
            [audit_entry(now=now, actor=who, action="remove digest reader", subject="the weekly digest")]
        )
    return bool(gone)
