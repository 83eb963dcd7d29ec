-- +goose Up
-- By what an account knows its desk user again beside the id, which a desk may give to
-- somebody else. It names the user, because a release of before may change desk_user.
ALTER TABLE accounts ADD COLUMN evidence TEXT; -- NULL: nothing is known

-- +goose Down
ALTER TABLE accounts DROP COLUMN evidence;
