-- +goose Up
-- Roles of the desk's own that a rule grants beside one of ours, as a JSON list.
ALTER TABLE rules ADD COLUMN desk_roles TEXT COLLATE "C" NOT NULL DEFAULT '[]';

-- +goose Down
ALTER TABLE rules DROP COLUMN desk_roles;
