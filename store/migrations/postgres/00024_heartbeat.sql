-- +goose Up
-- One row that servers write to, to see whether the database takes writes.
CREATE TABLE heartbeat (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    at BIGINT NOT NULL
);
INSERT INTO heartbeat (id, at) VALUES (1, 0);

-- +goose Down
DROP TABLE heartbeat;
