"""The weekly digest: written once a week, sent to each reader at least once, ended by each reader alone."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from actors import Actor, require
from analytics.weekly_digest import WEEKS_BEFORE, Body, digest_body, digest_html, digest_text
from errors import InputError
from message_delivery import Delivered, deliver_due
from stores import digests as store
from stores.audit import audit_entry
from turso_db import Database

# Recipient, message key, subject line, text, HTML, link to unsubscribe; an error of the product says that it was not taken.
SendLetter = Callable[[str, str, str, str, str, str | None], None]
_READER = Actor("A reader, by the link of a digest", "viewer")
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")


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
) -> Delivered:
    """How many of the letters that are due were taken and how many were not (message_delivery: at least once). Who has
    unsubscribed gets nothing any more.
    """
    require(actor, "ops", "deliver the digest")

    def tell(message: Mapping[str, Any]) -> None:
        leave = f"{public_url}/Alerts?leave={message['token']}" if public_url else None
        body = message["body"]
        send(
            message["email"], f"digest-{message['week']}-{message['reader_id']}", f"HADES: {body['title']}",
            digest_text(body, leave=leave), digest_html(body, leave=leave), leave,
        )  # fmt: skip

    return deliver_due(db, store.read_due(db, now=now), table="digest_messages", send=tell, now=now)


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
