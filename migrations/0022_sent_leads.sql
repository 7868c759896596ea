-- Leads that programs sent: their outcomes train and count like any other, and leads of other kinds get models, too.

-- The exported lead (lead_outcomes.id) that a scored lead is: what programs say of it becomes a milestone of its company.
ALTER TABLE scored_leads ADD COLUMN exported_lead INTEGER;

-- What stands for a HADES lead that was not exported here is a lead called elsewhere. Where the outcome was taken back, it
-- starts on a day that never comes: nothing counts it, and what it said before stays in historical_changes.
CREATE VIEW sent_history AS
SELECT s.lead_id AS company_name, json_extract(s.first_features, '$.sic_code') AS sic_code,
       json_extract(s.first_features, '$.employee_count') AS employee_count,
       json_extract(s.first_features, '$.zip_code') AS zip_code, json_extract(s.first_features, '$.state') AS state,
       CASE WHEN s.outcome = 1 THEN 'delivery' ELSE 'no_delivery' END AS outcome,
       CASE WHEN s.outcome IS NULL THEN '2200-01-01' ELSE s.first_scored_at END AS deal_created_at,
       CASE WHEN s.outcome = 1 THEN f.given_at END AS delivery_at,
       (SELECT max(given_at) FROM lead_feedback l WHERE l.lead_id = s.lead_id) AS imported_at,
       'program' AS source, 'program|' || s.lead_id AS source_key, s.lead_id AS lead_id
FROM scored_leads s LEFT JOIN lead_feedback f ON f.id = s.feedback_id
WHERE s.kind = 'hades' AND s.exported_lead IS NULL;

CREATE TRIGGER scored_leads_count_as_history AFTER UPDATE OF outcome, feedback_id ON scored_leads
WHEN NEW.kind = 'hades' AND NEW.exported_lead IS NULL AND NEW.feedback_id IS NOT OLD.feedback_id
BEGIN
    INSERT INTO historical_outcomes (company_name, sic_code, employee_count, zip_code, state, outcome, deal_created_at,
                                     delivery_at, imported_at, source, source_key)
    SELECT company_name, sic_code, employee_count, zip_code, state, outcome, deal_created_at, delivery_at, imported_at, source,
           source_key FROM sent_history WHERE lead_id = NEW.lead_id
    ON CONFLICT (source_key) DO UPDATE SET
        outcome = excluded.outcome, deal_created_at = excluded.deal_created_at, delivery_at = excluded.delivery_at,
        imported_at = excluded.imported_at;
END;

INSERT INTO historical_outcomes (company_name, sic_code, employee_count, zip_code, state, outcome, deal_created_at,
                                 delivery_at, imported_at, source, source_key)
SELECT company_name, sic_code, employee_count, zip_code, state, outcome, deal_created_at, delivery_at, imported_at, source,
       source_key FROM sent_history h
WHERE EXISTS (SELECT 1 FROM scored_leads s WHERE s.lead_id = h.lead_id AND s.feedback_id IS NOT NULL);

