package edit

import (
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// Places are the teams or the mailboxes E of a desk, as far as users R are brought into them
// and out of them one by one.
type Places[ID ~string, R, E any] struct {
	Read        func(context.Context, ID) (R, error)
	Find        func(ctx context.Context, name string) (*E, error) // nil: there is none
	Missing     func(name string) error                            // says that there is none to be joined
	In          func(R, E) bool
	Join, Leave func(context.Context, R, E) error // their success is not believed; NotFound may mean the place
	// LeaveAll is for a desk on which several are left at once, in place of Leave. It sees the
	// user as it is shown after all is joined.
	LeaveAll func(context.Context, R, []E) error
	// NotJoined and NotLeft say of somebody that this was accepted and is not shown.
	NotJoined, NotLeft func(ID, E) error
}

// Change brings a user into some places and out of others, by name, as ChangeTeams and
// ChangeMailboxes of [desk.Desk] have to. All names are looked for before anything is written.
func (p Places[ID, R, E]) Change(ctx context.Context, id ID, add, remove []string) error {
	r, err := p.Read(ctx, id)
	if err != nil {
		return err
	}
	change, err := kit.Resolve(ctx, p.Find, add, remove, p.Missing)
	if err != nil {
		return err
	}
	wrote, err := p.apply(ctx, id, r, change)
	if err != nil || !wrote {
		return err
	}
	return kit.ReadBack(ctx, id, p.Read, func(now R) error {
		return change.Confirm(func(e E) bool { return p.In(now, e) },
			func(e E) error { return p.NotJoined(id, e) }, func(e E) error { return p.NotLeft(id, e) })
	})
}

// apply writes a difference, and reports whether there was anything to write.
func (p Places[ID, R, E]) apply(ctx context.Context, id ID, r R, change kit.Difference[E]) (wrote bool, _ error) {
	in := func(e E) bool { return p.In(r, e) }
	join := func(ctx context.Context, e E) error { return PlaceGone(p.Join(ctx, r, e)) }
	if p.LeaveAll == nil {
		return change.Apply(ctx, in, join, func(ctx context.Context, e E) error { return PlaceGone(p.Leave(ctx, r, e)) })
	}
	wrote, err := kit.Difference[E]{Join: change.Join}.Apply(ctx, in, join, nil)
	if err != nil {
		return wrote, err
	}
	if wrote && len(change.Leave) > 0 {
		if r, err = p.Read(ctx, id); err != nil {
			return wrote, err
		}
	}
	leave := slices.DeleteFunc(slices.Clone(change.Leave), func(e E) bool { return !p.In(r, e) })
	if len(leave) == 0 {
		return wrote, nil
	}
	return true, p.LeaveAll(ctx, r, leave)
}

// PlaceGone returns err, but that a place was removed under our hands is not taken for a user who
// is gone: NotFound from a write on one of the two is Retryable.
func PlaceGone(err error) error {
	if err == nil || desk.KindOf(err) != desk.NotFound {
		return err
	}
	return &desk.Error{Kind: desk.Retryable, Err: err, Detail: "the team or mailbox, or the user, was removed from the desk a moment ago"}
}
