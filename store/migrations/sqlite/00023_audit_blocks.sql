-- +goose Up

-- Entries are sealed in blocks: one row a block, and nothing is ever updated.
-- Entries that carry a seal of their own keep it, and stay verifiable by it: the
-- first block goes on from the hash of the last of them. The store compares the
-- triggers of a database with those here.
CREATE TABLE audit_blocks (
	number   INTEGER PRIMARY KEY, -- goes on from the seals of single entries
	first_id INTEGER NOT NULL,
	last_id  INTEGER NOT NULL,
	entries  INTEGER NOT NULL,
	at       INTEGER NOT NULL, -- when it was sealed
	late     TEXT    NOT NULL, -- ids before first_id
	missing  TEXT    NOT NULL, -- ids up to last_id that may still come
	hash     BLOB    NOT NULL
) STRICT;

-- How much has been sealed: what is cut off from the end is missed here.
CREATE TABLE audit_count (
	one     INTEGER PRIMARY KEY CHECK (one = 1),
	block   INTEGER NOT NULL, -- number of the last block
	last_id INTEGER NOT NULL,
	entries INTEGER NOT NULL
) STRICT;
INSERT INTO audit_count (one, block, last_id, entries)
	SELECT 1, COALESCE(max(seal), 0), COALESCE((SELECT min(id) - 1 FROM audit WHERE seal IS NULL), max(id), 0), count(seal) FROM audit;

DROP TRIGGER audit_update;
DROP TRIGGER audit_replace;
DROP INDEX audit_unsealed;
DROP INDEX audit_refusals;
DROP INDEX audit_seal;
CREATE UNIQUE INDEX audit_seal ON audit (seal) WHERE seal IS NOT NULL;
CREATE INDEX audit_at ON audit (at, id);
CREATE INDEX audit_subject ON audit (subject, at, id);
CREATE INDEX audit_action ON audit (action, at, id);

-- +goose StatementBegin
CREATE TRIGGER audit_update BEFORE UPDATE ON audit
BEGIN
	SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- +goose StatementEnd
-- INSERT OR REPLACE deletes without firing triggers.
-- +goose StatementBegin
CREATE TRIGGER audit_replace BEFORE INSERT ON audit
WHEN NEW.seal IS NOT NULL OR NEW.hash IS NOT NULL OR EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN
	SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_order AFTER INSERT ON audit
WHEN NEW.id < (SELECT max(id) FROM audit)
BEGIN
	SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_blocks_update BEFORE UPDATE ON audit_blocks
BEGIN
	SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_blocks_delete BEFORE DELETE ON audit_blocks
BEGIN
	SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_blocks_replace BEFORE INSERT ON audit_blocks
WHEN EXISTS (SELECT 1 FROM audit_blocks WHERE number = NEW.number)
BEGIN
	SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_count_update BEFORE UPDATE ON audit_count
WHEN NEW.one <> OLD.one OR NEW.block <= OLD.block OR NEW.last_id < OLD.last_id OR NEW.entries < OLD.entries
BEGIN
	SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_count_delete BEFORE DELETE ON audit_count
BEGIN
	SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_count_replace BEFORE INSERT ON audit_count
BEGIN
	SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE audit_count;
DROP TABLE audit_blocks;
DROP TRIGGER audit_order;
DROP TRIGGER audit_replace;
DROP TRIGGER audit_update;
DROP INDEX audit_action;
DROP INDEX audit_subject;
DROP INDEX audit_at;
DROP INDEX audit_seal;
CREATE UNIQUE INDEX audit_seal ON audit (seal);
CREATE INDEX audit_unsealed ON audit (id) WHERE seal IS NULL;
CREATE INDEX audit_refusals ON audit (subject) WHERE action = 'login.refused';
-- +goose StatementBegin
CREATE TRIGGER audit_update BEFORE UPDATE ON audit
WHEN OLD.seal IS NOT NULL OR OLD.hash IS NOT NULL OR NEW.seal IS NULL OR NEW.hash IS NULL
	OR NEW.id IS NOT OLD.id OR NEW.at IS NOT OLD.at OR NEW.connection_id IS NOT OLD.connection_id
	OR NEW.actor IS NOT OLD.actor OR NEW.operation IS NOT OLD.operation OR NEW.request IS NOT OLD.request
	OR NEW.action IS NOT OLD.action OR NEW.subject IS NOT OLD.subject OR NEW.desk_id IS NOT OLD.desk_id
	OR NEW.account_id IS NOT OLD.account_id OR NEW.detail IS NOT OLD.detail
BEGIN
	SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_replace BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN
	SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- +goose StatementEnd
