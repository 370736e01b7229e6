-- What history and deltas need.

ALTER TABLE spaces ADD COLUMN kept_versions INTEGER NOT NULL DEFAULT 100
    CHECK (kept_versions BETWEEN 1 AND 1000);

-- From this version of the space on, all that changed since is known. It isn't for what was written
-- with the older layout.
ALTER TABLE spaces ADD COLUMN deltas_from INTEGER NOT NULL DEFAULT 0;
UPDATE spaces SET deltas_from = version;

-- The space's version that the secret's last change made; its deletion is one.
ALTER TABLE secrets ADD COLUMN space_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE secrets ADD COLUMN deleted_by TEXT;

CREATE INDEX secrets_changes ON secrets (space_id, space_version);

-- Made anew, because the value has to stay the last column and may be gone now.
CREATE TABLE secret_versions_2 (
    secret_id        TEXT NOT NULL REFERENCES secrets (id) ON DELETE CASCADE,
    version          INTEGER NOT NULL CHECK (version > 0),
    kind             TEXT NOT NULL CHECK (kind IN ('text', 'json')),
    created_at       INTEGER NOT NULL,
    created_by       TEXT NOT NULL,
    -- The older version whose content this one took.
    rolled_back_from INTEGER,
    -- NULL once it was destroyed.
    sealed_value     BLOB,
    PRIMARY KEY (secret_id, version)
) STRICT;

INSERT INTO secret_versions_2
SELECT secret_id, version, kind, created_at, created_by, NULL, sealed_value FROM secret_versions;

DROP TABLE secret_versions;
ALTER TABLE secret_versions_2 RENAME TO secret_versions;
