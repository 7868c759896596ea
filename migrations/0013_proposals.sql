-- Proposals that wait for a decision, the journal of all of them, and how far a calibration run had read.

ALTER TABLE proposals ADD COLUMN base_version INTEGER REFERENCES weight_versions (version);  -- what it was made on
ALTER TABLE proposals ADD COLUMN diff TEXT;          -- of config/icp.yaml, as proposed: unified
ALTER TABLE proposals ADD COLUMN accepted TEXT;      -- JSON: the changes that were put into force, of those proposed
ALTER TABLE proposals ADD COLUMN decided_because TEXT;

CREATE TRIGGER proposals_keep_what_was_proposed BEFORE UPDATE OF
    run_id, changes, reason, proposed_by, proposed_at, base_version, diff ON proposals
BEGIN SELECT RAISE(ABORT, 'what was proposed never changes'); END;
CREATE TRIGGER proposals_are_decided_once BEFORE UPDATE ON proposals WHEN OLD.status <> 'open'
BEGIN SELECT RAISE(ABORT, 'a proposal is decided once'); END;
CREATE TRIGGER proposals_never_go BEFORE DELETE ON proposals
BEGIN SELECT RAISE(ABORT, 'proposals are never deleted'); END;

-- JSON: the last row of each table that a run had read, and the moment after which nothing counted (null: none).
-- Missing for runs of earlier releases.
ALTER TABLE calibration_runs ADD COLUMN known TEXT;

-- What a historical outcome said before it was mended, so that a run can be made again from what was known then.
CREATE TABLE historical_changes (
    change_id       INTEGER PRIMARY KEY,
    historical_id   INTEGER NOT NULL REFERENCES historical_outcomes (id),
    sic_code        TEXT,
    employee_count  INTEGER,
    state           TEXT,
    outcome         TEXT NOT NULL,
    deal_created_at TEXT,
    delivery_at     TEXT,
    imported_at     TEXT NOT NULL,
    changed_at      TEXT NOT NULL
);
CREATE INDEX historical_changes_by_lead ON historical_changes (historical_id, change_id);
CREATE TRIGGER historical_outcomes_remember AFTER UPDATE ON historical_outcomes
BEGIN
    INSERT INTO historical_changes (historical_id, sic_code, employee_count, state, outcome, deal_created_at,
                                    delivery_at, imported_at, changed_at)
    VALUES (OLD.id, OLD.sic_code, OLD.employee_count, OLD.state, OLD.outcome, OLD.deal_created_at,
            OLD.delivery_at, OLD.imported_at, NEW.imported_at);
END;

-- Tells this database from every other one, so that what is kept beside it is never taken for another's.
INSERT INTO meta (key, value) VALUES ('database_id', abs(random() % 1000000000000000));
