-- The tables of the loop: batches and their leads, outcomes, weight versions, calibration runs, proposals.
-- Every timestamp is ISO text in UTC (2026-02-11T15:30:00Z), every date ISO text (2026-02-11).

-- Small facts about this database: data_version grows with every write and keys all caches.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value INTEGER NOT NULL
);
INSERT INTO meta (key, value) VALUES ('data_version', 1);

-- Who holds a job that only one process may run at a time.
CREATE TABLE leases (
    name       TEXT PRIMARY KEY,
    holder     TEXT NOT NULL,
    expires_at TEXT NOT NULL
);

-- Operators: the vending businesses that the sites are found for.
CREATE TABLE operators (
    id              INTEGER PRIMARY KEY,
    name            TEXT NOT NULL,            -- the person or firm that operates the machines
    business_name   TEXT,                     -- "Vending Business Name" in VanillaSoft
    phone           TEXT,
    email           TEXT,
    zip_code        TEXT,
    website         TEXT,
    team            TEXT,
    zoho_account_id TEXT UNIQUE,
    active          INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    created_at      TEXT NOT NULL,
    updated_at      TEXT NOT NULL
);
CREATE UNIQUE INDEX operators_by_name ON operators (lower(name), coalesce(zip_code, ''));

-- The last number given out per day; numbers are never reused, whatever becomes of the export.
CREATE TABLE batch_numbers (
    day         TEXT PRIMARY KEY,             -- 20260211
    last_number INTEGER NOT NULL
);

-- Parts of an export that is being written; nobody else reads them, the closing write empties them.
CREATE TABLE staged_exports (
    batch_id  TEXT NOT NULL,
    part      INTEGER NOT NULL,
    leads     TEXT NOT NULL,                  -- JSON array of lead_outcomes rows
    csv       BLOB NOT NULL,                  -- compressed CSV lines of the same rows
    staged_at TEXT NOT NULL,
    PRIMARY KEY (batch_id, part)
);

-- One row per finished export. A row appears with its leads and its file, in one write, or not at all.
CREATE TABLE batches (
    batch_id       TEXT PRIMARY KEY,          -- HADES-20260211-001
    workflow_type  TEXT NOT NULL CHECK (workflow_type IN ('intent', 'geography')),
    status         TEXT NOT NULL DEFAULT 'closed' CHECK (status IN ('closed', 'void')),
    exported_at    TEXT NOT NULL,
    exported_by    TEXT NOT NULL,
    source_file    TEXT,
    source_sha256  TEXT,
    operator_id    INTEGER REFERENCES operators (id),
    operator_name  TEXT,
    segment        TEXT,
    parameters     TEXT NOT NULL,             -- JSON: filters, radius, centre, agents, as_of
    weight_version INTEGER NOT NULL,
    rows_in        INTEGER NOT NULL,
    exported       INTEGER NOT NULL,
    duplicates     INTEGER NOT NULL,
    suppressed     INTEGER NOT NULL,
    excluded       INTEGER NOT NULL,
    rejected       INTEGER NOT NULL,
    sha256         TEXT NOT NULL,             -- of the CSV bytes offered
    voided_at      TEXT,
    voided_by      TEXT,
    void_reason    TEXT,
    CHECK (rows_in = exported + duplicates + suppressed + excluded + rejected)
);
CREATE INDEX batches_by_time ON batches (exported_at);

-- The CSV as offered, so that a later download gives the same bytes whatever has changed since.
CREATE TABLE batch_files (
    batch_id TEXT NOT NULL REFERENCES batches (batch_id),
    part     INTEGER NOT NULL,
    csv      BLOB NOT NULL,                   -- zlib
    PRIMARY KEY (batch_id, part)
);

