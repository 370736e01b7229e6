-- Hashes of codes and session tokens are SHA-256 of 256 random bits. A password is kept as an
-- Argon2id hash in PHC form.

CREATE TABLE users (
    id              TEXT PRIMARY KEY,
    -- In small letters, so that capital ones make no other name.
    name            TEXT NOT NULL UNIQUE,
    display_name    TEXT NOT NULL,
    administrator   INTEGER NOT NULL CHECK (administrator IN (0, 1)),
    password_hash   TEXT,
    created_at      INTEGER NOT NULL,
    last_sign_in_at INTEGER,
    disabled_at     INTEGER
) STRICT;

-- Who a user is to an OpenID provider.
CREATE TABLE identities (
    issuer    TEXT NOT NULL,
    subject   TEXT NOT NULL,
    user_id   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    linked_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject),
    UNIQUE (user_id, issuer)
) STRICT;

CREATE TABLE sessions (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash   BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    -- At the latest; a session that isn't used ends before.
    expires_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE invitations (
    user_id    TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    code_hash  BLOB NOT NULL UNIQUE CHECK (length(code_hash) = 32),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

-- At most one row: the code of the newest start.
CREATE TABLE setup_code (
    only_one   INTEGER PRIMARY KEY CHECK (only_one = 1),
    code_hash  BLOB NOT NULL CHECK (length(code_hash) = 32),
    created_at INTEGER NOT NULL
) STRICT;

-- By a keyed hash of the login name, whether or not somebody has that name: people type passwords
-- where names belong, and nobody shall learn from here which names there are.
CREATE TABLE sign_in_attempts (
    name_hash    BLOB PRIMARY KEY CHECK (length(name_hash) = 32),
    failures     INTEGER NOT NULL CHECK (failures > 0),
    last_at      INTEGER NOT NULL,
    locked_until INTEGER
) STRICT;

CREATE INDEX sign_in_attempts_by_time ON sign_in_attempts (last_at);

CREATE TABLE members (
    space_id TEXT NOT NULL REFERENCES spaces (id) ON DELETE CASCADE,
    user_id  TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role     TEXT NOT NULL CHECK (role IN ('owner', 'editor', 'reader', 'viewer')),
    added_at INTEGER NOT NULL,
    PRIMARY KEY (space_id, user_id)
) STRICT;

CREATE INDEX members_of_user ON members (user_id);
