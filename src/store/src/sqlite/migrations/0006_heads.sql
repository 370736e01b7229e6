-- Where each space stood lately: at which version, under which tag. It goes with the rows when a
-- database is put back to an older copy, so it tells of the history that the rows have, and of no other.
CREATE TABLE space_heads (
    position INTEGER PRIMARY KEY,
    space_id TEXT NOT NULL REFERENCES spaces (id) ON DELETE CASCADE,
    version  INTEGER NOT NULL,
    tag      TEXT NOT NULL
) STRICT;

CREATE INDEX space_heads_of_space ON space_heads (space_id);

INSERT INTO space_heads (space_id, version, tag) SELECT id, version, tag FROM spaces;

-- Triggers, so that no way of changing a space can leave it out, a person's by hand included.
CREATE TRIGGER space_begun AFTER INSERT ON spaces BEGIN
    DELETE FROM space_heads WHERE space_id = NEW.id;
    INSERT INTO space_heads (space_id, version, tag) VALUES (NEW.id, NEW.version, NEW.tag);
END;

CREATE TRIGGER space_moved AFTER UPDATE OF version, tag ON spaces BEGIN
    -- Of a space that was put back these are another history's.
    DELETE FROM space_heads WHERE space_id = NEW.id AND version > NEW.version;
    INSERT INTO space_heads (space_id, version, tag) VALUES (NEW.id, NEW.version, NEW.tag);
    -- The last 128 stay: an hour of a change every half a minute.
    DELETE FROM space_heads WHERE space_id = NEW.id AND position <= (
        SELECT position FROM space_heads WHERE space_id = NEW.id
        ORDER BY position DESC LIMIT 1 OFFSET 128
    );
END;
