package builtin

import (
	"context"
	"fmt"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// insertUser makes a user. A taken e-mail address or external id is a
// Conflict, a desk without a free seat Permanent.
func (t *tx) insertUser(ctx context.Context, u user) (int64, error) {
	if err := t.checkSeat(ctx, u); err != nil {
		return 0, err
	}
	id, err := t.newID(ctx)
	if err != nil {
		return 0, err
	}
	n, err := exec(ctx, t, `
		INSERT INTO builtin_users (desk, id, external_id, email, email_folded, first_name, last_name, job_title, phone, timezone,
			role, service, active, invited, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)
		ON CONFLICT DO NOTHING`,
		t.desk, id, u.ExternalID, u.Email, provision.Fold(u.Email), u.FirstName, u.LastName, u.JobTitle, u.Phone, u.Timezone,
		string(u.Role), u.Service, u.Active, u.Invited, t.now)
	if err != nil {
		return 0, err
	}
	if n == 0 {
		return 0, errTaken("email")
	}
	return id, nil
}

func errTaken(field string) error {
	return &desk.Error{Kind: desk.Conflict, Field: field, Detail: "another user of the built-in desk has this e-mail address or external id"}
}

// checkSeat refuses a user who would need a seat where none is free.
func (t *tx) checkSeat(ctx context.Context, u user) error {
	if t.seats == 0 || !u.seated() {
		return nil
	}
	taken, err := t.seatsTaken(ctx)
	if err != nil {
		return err
	}
	if taken >= t.seats {
		return errPermanent("seats", "all %d seats of the built-in desk are taken; free one or raise the limit of the desk", t.seats)
	}
	return nil
}

// seatsTaken counts the users who take a seat; see [user.seated].
func (v view) seatsTaken(ctx context.Context) (int, error) {
	return one[int](ctx, v, `
		SELECT COUNT(*) FROM builtin_users
		WHERE desk = $1 AND active AND NOT service AND role <> $2 AND role <> $3`, v.desk, roleOwner, roleNone)
}

// writable returns a user that may be changed.
func (t *tx) writable(ctx context.Context, id int64) (*user, error) {
	u, err := t.user(ctx, id)
	if err != nil {
		return nil, err
	}
	if u.Role == roleOwner {
		return nil, errPermanent("", "the account owner cannot be changed from outside the built-in desk")
	}
	if u.Service {
		return nil, errPermanent("", "this is Deskbridge's own account on the built-in desk")
	}
	return u, nil
}

// setProfile brings names and e-mail address to want's, and of job title, phone
// and time zone what want has.
func (t *tx) setProfile(ctx context.Context, id int64, want user) error {
	if _, err := t.writable(ctx, id); err != nil {
		return err
	}
	taken, err := one[int](ctx, t, `SELECT COUNT(*) FROM builtin_users WHERE desk = $1 AND email_folded = $2 AND id <> $3`,
		t.desk, provision.Fold(want.Email), id)
	if err != nil {
		return err
	}
	if taken > 0 {
		return errTaken("email")
	}
	_, err = exec(ctx, t, `
		UPDATE builtin_users SET email = $3, email_folded = $4, first_name = $5, last_name = $6,
			job_title = COALESCE(NULLIF($7, ''), job_title), phone = COALESCE(NULLIF($8, ''), phone),
			timezone = COALESCE(NULLIF($9, ''), timezone), updated_at = $10
		WHERE desk = $1 AND id = $2`,
		t.desk, id, want.Email, provision.Fold(want.Email), want.FirstName, want.LastName, want.JobTitle, want.Phone, want.Timezone, t.now)
	return err
}

// setRole gives a role. Who may no longer own conversations loses the open
// ones, and light users leave their teams, as with Help Scout. A user without
// a role keeps teams and mailboxes, without effect: whoever comes back after a
// suspension finds what no rule governs as it was.
func (t *tx) setRole(ctx context.Context, id int64, r role) error {
	u, err := t.writable(ctx, id)
	if err != nil || u.Role == r {
		return err
	}
	desired := *u
	desired.Role = r
	if !u.seated() {
		if err := t.checkSeat(ctx, desired); err != nil {
			return err
		}
	}
	if _, err := exec(ctx, t, `UPDATE builtin_users SET role = $3, updated_at = $4 WHERE desk = $1 AND id = $2`,
		t.desk, id, string(r), t.now); err != nil {
		return err
	}
	if r == roleLimited {
		if err := t.leaveAll(ctx, teamKind, id); err != nil {
			return err
		}
	}
	return t.releaseUnseen(ctx, id)
}

// releaseUnseen unassigns the open conversations of a user who may no longer
// own them, so that the queue shows them to everybody. Deactivation alone
// takes none away.
func (t *tx) releaseUnseen(ctx context.Context, id int64) error {
	u, err := t.user(ctx, id)
	if err != nil || u.Role.manages() {
		return err
	}
	query := `UPDATE builtin_conversations SET assignee = NULL, updated_at = $3 WHERE desk = $1 AND assignee = $2 AND status <> 'closed'`
	if u.Role.works() {
		query += ` AND mailbox NOT IN (SELECT mailbox FROM builtin_mailbox_users WHERE desk = $1 AND user_id = $2)`
	}
	_, err = exec(ctx, t, query, t.desk, id, t.now)
	return err
}

// setActive deactivates or reactivates a user. A deactivated one keeps id,
// teams, mailboxes and conversations, and cannot use the desk.
func (t *tx) setActive(ctx context.Context, id int64, active bool) error {
	u, err := t.writable(ctx, id)
	if err != nil || u.Active == active {
		return err
	}
	u.Active = active
	if err := t.checkSeat(ctx, *u); err != nil {
		return err
	}
	_, err = exec(ctx, t, `UPDATE builtin_users SET active = $3, updated_at = $4 WHERE desk = $1 AND id = $2`, t.desk, id, active, t.now)
	return err
}

// deleteUser removes a user; what was assigned to them is unassigned.
func (t *tx) deleteUser(ctx context.Context, id int64) error {
	if _, err := t.writable(ctx, id); err != nil {
		return err
	}
	for _, query := range []string{
		`UPDATE builtin_conversations SET assignee = NULL, updated_at = $3 WHERE desk = $1 AND assignee = $2`,
		`UPDATE builtin_users SET away_by = NULL, updated_at = $3 WHERE desk = $1 AND away_by = $2`,
	} {
		if _, err := exec(ctx, t, query, t.desk, id, t.now); err != nil {
			return err
		}
	}
	// Memberships, apps and tokens go with the row.
	_, err := exec(ctx, t, `DELETE FROM builtin_users WHERE desk = $1 AND id = $2`, t.desk, id)
	return err
}

// anonymizeUser ends a user for good, and keeps a nameless row so that closed
// conversations still tell one former colleague from another.
func (t *tx) anonymizeUser(ctx context.Context, id int64) error {
	if _, err := t.writable(ctx, id); err != nil {
		return err
	}
	if err := t.setRole(ctx, id, roleNone); err != nil {
		return err
	}
	for _, k := range []unitKind{teamKind, mailboxKind} {
		if err := t.leaveAll(ctx, k, id); err != nil {
			return err
		}
	}
	if err := t.endSessions(ctx, id); err != nil {
		return err
	}
	nobody := fmt.Sprintf("former-user-%d@invalid", id)
	_, err := exec(ctx, t, `
		UPDATE builtin_users SET external_id = '', email = $3, email_folded = $3, first_name = 'Former', last_name = 'User',
			job_title = '', phone = '', timezone = '', active = FALSE, anonymized_at = $4, updated_at = $4
		WHERE desk = $1 AND id = $2`, t.desk, id, nobody, t.now)
	return err
}

// endSessions revokes the apps and tokens that act as a user.
func (t *tx) endSessions(ctx context.Context, id int64) error {
	if _, err := t.writable(ctx, id); err != nil {
		return err
	}
	_, err := exec(ctx, t, `DELETE FROM builtin_apps WHERE desk = $1 AND user_id = $2`, t.desk, id)
	return err
}
