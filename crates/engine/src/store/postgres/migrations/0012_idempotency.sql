-- Answers to requests that are to have their effect once. Sealed: only the caller's own idempotency key, of which
-- this holds a MAC, opens them.
CREATE TABLE idempotent_answer (
    tag         BYTEA PRIMARY KEY CHECK (length(tag) = 32),
    fingerprint BYTEA NOT NULL CHECK (length(fingerprint) = 32),
    answer      BYTEA NOT NULL,
    expires_at  BIGINT NOT NULL
);

CREATE INDEX idempotent_answer_by_expiry ON idempotent_answer (expires_at);

-- What a page may set on its customer's keys. JSON; NULL = no limit.
ALTER TABLE link_token ADD COLUMN grantable_scopes TEXT;
ALTER TABLE link_token ADD COLUMN key_policy TEXT;
