-- Deals: what sales is working on or has closed, whatever list the lead came from.

-- The newest state of each deal.
CREATE TABLE deals (
    id            INTEGER PRIMARY KEY,
    source        TEXT NOT NULL,              -- file, zoho, demo
    deal_id       TEXT NOT NULL,              -- as the source names it
    account       TEXT,
    owner         TEXT,
    region        TEXT,
    industry      TEXT,
    product       TEXT,
    lead_source   TEXT,
    stage         TEXT,
    amount        REAL,
    created_on    TEXT NOT NULL,
    closed_on     TEXT,
    outcome       TEXT NOT NULL CHECK (outcome IN ('open', 'won', 'lost')),
    fingerprint   TEXT NOT NULL,              -- of everything above but id and source: tells whether it changed
    first_seen_at TEXT NOT NULL,
    updated_at    TEXT NOT NULL,
    UNIQUE (source, deal_id),
    CHECK ((outcome = 'open') = (closed_on IS NULL)),
    CHECK (closed_on IS NULL OR closed_on >= created_on)
);
CREATE INDEX deals_by_close ON deals (closed_on);

-- Every state a deal was ever seen in, append-only: what was known when.
CREATE TABLE deal_snapshots (
    id          INTEGER PRIMARY KEY,
    source      TEXT NOT NULL,
    deal_id     TEXT NOT NULL,
    seen_at     TEXT NOT NULL,
    account     TEXT,
    owner       TEXT,
    region      TEXT,
    industry    TEXT,
    product     TEXT,
    lead_source TEXT,
    stage       TEXT,
    amount      REAL,
    created_on  TEXT NOT NULL,
    closed_on   TEXT,
    outcome     TEXT NOT NULL CHECK (outcome IN ('open', 'won', 'lost')),
    fingerprint TEXT NOT NULL
);
CREATE INDEX deal_snapshots_by_deal ON deal_snapshots (source, deal_id, seen_at);
CREATE TRIGGER deal_snapshots_never_change BEFORE UPDATE ON deal_snapshots
BEGIN SELECT RAISE(ABORT, 'deal snapshots are append-only'); END;
CREATE TRIGGER deal_snapshots_never_go BEFORE DELETE ON deal_snapshots
BEGIN SELECT RAISE(ABORT, 'deal snapshots are append-only'); END;

-- What is wrong or strange with the deals that came in: someone's work, never silence.
CREATE TABLE deal_issues (
    id          INTEGER PRIMARY KEY,
    source      TEXT NOT NULL,
    issue_key   TEXT NOT NULL,                -- the same trouble found again is the same row
    kind        TEXT NOT NULL CHECK (kind IN ('not read', 'unknown label', 'duplicate', 'impossible date',
                    'late close', 'volume', 'missing values', 'drift')),
    deal_id     TEXT,
    what        TEXT NOT NULL,                -- a sentence
    file_name   TEXT,
    found_at    TEXT NOT NULL,
    seen_at     TEXT NOT NULL,
    resolved_at TEXT,
    resolved_by TEXT,
    resolution  TEXT,
    UNIQUE (source, issue_key)
);
