-- +goose Up
-- What a desk showed of an account's user when a run last read it, whatever came of
-- the run. Defaults, because a release of before may write accounts on this schema.
ALTER TABLE accounts ADD COLUMN shown TEXT NOT NULL DEFAULT '{}';
ALTER TABLE accounts ADD COLUMN shown_at BIGINT; -- when

-- +goose Down
ALTER TABLE accounts DROP COLUMN shown_at;
ALTER TABLE accounts DROP COLUMN shown;
