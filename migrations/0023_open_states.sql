-- How long deals stay in a stage is read from the states of those that were ever seen open.
CREATE INDEX deal_snapshots_open ON deal_snapshots (source, deal_id) WHERE outcome = 'open';