-- Every row of the source that did not go out, and why.
CREATE TABLE batch_misses (
    batch_id   TEXT NOT NULL REFERENCES batches (batch_id),
    row_number INTEGER NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('rejected', 'excluded', 'duplicate', 'suppressed')),
    reason     TEXT NOT NULL,
    company_name TEXT,
    PRIMARY KEY (batch_id, row_number)
);

-- One row per exported CSV row. What was known at export never changes; outcome follows the milestones.
CREATE TABLE lead_outcomes (
    id              INTEGER PRIMARY KEY,
    batch_id        TEXT NOT NULL REFERENCES batches (batch_id),
    row_number      INTEGER,
    company_name    TEXT NOT NULL,
    company_id      TEXT,
    company_key     TEXT NOT NULL,            -- what makes rows of one batch the same company at one site
    contact_id      TEXT,
    phone           TEXT,                     -- ten digits, the number that is dialled
    other_phones    TEXT,                     -- ten digits each, separated by spaces
    web_domain      TEXT,
    street          TEXT,
    city            TEXT,
    state           TEXT,
    zip_code        TEXT,
    sic_code        TEXT,
    employee_count  INTEGER,
    distance_miles  REAL,
    segment         TEXT,
    hades_score     INTEGER,
    workflow_type   TEXT NOT NULL CHECK (workflow_type IN ('intent', 'geography')),
    weight_version  INTEGER,
    exported_at     TEXT NOT NULL,
    outcome         TEXT CHECK (outcome IN ('contacted', 'appointment', 'delivery', 'churned')),
    outcome_at      TEXT,
    source_features TEXT NOT NULL,            -- JSON: every scoring input and every part of the score
    created_at      TEXT NOT NULL,
    updated_at      TEXT NOT NULL
);
CREATE INDEX lead_outcomes_by_company ON lead_outcomes (batch_id, company_key);
CREATE INDEX lead_outcomes_by_company_key ON lead_outcomes (company_key, exported_at);
CREATE INDEX lead_outcomes_by_phone ON lead_outcomes (phone, exported_at);
CREATE INDEX lead_outcomes_by_contact ON lead_outcomes (contact_id, exported_at);

CREATE TRIGGER lead_outcomes_keep_features BEFORE UPDATE OF
    batch_id, company_key, hades_score, source_features, exported_at, created_at ON lead_outcomes
BEGIN SELECT RAISE(ABORT, 'what was known at export never changes'); END;
CREATE TRIGGER lead_outcomes_never_go BEFORE DELETE ON lead_outcomes
BEGIN SELECT RAISE(ABORT, 'exported leads are never deleted'); END;

-- Always empty. The closing write of an export puts here how many of its leads another export took meanwhile;
-- anything but 0 breaks the write.
CREATE TABLE leads_taken_meanwhile (
    taken INTEGER NOT NULL CONSTRAINT leads_taken_meanwhile CHECK (taken = 0)
);

-- Dated facts about a company of a batch, append-only. A correction retracts an earlier row by its id.
CREATE TABLE outcome_milestones (
    id          INTEGER PRIMARY KEY,
    batch_id    TEXT NOT NULL REFERENCES batches (batch_id),
    company_key TEXT NOT NULL,
    lead_id     INTEGER REFERENCES lead_outcomes (id),    -- the contact it came from, where known
    milestone   TEXT NOT NULL CHECK (milestone IN ('contacted', 'appointment', 'delivery', 'churned', 'lost', 'retracted')),
    happened_at TEXT NOT NULL,
    source      TEXT NOT NULL,                -- zoho, file, person, demo
    source_key  TEXT NOT NULL,                -- makes a repeated import the same row
    detail      TEXT,                         -- the stage or status as the source spelled it
    retracts    INTEGER REFERENCES outcome_milestones (id),
    recorded_at TEXT NOT NULL,
    recorded_by TEXT NOT NULL,
    CHECK ((milestone = 'retracted') = (retracts IS NOT NULL)),
    UNIQUE (source, source_key)
);
CREATE INDEX outcome_milestones_by_company ON outcome_milestones (batch_id, company_key);
CREATE UNIQUE INDEX outcome_milestones_retracted_once ON outcome_milestones (retracts) WHERE retracts IS NOT NULL;

