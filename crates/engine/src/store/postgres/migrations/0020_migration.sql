-- Migration jobs, and keys that are still known under another service's recipe. The same tables as on SQLite.

CREATE TABLE migration (
    -- Short, because every chunk carries it.
    number          BIGINT  PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    id              BYTEA   NOT NULL UNIQUE CHECK (length(id) = 16),
    team            BYTEA   NOT NULL REFERENCES team (id),
    workspace       BYTEA   NOT NULL REFERENCES workspace (id),
    plan_digest     BYTEA   NOT NULL CHECK (length(plan_digest) = 32),
    state           BIGINT  NOT NULL,
    conflict        BIGINT  NOT NULL,
    recipe          BIGINT,                          -- number within the team
    planned_rows    BIGINT  NOT NULL,
    chunks          BIGINT  NOT NULL,
    undone_chunks   BIGINT  NOT NULL,
    counts          TEXT    NOT NULL,                -- JSON
    comparison      TEXT,                            -- JSON; NULL = not compared since the last change
    created_by      TEXT    NOT NULL,
    proof_waived_by TEXT,
    created_at      BIGINT  NOT NULL,
    updated_at      BIGINT  NOT NULL
);

CREATE INDEX migration_by_team ON migration (team, number);

-- What a chunk did: its rows in one value, 25 bytes each, so that a million rows do not cost a million more.
CREATE TABLE migration_chunk (
    migration BIGINT  NOT NULL REFERENCES migration (number),
    number    BIGINT  NOT NULL,
    digest    BYTEA   NOT NULL CHECK (length(digest) = 32), -- of its body
    ledger    BYTEA   NOT NULL CHECK (length(ledger) % 25 = 0),
    details   TEXT,                                  -- JSON: what there is to say of few rows
    before    TEXT,                                  -- JSON: keys as they were before it changed them
    revision  BIGINT,                                -- its line of the change log; NULL = made no key
    at        BIGINT  NOT NULL,
    undone    BOOLEAN NOT NULL,
    PRIMARY KEY (migration, number)
);

-- Ids are random: trying to compress them costs time and gains nothing.
ALTER TABLE migration_chunk ALTER COLUMN ledger SET STORAGE EXTERNAL;

CREATE INDEX migration_chunk_by_revision ON migration_chunk (revision) WHERE revision IS NOT NULL;

-- How keys of a team were stored elsewhere. A secret that takes part is named, and never here.
CREATE TABLE recipe (
    team       BYTEA  NOT NULL REFERENCES team (id),
    number     BIGINT NOT NULL,
    recipe     TEXT   COLLATE "C" NOT NULL,
    locator    TEXT   COLLATE "C",                   -- which part of a presented key leads to a row
    created_at BIGINT NOT NULL,
    PRIMARY KEY (team, number)
);

-- Keys that can only be recognised by trying. Removed when a key becomes native.
CREATE TABLE legacy_key (
    api_key BYTEA  PRIMARY KEY REFERENCES api_key (id) ON DELETE CASCADE,
    team    BYTEA  NOT NULL,
    recipe  BIGINT NOT NULL,
    locator BYTEA  NOT NULL CHECK (length(locator) = 32), -- HMAC under the pepper
    sealed  BYTEA  NOT NULL,                         -- salt and stored value, encrypted under the pepper
    FOREIGN KEY (team, recipe) REFERENCES recipe (team, number)
);

CREATE INDEX legacy_key_by_locator ON legacy_key (team, recipe, locator);

-- Under what a key was known before it became native: the same row brought again is the same key.
CREATE TABLE upgraded_tag (
    tag     BYTEA PRIMARY KEY CHECK (length(tag) = 32),
    api_key BYTEA NOT NULL REFERENCES api_key (id) ON DELETE CASCADE
);

CREATE INDEX upgraded_tag_by_key ON upgraded_tag (api_key);

-- A key that is removed asks whether it was ever rotated.
CREATE INDEX replaced_tag_by_key ON replaced_tag (api_key);
