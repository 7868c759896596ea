-- Leads that programs send to be scored, what became of them, and the retrainings that outcomes set off.

-- One row per lead. What was known when it was first scored never changes; the newest score stands beside it.
CREATE TABLE scored_leads (
    lead_id             TEXT PRIMARY KEY,
    kind                TEXT NOT NULL,            -- a kind of lead in config/api.yaml
    first_features      TEXT NOT NULL,            -- JSON, as first scored: what a model may learn from
    first_scored_at     TEXT NOT NULL,
    first_scored_by     TEXT NOT NULL,
    first_score         REAL NOT NULL CHECK (first_score BETWEEN 0 AND 1),
    first_model_version TEXT NOT NULL,
    last_features       TEXT NOT NULL,
    last_scored_at      TEXT NOT NULL,
    last_score          REAL NOT NULL CHECK (last_score BETWEEN 0 AND 1),
    last_model_version  TEXT NOT NULL,
    times_scored        INTEGER NOT NULL DEFAULT 1,
    outcome             INTEGER CHECK (outcome IN (0, 1)),            -- of the feedback that stands; NULL: none
    feedback_id         INTEGER                                       -- that feedback
);
CREATE INDEX scored_leads_by_feedback ON scored_leads (feedback_id, kind, outcome) WHERE feedback_id IS NOT NULL;
CREATE INDEX scored_leads_by_time ON scored_leads (first_scored_at);

CREATE TRIGGER scored_leads_keep_features BEFORE UPDATE OF
    lead_id, kind, first_features, first_scored_at, first_scored_by, first_score, first_model_version ON scored_leads
BEGIN SELECT RAISE(ABORT, 'what was known when a lead was first scored never changes'); END;
CREATE TRIGGER scored_leads_never_go BEFORE DELETE ON scored_leads
BEGIN SELECT RAISE(ABORT, 'scored leads are never deleted'); END;

-- What people and programs said became of a lead, append-only. Taking one back is a row of its own.
CREATE TABLE lead_feedback (
    id        INTEGER PRIMARY KEY,
    lead_id   TEXT NOT NULL REFERENCES scored_leads (lead_id),
    outcome   INTEGER CHECK (outcome IN (0, 1)),
    undoes    INTEGER REFERENCES lead_feedback (id),
    given_at  TEXT NOT NULL,
    given_by  TEXT NOT NULL,
    came_from TEXT NOT NULL,                      -- score, feedback, page, undo
    CHECK ((outcome IS NULL) = (undoes IS NOT NULL))
);
CREATE INDEX lead_feedback_by_lead ON lead_feedback (lead_id, id);
CREATE UNIQUE INDEX lead_feedback_undone_once ON lead_feedback (undoes) WHERE undoes IS NOT NULL;
CREATE TRIGGER lead_feedback_never_changes BEFORE UPDATE ON lead_feedback
BEGIN SELECT RAISE(ABORT, 'feedback is append-only'); END;
CREATE TRIGGER lead_feedback_never_goes BEFORE DELETE ON lead_feedback
BEGIN SELECT RAISE(ABORT, 'feedback is append-only'); END;

-- One row per retraining that was started; watermark: the newest feedback it knew.
CREATE TABLE feedback_retrainings (
    id             INTEGER PRIMARY KEY,
    started_at     TEXT NOT NULL,
    started_by     TEXT NOT NULL,
    watermark      INTEGER NOT NULL,
    feedback_count INTEGER NOT NULL,              -- outcomes new since the one before
    status         TEXT NOT NULL CHECK (status IN ('running', 'done', 'failed', 'interrupted')),
    finished_at    TEXT,
    said           TEXT
);

-- The leads whose outcome came since the last retraining.
CREATE VIEW new_feedback AS
SELECT lead_id, kind, outcome, feedback_id FROM scored_leads
WHERE feedback_id > (SELECT coalesce(max(watermark), 0) FROM feedback_retrainings WHERE status <> 'interrupted');
