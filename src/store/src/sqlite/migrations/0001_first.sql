-- Times are milliseconds since 1970 in UTC. Whatever is called sealed or wrapped is ciphertext.

CREATE TABLE spaces (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    wrapped_dek BLOB NOT NULL,
    kek_id      TEXT NOT NULL,
    version     INTEGER NOT NULL CHECK (version >= 0),
    tag         TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE secrets (
    id          TEXT PRIMARY KEY,
    space_id    TEXT NOT NULL REFERENCES spaces (id) ON DELETE CASCADE,
    name_hash   BLOB NOT NULL CHECK (length(name_hash) = 32),
    sealed_name BLOB NOT NULL,
    version     INTEGER NOT NULL CHECK (version > 0),
    size        INTEGER NOT NULL CHECK (size >= 0),
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    deleted_at  INTEGER,
    UNIQUE (space_id, name_hash)
) STRICT;

-- Answers how full a space is without touching the table.
CREATE INDEX secrets_usage ON secrets (space_id, size) WHERE deleted_at IS NULL;

-- The value stands last, so that reading the columns before it doesn't read its pages.
CREATE TABLE secret_versions (
    secret_id    TEXT NOT NULL REFERENCES secrets (id) ON DELETE CASCADE,
    version      INTEGER NOT NULL CHECK (version > 0),
    kind         TEXT NOT NULL CHECK (kind IN ('text', 'json')),
    created_at   INTEGER NOT NULL,
    created_by   TEXT NOT NULL,
    sealed_value BLOB NOT NULL,
    PRIMARY KEY (secret_id, version)
) STRICT;

CREATE TABLE access_tokens (
    id           TEXT PRIMARY KEY,
    space_id     TEXT NOT NULL REFERENCES spaces (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    token_hash   BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER,
    revoked_at   INTEGER
) STRICT;

CREATE INDEX access_tokens_of_space ON access_tokens (space_id, created_at);
