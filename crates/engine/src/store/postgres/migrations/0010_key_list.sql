-- What the key list is searched and sorted by, at a million keys a workspace.

-- The name, letter case aside, as the engine folds it: lower() would depend on the database's locale.
-- Names from before this column are folded fully by their next edit.
ALTER TABLE api_key ADD COLUMN name_folded TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE api_key SET name_folded = lower(name);

-- Both cover what counting and searching look at, so that neither reads the rows themselves.
CREATE INDEX api_key_by_age ON api_key (workspace, id, deleted);
CREATE INDEX api_key_by_name ON api_key (workspace, name_folded, id, deleted, masked_key);
