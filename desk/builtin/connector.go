package builtin

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// connector writes to one built-in desk in process.
type connector struct {
	desks    *Desks
	settings settings
	opened   atomic.Bool // the desk exists: Open need not run again
}

// Connector is a [desk.Factory]. The desk itself is made, with its owner and
// service account, before the connector's first call.
func (d *Desks) Connector(conf provision.Desk) (desk.Desk, error) {
	s, err := parseSettings(conf)
	if err != nil {
		return nil, err
	}
	return &connector{desks: d, settings: s}, nil
}

// Capabilities says that the desk can do everything.
func (c *connector) Capabilities() desk.Capabilities {
	return desk.Capabilities{
		RoleNames:         roleNames(),
		ChangeProfile:     true,
		ChangeRole:        true,
		ChangeTeams:       true,
		ChangeMailboxes:   true,
		Deactivate:        true,
		Delete:            true,
		Anonymize:         true,
		AssignToTeam:      true,
		EndSessions:       true,
		ExternalID:        true,
		ConversationsIn:   provision.UnitMailbox,
		OnDeactivate:      desk.Keeps,
		OnDelete:          desk.Unassigns,
		TeamsWhenInactive: desk.TeamsShown,
		SeatFreedBy:       desk.ByDeactivate,
		Rate:              desk.NoRate, // it is in this process
		Remains:           remains,
	}
}

// view returns the desk to read from, and write runs fn in a transaction on
// it. Both see to it that the desk is there.
func (c *connector) view(ctx context.Context) (view, error) {
	if !c.opened.Load() {
		if err := c.desks.open(ctx, c.settings); err != nil {
			return view{}, err
		}
		c.opened.Store(true)
	}
	return c.desks.view(c.settings.id), nil
}

func (c *connector) write(ctx context.Context, fn func(t *tx) error) error {
	if _, err := c.view(ctx); err != nil {
		return err
	}
	return c.desks.write(ctx, c.settings.id, fn)
}

// Check reads what mapping needs to know.
func (c *connector) Check(ctx context.Context) (desk.Profile, error) {
	v, err := c.view(ctx)
	if err != nil {
		return desk.Profile{}, err
	}
	var p desk.Profile
	service, err := v.users(ctx, `u.service`)
	if err != nil {
		return p, err
	}
	if len(service) != 1 {
		return p, desk.Errorf(desk.Permanent, "the built-in desk has lost its service account")
	}
	p.Self = service[0].common().ID
	if p.Teams, err = v.names(ctx, teamKind); err != nil {
		return p, err
	}
	p.Mailboxes, err = v.names(ctx, mailboxKind)
	return p, err
}

// Find looks a user up by the first of key's fields that finds one.
func (c *connector) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	v, err := c.view(ctx)
	if err != nil {
		return nil, err
	}
	for _, by := range []struct {
		where string
		value any
		use   bool
	}{
		{`u.id = $2`, parseID(string(key.ID)), key.ID != ""},
		{`u.external_id = $2 AND u.external_id <> ''`, key.ExternalID, key.ExternalID != "" && clean(key.ExternalID) == key.ExternalID},
		{`u.email_folded = $2`, provision.Fold(key.Email), key.Email != "" && clean(key.Email) == key.Email},
	} {
		if !by.use {
			continue
		}
		found, err := v.users(ctx, by.where, by.value)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			if err := v.withUnits(ctx, found); err != nil {
				return nil, err
			}
			u := found[0].common()
			return &u, nil
		}
	}
	return nil, nil
}

// The longest names that the desk keeps, in characters, as Help Scout's.
const (
	maxFirstName = 40
	maxLastName  = 40
	maxJobTitle  = 50
)

