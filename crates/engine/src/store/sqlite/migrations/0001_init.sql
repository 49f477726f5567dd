-- Ids are the 16 bytes of a UUIDv7. Moments are Unix milliseconds. Booleans are 0 and 1.
-- Tags are HMAC-SHA-256 values; no column holds a secret or its plain digest.

CREATE TABLE installation (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    pepper_check BLOB    NOT NULL CHECK (length(pepper_check) = 32),
    created_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE team (
    id         BLOB    PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sdk_key (
    id         BLOB    PRIMARY KEY CHECK (length(id) = 16),
    team       BLOB    NOT NULL REFERENCES team (id),
    name       TEXT    NOT NULL,
    tag        BLOB    NOT NULL UNIQUE CHECK (length(tag) = 32),
    masked_key TEXT    NOT NULL,
    rights     INTEGER NOT NULL,
    enabled    INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    deleted    INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    revision   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sdk_key_by_team ON sdk_key (team, id);

CREATE TABLE workspace (
    id                  BLOB    PRIMARY KEY CHECK (length(id) = 16),
    team                BLOB    NOT NULL REFERENCES team (id),
    name                TEXT    NOT NULL,
    default_key_prefix  TEXT,
    default_allowed_ips TEXT    NOT NULL DEFAULT '[]', -- JSON
    default_rate_limit  INTEGER,                       -- verifications a second
    default_expiration  INTEGER,                       -- milliseconds
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    revision            INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX workspace_by_team ON workspace (team, id);

-- Keys refer to a scope by its number: three bytes a grant, in the key's own row.
CREATE TABLE scope (
    workspace      BLOB    NOT NULL REFERENCES workspace (id),
    number         INTEGER NOT NULL CHECK (number BETWEEN 0 AND 65535),
    id             BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    name           TEXT    NOT NULL,
    representation TEXT    NOT NULL,
    description    TEXT,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    PRIMARY KEY (workspace, number),
    UNIQUE (workspace, representation)
) STRICT, WITHOUT ROWID;

-- Not WITHOUT ROWID: a row with metadata can be long, and long rows do not belong into an index.
CREATE TABLE api_key (
    id                BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    team              BLOB    NOT NULL REFERENCES team (id),
    workspace         BLOB    NOT NULL REFERENCES workspace (id),
    customer_id       TEXT    NOT NULL,
    name              TEXT    NOT NULL,
    prefix            TEXT,
    masked_key        TEXT    NOT NULL,
    -- The team is part of what the tag is computed from, so unique means unique within a team.
    tag               BLOB    NOT NULL UNIQUE CHECK (length(tag) = 32),
    previous_tag      BLOB    CHECK (length(previous_tag) = 32),
    previous_until    INTEGER,
    grants            BLOB    NOT NULL CHECK (length(grants) % 3 = 0),
    metadata          TEXT,                            -- JSON; NULL = none
    external_meter_id TEXT,
    enabled           INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    deleted           INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    migrated          INTEGER NOT NULL CHECK (migrated IN (0, 1)),
    expires_at        INTEGER,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    last_used_at      INTEGER,
    revision          INTEGER NOT NULL,
    CHECK ((previous_tag IS NULL) = (previous_until IS NULL))
) STRICT;

CREATE INDEX api_key_by_owner ON api_key (workspace, customer_id, id);

-- Every secret that a rotation replaced: none of them may be brought along again.
CREATE TABLE replaced_tag (
    tag     BLOB PRIMARY KEY CHECK (length(tag) = 32),
    api_key BLOB NOT NULL REFERENCES api_key (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE link_token (
    id                  BLOB    PRIMARY KEY CHECK (length(id) = 16),
    team                BLOB    NOT NULL REFERENCES team (id),
    workspace           BLOB    NOT NULL REFERENCES workspace (id),
    customer_id         TEXT    NOT NULL,
    tag                 BLOB    NOT NULL UNIQUE CHECK (length(tag) = 32),
    permissions         INTEGER NOT NULL,
    origins             TEXT    NOT NULL DEFAULT '[]', -- JSON
    external_billing_id TEXT,
    created_at          INTEGER NOT NULL,
    expires_at          INTEGER NOT NULL,
    revoked_at          INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX link_token_by_owner ON link_token (workspace, customer_id);
CREATE INDEX link_token_by_expiry ON link_token (expires_at);

CREATE TABLE migration_window (
    team      BLOB    PRIMARY KEY REFERENCES team (id),
    sources   TEXT    NOT NULL, -- JSON
    opens_at  INTEGER NOT NULL,
    closes_at INTEGER NOT NULL,
    CHECK (opens_at < closes_at)
) STRICT, WITHOUT ROWID;

-- What changed, in the order of commits. Other processes over this file follow it.
-- AUTOINCREMENT: a number is never given twice, even if the last rows were removed.
CREATE TABLE change_log (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    kind    INTEGER NOT NULL,
    subject BLOB    NOT NULL CHECK (length(subject) = 16),
    retired BLOB    CHECK (length(retired) = 32)
) STRICT;

CREATE TABLE audit (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    team       BLOB,
    who        TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    address    TEXT,
    request_id TEXT,
    detail     TEXT    NOT NULL -- JSON
) STRICT;

CREATE INDEX audit_by_team ON audit (team, seq);

CREATE TRIGGER audit_is_never_updated BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;

CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
