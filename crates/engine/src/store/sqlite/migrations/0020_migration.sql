-- Migration jobs, and keys that are still known under another service's recipe.

CREATE TABLE migration (
    -- Short, because every chunk carries it.
    number          INTEGER PRIMARY KEY AUTOINCREMENT,
    id              BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    team            BLOB    NOT NULL REFERENCES team (id),
    workspace       BLOB    NOT NULL REFERENCES workspace (id),
    plan_digest     BLOB    NOT NULL CHECK (length(plan_digest) = 32),
    state           INTEGER NOT NULL,
    conflict        INTEGER NOT NULL,
    recipe          INTEGER,                         -- number within the team
    planned_rows    INTEGER NOT NULL,
    chunks          INTEGER NOT NULL,
    undone_chunks   INTEGER NOT NULL,
    counts          TEXT    NOT NULL,                -- JSON
    comparison      TEXT,                            -- JSON; NULL = not compared since the last change
    created_by      TEXT    NOT NULL,
    proof_waived_by TEXT,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;

CREATE INDEX migration_by_team ON migration (team, number);

-- What a chunk did: its rows in one value, 25 bytes each, so that a million rows do not cost a million more.
CREATE TABLE migration_chunk (
    migration INTEGER NOT NULL REFERENCES migration (number),
    number    INTEGER NOT NULL,
    digest    BLOB    NOT NULL CHECK (length(digest) = 32), -- of its body
    ledger    BLOB    NOT NULL CHECK (length(ledger) % 25 = 0),
    details   TEXT,                                  -- JSON: what there is to say of few rows
    before    TEXT,                                  -- JSON: keys as they were before it changed them
    revision  INTEGER,                               -- its line of the change log; NULL = made no key
    at        INTEGER NOT NULL,
    undone    INTEGER NOT NULL CHECK (undone IN (0, 1)),
    PRIMARY KEY (migration, number)
) STRICT;

CREATE INDEX migration_chunk_by_revision ON migration_chunk (revision) WHERE revision IS NOT NULL;

-- How keys of a team were stored elsewhere. A secret that takes part is named, and never here.
CREATE TABLE recipe (
    team       BLOB    NOT NULL REFERENCES team (id),
    number     INTEGER NOT NULL,
    recipe     TEXT    NOT NULL,
    locator    TEXT,                                 -- which part of a presented key leads to a row
    created_at INTEGER NOT NULL,
    PRIMARY KEY (team, number)
) STRICT, WITHOUT ROWID;

-- Keys that can only be recognised by trying. Removed when a key becomes native.
CREATE TABLE legacy_key (
    api_key BLOB    PRIMARY KEY REFERENCES api_key (id) ON DELETE CASCADE,
    team    BLOB    NOT NULL,
    recipe  INTEGER NOT NULL,
    locator BLOB    NOT NULL CHECK (length(locator) = 32), -- HMAC under the pepper
    sealed  BLOB    NOT NULL,                        -- salt and stored value, encrypted under the pepper
    FOREIGN KEY (team, recipe) REFERENCES recipe (team, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX legacy_key_by_locator ON legacy_key (team, recipe, locator);

-- Under what a key was known before it became native: the same row brought again is the same key.
CREATE TABLE upgraded_tag (
    tag     BLOB PRIMARY KEY CHECK (length(tag) = 32),
    api_key BLOB NOT NULL REFERENCES api_key (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX upgraded_tag_by_key ON upgraded_tag (api_key);

-- A key that is removed asks whether it was ever rotated.
CREATE INDEX replaced_tag_by_key ON replaced_tag (api_key);
