-- Predictive models: every training is kept with its evidence, and which model scores is a chain of signed choices.

-- One row per training, frozen. A training without a model says why.
CREATE TABLE lead_models (
    version        INTEGER PRIMARY KEY,
    created_at     TEXT NOT NULL,
    created_by     TEXT NOT NULL,
    as_of          TEXT NOT NULL,
    status         TEXT NOT NULL CHECK (status IN ('proposed', 'not better', 'too little')),
    why            TEXT NOT NULL,             -- a sentence
    judged         INTEGER NOT NULL,          -- outcomes known when it was trained: the next training waits for more
    cut_off        TEXT,                      -- the last day of the leads it was learned from; the newer ones judged it
    leads          INTEGER NOT NULL,
    deliveries     INTEGER NOT NULL,
    weight_version INTEGER NOT NULL,
    icp_sha256     TEXT NOT NULL,
    data_sha256    TEXT NOT NULL,
    code_version   TEXT NOT NULL,
    seed           INTEGER NOT NULL,
    coefficients   TEXT,                      -- JSON of analytics.lead_model; NULL without a model
    model_sha256   TEXT,
    report         TEXT NOT NULL,             -- JSON: the evidence as it was then
    CHECK ((coefficients IS NULL) = (model_sha256 IS NULL)),
    CHECK (coefficients IS NOT NULL OR status = 'too little')
);
CREATE TRIGGER lead_models_never_change BEFORE UPDATE ON lead_models
BEGIN SELECT RAISE(ABORT, 'models are append-only'); END;
CREATE TRIGGER lead_models_never_go BEFORE DELETE ON lead_models
BEGIN SELECT RAISE(ABORT, 'models are append-only'); END;

-- What scores a workflow from when on, by whose decision. The newest row counts; without one the weights do.
CREATE TABLE model_choices (
    choice_id INTEGER PRIMARY KEY,
    workflow  TEXT NOT NULL CHECK (workflow IN ('intent', 'geography')),
    number    INTEGER NOT NULL,               -- 1, 2, … per workflow: of two at once the first one wins
    version   INTEGER REFERENCES lead_models (version),      -- NULL: the weights
    chosen_by TEXT NOT NULL,
    chosen_at TEXT NOT NULL,
    reason    TEXT NOT NULL,
    UNIQUE (workflow, number)
);
CREATE TRIGGER model_choices_never_change BEFORE UPDATE ON model_choices
BEGIN SELECT RAISE(ABORT, 'choices are append-only'); END;
CREATE TRIGGER model_choices_never_go BEFORE DELETE ON model_choices
BEGIN SELECT RAISE(ABORT, 'choices are append-only'); END;

-- The choice in force per workflow.
CREATE VIEW model_in_force AS
SELECT c.* FROM model_choices c
WHERE c.number = (SELECT max(n.number) FROM model_choices n WHERE n.workflow = c.workflow);
