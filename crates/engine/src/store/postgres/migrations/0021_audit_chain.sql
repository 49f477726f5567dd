-- Each line of the audit log is tied to the one before. Lines from before this change, and those of a node of the
-- release before that still runs, have no link until they are tied.
--
-- The head first, as writers take them: else this and a node that is writing could wait for each other.
ALTER TABLE head
    ADD COLUMN tied BIGINT NOT NULL DEFAULT 0,
    ADD COLUMN link BYTEA  NOT NULL DEFAULT decode(repeat('00', 32), 'hex') CHECK (length(link) = 32),
    ADD COLUMN seal BYTEA  CHECK (length(seal) = 32);

ALTER TABLE audit ADD COLUMN link BYTEA CHECK (length(link) = 32);

-- A line takes its link once, and nothing else.
CREATE FUNCTION refuse_to_change_audit_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.link IS NOT NULL OR NEW.link IS NULL
       OR ROW(OLD.seq, OLD.at, OLD.team, OLD.who, OLD.action, OLD.subject, OLD.address, OLD.request_id, OLD.detail)
          IS DISTINCT FROM
          ROW(NEW.seq, NEW.at, NEW.team, NEW.who, NEW.action, NEW.subject, NEW.address, NEW.request_id, NEW.detail)
    THEN
        RAISE EXCEPTION 'the audit log is append-only';
    END IF;
    RETURN NEW;
END;
$$;

DROP TRIGGER audit_is_append_only ON audit;

CREATE TRIGGER audit_is_append_only BEFORE DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_audit();

CREATE TRIGGER audit_line_takes_its_link BEFORE UPDATE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_audit_line();
