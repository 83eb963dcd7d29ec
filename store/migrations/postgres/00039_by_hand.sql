-- +goose Up
-- What admins say that was done by hand for an account, on a desk that does not show
-- it, and what was asked for since.
CREATE TABLE admin_words (
	account_id TEXT COLLATE "C" PRIMARY KEY REFERENCES accounts (id),
	desk_id    TEXT COLLATE "C" NOT NULL REFERENCES desks (id),
	shown      TEXT NOT NULL, -- the user that the desk has, by that word; '' for none
	email      TEXT COLLATE "C" NOT NULL, -- the user's, folded
	said_by    TEXT NOT NULL, -- '' for nobody yet
	said_at    BIGINT NOT NULL,
	ended_at   BIGINT, -- when it was said that access has ended; null while access is desired
	asked_at   BIGINT  -- since when something is asked for that nobody has said to be done; null: nothing is
);
CREATE INDEX admin_words_desk ON admin_words (desk_id, email);

-- +goose Down
DROP TABLE admin_words;
