-- A deal that was deleted where it came from no longer counts; its states stay in deal_snapshots.
ALTER TABLE deals ADD COLUMN gone_at TEXT;
