-- Credit. Amounts are decimal digits: up to 38 of them, and SQLite's integers hold 19.

CREATE TABLE meter (
    id             BLOB    PRIMARY KEY CHECK (length(id) = 16),
    team           BLOB    NOT NULL REFERENCES team (id),
    workspace      BLOB    NOT NULL REFERENCES workspace (id),
    external_id    TEXT    NOT NULL,
    total_credits  TEXT    NOT NULL CHECK (length(total_credits) BETWEEN 1 AND 38),
    used_credits   TEXT    NOT NULL CHECK (length(used_credits) BETWEEN 1 AND 38),
    allow_overages INTEGER NOT NULL CHECK (allow_overages IN (0, 1)),
    spend_cap      TEXT    CHECK (length(spend_cap) BETWEEN 1 AND 38),
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    UNIQUE (workspace, external_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX meter_by_name ON meter (team, external_id);

-- What was used, by meter (its id; the integrator's own word where there is no meter), UTC day and name.
CREATE TABLE billed_usage (
    team       BLOB    NOT NULL CHECK (length(team) = 16),
    billing_id TEXT    NOT NULL,
    day        INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    amount     TEXT    NOT NULL CHECK (length(amount) BETWEEN 1 AND 38),
    PRIMARY KEY (team, billing_id, day, name)
) STRICT, WITHOUT ROWID;

-- What is left of the counter that older clients give a key; NULL = not counted.
ALTER TABLE api_key ADD COLUMN usage_left INTEGER CHECK (usage_left >= 0);