CREATE TRIGGER outcome_milestones_never_change BEFORE UPDATE ON outcome_milestones
BEGIN SELECT RAISE(ABORT, 'milestones are append-only'); END;
CREATE TRIGGER outcome_milestones_never_go BEFORE DELETE ON outcome_milestones
BEGIN SELECT RAISE(ABORT, 'milestones are append-only'); END;

CREATE VIEW standing_milestones AS
SELECT m.* FROM outcome_milestones m
WHERE m.milestone <> 'retracted'
  AND NOT EXISTS (SELECT 1 FROM outcome_milestones r WHERE r.retracts = m.id);

-- One row per company of a batch with the first date of each milestone that stands.
CREATE VIEW company_milestones AS
SELECT batch_id, company_key,
       min(CASE WHEN milestone = 'contacted' THEN happened_at END) AS contacted_at,
       min(CASE WHEN milestone = 'appointment' THEN happened_at END) AS appointment_at,
       min(CASE WHEN milestone IN ('delivery', 'churned') THEN happened_at END) AS delivery_at,  -- churned: was delivered
       min(CASE WHEN milestone = 'churned' THEN happened_at END) AS churned_at,
       max(CASE WHEN milestone = 'lost' THEN happened_at END) AS lost_at
FROM standing_milestones GROUP BY batch_id, company_key;

-- One row per company of a batch, also where nothing happened yet: the unit that rates count.
CREATE VIEW company_outcomes AS
SELECT l.batch_id, l.company_key, l.lead_id, l.workflow_type, l.exported_at,
       m.contacted_at, m.appointment_at, m.delivery_at, m.churned_at, m.lost_at,
       m.contacted_at IS NOT NULL OR m.appointment_at IS NOT NULL OR m.delivery_at IS NOT NULL AS contacted,
       m.appointment_at IS NOT NULL OR m.delivery_at IS NOT NULL AS appointment,
       m.delivery_at IS NOT NULL AS delivery
FROM (SELECT batch_id, company_key, min(id) AS lead_id, workflow_type, exported_at
      FROM lead_outcomes GROUP BY batch_id, company_key) l
LEFT JOIN company_milestones m ON m.batch_id = l.batch_id AND m.company_key = l.company_key;

-- Leads called before this product: one row per company and ZIP.
CREATE TABLE historical_outcomes (
    id              INTEGER PRIMARY KEY,
    company_name    TEXT NOT NULL,
    sic_code        TEXT,
    employee_count  INTEGER,
    zip_code        TEXT,
    state           TEXT,
    outcome         TEXT NOT NULL CHECK (outcome IN ('delivery', 'no_delivery')),
    deal_created_at TEXT,
    delivery_at     TEXT,
    imported_at     TEXT NOT NULL,
    source          TEXT NOT NULL,            -- file, zoho, demo
    source_key      TEXT NOT NULL UNIQUE      -- company and ZIP: makes the import repeatable
);

-- The text of config/icp.yaml in each state it was ever in force.
CREATE TABLE weight_versions (
    version    INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind IN ('first', 'approval', 'rollback', 'hand edit')),
    icp_yaml   TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    actor      TEXT NOT NULL,
    reason     TEXT NOT NULL,
    run_id     INTEGER,
    rolled_back_to INTEGER REFERENCES weight_versions (version),
    changes    TEXT NOT NULL DEFAULT '[]',    -- JSON: [{dimension, value, before, after}]
    created_at TEXT NOT NULL
);
CREATE INDEX weight_versions_by_hash ON weight_versions (sha256);
CREATE TRIGGER weight_versions_never_change BEFORE UPDATE ON weight_versions
BEGIN SELECT RAISE(ABORT, 'weight versions are append-only'); END;
CREATE TRIGGER weight_versions_never_go BEFORE DELETE ON weight_versions
BEGIN SELECT RAISE(ABORT, 'weight versions are append-only'); END;

