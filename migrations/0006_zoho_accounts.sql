-- What Zoho last said about each vending operator: a value that somebody changed here stays until Zoho's own changes.
CREATE TABLE zoho_accounts (
    zoho_account_id TEXT PRIMARY KEY,
    facts           TEXT NOT NULL             -- JSON: the fields of operators, as Zoho has them
);
