-- +goose Up
-- Connections whose people are all to be evaluated anew, and how far that has
-- come: one row in place of a mark for each of them.
CREATE TABLE evaluations (
	connection_id TEXT COLLATE "C" PRIMARY KEY REFERENCES connections (id),
	after_id      TEXT COLLATE "C" NOT NULL -- people up to this id are done
);

-- +goose Down
INSERT INTO identity_marks (connection_id, identity_id)
SELECT i.connection_id, i.id FROM identities i JOIN evaluations e ON e.connection_id = i.connection_id
WHERE i.status <> 'removed' AND i.id > e.after_id
ON CONFLICT DO NOTHING;
DROP TABLE evaluations;
