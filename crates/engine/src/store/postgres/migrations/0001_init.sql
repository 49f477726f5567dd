-- The same tables as on SQLite, column by column. Ids are the 16 bytes of a UUIDv7. Moments are Unix milliseconds.
-- Tags are HMAC-SHA-256 values; no column holds a secret or its plain digest.
-- COLLATE "C": texts are compared and sorted by their bytes, as on SQLite, whatever the database's locale.

CREATE TABLE installation (
    one          BIGINT PRIMARY KEY CHECK (one = 1),
    pepper_check BYTEA  NOT NULL CHECK (length(pepper_check) = 32),
    created_at   BIGINT NOT NULL
);

CREATE TABLE team (
    id         BYTEA  PRIMARY KEY CHECK (length(id) = 16),
    name       TEXT   COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE sdk_key (
    id         BYTEA   PRIMARY KEY CHECK (length(id) = 16),
    team       BYTEA   NOT NULL REFERENCES team (id),
    name       TEXT    COLLATE "C" NOT NULL,
    tag        BYTEA   NOT NULL UNIQUE CHECK (length(tag) = 32),
    masked_key TEXT    NOT NULL,
    rights     BIGINT  NOT NULL,
    enabled    BOOLEAN NOT NULL,
    deleted    BOOLEAN NOT NULL,
    created_at BIGINT  NOT NULL,
    updated_at BIGINT  NOT NULL,
    revision   BIGINT  NOT NULL
);

CREATE INDEX sdk_key_by_team ON sdk_key (team, id);

CREATE TABLE workspace (
    id                  BYTEA  PRIMARY KEY CHECK (length(id) = 16),
    team                BYTEA  NOT NULL REFERENCES team (id),
    name                TEXT   COLLATE "C" NOT NULL,
    default_key_prefix  TEXT,
    default_allowed_ips TEXT   NOT NULL DEFAULT '[]', -- JSON
    default_rate_limit  BIGINT,                       -- verifications a second
    default_expiration  BIGINT,                       -- milliseconds
    created_at          BIGINT NOT NULL,
    updated_at          BIGINT NOT NULL,
    revision            BIGINT NOT NULL
);

CREATE INDEX workspace_by_team ON workspace (team, id);

-- Keys refer to a scope by its number: three bytes a grant, in the key's own row.
CREATE TABLE scope (
    workspace      BYTEA  NOT NULL REFERENCES workspace (id),
    number         BIGINT NOT NULL CHECK (number BETWEEN 0 AND 65535),
    id             BYTEA  NOT NULL UNIQUE CHECK (length(id) = 16),
    name           TEXT   COLLATE "C" NOT NULL,
    representation TEXT   COLLATE "C" NOT NULL,
    description    TEXT,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    PRIMARY KEY (workspace, number),
    UNIQUE (workspace, representation)
);

CREATE TABLE api_key (
    id                BYTEA   PRIMARY KEY CHECK (length(id) = 16),
    team              BYTEA   NOT NULL REFERENCES team (id),
    workspace         BYTEA   NOT NULL REFERENCES workspace (id),
    customer_id       TEXT    COLLATE "C" NOT NULL,
    name              TEXT    COLLATE "C" NOT NULL,
    prefix            TEXT,
    masked_key        TEXT    NOT NULL,
    -- The team is part of what the tag is computed from, so unique means unique within a team.
    tag               BYTEA   NOT NULL UNIQUE CHECK (length(tag) = 32),
    previous_tag      BYTEA   CHECK (length(previous_tag) = 32),
    previous_until    BIGINT,
    grants            BYTEA   NOT NULL CHECK (length(grants) % 3 = 0),
    metadata          TEXT,                            -- JSON; NULL = none
    external_meter_id TEXT,
    enabled           BOOLEAN NOT NULL,
    deleted           BOOLEAN NOT NULL,
    migrated          BOOLEAN NOT NULL,
    expires_at        BIGINT,
    created_at        BIGINT  NOT NULL,
    updated_at        BIGINT  NOT NULL,
    last_used_at      BIGINT,
    revision          BIGINT  NOT NULL,
    CHECK ((previous_tag IS NULL) = (previous_until IS NULL))
-- Room in every page: noting a use then rewrites a row in its own page and touches no index.
) WITH (fillfactor = 90);

CREATE INDEX api_key_by_owner ON api_key (workspace, customer_id, id);

-- Every secret that a rotation replaced: none of them may be brought along again.
CREATE TABLE replaced_tag (
    tag     BYTEA PRIMARY KEY CHECK (length(tag) = 32),
    api_key BYTEA NOT NULL REFERENCES api_key (id)
);

CREATE TABLE link_token (
    id                  BYTEA  PRIMARY KEY CHECK (length(id) = 16),
    team                BYTEA  NOT NULL REFERENCES team (id),
    workspace           BYTEA  NOT NULL REFERENCES workspace (id),
    customer_id         TEXT   COLLATE "C" NOT NULL,
    tag                 BYTEA  NOT NULL UNIQUE CHECK (length(tag) = 32),
    permissions         BIGINT NOT NULL,
    origins             TEXT   NOT NULL DEFAULT '[]', -- JSON
    external_billing_id TEXT,
    created_at          BIGINT NOT NULL,
    expires_at          BIGINT NOT NULL,
    revoked_at          BIGINT
);

CREATE INDEX link_token_by_owner ON link_token (workspace, customer_id);
CREATE INDEX link_token_by_expiry ON link_token (expires_at);

CREATE TABLE migration_window (
    team      BYTEA  PRIMARY KEY REFERENCES team (id),
    sources   TEXT   NOT NULL, -- JSON
    opens_at  BIGINT NOT NULL,
    closes_at BIGINT NOT NULL,
    CHECK (opens_at < closes_at)
);

-- What changed, in the order of commits, without gaps. Other nodes follow it. Its numbers do not come from a
-- sequence: those have gaps after a rollback, and are given out in another order than that of commits.
CREATE TABLE change_log (
    seq     BIGINT PRIMARY KEY,
    kind    BIGINT NOT NULL,
    subject BYTEA  NOT NULL CHECK (length(subject) = 16),
    retired BYTEA  CHECK (length(retired) = 32)
);

-- The last numbers that were given. Whoever writes locks this row first: so writers are one at a time, over all
-- nodes, and a number is visible when all before it are.
CREATE TABLE head (
    one    BIGINT PRIMARY KEY CHECK (one = 1),
    change BIGINT NOT NULL,
    audit  BIGINT NOT NULL
-- One row that every write replaces: with room in its page it stays there.
) WITH (fillfactor = 10);

INSERT INTO head (one, change, audit) VALUES (1, 0, 0);

CREATE TABLE audit (
    seq        BIGINT PRIMARY KEY,
    at         BIGINT NOT NULL,
    team       BYTEA,
    who        TEXT   NOT NULL,
    action     TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    address    TEXT,
    request_id TEXT,
    detail     TEXT   NOT NULL -- JSON
);

CREATE INDEX audit_by_team ON audit (team, seq);

CREATE FUNCTION refuse_to_change_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END;
$$;

CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_audit();
