-- What each way of scoring gave every exported lead on the day of the export, whichever of them decided. Append-only.
CREATE TABLE side_by_side (
    batch_id       TEXT NOT NULL REFERENCES batches (batch_id),
    row_number     INTEGER NOT NULL,
    weights_score  REAL,                      -- by the weights in force
    model_version  INTEGER REFERENCES lead_models (version),
    model_score    REAL,                      -- by the model in force, else by the newest that was learned
    run_id         INTEGER REFERENCES calibration_runs (run_id),
    proposed_score REAL,                      -- by the scores that this calibration run suggests
    PRIMARY KEY (batch_id, row_number)
);
CREATE TRIGGER side_by_side_never_changes BEFORE UPDATE ON side_by_side
BEGIN SELECT RAISE(ABORT, 'what was scored at export never changes'); END;
CREATE TRIGGER side_by_side_never_goes BEFORE DELETE ON side_by_side
BEGIN SELECT RAISE(ABORT, 'what was scored at export never changes'); END;
