-- What happened. A record is written once, with the change that it tells of, and never changed.
-- Every one carries a keyed code over itself and the code before it. Whatever stands here in clear
-- may be known; names of secrets may not.
CREATE TABLE audit (
    sequence     INTEGER PRIMARY KEY,
    at           INTEGER NOT NULL,
    actor_kind   TEXT NOT NULL,
    actor_id     TEXT,
    actor_name   TEXT,
    action       TEXT NOT NULL,
    result       TEXT NOT NULL,
    -- The 4 or 16 bytes of the address.
    origin       BLOB,
    request      TEXT,
    -- No reference: the record outlives its space.
    space_id     TEXT,
    subject      TEXT,
    sealed_names BLOB,
    count        INTEGER NOT NULL,
    read_version INTEGER,
    -- The space's version after it. What a space says of itself must agree with its newest record.
    version      INTEGER,
    mac          BLOB NOT NULL CHECK (length(mac) = 32)
) STRICT;

CREATE INDEX audit_of_space ON audit (space_id) WHERE space_id IS NOT NULL;

CREATE TABLE audit_head (
    only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
    sequence INTEGER NOT NULL CHECK (sequence >= 0),
    newest   BLOB NOT NULL CHECK (length(newest) = 32),
    mac      BLOB NOT NULL CHECK (length(mac) = 32)
) STRICT;

CREATE TABLE audit_key (
    only_one    INTEGER PRIMARY KEY CHECK (only_one = 1),
    wrapped_key BLOB NOT NULL,
    kek_id      TEXT NOT NULL
) STRICT;
