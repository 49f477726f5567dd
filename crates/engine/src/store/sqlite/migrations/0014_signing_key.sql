-- The key pairs with which a team's JWTs are signed. The private half is sealed with a key made from the pepper, and
-- erased when the pair is retired.
CREATE TABLE signing_key (
    id         BLOB    PRIMARY KEY CHECK (length(id) = 16),
    team       BLOB    NOT NULL REFERENCES team (id),
    public_key BLOB    NOT NULL CHECK (length(public_key) = 32),
    sealed     BLOB,
    created_at INTEGER NOT NULL,
    retired_at INTEGER,
    CHECK ((sealed IS NULL) = (retired_at IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- One in use a team.
CREATE UNIQUE INDEX signing_key_in_use ON signing_key (team) WHERE retired_at IS NULL;
CREATE INDEX signing_key_by_team ON signing_key (team, id);
