-- Keys of programs that use the API. Of the secret part only a hash is kept.
CREATE TABLE api_keys (
    key_id     TEXT PRIMARY KEY,                  -- the public part of the key
    name       TEXT NOT NULL,                     -- who acts with it
    sha256     TEXT NOT NULL,
    created_at TEXT NOT NULL,
    created_by TEXT NOT NULL,
    revoked_at TEXT,
    revoked_by TEXT
);
CREATE UNIQUE INDEX api_keys_by_name ON api_keys (lower(name)) WHERE revoked_at IS NULL;
