-- The key pairs with which a team's JWTs are signed. The private half is sealed with a key made from the pepper, and
-- erased when the pair is retired.
CREATE TABLE signing_key (
    id         BYTEA  PRIMARY KEY CHECK (length(id) = 16),
    team       BYTEA  NOT NULL REFERENCES team (id),
    public_key BYTEA  NOT NULL CHECK (length(public_key) = 32),
    sealed     BYTEA,
    created_at BIGINT NOT NULL,
    retired_at BIGINT,
    CHECK ((sealed IS NULL) = (retired_at IS NOT NULL))
);

-- One in use a team.
CREATE UNIQUE INDEX signing_key_in_use ON signing_key (team) WHERE retired_at IS NULL;
CREATE INDEX signing_key_by_team ON signing_key (team, id);
