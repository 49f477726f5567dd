-- While `oneloop admin copy` fills this database from another one: where it comes from, and how far it is. Empty at all
-- other times. No server starts on a database that is half copied.
CREATE TABLE copy_progress (
    one          BIGINT PRIMARY KEY CHECK (one = 1),
    pepper_check BYTEA  NOT NULL CHECK (length(pepper_check) = 32), -- the source's
    state        BYTEA  NOT NULL CHECK (length(state) = 32),        -- a digest of how far the source was
    copied       BIGINT NOT NULL                                    -- rows
);
