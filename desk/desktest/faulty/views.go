package faulty

import (
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// views are what reads show that is not so any more. The mutex of the desk is
// held by whoever looks at them.
type views struct {
	users         []*oldUser
	conversations []*oldConversation
	seen          map[string]desk.Conversation // as last shown
}

// oldUser is a user as reads still show it.
type oldUser struct {
	delay
	id  provision.DeskUserID
	was *provision.DeskUser // nil: nobody was there
}

// oldConversation is a conversation with the assignee that reads still show.
type oldConversation struct {
	delay
	was desk.Conversation
}

// many is more conversations than a test has.
const many = 10_000

// rememberUser returns what has reads show a user as it is now, with what is
// assigned to it.
func (d *Desk) rememberUser(ctx context.Context, id provision.DeskUserID) func(delay) {
	was, _ := d.inner.Find(ctx, desk.Key{ID: id})
	open, _ := d.inner.OpenConversations(ctx, id, many)
	return func(l delay) {
		d.views.users = append(d.views.users, &oldUser{l, id, was})
		for _, c := range open {
			d.views.conversations = append(d.views.conversations, &oldConversation{l, c})
		}
	}
}

// rememberConversations does so for conversations. One that no read has shown
// cannot be shown as it was.
func (d *Desk) rememberConversations(ids []string) func(delay) {
	return func(l delay) {
		for _, id := range ids {
			if was, ok := d.views.seen[id]; ok {
				d.views.conversations = append(d.views.conversations, &oldConversation{l, was})
			}
		}
	}
}

// oldUsers returns the old views of which that is true, after counting the read
// for them.
func (d *Desk) oldUsers(that func(*oldUser) bool) (list []*oldUser) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.plan.Now()
	d.views.users = slices.DeleteFunc(d.views.users, func(o *oldUser) bool {
		if !that(o) {
			return false
		}
		if o.over(now, true) {
			return true
		}
		list = append(list, o)
		return false
	})
	return list
}

// sees reports whether a read by key that found a user, or nobody, concerns o.
func (o *oldUser) sees(key desk.Key, found *provision.DeskUser) bool {
	switch {
	case found != nil:
		return found.ID == o.id
	case o.was == nil:
		return false
	}
	return key.ID == o.id || key.ExternalID != "" && key.ExternalID == o.was.ExternalID ||
		key.Email != "" && same(key.Email, o.was.Email)
}

// lateFind returns what a read by key shows that found a user, or nobody.
func (d *Desk) lateFind(key desk.Key, found *provision.DeskUser) *provision.DeskUser {
	old := d.oldUsers(func(o *oldUser) bool { return o.sees(key, found) })
	if len(old) == 0 {
		return found
	}
	return old[0].was // before the first of the writes that are late
}

// lateList is the same for a page of a list.
func (d *Desk) lateList(page []provision.DeskUser, last bool) []provision.DeskUser {
	page = slices.Clone(page)
	at := func(id provision.DeskUserID) int {
		return slices.IndexFunc(page, func(u provision.DeskUser) bool { return u.ID == id })
	}
	for _, o := range d.oldUsers(func(o *oldUser) bool { return last || at(o.id) >= 0 }) {
		switch i := at(o.id); {
		case i >= 0 && o.was == nil:
			page = slices.Delete(page, i, i+1)
		case i >= 0:
			page[i] = *o.was
		case o.was != nil && last:
			if gone, _ := d.inner.Find(context.Background(), desk.Key{ID: o.id}); gone == nil { // else on another page
				page = append(page, *o.was)
			}
		}
	}
	return page
}

// lateMembers is the same for the members of a team.
func (d *Desk) lateMembers(team string, members []provision.DeskUserID) []provision.DeskUserID {
	for _, o := range d.oldUsers(func(*oldUser) bool { return true }) {
		in := o.was != nil && o.was.Active && slices.ContainsFunc(o.was.Teams, func(t string) bool { return same(t, team) })
		members = slices.DeleteFunc(slices.Clone(members), func(m provision.DeskUserID) bool { return m == o.id })
		if in {
			members = append(members, o.id)
		}
	}
	return members
}

// lateAdmins is the same for the number of admins.
func (d *Desk) lateAdmins(ctx context.Context, n int) int {
	counts := func(u *provision.DeskUser) int {
		if u != nil && u.Active && (u.Role == provision.RoleAdmin || u.Role == provision.RoleOwner) {
			return 1
		}
		return 0
	}
	seen := map[provision.DeskUserID]bool{}
	for _, o := range d.oldUsers(func(*oldUser) bool { return true }) {
		if !seen[o.id] {
			seen[o.id] = true
			now, _ := d.inner.Find(ctx, desk.Key{ID: o.id})
			n += counts(o.was) - counts(now)
		}
	}
	return n
}

// lateOpen is the same for the open conversations of a user. What is shown is
// remembered.
func (d *Desk) lateOpen(id provision.DeskUserID, open []desk.Conversation, limit int) []desk.Conversation {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.plan.Now()
	open = slices.Clone(open)
	settled := map[string]bool{} // by an older view
	d.views.conversations = slices.DeleteFunc(d.views.conversations, func(o *oldConversation) bool {
		i := slices.IndexFunc(open, func(c desk.Conversation) bool { return c.ID == o.was.ID })
		if i < 0 && o.was.Assignee != id {
			return false
		}
		if o.over(now, true) {
			return true
		}
		if settled[o.was.ID] {
			return false
		}
		settled[o.was.ID] = true
		switch {
		case i < 0:
			open = append(open, o.was)
		case o.was.Assignee != id:
			open = slices.Delete(open, i, i+1)
		}
		return false
	})
	open = open[:min(len(open), limit)]
	for _, c := range open {
		d.views.seen[c.ID] = c
	}
	return open
}
