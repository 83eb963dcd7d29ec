-- +goose Up
-- The last complete list of each desk's users, those that have a role, and the one
-- that is being read. A release of before, which knows nothing of it, may delete
-- desks: hence the cascade.
CREATE TABLE rosters (
	desk_id   TEXT COLLATE "C" PRIMARY KEY REFERENCES desks (id) ON DELETE CASCADE,
	listed_at BIGINT NOT NULL, -- of the rows that count
	self      TEXT NOT NULL, -- our own user there
	users     BIGINT NOT NULL
);
CREATE TABLE desk_users (
	desk_id     TEXT COLLATE "C" NOT NULL REFERENCES desks (id) ON DELETE CASCADE,
	user_id     TEXT COLLATE "C" NOT NULL,
	listed_at   BIGINT NOT NULL,
	email       TEXT COLLATE "C" NOT NULL, -- folded
	external_id TEXT COLLATE "C" NOT NULL,
	shown       TEXT NOT NULL, -- the user, as JSON
	PRIMARY KEY (desk_id, user_id, listed_at)
);
CREATE INDEX desk_users_listed ON desk_users (desk_id, listed_at);
CREATE INDEX desk_users_email ON desk_users (desk_id, email) WHERE email <> '';
CREATE INDEX desk_users_external_id ON desk_users (desk_id, external_id) WHERE external_id <> '';

-- Users that were adopted at once, and how each was before. It holds what users had
-- and nobody's name.
CREATE TABLE adoption_waves (
	id      TEXT COLLATE "C" PRIMARY KEY,
	desk_id TEXT COLLATE "C" NOT NULL REFERENCES desks (id) ON DELETE CASCADE,
	made_by TEXT NOT NULL,
	made_at BIGINT NOT NULL
);
CREATE INDEX adoption_waves_desk ON adoption_waves (desk_id, made_at);
CREATE TABLE adopted_users (
	wave_id       TEXT COLLATE "C" NOT NULL REFERENCES adoption_waves (id) ON DELETE CASCADE,
	user_id       TEXT COLLATE "C" NOT NULL,
	desk_id       TEXT COLLATE "C" NOT NULL,
	account_id    TEXT COLLATE "C" NOT NULL,
	identity_id   TEXT COLLATE "C" NOT NULL,
	connection_id TEXT COLLATE "C" NOT NULL,
	confidence    TEXT NOT NULL,
	had           TEXT NOT NULL, -- what the desk showed just before, as JSON
	was           TEXT NOT NULL, -- what the account was just before, as JSON
	undone_at     BIGINT,
	PRIMARY KEY (wave_id, user_id)
);
CREATE INDEX adopted_users_identity ON adopted_users (identity_id);

-- Users of a desk that are nobody, as a JSON list of patterns.
ALTER TABLE desks ADD COLUMN adopt_ignore TEXT NOT NULL DEFAULT '[]';

-- +goose Down
ALTER TABLE desks DROP COLUMN adopt_ignore;
DROP TABLE adopted_users;
DROP TABLE adoption_waves;
DROP TABLE desk_users;
DROP TABLE rosters;
