-- Credit. Amounts have up to 38 digits.

CREATE TABLE meter (
    id             BYTEA         PRIMARY KEY CHECK (length(id) = 16),
    team           BYTEA         NOT NULL REFERENCES team (id),
    workspace      BYTEA         NOT NULL REFERENCES workspace (id),
    external_id    TEXT          COLLATE "C" NOT NULL,
    total_credits  NUMERIC(38,0) NOT NULL CHECK (total_credits >= 0),
    used_credits   NUMERIC(38,0) NOT NULL CHECK (used_credits >= 0),
    allow_overages BOOLEAN       NOT NULL,
    spend_cap      NUMERIC(38,0) CHECK (spend_cap >= 0),
    created_at     BIGINT        NOT NULL,
    updated_at     BIGINT        NOT NULL,
    UNIQUE (workspace, external_id)
);

CREATE INDEX meter_by_name ON meter (team, external_id);

-- What was used, by meter (its id; the integrator's own word where there is no meter), UTC day and name.
CREATE TABLE billed_usage (
    team       BYTEA         NOT NULL CHECK (length(team) = 16),
    billing_id TEXT          COLLATE "C" NOT NULL,
    day        BIGINT        NOT NULL,
    name       TEXT          COLLATE "C" NOT NULL,
    amount     NUMERIC(38,0) NOT NULL CHECK (amount > 0),
    PRIMARY KEY (team, billing_id, day, name)
);

-- What is left of the counter that older clients give a key; NULL = not counted.
ALTER TABLE api_key ADD COLUMN usage_left BIGINT CHECK (usage_left >= 0);