// Fit cuts names to the desk's limits. The desk shows nothing but first and
// last name, so these are taken from the display name where one is missing.
func (c *connector) Fit(want provision.DeskUser) provision.DeskUser {
	first, last := clean(want.GivenName), clean(want.FamilyName)
	display := clean(want.DisplayName)
	told := display == strings.TrimSpace(first+" "+last) // it says nothing that the other two do not
	if (first == "" || last == "") && !told {
		if i := strings.LastIndex(display, " "); i > 0 {
			first, last = clean(display[:i]), display[i+1:]
		} else if first == "" && last == "" {
			first = display
		}
	}
	want.Email = clean(want.Email)
	if first == "" && last == "" {
		first, _, _ = strings.Cut(want.Email, "@")
	}
	want.GivenName, want.FamilyName = kit.CutRunes(first, maxFirstName), kit.CutRunes(last, maxLastName)
	want.DisplayName = strings.TrimSpace(want.GivenName + " " + want.FamilyName)
	want.Title, want.Phone = kit.CutRunes(clean(want.Title), maxJobTitle), clean(want.Phone)
	if want.Timezone != "" && !kit.IsTimeZone(want.Timezone) {
		want.Timezone = "" // the company's
	}
	if want.Role == "" {
		want.Role = provision.RoleNone
	}
	return want
}

// row returns want as the desk keeps it.
func (c *connector) row(want provision.DeskUser) (user, error) {
	want = c.Fit(want)
	if !validEmail(want.Email) {
		return user{}, errPermanent("email", "the built-in desk needs a valid e-mail address")
	}
	return user{
		ExternalID: want.ExternalID, Email: want.Email, FirstName: want.GivenName, LastName: want.FamilyName,
		JobTitle: want.Title, Phone: want.Phone, Timezone: want.Timezone, Active: want.Active,
	}, nil
}

// Create makes a user with teams and mailboxes, all or nothing.
func (c *connector) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	row, err := c.row(want)
	if err != nil {
		return nil, err
	}
	if row.Role, err = give(want.Role); err != nil {
		return nil, err
	}
	row.Invited = true
	var id int64
	err = c.write(ctx, func(t *tx) error {
		if id, err = t.insertUser(ctx, row); err != nil {
			return err
		}
		if err := t.changeUnits(ctx, teamKind, id, want.Teams, nil); err != nil {
			return err
		}
		return t.changeUnits(ctx, mailboxKind, id, want.Mailboxes, nil)
	})
	if err != nil {
		return nil, err
	}
	made, err := c.Find(ctx, desk.Key{ID: provision.DeskUserID(formatID(id))})
	if err == nil && made == nil {
		err = desk.Errorf(desk.NotFound, "the user was made, and removed by somebody else at once")
	}
	return made, err
}

// change runs fn for the user with an id.
func (c *connector) change(ctx context.Context, id provision.DeskUserID, fn func(t *tx, id int64) error) error {
	return c.write(ctx, func(t *tx) error { return fn(t, parseID(string(id))) })
}

// SetProfile brings names, e-mail address, title, phone and time zone to
// want's.
func (c *connector) SetProfile(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) error {
	row, err := c.row(want)
	if err != nil {
		return err
	}
	return c.change(ctx, id, func(t *tx, id int64) error { return t.setProfile(ctx, id, row) })
}

// SetRole gives a role other than owner.
func (c *connector) SetRole(ctx context.Context, id provision.DeskUserID, r provision.Role) error {
	own, err := give(r)
	if err != nil {
		return err
	}
	return c.change(ctx, id, func(t *tx, id int64) error { return t.setRole(ctx, id, own) })
}

// ChangeTeams adds a user to teams and takes them out of others.
func (c *connector) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return c.change(ctx, id, func(t *tx, id int64) error { return t.changeUnits(ctx, teamKind, id, add, remove) })
}

// ChangeMailboxes opens mailboxes to a user and closes others. Open
// conversations in a closed mailbox are unassigned.
func (c *connector) ChangeMailboxes(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return c.change(ctx, id, func(t *tx, id int64) error { return t.changeUnits(ctx, mailboxKind, id, add, remove) })
}

// SetActive deactivates or reactivates a user.
func (c *connector) SetActive(ctx context.Context, id provision.DeskUserID, active bool) error {
	return c.change(ctx, id, func(t *tx, id int64) error { return t.setActive(ctx, id, active) })
}

// Delete removes a user; what was assigned to them is unassigned.
func (c *connector) Delete(ctx context.Context, id provision.DeskUserID) error {
	return gone(c.change(ctx, id, func(t *tx, id int64) error { return t.deleteUser(ctx, id) }))
}

