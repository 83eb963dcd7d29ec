package builtin

import (
	"context"
	"database/sql"

	"github.com/deskbridge/deskbridge/provision"
)

// Snapshot is everything on a desk that a person would want to see at a
// glance.
type Snapshot struct {
	Desk       provision.DeskID
	Company    string
	Timezone   string
	Seats      int // limit; 0: none
	SeatsTaken int
	Users      []UserState    // by id
	Teams      []string       // sorted
	Mailboxes  []string       // sorted
	Unassigned int            // open conversations that belong to nobody
	Assigned   map[string]int // open conversations that belong to a team, by its name
}

// UserState is a user with the number of their open conversations.
type UserState struct {
	provision.DeskUser
	Service       bool // Deskbridge's own account
	Conversations int
}

// Snapshot reads a desk. Other work may come in between its queries: it is
// for looking, not for deciding.
func (d *Desks) Snapshot(ctx context.Context, on provision.DeskID) (Snapshot, error) {
	s, v := Snapshot{Desk: on, Assigned: make(map[string]int)}, d.view(on)
	var err error
	if s.Company, s.Timezone, err = v.company(ctx); err != nil {
		return s, err
	}
	if s.Seats, err = one[int](ctx, v, `SELECT seats FROM builtin_desks WHERE id = $1`, on); err != nil {
		return s, err
	}
	if s.SeatsTaken, err = v.seatsTaken(ctx); err != nil {
		return s, err
	}
	if s.Teams, err = v.names(ctx, teamKind); err != nil {
		return s, err
	}
	if s.Mailboxes, err = v.names(ctx, mailboxKind); err != nil {
		return s, err
	}
	users, err := v.users(ctx, `TRUE ORDER BY u.id`)
	if err != nil {
		return s, err
	}
	if err := v.withUnits(ctx, users); err != nil {
		return s, err
	}
	open, err := v.openByAssignee(ctx)
	if err != nil {
		return s, err
	}
	byUser := make(map[int64]int)
	for _, o := range open {
		switch {
		case o.user.Valid:
			byUser[o.user.Int64] = o.count
		case o.team.Valid:
			s.Assigned[o.team.String] = o.count
		default:
			s.Unassigned = o.count
		}
	}
	for _, u := range users {
		s.Users = append(s.Users, UserState{DeskUser: u.common(), Service: u.Service, Conversations: byUser[u.ID]})
	}
	return s, nil
}

// openCount is how many open conversations one assignee has; with neither
// user nor team, nobody.
type openCount struct {
	user  sql.NullInt64
	team  sql.NullString
	count int
}

func (v view) openByAssignee(ctx context.Context) ([]openCount, error) {
	return collect(ctx, v, func(rows *sql.Rows, o *openCount) error { return rows.Scan(&o.user, &o.team, &o.count) }, `
		SELECT c.assignee, p.name, COUNT(*)
		FROM builtin_conversations c LEFT JOIN builtin_teams p ON p.desk = c.desk AND p.id = c.team
		WHERE c.desk = $1 AND c.status <> 'closed' GROUP BY c.assignee, p.name`, v.desk)
}
