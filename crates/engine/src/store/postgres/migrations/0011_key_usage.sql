-- How often each key was verified: by UTC day (days since 1970), route ('' = none named) and verdict (its place in
-- the protocol's list of verdicts).
CREATE TABLE key_usage (
    api_key BYTEA NOT NULL CHECK (length(api_key) = 16),
    day     BIGINT NOT NULL,
    route   TEXT   COLLATE "C" NOT NULL,
    verdict BIGINT NOT NULL,
    count   BIGINT NOT NULL CHECK (count > 0),
    PRIMARY KEY (api_key, day, route, verdict)
);

-- For forgetting what is too old.
CREATE INDEX key_usage_by_day ON key_usage (day);

-- What happened to one key.
CREATE INDEX audit_by_subject ON audit (subject, seq);
