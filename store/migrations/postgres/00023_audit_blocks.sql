-- +goose Up

-- Entries are sealed in blocks: one row a block, and nothing is ever updated.
-- Entries that carry a seal of their own keep it, and stay verifiable by it: the
-- first block goes on from the hash of the last of them. The store compares the
-- triggers of a database, and their function, with those here.

-- The triggers go first: that keeps writers out until all is done.
DROP TRIGGER audit_seals ON audit;
DROP TRIGGER audit_rows ON audit;
DROP TRIGGER audit_truncate ON audit;
DROP FUNCTION deskbridge_audit_guard();

CREATE TABLE audit_blocks (
	number   BIGINT PRIMARY KEY, -- goes on from the seals of single entries
	first_id BIGINT NOT NULL,
	last_id  BIGINT NOT NULL,
	entries  BIGINT NOT NULL,
	at       BIGINT NOT NULL, -- when it was sealed
	late     TEXT COLLATE "C" NOT NULL, -- ids before first_id
	missing  TEXT COLLATE "C" NOT NULL, -- ids up to last_id that may still come
	hash     BYTEA  NOT NULL
);

-- How much has been sealed: what is cut off from the end is missed here.
CREATE TABLE audit_count (
	one     INTEGER PRIMARY KEY CHECK (one = 1),
	block   BIGINT NOT NULL, -- number of the last block
	last_id BIGINT NOT NULL,
	entries BIGINT NOT NULL
);
INSERT INTO audit_count (one, block, last_id, entries)
	SELECT 1, COALESCE(max(seal), 0), COALESCE((SELECT min(id) - 1 FROM audit WHERE seal IS NULL), max(id), 0), count(seal) FROM audit;

DROP INDEX audit_unsealed;
DROP INDEX audit_refusals;
DROP INDEX audit_seal;
CREATE UNIQUE INDEX audit_seal ON audit (seal) WHERE seal IS NOT NULL;
CREATE INDEX audit_at ON audit (at, id);
CREATE INDEX audit_subject ON audit (subject, at, id);
CREATE INDEX audit_action ON audit (action, at, id);

-- +goose StatementBegin
CREATE FUNCTION deskbridge_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
-- +goose StatementEnd
CREATE TRIGGER audit_rows BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION deskbridge_audit_refuse();
CREATE TRIGGER audit_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION deskbridge_audit_refuse();
CREATE TRIGGER audit_sealed BEFORE INSERT ON audit FOR EACH ROW WHEN (NEW.seal IS NOT NULL OR NEW.hash IS NOT NULL)
	EXECUTE FUNCTION deskbridge_audit_refuse();
CREATE TRIGGER audit_blocks_rows BEFORE UPDATE OR DELETE ON audit_blocks FOR EACH ROW EXECUTE FUNCTION deskbridge_audit_refuse();
CREATE TRIGGER audit_blocks_truncate BEFORE TRUNCATE ON audit_blocks FOR EACH STATEMENT EXECUTE FUNCTION deskbridge_audit_refuse();
CREATE TRIGGER audit_count_rows BEFORE INSERT OR DELETE ON audit_count FOR EACH ROW EXECUTE FUNCTION deskbridge_audit_refuse();
CREATE TRIGGER audit_count_update BEFORE UPDATE ON audit_count FOR EACH ROW
	WHEN (NEW.one <> OLD.one OR NEW.block <= OLD.block OR NEW.last_id < OLD.last_id OR NEW.entries < OLD.entries)
	EXECUTE FUNCTION deskbridge_audit_refuse();
CREATE TRIGGER audit_count_truncate BEFORE TRUNCATE ON audit_count FOR EACH STATEMENT EXECUTE FUNCTION deskbridge_audit_refuse();
-- In sessions of replication, too.
ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_rows;
ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_truncate;
ALTER TABLE audit_blocks ENABLE ALWAYS TRIGGER audit_blocks_rows;
ALTER TABLE audit_blocks ENABLE ALWAYS TRIGGER audit_blocks_truncate;

-- +goose Down
DROP TABLE audit_count;
DROP TABLE audit_blocks;
DROP TRIGGER audit_sealed ON audit;
DROP TRIGGER audit_truncate ON audit;
DROP TRIGGER audit_rows ON audit;
DROP FUNCTION deskbridge_audit_refuse();
DROP INDEX audit_action;
DROP INDEX audit_subject;
DROP INDEX audit_at;
DROP INDEX audit_seal;
CREATE UNIQUE INDEX audit_seal ON audit (seal);
CREATE INDEX audit_unsealed ON audit (id) WHERE seal IS NULL;
CREATE INDEX audit_refusals ON audit (subject) WHERE action = 'login.refused';
-- +goose StatementBegin
CREATE FUNCTION deskbridge_audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF TG_OP = 'UPDATE' AND OLD.seal IS NULL AND OLD.hash IS NULL AND NEW.seal IS NOT NULL AND NEW.hash IS NOT NULL
		AND to_jsonb(NEW) - 'seal' - 'hash' = to_jsonb(OLD) - 'seal' - 'hash' THEN
		RETURN NEW;
	END IF;
	RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;
-- +goose StatementEnd
CREATE TRIGGER audit_rows
	BEFORE UPDATE OF id, at, connection_id, actor, operation, request, action, subject, desk_id, account_id, detail OR DELETE ON audit
	FOR EACH ROW EXECUTE FUNCTION deskbridge_audit_guard();
CREATE TRIGGER audit_seals BEFORE UPDATE ON audit FOR EACH ROW
	WHEN (OLD.seal IS NOT NULL OR OLD.hash IS NOT NULL OR NEW.seal IS NULL OR NEW.hash IS NULL)
	EXECUTE FUNCTION deskbridge_audit_guard();
CREATE TRIGGER audit_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION deskbridge_audit_guard();
