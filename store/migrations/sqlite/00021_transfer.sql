-- +goose Up
-- How far the hand-over of somebody's conversations is, as read back.
ALTER TABLE accounts ADD COLUMN transfer TEXT NOT NULL DEFAULT '{}';

-- Which writes may have reached the desk, and which it has accepted and does
-- not show yet. Until now the first of an account was the one in doubt.
ALTER TABLE steps ADD COLUMN tried INTEGER NOT NULL DEFAULT 0;
ALTER TABLE steps ADD COLUMN accepted_at INTEGER;
UPDATE steps SET tried = 1 WHERE id IN (SELECT min(id) FROM steps GROUP BY account_id);

-- +goose Down
ALTER TABLE steps DROP COLUMN accepted_at;
ALTER TABLE steps DROP COLUMN tried;
ALTER TABLE accounts DROP COLUMN transfer;
