-- Outcomes as work: who looks after an unmatched row, what was set aside and why, and decisions that were taken back.

ALTER TABLE unmatched_outcomes ADD COLUMN assigned_to TEXT;
ALTER TABLE unmatched_outcomes ADD COLUMN assigned_by TEXT;
ALTER TABLE unmatched_outcomes ADD COLUMN set_aside_at TEXT;
ALTER TABLE unmatched_outcomes ADD COLUMN set_aside_by TEXT;
ALTER TABLE unmatched_outcomes ADD COLUMN set_aside_because TEXT;
ALTER TABLE unmatched_outcomes ADD COLUMN resolved_by TEXT;    -- NULL: a later sync or import found it

-- Each row of the unmatched log with where it stands.
CREATE VIEW unmatched_work AS
SELECT u.*, CASE WHEN u.resolved_at IS NOT NULL THEN 'settled' WHEN u.set_aside_at IS NOT NULL THEN 'set aside'
                 WHEN u.assigned_to IS NOT NULL THEN 'assigned' ELSE 'open' END AS state
FROM unmatched_outcomes u;

-- 1: the decisions before this one no longer count, the evidence decides again.
ALTER TABLE match_decisions ADD COLUMN undone INTEGER NOT NULL DEFAULT 0 CHECK (undone IN (0, 1));
