package kit

import (
	"context"
	"slices"
	"strconv"

	"github.com/deskbridge/deskbridge/desk"
)

// Entry is something with a number and a name, such as a group or a role.
type Entry struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// NamesOf returns the names of the entries that have one of some numbers.
func NamesOf(entries []Entry, ids ...int64) []string {
	return NamesWhere(entries, func(e Entry) bool { return slices.Contains(ids, e.ID) })
}

// NamesWhere returns the names of the entries for which is holds.
func NamesWhere(entries []Entry, is func(Entry) bool) (names []string) {
	for _, e := range entries {
		if is(e) {
			names = append(names, e.Name)
		}
	}
	return names
}

// AllNames returns the names of entries, sorted, each once.
func AllNames(entries []Entry) (names []string) {
	for _, e := range entries {
		names = append(names, e.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Names returns the names of the entries of a catalogue that have one of some numbers.
// One that is not known is looked for once more: it may be new. What was deleted has no
// name.
func Names(ctx context.Context, c *Catalogue[Entry], ids []int64) ([]string, error) {
	found, _, err := c.Numbered(ctx, ids, func(e Entry) int64 { return e.ID })
	return NamesOf(found, ids...), err
}

// Groups are the teams of a desk on which each ticket is in a group: they are its
// mailboxes as well.
type Groups struct {
	*Catalogue[Entry]
	None func(kind desk.Kind, name string) error // says that there is no group of that name
}

// Names asks the desk for the names of all groups, sorted.
func (g *Groups) Names(ctx context.Context) ([]string, error) {
	all, err := g.Reread(ctx)
	return AllNames(all), err
}

// Get returns the group with a name; where there is none, an error of a kind.
func (g *Groups) Get(ctx context.Context, kind desk.Kind, name string) (*Entry, error) {
	found, err := g.Find(ctx, name)
	if err == nil && found == nil {
		err = g.None(kind, name)
	}
	return found, err
}

// Resolve translates the names of groups, as [Resolve] does.
func (g *Groups) Resolve(ctx context.Context, add, remove []string) (Difference[Entry], error) {
	return Resolve(ctx, g.Find, add, remove, func(name string) error { return g.None(desk.Permanent, name) })
}

// Units implements [desk.Numbered]: rules can name groups, as teams.
func (g *Groups) Units(ctx context.Context) (teams, mailboxes []desk.Unit, err error) {
	all, err := g.List(ctx)
	for _, e := range all {
		teams = append(teams, desk.Unit{ID: strconv.FormatInt(e.ID, 10), Name: e.Name})
	}
	return teams, nil, err
}

// MailboxesOf implements [desk.TeamMailboxes]. A ticket is in a group, and whoever
// leaves the group should own it no more.
func (g *Groups) MailboxesOf(ctx context.Context, team string) ([]string, error) {
	e, err := g.Get(ctx, desk.NotFound, team)
	if err != nil {
		return nil, err
	}
	return []string{e.Name}, nil
}

// GroupTeams are the methods of a desk whose teams are groups: it embeds them.
type GroupTeams struct{ Teams *Groups }

var (
	_ desk.Numbered      = GroupTeams{}
	_ desk.TeamMailboxes = GroupTeams{}
)

// Units implements [desk.Numbered].
func (g GroupTeams) Units(ctx context.Context) (teams, mailboxes []desk.Unit, err error) {
	return g.Teams.Units(ctx)
}

// MailboxesOf implements [desk.TeamMailboxes].
func (g GroupTeams) MailboxesOf(ctx context.Context, team string) ([]string, error) {
	return g.Teams.MailboxesOf(ctx, team)
}

// Target is who is to have a ticket, by number: a user, a group without a user, or
// nobody.
type Target struct {
	User  int64
	Group int64
	In    []int64 // the groups of the user
}

// Target looks an assignee up; user does where it is one. A group that is not there is a
// Permanent error.
func (g *Groups) Target(ctx context.Context, to desk.Assignee, user func(context.Context) (Target, error)) (Target, error) {
	switch {
	case to.Team != "":
		e, err := g.Get(ctx, desk.Permanent, to.Team)
		if err != nil {
			return Target{}, err
		}
		return Target{Group: e.ID}, nil
	case to.User != "":
		return user(ctx)
	}
	return Target{}, nil
}

// Has reports whether a ticket that has an assignee and a group, 0 for none, is as it is
// to be.
func (t Target) Has(assignee, group int64) bool {
	return assignee == t.User && (t.Group == 0 || group == t.Group)
}

// Outside reports whether a ticket would go to a user who is not in its group.
func (t Target) Outside(group int64) bool {
	return t.User != 0 && group != 0 && !slices.Contains(t.In, group)
}

// Fields are what is written on a ticket, by the names that the desk has for them.
func (t Target) Fields(assignee, group string) map[string]any {
	fields := map[string]any{assignee: nil}
	if t.User != 0 {
		fields[assignee] = t.User
	}
	if t.Group != 0 {
		fields[group] = t.Group
	}
	return fields
}
