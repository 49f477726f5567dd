-- What may be shown of a secret that was replaced with an overlap, and when it was last used since: with the secret
-- and not with the key, so that neither is ever said of another one.
ALTER TABLE replaced_tag ADD COLUMN masked_key TEXT;      -- NULL = without an overlap, or by an older version
ALTER TABLE replaced_tag ADD COLUMN last_used_at BIGINT;  -- NULL = not since
