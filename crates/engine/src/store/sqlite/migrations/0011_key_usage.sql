-- How often each key was verified: by UTC day (days since 1970), route ('' = none named) and verdict (its place in
-- the protocol's list of verdicts).
CREATE TABLE key_usage (
    api_key BLOB    NOT NULL CHECK (length(api_key) = 16),
    day     INTEGER NOT NULL,
    route   TEXT    NOT NULL,
    verdict INTEGER NOT NULL,
    count   INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (api_key, day, route, verdict)
) STRICT, WITHOUT ROWID;

-- For forgetting what is too old.
CREATE INDEX key_usage_by_day ON key_usage (day);

-- What happened to one key.
CREATE INDEX audit_by_subject ON audit (subject, seq);