-- One row per calibration, frozen: what went in, and what came out.
CREATE TABLE calibration_runs (
    run_id         INTEGER PRIMARY KEY,
    created_at     TEXT NOT NULL,
    created_by     TEXT NOT NULL,
    as_of          TEXT NOT NULL,
    estimator      TEXT NOT NULL CHECK (estimator IN ('shrunk', 'raw')),
    population     TEXT NOT NULL DEFAULT 'all' CHECK (population IN ('all', 'historical', 'hades')),
    weight_version INTEGER NOT NULL REFERENCES weight_versions (version),
    icp_sha256     TEXT NOT NULL,
    data_sha256    TEXT NOT NULL,
    data_version   INTEGER NOT NULL,
    code_version   TEXT NOT NULL,
    seed           INTEGER NOT NULL,
    overall        TEXT NOT NULL,             -- JSON: leads, deliveries, rate, low, high, too_young
    rows           TEXT NOT NULL,             -- JSON array: one object per dimension and value
    proof          TEXT NOT NULL              -- JSON: current against suggested scores on later leads
);

-- What a person wants to change, and what became of it.
CREATE TABLE proposals (
    proposal_id  INTEGER PRIMARY KEY,
    run_id       INTEGER NOT NULL REFERENCES calibration_runs (run_id),
    changes      TEXT NOT NULL,               -- JSON: [{dimension, value, before, after, extend_filter}]
    reason       TEXT NOT NULL,
    proposed_by  TEXT NOT NULL,
    proposed_at  TEXT NOT NULL,
    status       TEXT NOT NULL CHECK (status IN ('open', 'applied', 'refused', 'withdrawn')),
    decided_by   TEXT,
    decided_at   TEXT,
    version      INTEGER REFERENCES weight_versions (version),
    prediction   TEXT                         -- JSON: the lift expected from it, with its range
);
CREATE UNIQUE INDEX proposals_applied_once ON proposals (run_id) WHERE status = 'applied';

-- One row per attempt to bring outcomes in.
CREATE TABLE sync_runs (
    run_id      INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL,                -- outcomes, operators, historical, file
    mode        TEXT,
    status      TEXT NOT NULL CHECK (status IN ('running', 'done', 'failed', 'interrupted')),
    started_at  TEXT NOT NULL,
    started_by  TEXT NOT NULL,
    heartbeat_at TEXT,
    finished_at TEXT,
    window_from TEXT,
    window_to   TEXT,
    calls       INTEGER NOT NULL DEFAULT 0,
    credits     INTEGER NOT NULL DEFAULT 0,
    read        INTEGER NOT NULL DEFAULT 0,
    matched     INTEGER NOT NULL DEFAULT 0,
    review      INTEGER NOT NULL DEFAULT 0,
    unmatched   INTEGER NOT NULL DEFAULT 0,
    updated     INTEGER NOT NULL DEFAULT 0,
    errors      TEXT NOT NULL DEFAULT '[]',   -- JSON array of sentences
    note        TEXT
);

-- Outcome rows that found no company of a batch: someone's work, never silence.
CREATE TABLE unmatched_outcomes (
    id           INTEGER PRIMARY KEY,
    source       TEXT NOT NULL,
    source_key   TEXT NOT NULL,
    batch_id     TEXT,
    company_name TEXT,
    milestone    TEXT,
    happened_at  TEXT,
    why          TEXT NOT NULL,
    seen_at      TEXT NOT NULL,
    resolved_at  TEXT,
    resolution   TEXT,
    UNIQUE (source, source_key)
);

-- Who did what, when. Append-only.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY,
    at      TEXT NOT NULL,
    actor   TEXT NOT NULL,
    role    TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT
);
CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_never_goes BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
