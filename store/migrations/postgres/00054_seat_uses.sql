-- +goose Up
-- Since when somebody has a seat on a desk, and when they last signed in there through us:
-- read of all who have one, in this index alone.
CREATE INDEX audit_seats ON audit (desk_id, action, subject, at)
	WHERE action IN ('account.confirmed', 'account.ended', 'seat.given_back', 'desk_session.signed_in');

-- +goose Down
DROP INDEX audit_seats;
