-- Which of its team's recipes a key's tag was made with; NULL = the tag is native. An export says by it what a tag is made
-- of. Keys from before this column have NULL whatever they are: no release had recipes.
ALTER TABLE api_key ADD COLUMN recipe BIGINT;
