-- Zoho: what its records said when they were last read, which company each is, and how far the reading came.

-- One row per record of Zoho, with only what matching and outcomes need. No person's name, no e-mail.
CREATE TABLE zoho_records (
    role          TEXT NOT NULL CHECK (role IN ('leads', 'deals', 'deliveries')),
    zoho_id       TEXT NOT NULL,
    site          TEXT NOT NULL,              -- what a lead, its deal and their deliveries have in common
    batch_id      TEXT,                       -- the first batch ID that stands in it
    vanillasoft_id TEXT,
    facts         TEXT NOT NULL,              -- JSON of zoho_rules.ZohoRecord
    first_seen_at TEXT NOT NULL,
    changed_at    TEXT NOT NULL,              -- when this row last changed here
    deleted_at    TEXT,                       -- Zoho's list of deleted records says so
    missing_since TEXT,                       -- a whole reading did not show it, and no list says why
    settled       INTEGER NOT NULL DEFAULT 0 CHECK (settled IN (0, 1)),   -- outcomes were drawn from this state
    PRIMARY KEY (role, zoho_id)
);
CREATE INDEX zoho_records_by_site ON zoho_records (site);
CREATE INDEX zoho_records_unsettled ON zoho_records (site) WHERE settled = 0;
CREATE INDEX zoho_records_by_vanillasoft ON zoho_records (vanillasoft_id) WHERE vanillasoft_id IS NOT NULL;

-- Which exported company each site in Zoho is, by the evidence or by a person.
CREATE TABLE zoho_sites (
    site          TEXT PRIMARY KEY,
    status        TEXT NOT NULL CHECK (status IN ('matched', 'review', 'unmatched', 'history', 'other')),
    batch_id      TEXT,                       -- of the company it is, or most likely is
    company_key   TEXT,
    named_batch   TEXT,                       -- the batch ID that stands in Zoho
    company_name  TEXT,                       -- as Zoho spells it
    vanillasoft_id TEXT,
    created_at    TEXT,                       -- of its oldest record in Zoho
    milestones    INTEGER NOT NULL DEFAULT 0, -- how many milestones its records stand for
    probability   REAL,
    candidates    TEXT NOT NULL DEFAULT '[]', -- JSON: the companies it may be, each with its evidence
    why           TEXT,                       -- the likely cause in a sentence, where it is not matched
    decided_by    TEXT,                       -- NULL: the evidence
    changed_at    TEXT NOT NULL
);
CREATE INDEX zoho_sites_by_status ON zoho_sites (status);
CREATE INDEX zoho_sites_by_company ON zoho_sites (batch_id, company_key);

-- What a person said about a record in Zoho: it is this company, or none of ours. Append-only; the newest counts.
CREATE TABLE match_decisions (
    id          INTEGER PRIMARY KEY,
    zoho_id     TEXT NOT NULL,
    batch_id    TEXT,                         -- NULL with company_key: none of ours
    company_key TEXT,
    decided_by  TEXT NOT NULL,
    decided_at  TEXT NOT NULL,
    reason      TEXT,
    CHECK ((batch_id IS NULL) = (company_key IS NULL))
);
CREATE INDEX match_decisions_by_record ON match_decisions (zoho_id);
CREATE TRIGGER match_decisions_never_change BEFORE UPDATE ON match_decisions
BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER match_decisions_never_go BEFORE DELETE ON match_decisions
BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;

-- How far each module was read. Written after the rows and after a count agreed.
CREATE TABLE zoho_bookmarks (
    role           TEXT PRIMARY KEY,
    modified_until TEXT,
    profile_sha256 TEXT NOT NULL,
    full_at        TEXT NOT NULL,             -- when the module was last read as a whole
    run_id         INTEGER NOT NULL
);

-- What is known about this Zoho: which fields exist, what its stages forecast, which of two answers it gives.
CREATE TABLE zoho_setup (
    key        TEXT PRIMARY KEY,
    value      TEXT NOT NULL,                 -- JSON
    checked_at TEXT NOT NULL
);
