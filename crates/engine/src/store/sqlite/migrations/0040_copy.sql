-- While `oneloop admin copy` fills this database from another one: where it comes from, and how far it is. Empty at all
-- other times. No server starts on a database that is half copied.
CREATE TABLE copy_progress (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    pepper_check BLOB    NOT NULL CHECK (length(pepper_check) = 32), -- the source's
    state        BLOB    NOT NULL CHECK (length(state) = 32),        -- a digest of how far the source was
    copied       INTEGER NOT NULL                                    -- rows
) STRICT;
