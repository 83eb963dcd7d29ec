-- +goose Up

-- How many people of a connection are not removed: count(*) over a hundred
-- thousand of them takes longer than the page that it stands on. There is one
-- row a connection, because there is one writer; PostgreSQL has several.
CREATE TABLE identity_counts (
	connection_id TEXT    NOT NULL,
	shard         INTEGER NOT NULL,
	live          INTEGER NOT NULL,
	PRIMARY KEY (connection_id, shard)
) STRICT, WITHOUT ROWID;
INSERT INTO identity_counts (connection_id, shard, live)
	SELECT connection_id, 0, count(*) FROM identities WHERE status <> 'removed' GROUP BY connection_id;

-- +goose StatementBegin
CREATE TRIGGER identities_added AFTER INSERT ON identities WHEN NEW.status <> 'removed'
BEGIN
	INSERT INTO identity_counts (connection_id, shard, live) VALUES (NEW.connection_id, 0, 1)
	ON CONFLICT (connection_id, shard) DO UPDATE SET live = live + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER identities_moved AFTER UPDATE OF status ON identities WHEN (OLD.status = 'removed') <> (NEW.status = 'removed')
BEGIN
	UPDATE identity_counts SET live = live + CASE NEW.status WHEN 'removed' THEN -1 ELSE 1 END
	WHERE connection_id = NEW.connection_id AND shard = 0;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER identities_deleted AFTER DELETE ON identities WHEN OLD.status <> 'removed'
BEGIN
	UPDATE identity_counts SET live = live - 1 WHERE connection_id = OLD.connection_id AND shard = 0;
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER identities_deleted;
DROP TRIGGER identities_moved;
DROP TRIGGER identities_added;
DROP TABLE identity_counts;
