package worker_test

import (
	"context"
	"slices"
	"sync"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// faults decides what goes wrong between the worker and the desk. It counts
// calls, and keeps the names of writes.
type faults struct {
	mu     sync.Mutex
	calls  int
	writes []string

	before       func(n int, call string) error // an error: the call does not reach the desk
	after        func(n int, call string) error // an error: it did, but its answer is lost
	capabilities func(*desk.Capabilities)
	refuse       func(conversation string) error
	list         func([]provision.DeskUser) []provision.DeskUser // what a list shows, true or not
	admins       int                                             // what the desk says of its admins; 0: the truth
	user         func(*provision.DeskUser)                       // what the desk shows of a user, true or not
	hide         func(*provision.DeskUser) bool                  // whom the desk does not show
	missing      map[provision.DeskUserID]int                    // how often the desk will say of an id that there is no such user
}

func (f *faults) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls, f.writes, f.before, f.after = 0, nil, nil, nil
}

// wrote returns the writes since the last reset.
func (f *faults) wrote() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.writes)
}

// fail makes every call of this name fail.
func (f *faults) fail(call string, err error) {
	f.before = func(_ int, name string) error {
		if name == call {
			return err
		}
		return nil
	}
}

// errPretend, from before, makes the desk answer that all is well, and do
// nothing.
var errPretend = desk.Errorf(desk.Retryable, "pretend")

func (f *faults) call(name string, write bool, do func() error) error {
	f.mu.Lock()
	f.calls++
	n := f.calls
	if write {
		f.writes = append(f.writes, name)
	}
	f.mu.Unlock()
	if f.before != nil {
		if err := f.before(n, name); err != nil {
			if err == error(errPretend) {
				return nil
			}
			return err
		}
	}
	err := do()
	if err == nil && f.after != nil {
		err = f.after(n, name)
	}
	return err
}

// faulty is a desk behind faults.
type faulty struct {
	desk.Desk
	faults *faults
}

func (d faulty) Capabilities() desk.Capabilities {
	c := d.Desk.Capabilities()
	if d.faults.capabilities != nil {
		d.faults.capabilities(&c)
	}
	return c
}

func (d faulty) Check(ctx context.Context) (p desk.Profile, err error) {
	err = d.faults.call("Check", false, func() error { p, err = d.Desk.Check(ctx); return err })
	return p, err
}

func (d faulty) Find(ctx context.Context, key desk.Key) (u *provision.DeskUser, err error) {
	err = d.faults.call("Find", false, func() error { u, err = d.Desk.Find(ctx, key); return err })
	if d.faults.missing[key.ID] > 0 {
		d.faults.missing[key.ID]--
		u = nil
	}
	if u != nil && d.faults.hide != nil && d.faults.hide(u) {
		u = nil
	}
	if u != nil && d.faults.user != nil {
		d.faults.user(u)
	}
	return u, err
}

func (d faulty) Admins(ctx context.Context) (int, error) {
	if d.faults.admins > 0 {
		return d.faults.admins, nil
	}
	return d.Desk.Admins(ctx)
}

func (d faulty) Create(ctx context.Context, want provision.DeskUser) (u *provision.DeskUser, err error) {
	err = d.faults.call("Create", true, func() error { u, err = d.Desk.Create(ctx, want); return err })
	return u, err
}

func (d faulty) SetProfile(ctx context.Context, id provision.DeskUserID, want provision.DeskUser) error {
	return d.faults.call("SetProfile", true, func() error { return d.Desk.SetProfile(ctx, id, want) })
}

func (d faulty) SetRole(ctx context.Context, id provision.DeskUserID, role provision.Role) error {
	return d.faults.call("SetRole", true, func() error { return d.Desk.SetRole(ctx, id, role) })
}

func (d faulty) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return d.faults.call("ChangeTeams", true, func() error { return d.Desk.ChangeTeams(ctx, id, add, remove) })
}

func (d faulty) ChangeMailboxes(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return d.faults.call("ChangeMailboxes", true, func() error { return d.Desk.ChangeMailboxes(ctx, id, add, remove) })
}

func (d faulty) SetActive(ctx context.Context, id provision.DeskUserID, active bool) error {
	return d.faults.call("SetActive", true, func() error { return d.Desk.SetActive(ctx, id, active) })
}

func (d faulty) Delete(ctx context.Context, id provision.DeskUserID) error {
	return d.faults.call("Delete", true, func() error { return d.Desk.Delete(ctx, id) })
}

func (d faulty) Anonymize(ctx context.Context, id provision.DeskUserID) error {
	return d.faults.call("Anonymize", true, func() error { return d.Desk.Anonymize(ctx, id) })
}

func (d faulty) OpenConversations(ctx context.Context, id provision.DeskUserID, limit int) (list []desk.Conversation, err error) {
	err = d.faults.call("OpenConversations", false, func() error { list, err = d.Desk.OpenConversations(ctx, id, limit); return err })
	return list, err
}

func (d faulty) Assign(ctx context.Context, conversation string, to desk.Assignee) error {
	if d.faults.refuse != nil {
		if err := d.faults.refuse(conversation); err != nil {
			return err
		}
	}
	return d.faults.call("Assign", true, func() error { return d.Desk.Assign(ctx, conversation, to) })
}

func (d faulty) EndSessions(ctx context.Context, id provision.DeskUserID) error {
	return d.faults.call("EndSessions", true, func() error { return d.Desk.EndSessions(ctx, id) })
}

// inBulk is a faulty desk that can be read in bulk.
type inBulk struct{ faulty }

func (d inBulk) List(ctx context.Context, cursor string) (users []provision.DeskUser, next string, err error) {
	err = d.faults.call("List", false, func() error {
		users, next, err = d.Desk.(desk.Lister).List(ctx, cursor)
		return err
	})
	if d.faults.list != nil {
		users = d.faults.list(users)
	}
	return users, next, err
}
