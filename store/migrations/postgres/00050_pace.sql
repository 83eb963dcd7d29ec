-- +goose Up
-- What runs to a desk took, by half minutes, so that people are told how long the rest
-- takes. All processes add to one row; an hour is kept.
CREATE TABLE desk_paces (
	desk_id         TEXT COLLATE "C" NOT NULL REFERENCES desks (id),
	slot            BIGINT NOT NULL, -- half minutes since 1970
	whole           BOOLEAN NOT NULL, -- there was something to do from its beginning to its end
	ending_requests BIGINT NOT NULL, -- of runs that ended access, in whatever they ended
	ending_runs     BIGINT NOT NULL, -- of those, the runs that have settled an account
	other_requests  BIGINT NOT NULL,
	other_runs      BIGINT NOT NULL,
	PRIMARY KEY (desk_id, slot)
);

-- +goose Down
DROP TABLE desk_paces;
