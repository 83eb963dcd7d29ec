package builtin

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// user is a row of builtin_users with the names of its teams and mailboxes.
type user struct {
	ID         int64
	ExternalID string
	Email      string
	FirstName  string
	LastName   string
	JobTitle   string
	Phone      string
	Timezone   string // "": the company's
	Role       role
	Service    bool
	Active     bool
	Invited    bool
	Away       bool
	AwayBy     sql.NullInt64
	AwayAt     sql.NullInt64
	Anonymized bool
	CreatedAt  int64
	UpdatedAt  int64

	Teams     []string // sorted; withUnits fills them
	Mailboxes []string // sorted
}

const userColumns = `u.id, u.external_id, u.email, u.first_name, u.last_name, u.job_title, u.phone, u.timezone, u.role,
	u.service, u.active, u.invited, u.away, u.away_by, u.away_at, u.anonymized_at IS NOT NULL, u.created_at, u.updated_at`

func scanUser(rows *sql.Rows, u *user) error {
	return rows.Scan(&u.ID, &u.ExternalID, &u.Email, &u.FirstName, &u.LastName, &u.JobTitle, &u.Phone, &u.Timezone, &u.Role,
		&u.Service, &u.Active, &u.Invited, &u.Away, &u.AwayBy, &u.AwayAt, &u.Anonymized, &u.CreatedAt, &u.UpdatedAt)
}

// name returns the name that colleagues see.
func (u *user) name() string { return strings.TrimSpace(u.FirstName + " " + u.LastName) }

// protected reports whether nobody may change the user through Deskbridge.
func (u *user) protected() bool { return u.Service || u.Role == roleOwner }

// seated reports whether the user takes one of the desk's seats. The owner
// and the service account come with the desk.
func (u *user) seated() bool { return u.Active && u.Role != roleNone && !u.protected() }

// common returns u in the common words.
func (u *user) common() provision.DeskUser {
	kind := ""
	if u.Service {
		kind = "service account"
	}
	return provision.DeskUser{
		ID: provision.DeskUserID(formatID(u.ID)), NotPerson: kind, ExternalID: u.ExternalID,
		Email: u.Email, DisplayName: u.name(), GivenName: u.FirstName, FamilyName: u.LastName,
		Title: u.JobTitle, Phone: u.Phone, Timezone: u.Timezone,
		Active: u.Active, Role: u.Role.common(), Teams: u.Teams, Mailboxes: u.Mailboxes, MadeAt: fromMicros(u.CreatedAt),
	}
}

func formatID(id int64) string { return strconv.FormatInt(id, 10) }

// parseID returns 0, which nobody has, for text that is no id.
func parseID(text string) int64 {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 0 || formatID(id) != text {
		return 0
	}
	return id
}

// users returns the users that satisfy where, by id. The first argument of
// where is $1, the desk. People who were anonymized are no users any more:
// only conversations remember them.
func (v view) users(ctx context.Context, where string, args ...any) ([]user, error) {
	return collect(ctx, v, scanUser,
		`SELECT `+userColumns+` FROM builtin_users u WHERE u.desk = $1 AND u.anonymized_at IS NULL AND `+where,
		append([]any{v.desk}, args...)...)
}

// user returns the user with an id; NotFound when there is none.
func (v view) user(ctx context.Context, id int64) (*user, error) {
	found, err := v.users(ctx, `u.id = $2`, id)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, desk.Errorf(desk.NotFound, "the built-in desk has no user with this id")
	}
	return &found[0], nil
}

// withUnits fills in teams and mailboxes.
func (v view) withUnits(ctx context.Context, users []user) error {
	if len(users) == 0 {
		return nil
	}
	at := make(map[int64]*user, len(users))
	least, most := users[0].ID, users[0].ID
	for i := range users {
		at[users[i].ID] = &users[i]
		least, most = min(least, users[i].ID), max(most, users[i].ID)
	}
	where, args := `m.desk = $1 AND m.user_id BETWEEN $2 AND $3`, []any{v.desk, least, most}
	teams, err := v.units(ctx, `builtin_team_members m JOIN builtin_teams p ON p.desk = m.desk AND p.id = m.team`, where, args)
	if err != nil {
		return err
	}
	mailboxes, err := v.units(ctx, `builtin_mailbox_users m JOIN builtin_mailboxes p ON p.desk = m.desk AND p.id = m.mailbox`, where, args)
	if err != nil {
		return err
	}
	for id, u := range at {
		u.Teams, u.Mailboxes = teams[id], mailboxes[id]
	}
	return nil
}

// units returns the names in a join of members with what they are in, sorted,
// by user.
func (v view) units(ctx context.Context, join, where string, args []any) (map[int64][]string, error) {
	type unit struct {
		user int64
		name string
	}
	rows, err := collect(ctx, v, func(rows *sql.Rows, p *unit) error { return rows.Scan(&p.user, &p.name) },
		`SELECT m.user_id, p.name FROM `+join+` WHERE `+where, args...)
	if err != nil {
		return nil, err
	}
	out := make(map[int64][]string)
	for _, p := range rows {
		out[p.user] = append(out[p.user], p.name)
	}
	for _, names := range out {
		slices.Sort(names) // in Go, so that both databases order alike
	}
	return out, nil
}
