-- A lead that programs named is never another one, a demo leaves quickly, and what was said of an exported lead counts once.

CREATE INDEX outcome_milestones_by_lead ON outcome_milestones (lead_id);
CREATE INDEX summary_views_by_lead ON summary_views (lead_id);

-- Ids of leads that left with the demo are given again: what programs sent under their names stands for no lead (-1).
UPDATE scored_leads SET exported_lead = -1
WHERE exported_lead IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM lead_outcomes l
    WHERE l.id = exported_lead AND l.batch_id = substr(lead_id, 1, instr(lead_id, ':') - 1)
      AND l.row_number = CAST(substr(lead_id, instr(lead_id, ':') + 1) AS INTEGER));

-- A lead that a program sent under the name of an exported one, when this was still possible, is that one.
UPDATE scored_leads SET exported_lead = (
    SELECT min(l.id) FROM lead_outcomes l
    WHERE l.batch_id = substr(lead_id, 1, instr(lead_id, ':') - 1)
      AND l.row_number = CAST(substr(lead_id, instr(lead_id, ':') + 1) AS INTEGER))
WHERE kind = 'hades' AND exported_lead IS NULL AND lead_id GLOB 'HADES-*:[0-9]*'
  AND NOT substr(lead_id, instr(lead_id, ':') + 1) GLOB '*[^0-9]*';

-- What was said of it is said once more, so that it becomes a milestone of its company …
UPDATE scored_leads SET outcome = NULL, feedback_id = NULL
WHERE exported_lead > 0 AND feedback_id IS NOT NULL
  AND EXISTS (SELECT 1 FROM historical_outcomes h WHERE h.source_key = 'program|' || lead_id);
UPDATE scored_leads SET (outcome, feedback_id) = (
    SELECT f.outcome, f.id FROM lead_feedback f
    WHERE f.lead_id = scored_leads.lead_id AND f.outcome IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM lead_feedback u WHERE u.undoes = f.id) ORDER BY f.id DESC LIMIT 1)
WHERE exported_lead > 0 AND feedback_id IS NULL
  AND EXISTS (SELECT 1 FROM historical_outcomes h WHERE h.source_key = 'program|' || lead_id);

-- … and counts no more as a lead called elsewhere.
UPDATE historical_outcomes
SET outcome = 'no_delivery', deal_created_at = '2200-01-01', delivery_at = NULL,
    imported_at = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
WHERE source = 'program' AND deal_created_at <> '2200-01-01'
  AND source_key IN (SELECT 'program|' || lead_id FROM scored_leads WHERE exported_lead > 0);
