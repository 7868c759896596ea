-- The export desk: whom never to call, which column of whose file means what, and leads sent out by chance.

-- Lists of whom not to call. A list that is loaded again under its name replaces the one before, which stays here.
CREATE TABLE suppression_lists (
    list_id     INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,                -- as people call the source: "National registry"
    kind        TEXT NOT NULL CHECK (kind IN ('phone', 'company', 'domain', 'person')),
    scrubbed_on TEXT NOT NULL,                -- the day on which the source stood so
    file_name   TEXT NOT NULL,
    file_sha256 TEXT NOT NULL,
    entries     INTEGER NOT NULL,
    loaded_at   TEXT NOT NULL,
    loaded_by   TEXT NOT NULL,
    retired_at  TEXT,
    retired_by  TEXT
);
CREATE UNIQUE INDEX suppression_lists_in_force ON suppression_lists (lower(name), kind) WHERE retired_at IS NULL;
CREATE TRIGGER suppression_lists_never_go BEFORE DELETE ON suppression_lists
BEGIN SELECT RAISE(ABORT, 'suppression lists are retired, never deleted'); END;

-- What a list holds, in the one form in which leads are compared: ten digits, a normalised name, a domain, an address.
CREATE TABLE suppression_entries (
    list_id INTEGER NOT NULL REFERENCES suppression_lists (list_id),
    kind    TEXT NOT NULL,
    key     TEXT NOT NULL,
    PRIMARY KEY (kind, key, list_id)
);

-- Which column a person chose for a field, per set of headers: the next file of that shape needs no asking.
CREATE TABLE column_choices (
    headers_sha256 TEXT NOT NULL,
    field          TEXT NOT NULL,
    header         TEXT NOT NULL,
    chosen_at      TEXT NOT NULL,
    chosen_by      TEXT NOT NULL,
    PRIMARY KEY (headers_sha256, field)
);

-- Leads of the exploration slice: left out by the rules, sent out by chance. NULL in both for all others.
ALTER TABLE lead_outcomes ADD COLUMN inclusion_probability REAL;
ALTER TABLE lead_outcomes ADD COLUMN left_out_because TEXT;
CREATE INDEX lead_outcomes_explored ON lead_outcomes (batch_id) WHERE inclusion_probability IS NOT NULL;
CREATE TRIGGER lead_outcomes_keep_exploration BEFORE UPDATE OF inclusion_probability, left_out_because ON lead_outcomes
BEGIN SELECT RAISE(ABORT, 'what was known at export never changes'); END;
