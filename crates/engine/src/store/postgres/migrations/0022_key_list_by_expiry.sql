-- The key list in the order of expiry, "never" being the end of time as the question says it; and counting keys by how
-- they stand, without reading the keys. When a key was last used is in no index: each use would have to move in it.
CREATE INDEX api_key_by_expiry
    ON api_key (workspace, coalesce(expires_at, 9223372036854775807), id, deleted, enabled, expires_at);
