-- Uses of keys that are not in `api_key.last_used_at` yet: under load, one row a batch is written here instead of one
-- row a key there. Folded in later, by whoever wrote it or by the next process that opens the database.
-- AUTOINCREMENT: a process deletes its own rows by number, and no other row may ever have had one of them.
CREATE TABLE use_journal (
    seq  INTEGER PRIMARY KEY AUTOINCREMENT,
    -- 24 bytes a use: the key's id, then the moment, big-endian.
    uses BLOB NOT NULL CHECK (length(uses) % 24 = 0)
) STRICT;

-- Counts of verifications that are not in `key_usage` yet, likewise. Whoever deletes a row adds its counts to the table
-- in the same transaction, so none is counted twice or lost.
CREATE TABLE usage_journal (
    seq    INTEGER PRIMARY KEY AUTOINCREMENT,
    -- 27 bytes and the route for each count, see `usage_journal.rs`.
    counts BLOB NOT NULL
) STRICT;
