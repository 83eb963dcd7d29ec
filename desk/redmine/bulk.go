package redmine

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// roster is what lists of users leave out: who is in which group, and with
// which roles in which active project. By the users' numbers.
type roster struct {
	groups      map[int64][]entry
	memberships map[int64][]membership
	active      []entry // projects
}

// List implements [desk.Lister]. A cursor is a state and an offset: Redmine lists
// the users of one state at a time. Groups and projects are asked for their
// members with the first page; projects do not tell of users who are locked, who
// therefore show no mailboxes here.
func (d *redmine) List(ctx context.Context, cursor string) ([]provision.DeskUser, string, error) {
	at, offset, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	known, err := d.listed.Get(ctx, cursor == "", d.readRoster)
	if err != nil {
		return nil, "", err
	}
	query := url.Values{"status": {strconv.Itoa(statuses[at])}, "sort": {"created_on,login"}}
	p, err := pageAt[record](ctx, d.client, "/users", "users", query, offset)
	if err != nil {
		return nil, "", err
	}
	users := make([]provision.DeskUser, len(p.items))
	for i, r := range p.items {
		r.Status, r.Groups, r.Memberships = statuses[at], known.groups[r.ID], known.memberships[r.ID]
		users[i] = *d.user(&r, known.active)
	}
	offset += len(p.items)
	if len(p.items) == 0 || offset >= p.total {
		at, offset = at+1, 0
	}
	if at == len(statuses) {
		return users, "", nil
	}
	return users, strconv.Itoa(at) + ":" + strconv.Itoa(offset), nil
}

func parseCursor(cursor string) (at, offset int, _ error) {
	if cursor == "" {
		return 0, 0, nil
	}
	first, second, _ := strings.Cut(cursor, ":")
	at, err1 := strconv.Atoi(first)
	offset, err2 := strconv.Atoi(second)
	if err1 != nil || err2 != nil || at < 0 || at >= len(statuses) || offset < 0 {
		return 0, 0, desk.NoCursor()
	}
	return at, offset, nil
}

func (d *redmine) readRoster(ctx context.Context) (*roster, error) {
	k := &roster{groups: make(map[int64][]entry), memberships: make(map[int64][]membership)}
	groups, err := d.directory.groups.Reread(ctx)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		var answer struct {
			Group struct {
				Users []entry `json:"users"`
			} `json:"group"`
		}
		err := d.client.Get(ctx, g.path("/groups"), url.Values{"include": {"users"}}, &answer)
		if err != nil && desk.KindOf(err) != desk.NotFound { // deleted a moment ago
			return nil, err
		}
		for _, u := range answer.Group.Users {
			k.groups[u.ID] = append(k.groups[u.ID], g)
		}
	}
	if k.active, err = d.directory.projects.Reread(ctx); err != nil {
		return nil, err
	}
	for _, p := range k.active {
		type member struct {
			membership
			User entry `json:"user"` // zero: it is a group's
		}
		members, err := list[member](ctx, d.client, p.path("/projects")+"/memberships", "memberships", url.Values{})
		if err != nil && desk.KindOf(err) != desk.NotFound {
			return nil, err
		}
		for _, m := range members {
			if m.User.ID != 0 {
				k.memberships[m.User.ID] = append(k.memberships[m.User.ID], m.membership)
			}
		}
	}
	return k, nil
}
