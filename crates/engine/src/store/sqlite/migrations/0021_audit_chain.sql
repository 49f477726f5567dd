-- Each line of the audit log is tied to the one before. Lines from before this change, and those of a process of the
-- release before that still runs, have no link until they are tied.
ALTER TABLE audit ADD COLUMN link BLOB CHECK (length(link) = 32);

-- Where the chain ends.
CREATE TABLE audit_head (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    seq  INTEGER NOT NULL,
    link BLOB    NOT NULL CHECK (length(link) = 32),
    seal BLOB    CHECK (length(seal) = 32)
) STRICT;

INSERT INTO audit_head (one, seq, link, seal) VALUES (1, 0, zeroblob(32), NULL);

-- A line takes its link once, and nothing else.
DROP TRIGGER audit_is_never_updated;

CREATE TRIGGER audit_is_never_updated BEFORE UPDATE ON audit
WHEN OLD.link IS NOT NULL OR NEW.link IS NULL
  OR (OLD.seq, OLD.at, OLD.team, OLD.who, OLD.action, OLD.subject, OLD.address, OLD.request_id, OLD.detail)
     IS NOT
     (NEW.seq, NEW.at, NEW.team, NEW.who, NEW.action, NEW.subject, NEW.address, NEW.request_id, NEW.detail)
BEGIN
    SELECT RAISE(ABORT, 'the audit log is append-only');
END;