// Anonymize ends a user for good. Only closed conversations still refer to
// them, as "Former User"; [connector.Find] finds them no more.
func (c *connector) Anonymize(ctx context.Context, id provision.DeskUserID) error {
	return gone(c.change(ctx, id, func(t *tx, id int64) error { return t.anonymizeUser(ctx, id) }))
}

// gone forgives that a user is not there.
func gone(err error) error {
	if err != nil && desk.KindOf(err) == desk.NotFound {
		return nil
	}
	return err
}

// EndSessions revokes the apps and tokens that act as the user.
func (c *connector) EndSessions(ctx context.Context, id provision.DeskUserID) error {
	return c.change(ctx, id, func(t *tx, id int64) error { return t.endSessions(ctx, id) })
}

// OpenConversations returns the user's conversations that are not closed,
// oldest first.
func (c *connector) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) ([]desk.Conversation, error) {
	v, err := c.view(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := v.conversations(ctx, `c.assignee = $2 AND c.status <> 'closed' ORDER BY c.id LIMIT $3`, parseID(string(id)), limit)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	mailboxes, err := v.list(ctx, mailboxKind, `TRUE`)
	if err != nil {
		return nil, err
	}
	names := make(map[int64]string)
	for _, m := range mailboxes {
		names[m.ID] = m.Name
	}
	var out []desk.Conversation
	for _, row := range rows {
		out = append(out, desk.Conversation{ID: formatID(row.ID), Assignee: id, Mailbox: names[row.Mailbox]})
	}
	return out, nil
}

// Assign gives a conversation to a user, a team or nobody.
func (c *connector) Assign(ctx context.Context, conversation string, to desk.Assignee) error {
	return c.write(ctx, func(t *tx) error { return t.assignTo(ctx, parseID(conversation), to) })
}

// Admins returns how many active users are admin or owner.
func (c *connector) Admins(ctx context.Context) (int, error) {
	v, err := c.view(ctx)
	if err != nil {
		return 0, err
	}
	return one[int](ctx, v, `SELECT COUNT(*) FROM builtin_users WHERE desk = $1 AND active AND role IN ($2, $3)`, v.desk, roleOwner, roleAdmin)
}

// TeamMembers returns the active members of a team who may own conversations,
// by id.
func (c *connector) TeamMembers(ctx context.Context, team string) ([]provision.DeskUserID, error) {
	v, err := c.view(ctx)
	if err != nil {
		return nil, err
	}
	p, err := v.named(ctx, teamKind, team)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, desk.Errorf(desk.NotFound, "the built-in desk has no team named %q", team)
	}
	members, err := v.users(ctx, `u.active AND u.role <> 'none' AND u.id IN (SELECT user_id FROM builtin_team_members WHERE desk = $1 AND team = $2) ORDER BY u.id`, p.ID)
	var ids []provision.DeskUserID
	for _, m := range members {
		ids = append(ids, m.common().ID)
	}
	return ids, err
}

// Seats implements [desk.Seats].
func (c *connector) Seats(ctx context.Context) (used, limit int, err error) {
	v, err := c.view(ctx)
	if err != nil {
		return 0, 0, err
	}
	if limit, err = one[int](ctx, v, `SELECT seats FROM builtin_desks WHERE id = $1`, v.desk); err != nil {
		return 0, 0, err
	}
	used, err = v.seatsTaken(ctx)
	return used, limit, err
}

// CountOpen implements [desk.Counter].
func (c *connector) CountOpen(ctx context.Context, id provision.DeskUserID) (int, error) {
	v, err := c.view(ctx)
	if err != nil {
		return 0, err
	}
	return one[int](ctx, v, `SELECT COUNT(*) FROM builtin_conversations WHERE desk = $1 AND assignee = $2 AND status <> 'closed'`, v.desk, parseID(string(id)))
}

// remains is what is left of a user who is not active.
var remains = desk.Remains{
	Check: []string{"API credentials that act for the user: `deskbridge desk app list` shows them, and `deskbridge desk app remove` ends one. A token of theirs works only while the user is active."},
	Stays: []string{"what they wrote, with the name"},
}
