package builtin

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// unit is what users can be in: a team or a mailbox.
type unit struct {
	ID        int64
	Name      string
	Email     string // of mailboxes
	CreatedAt int64
	UpdatedAt int64
}

// unitKind says where the rows of a kind of unit are.
type unitKind struct {
	word    string // for people
	table   string
	members string // table of memberships
	column  string // of members: the unit's id
	email   string // expression
}

var (
	teamKind    = unitKind{"team", "builtin_teams", "builtin_team_members", "team", "''"}
	mailboxKind = unitKind{"mailbox", "builtin_mailboxes", "builtin_mailbox_users", "mailbox", "p.email"}
)

// list returns the units that satisfy where, by id. $1 is the desk.
func (v view) list(ctx context.Context, k unitKind, where string, args ...any) ([]unit, error) {
	return collect(ctx, v, func(rows *sql.Rows, p *unit) error {
		return rows.Scan(&p.ID, &p.Name, &p.Email, &p.CreatedAt, &p.UpdatedAt)
	}, `SELECT p.id, p.name, `+k.email+`, p.created_at, p.updated_at FROM `+k.table+` p WHERE p.desk = $1 AND `+where,
		append([]any{v.desk}, args...)...)
}

// named returns the unit with a name, in any letter case; nil when there is
// none.
func (v view) named(ctx context.Context, k unitKind, name string) (*unit, error) {
	found, err := v.list(ctx, k, `p.name_folded = $2`, provision.Fold(clean(name)))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// existing is named for units that must exist.
func (v view) existing(ctx context.Context, k unitKind, name string) (*unit, error) {
	p, err := v.named(ctx, k, name)
	if err == nil && p == nil {
		err = desk.NoPlace(desk.Permanent, name, "the built-in desk has no %s named %q; make it there, or correct the rule", k.word, name)
	}
	return p, err
}

// names returns the names of all units of a kind, sorted.
func (v view) names(ctx context.Context, k unitKind) ([]string, error) {
	all, err := v.list(ctx, k, `TRUE`)
	return sortedNames(all), err
}

// addUnit returns the id of the unit with this name, made when there is
// none.
func (t *tx) addUnit(ctx context.Context, k unitKind, name, email string) (int64, error) {
	name = clean(name)
	if name == "" {
		return 0, errPermanent("name", "a %s needs a name", k.word)
	}
	if p, err := t.named(ctx, k, name); err != nil || p != nil {
		if p != nil {
			return p.ID, nil
		}
		return 0, err
	}
	id, err := t.newID(ctx)
	if err != nil {
		return 0, err
	}
	columns, values := `desk, id, name, name_folded, created_at, updated_at`, `$1, $2, $3, $4, $5, $5`
	args := []any{t.desk, id, name, provision.Fold(name), t.now}
	if k == mailboxKind {
		columns, values, args = columns+`, email`, values+`, $6`, append(args, email)
	}
	_, err = exec(ctx, t, `INSERT INTO `+k.table+` (`+columns+`) VALUES (`+values+`)`, args...)
	return id, err
}

// changeUnits adds a user to units and takes them out of others, by name.
// Names to leave that no unit has are left already.
func (t *tx) changeUnits(ctx context.Context, k unitKind, id int64, add, remove []string) error {
	u, err := t.writable(ctx, id)
	if err != nil {
		return err
	}
	for _, name := range remove {
		p, err := t.named(ctx, k, name)
		if err != nil {
			return err
		}
		if p != nil {
			if err := t.leave(ctx, k, p.ID, id); err != nil {
				return err
			}
		}
	}
	for _, name := range add {
		p, err := t.existing(ctx, k, name)
		if err != nil {
			return err
		}
		if err := t.enter(ctx, k, p.ID, u); err != nil {
			return err
		}
	}
	if k == mailboxKind && len(remove) > 0 {
		return t.releaseUnseen(ctx, id)
	}
	return nil
}

// enter puts a user into a unit. As with Help Scout light users cannot be in
// teams; who has no role cannot be anywhere.
func (t *tx) enter(ctx context.Context, k unitKind, id int64, u *user) error {
	if u.Role == roleNone || k == teamKind && !u.Role.works() {
		return errPermanent("role", "a user with the role %q cannot be in a %s", u.Role, k.word)
	}
	_, err := exec(ctx, t, `INSERT INTO `+k.members+` (desk, `+k.column+`, user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		t.desk, id, u.ID)
	return err
}

// leave takes a user out of a unit.
func (t *tx) leave(ctx context.Context, k unitKind, id, user int64) error {
	_, err := exec(ctx, t, `DELETE FROM `+k.members+` WHERE desk = $1 AND `+k.column+` = $2 AND user_id = $3`, t.desk, id, user)
	return err
}

// leaveAll takes a user out of all units of a kind.
func (t *tx) leaveAll(ctx context.Context, k unitKind, user int64) error {
	_, err := exec(ctx, t, `DELETE FROM `+k.members+` WHERE desk = $1 AND user_id = $2`, t.desk, user)
	return err
}

// AddTeam returns the id of the team with this name, made when there is none.
func (d *Desks) AddTeam(ctx context.Context, on provision.DeskID, name string) (string, error) {
	return d.addUnit(ctx, on, teamKind, name, "")
}

// AddMailbox returns the id of the mailbox with this name, made with the
// e-mail address when there is none.
func (d *Desks) AddMailbox(ctx context.Context, on provision.DeskID, name, email string) (string, error) {
	if !validEmail(email) {
		return "", desk.Errorf(desk.Permanent, "the mailbox needs an e-mail address")
	}
	return d.addUnit(ctx, on, mailboxKind, name, email)
}

func (d *Desks) addUnit(ctx context.Context, on provision.DeskID, k unitKind, name, email string) (string, error) {
	var id int64
	err := d.write(ctx, on, func(t *tx) (err error) {
		id, err = t.addUnit(ctx, k, name, email)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("add %s: %w", k.word, err)
	}
	return formatID(id), nil
}

func sortedNames(units []unit) []string {
	var out []string
	for _, p := range units {
		out = append(out, p.Name)
	}
	slices.Sort(out)
	return out
}

var _ desk.Numbered = (*connector)(nil)

// Units implements [desk.Numbered].
func (c *connector) Units(ctx context.Context) (teams, mailboxes []desk.Unit, err error) {
	v, err := c.view(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, k := range []struct {
		kind unitKind
		into *[]desk.Unit
	}{{teamKind, &teams}, {mailboxKind, &mailboxes}} {
		all, err := v.list(ctx, k.kind, `TRUE`)
		if err != nil {
			return nil, nil, err
		}
		for _, u := range all {
			*k.into = append(*k.into, desk.Unit{ID: formatID(u.ID), Name: u.Name})
		}
	}
	return teams, mailboxes, nil
}
