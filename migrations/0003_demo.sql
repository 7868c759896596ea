-- The demo world, if it was loaded: which one, what was planted in it, and which operators are invented.
-- Its batches carry "demo" in their parameters; its history, milestones and unmatched rows the source 'demo'.

CREATE TABLE demo_load (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    seed        INTEGER NOT NULL,
    day         TEXT NOT NULL,                -- the world as it stood at the end of the day before
    started_at  TEXT NOT NULL,
    started_by  TEXT NOT NULL,
    finished_at TEXT                          -- NULL: the load was interrupted; the next one carries on
);

-- The chance of a delivery that was planted, averaged over the leads of each value.
CREATE TABLE demo_truth (
    place     INTEGER PRIMARY KEY,            -- the order in which values are shown
    dimension TEXT NOT NULL,
    value     TEXT NOT NULL,
    leads     INTEGER NOT NULL,
    rate      REAL NOT NULL CHECK (rate BETWEEN 0 AND 1),
    UNIQUE (dimension, value)
);

CREATE TABLE demo_operators (
    operator_id INTEGER PRIMARY KEY REFERENCES operators (id)
);
