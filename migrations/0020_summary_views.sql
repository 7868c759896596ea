-- Who looked at the summary of which lead, append-only: event sales_summary_viewed.
CREATE TABLE summary_views (
    id         INTEGER PRIMARY KEY,
    at         TEXT NOT NULL,
    event      TEXT NOT NULL DEFAULT 'sales_summary_viewed' CHECK (event = 'sales_summary_viewed'),
    lead_id    INTEGER REFERENCES lead_outcomes (id),    -- missing for a lead that was only typed
    domain     TEXT,                                     -- the company's web domain
    segment    TEXT,
    offer_tier TEXT,
    potential  INTEGER,                                  -- the score shown, 0 to 100; missing where the lead is left out
    urgency    TEXT,
    viewed_by  TEXT NOT NULL
);
CREATE INDEX summary_views_by_time ON summary_views (at);

CREATE TRIGGER summary_views_never_change BEFORE UPDATE ON summary_views
BEGIN SELECT RAISE(ABORT, 'views are append-only'); END;
CREATE TRIGGER summary_views_never_go BEFORE DELETE ON summary_views
BEGIN SELECT RAISE(ABORT, 'views are append-only'); END;
