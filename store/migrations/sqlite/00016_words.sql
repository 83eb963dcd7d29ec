-- +goose Up
-- The words that people read are those that are kept. River's tables are there:
-- Migrate makes them first.
UPDATE accounts SET state = 'needs-attention' WHERE state = 'parked';
UPDATE accounts SET state = 'on-hold' WHERE state = 'held';
UPDATE river_job SET kind = 'reconcile' WHERE kind = 'visit' AND finalized_at IS NULL;

-- +goose Down
UPDATE river_job SET kind = 'visit' WHERE kind = 'reconcile' AND finalized_at IS NULL;
UPDATE accounts SET state = 'held' WHERE state = 'on-hold';
UPDATE accounts SET state = 'parked' WHERE state = 'needs-attention';
