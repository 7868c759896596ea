-- An alert is a stored change of state: it opens once, is delivered from here, and closes when its reason is gone.
CREATE TABLE alerts (
    alert_id        INTEGER PRIMARY KEY,
    rule            TEXT NOT NULL,
    subject         TEXT NOT NULL,            -- what it is about: a segment, a sync
    sentence        TEXT NOT NULL,
    opened_on       TEXT NOT NULL,            -- the day it is about
    opened_at       TEXT NOT NULL,
    closed_at       TEXT,
    acknowledged_at TEXT,
    acknowledged_by TEXT,
    snoozed_until   TEXT
);
CREATE UNIQUE INDEX alerts_open_once ON alerts (rule, subject) WHERE closed_at IS NULL;

-- One row per person and alert. A message is claimed before it is sent and marked after: a crash between the two
-- sends it once more when the claim has run out, and never loses it.
CREATE TABLE alert_messages (
    message_id INTEGER PRIMARY KEY,
    alert_id   INTEGER NOT NULL REFERENCES alerts (alert_id),
    recipient  TEXT NOT NULL,                 -- slack, or an e-mail address
    attempts   INTEGER NOT NULL DEFAULT 0,
    next_at    TEXT NOT NULL,
    sent_at    TEXT,
    trouble    TEXT,                          -- why the last attempt failed, without addresses or secrets
    UNIQUE (alert_id, recipient)
);
