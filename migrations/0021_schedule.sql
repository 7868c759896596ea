-- Rules of alerts as people changed them on the page; the newest row of a name stands over the one in alerts.yaml.
CREATE TABLE alert_rule_changes (
    change_id  INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    rule       TEXT,                          -- JSON of the rule; missing: the rule is as in alerts.yaml again
    changed_at TEXT NOT NULL,
    changed_by TEXT NOT NULL
);
CREATE INDEX alert_rule_changes_by_name ON alert_rule_changes (name, change_id);
CREATE TRIGGER alert_rule_changes_never_change BEFORE UPDATE ON alert_rule_changes
BEGIN SELECT RAISE(ABORT, 'changes of rules are append-only'); END;
CREATE TRIGGER alert_rule_changes_never_go BEFORE DELETE ON alert_rule_changes
BEGIN SELECT RAISE(ABORT, 'changes of rules are append-only'); END;

-- The steps of the schedule: how each stands, and when it last went well.
CREATE TABLE schedule_steps (
    step        TEXT PRIMARY KEY,
    status      TEXT NOT NULL CHECK (status IN ('done', 'failed', 'skipped')),
    ran_at      TEXT NOT NULL,
    last_good_at TEXT,
    sentence    TEXT NOT NULL                 -- what it did, or why it failed; no address, no secret
);

-- Who gets the weekly digest. A person who unsubscribed is not put back by a file or a run, only by a person.
CREATE TABLE digest_readers (
    reader_id       INTEGER PRIMARY KEY,
    email           TEXT NOT NULL,
    token           TEXT NOT NULL UNIQUE,     -- of the link with which this person unsubscribes; it opens nothing else
    added_at        TEXT NOT NULL,
    added_by        TEXT NOT NULL,
    unsubscribed_at TEXT
);
CREATE UNIQUE INDEX digest_readers_once ON digest_readers (lower(email));

-- The digest of a week as it was written, and one message per reader: claimed, sent, marked, as alerts are.
CREATE TABLE digests (
    week    TEXT PRIMARY KEY,                 -- the Monday it begins with
    made_at TEXT NOT NULL,
    body    TEXT NOT NULL                     -- JSON: sections with sentences and tables
);
CREATE TABLE digest_messages (
    message_id INTEGER PRIMARY KEY,
    week       TEXT NOT NULL REFERENCES digests (week),
    reader_id  INTEGER NOT NULL REFERENCES digest_readers (reader_id),
    attempts   INTEGER NOT NULL DEFAULT 0,
    next_at    TEXT NOT NULL,
    sent_at    TEXT,
    trouble    TEXT,
    UNIQUE (week, reader_id)
);
