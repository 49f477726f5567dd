-- What may be shown of a secret that was replaced with an overlap, and when it was last used since: with the secret
-- and not with the key, so that neither is ever said of another one.
ALTER TABLE replaced_tag ADD COLUMN masked_key TEXT;       -- NULL = without an overlap, or by an older version
ALTER TABLE replaced_tag ADD COLUMN last_used_at INTEGER;  -- NULL = not since

-- Such uses that are not in `replaced_tag.last_used_at` yet: 40 bytes a use, the secret's tag, then the moment,
-- big-endian.
ALTER TABLE use_journal ADD COLUMN replaced BLOB NOT NULL DEFAULT x'' CHECK (length(replaced) % 40 = 0);
