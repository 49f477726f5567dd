-- What the key list is searched and sorted by, at a million keys a workspace.

-- The name, letter case aside, in every script: SQLite's own lower() knows ASCII only, so the engine writes it.
-- Names from before this column are folded fully by their next edit.
ALTER TABLE api_key ADD COLUMN name_folded TEXT NOT NULL DEFAULT '';
UPDATE api_key SET name_folded = lower(name);

-- Both cover what counting and searching look at, so that neither reads the rows themselves.
CREATE INDEX api_key_by_age ON api_key (workspace, id, deleted);
CREATE INDEX api_key_by_name ON api_key (workspace, name_folded, id, deleted, masked_key);
