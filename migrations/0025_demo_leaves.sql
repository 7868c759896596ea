-- The demo can leave: by its own marks, in one write, and without a row that is not of it. Who closed the guide.

-- Set only inside the write that takes the demo away: without it nothing of what follows may be deleted.
ALTER TABLE demo_load ADD COLUMN leaving INTEGER NOT NULL DEFAULT 0 CHECK (leaving IN (0, 1));

-- One row per removal, append-only. Runs and models up to these numbers rest on invented leads.
CREATE TABLE demo_removals (
    removal_id     INTEGER PRIMARY KEY,
    removed_at     TEXT NOT NULL,
    removed_by     TEXT NOT NULL,
    seed           INTEGER NOT NULL,
    counts         TEXT NOT NULL,             -- JSON: what went
    last_run       INTEGER NOT NULL,
    last_model     INTEGER NOT NULL,
    weight_version INTEGER NOT NULL,          -- in force then
    back_to        INTEGER REFERENCES weight_versions (version)  -- before the first approval on invented leads; NULL: none
);
CREATE TRIGGER demo_removals_never_change BEFORE UPDATE ON demo_removals
BEGIN SELECT RAISE(ABORT, 'removals are append-only'); END;
CREATE TRIGGER demo_removals_never_go BEFORE DELETE ON demo_removals
BEGIN SELECT RAISE(ABORT, 'removals are append-only'); END;

-- The batches of the demo while it leaves; empty at any other time.
CREATE VIEW leaving_batches AS
SELECT batch_id FROM batches
WHERE json_extract(parameters, '$.demo') IS NOT NULL AND (SELECT leaving FROM demo_load) = 1;

-- When the demo's deals were brought in: an earlier release marked them as of a file.
CREATE VIEW demo_deal_imports AS
SELECT started_at FROM sync_runs WHERE kind = 'deals' AND started_by = 'Demo import' AND note LIKE 'demo_deals.csv%';

DROP TRIGGER lead_outcomes_never_go;
CREATE TRIGGER lead_outcomes_never_go BEFORE DELETE ON lead_outcomes
WHEN OLD.batch_id NOT IN (SELECT batch_id FROM leaving_batches)
BEGIN SELECT RAISE(ABORT, 'exported leads are never deleted'); END;

-- What people and files said about invented companies is in the unmatched log by then.
DROP TRIGGER outcome_milestones_never_go;
CREATE TRIGGER outcome_milestones_never_go BEFORE DELETE ON outcome_milestones
WHEN (SELECT leaving FROM demo_load) IS NOT 1 OR NOT (
    OLD.source = 'demo'
    OR OLD.batch_id IN (SELECT batch_id FROM leaving_batches)
       AND (OLD.milestone = 'retracted'
            OR EXISTS (SELECT 1 FROM unmatched_outcomes u WHERE u.source = OLD.source AND u.source_key = OLD.source_key))
    OR EXISTS (SELECT 1 FROM outcome_milestones m WHERE m.id = OLD.retracts AND m.source = 'demo'))
BEGIN SELECT RAISE(ABORT, 'milestones are append-only'); END;

DROP TRIGGER side_by_side_never_goes;
CREATE TRIGGER side_by_side_never_goes BEFORE DELETE ON side_by_side
WHEN OLD.batch_id NOT IN (SELECT batch_id FROM leaving_batches)
BEGIN SELECT RAISE(ABORT, 'what was scored at export never changes'); END;

DROP TRIGGER summary_views_never_go;
CREATE TRIGGER summary_views_never_go BEFORE DELETE ON summary_views
WHEN OLD.lead_id IS NULL
     OR NOT EXISTS (SELECT 1 FROM lead_outcomes l JOIN leaving_batches b ON b.batch_id = l.batch_id WHERE l.id = OLD.lead_id)
BEGIN SELECT RAISE(ABORT, 'views are append-only'); END;

DROP TRIGGER deal_snapshots_never_go;
CREATE TRIGGER deal_snapshots_never_go BEFORE DELETE ON deal_snapshots
WHEN (SELECT leaving FROM demo_load) IS NOT 1
     OR NOT (OLD.source = 'demo' OR OLD.source = 'file' AND OLD.seen_at IN (SELECT started_at FROM demo_deal_imports))
BEGIN SELECT RAISE(ABORT, 'deal snapshots are append-only'); END;

DROP TRIGGER pipeline_scores_never_go;
CREATE TRIGGER pipeline_scores_never_go BEFORE DELETE ON pipeline_scores
WHEN (SELECT leaving FROM demo_load) IS NOT 1
     OR NOT EXISTS (SELECT 1 FROM deals d WHERE d.source = OLD.source AND d.deal_id = OLD.deal_id
                    AND (d.source = 'demo' OR d.source = 'file' AND d.first_seen_at IN (SELECT started_at FROM demo_deal_imports)
                         AND d.updated_at = d.first_seen_at))
BEGIN SELECT RAISE(ABORT, 'pipeline scores are append-only'); END;

-- Who closed the guide of the first steps; it stays closed for that person.
CREATE TABLE guide_closed (
    person    TEXT PRIMARY KEY,
    closed_at TEXT NOT NULL
);
