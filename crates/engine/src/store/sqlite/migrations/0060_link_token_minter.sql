-- The SDK key that minted a link token: the token works as long as that key does. NULL = minted by the operator, or before
-- this column; such tokens end by themselves within a day.
ALTER TABLE link_token ADD COLUMN minted_by BLOB CHECK (length(minted_by) = 16);
