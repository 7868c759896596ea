-- What open deals were thought to be worth, one snapshot a day, frozen.
CREATE TABLE pipeline_snapshots (
    snapshot_id INTEGER PRIMARY KEY,
    as_of       TEXT NOT NULL UNIQUE,         -- the day: nothing later went in
    made_at     TEXT NOT NULL,
    made_by     TEXT NOT NULL,
    settings    TEXT NOT NULL,                -- JSON: weights and limits in force
    scale       TEXT NOT NULL                 -- JSON: component → its values at 0, 10 … 100 points
);

CREATE TABLE pipeline_scores (
    snapshot_id INTEGER NOT NULL REFERENCES pipeline_snapshots (snapshot_id),
    source      TEXT NOT NULL,
    deal_id     TEXT NOT NULL,
    account     TEXT,
    amount      REAL,
    score       REAL NOT NULL CHECK (score BETWEEN 0 AND 100),
    account_score REAL NOT NULL,
    amount_score  REAL NOT NULL,
    components  TEXT NOT NULL,                -- JSON: component → points 0 to 100
    wins        INTEGER NOT NULL,
    confidence  TEXT NOT NULL,
    chance      REAL,                         -- of winning, by the driver model; NULL: too few deals for it
    chance_low  REAL,
    chance_high REAL,
    PRIMARY KEY (snapshot_id, source, deal_id)
);
CREATE INDEX pipeline_scores_by_deal ON pipeline_scores (source, deal_id);
CREATE TRIGGER pipeline_scores_never_change BEFORE UPDATE ON pipeline_scores
BEGIN SELECT RAISE(ABORT, 'pipeline scores are append-only'); END;
CREATE TRIGGER pipeline_scores_never_go BEFORE DELETE ON pipeline_scores
BEGIN SELECT RAISE(ABORT, 'pipeline scores are append-only'); END;
