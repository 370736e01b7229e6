-- What tells rows that belong to a space's present state from others. Filled in when the data are
-- first opened with the key; from then on nothing is read without it.

-- A keyed hash of the secret's row.
ALTER TABLE secrets ADD COLUMN seal BLOB CHECK (length(seal) = 32);

-- The sum of all seals, sealed for the space as it is.
ALTER TABLE spaces ADD COLUMN sealed_manifest BLOB;