-- What a program says of an exported lead: the milestone it said before is taken back, the new one is added, under its name.
CREATE TRIGGER scored_leads_become_milestones AFTER UPDATE OF outcome, feedback_id ON scored_leads
WHEN NEW.exported_lead IS NOT NULL AND NEW.feedback_id IS NOT OLD.feedback_id
BEGIN
    INSERT INTO outcome_milestones (batch_id, company_key, lead_id, milestone, happened_at, source, source_key, detail,
                                    retracts, recorded_at, recorded_by)
    SELECT m.batch_id, m.company_key, m.lead_id, 'retracted', l.given_at, 'program', m.id || ':taken back',
           'said otherwise by a program', m.id, l.given_at, l.given_by
    FROM outcome_milestones m, (SELECT given_at, given_by FROM lead_feedback WHERE lead_id = NEW.lead_id ORDER BY id DESC LIMIT 1) l
    WHERE m.source = 'program' AND m.milestone <> 'retracted' AND m.lead_id = NEW.exported_lead
      AND m.batch_id = (SELECT batch_id FROM lead_outcomes WHERE id = NEW.exported_lead)
      AND m.company_key = (SELECT company_key FROM lead_outcomes WHERE id = NEW.exported_lead)
      AND NOT EXISTS (SELECT 1 FROM outcome_milestones r WHERE r.retracts = m.id);
    INSERT INTO outcome_milestones (batch_id, company_key, lead_id, milestone, happened_at, source, source_key, detail,
                                    recorded_at, recorded_by)
    SELECT o.batch_id, o.company_key, o.id, CASE WHEN NEW.outcome = 1 THEN 'delivery' ELSE 'lost' END, f.given_at, 'program',
           NEW.lead_id || '#' || (SELECT max(id) FROM lead_feedback WHERE lead_id = NEW.lead_id), f.came_from, f.given_at,
           f.given_by
    FROM lead_outcomes o JOIN lead_feedback f ON f.id = NEW.feedback_id WHERE o.id = NEW.exported_lead;
    UPDATE lead_outcomes SET (outcome, outcome_at, updated_at) = (
        SELECT CASE WHEN max(milestone = 'churned') THEN 'churned' WHEN max(milestone = 'delivery') THEN 'delivery'
                    WHEN max(milestone = 'appointment') THEN 'appointment' WHEN max(milestone = 'contacted') THEN 'contacted' END,
               coalesce(min(CASE WHEN milestone = 'churned' THEN happened_at END),
                        min(CASE WHEN milestone = 'delivery' THEN happened_at END),
                        min(CASE WHEN milestone = 'appointment' THEN happened_at END),
                        min(CASE WHEN milestone = 'contacted' THEN happened_at END)),
               (SELECT max(given_at) FROM lead_feedback WHERE lead_id = NEW.lead_id)
        FROM standing_milestones m WHERE m.batch_id = lead_outcomes.batch_id AND m.company_key = lead_outcomes.company_key)
    WHERE batch_id = (SELECT batch_id FROM lead_outcomes WHERE id = NEW.exported_lead)
      AND company_key = (SELECT company_key FROM lead_outcomes WHERE id = NEW.exported_lead);
END;

-- Models of leads that are not the loop's own (web): every training is kept with its evidence.
CREATE TABLE sent_models (
    version      INTEGER PRIMARY KEY,
    kind         TEXT NOT NULL,               -- a kind of lead in config/api.yaml
    created_at   TEXT NOT NULL,
    created_by   TEXT NOT NULL,
    status       TEXT NOT NULL CHECK (status IN ('proposed', 'not better', 'too little')),
    why          TEXT NOT NULL,               -- a sentence
    watermark    INTEGER NOT NULL,            -- the newest feedback it knew: the next training waits for more
    cut_off      TEXT,                        -- the last day of the leads it was learned from; the newer ones judged it
    leads        INTEGER NOT NULL,
    successes    INTEGER NOT NULL,
    fields       TEXT NOT NULL,               -- JSON: the fields of the kind as they were declared
    data_sha256  TEXT NOT NULL,
    code_version TEXT NOT NULL,
    seed         INTEGER NOT NULL,
    coefficients TEXT,                        -- JSON of analytics.lead_model; NULL without a model
    model_sha256 TEXT,
    report       TEXT NOT NULL,               -- JSON: the evidence as it was then
    CHECK ((coefficients IS NULL) = (model_sha256 IS NULL)),
    CHECK (coefficients IS NOT NULL OR status = 'too little')
);
CREATE TRIGGER sent_models_never_change BEFORE UPDATE ON sent_models
BEGIN SELECT RAISE(ABORT, 'models are append-only'); END;
CREATE TRIGGER sent_models_never_go BEFORE DELETE ON sent_models
BEGIN SELECT RAISE(ABORT, 'models are append-only'); END;

-- What scores a kind of lead from when on, by whose decision. The newest row counts; without one the base rate does.
CREATE TABLE sent_model_choices (
    choice_id INTEGER PRIMARY KEY,
    kind      TEXT NOT NULL,
    number    INTEGER NOT NULL,               -- 1, 2, … per kind: of two at once the first one wins
    version   INTEGER REFERENCES sent_models (version),      -- NULL: the base rate
    chosen_by TEXT NOT NULL,
    chosen_at TEXT NOT NULL,
    reason    TEXT NOT NULL,
    UNIQUE (kind, number)
);
CREATE TRIGGER sent_model_choices_never_change BEFORE UPDATE ON sent_model_choices
BEGIN SELECT RAISE(ABORT, 'choices are append-only'); END;
CREATE TRIGGER sent_model_choices_never_go BEFORE DELETE ON sent_model_choices
BEGIN SELECT RAISE(ABORT, 'choices are append-only'); END;

-- The choice in force per kind of lead.
CREATE VIEW sent_model_in_force AS
SELECT c.* FROM sent_model_choices c
WHERE c.number = (SELECT max(n.number) FROM sent_model_choices n WHERE n.kind = c.kind);
