-- +goose Up
CREATE TABLE audit (
	id            INTEGER PRIMARY KEY AUTOINCREMENT,
	at            INTEGER NOT NULL,
	connection_id TEXT NOT NULL,
	actor         TEXT NOT NULL,
	operation     TEXT NOT NULL, -- what was asked for, in the protocol's words
	request       TEXT NOT NULL,
	action        TEXT NOT NULL, -- what happened
	subject       TEXT NOT NULL,
	desk_id       TEXT NOT NULL,
	account_id    TEXT NOT NULL,
	detail        TEXT NOT NULL,
	seal          INTEGER,
	hash          BLOB
) STRICT;
CREATE UNIQUE INDEX audit_seal ON audit (seal);
CREATE INDEX audit_unsealed ON audit (id) WHERE seal IS NULL;

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
CREATE TRIGGER audit_delete BEFORE DELETE ON audit
BEGIN
	SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- +goose StatementEnd
-- INSERT OR REPLACE deletes without firing triggers.
-- +goose StatementBegin
CREATE TRIGGER audit_replace BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN
	SELECT RAISE(ABORT, 'the audit log is append-only');
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE audit;
