package people

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/edit"
	"github.com/deskbridge/deskbridge/provision"
)

// Book looks users up on a desk that shows them as records R and gives them numbers.
type Book[R any] struct {
	Vendor kit.Vendor
	What   string // the desk's word for a user, such as "agent"
	At     string // where an administrator changes one
	Read   func(context.Context, provision.DeskUserID) (*R, error)
	ID     func(*R) provision.DeskUserID

	// ByEmail returns who has an e-mail address; nil when nobody has.
	ByEmail func(context.Context, string) (*R, error)
	// Address is what of an address only one may have; "": "e-mail address".
	Address string
	// Causes are the causes of failures that may mean that somebody has an address; none: each may.
	Causes []error
}

// Find implements that of [desk.Desk] by [desk.FindBy], and translates the record.
func Find[R any](ctx context.Context, key desk.Key, byID func(context.Context, provision.DeskUserID) (*R, error), byExternalID, byEmail func(context.Context, string) (*R, error),
	user func(context.Context, *R) (*provision.DeskUser, error)) (*provision.DeskUser, error) {
	r, err := desk.FindBy(ctx, key, byID, byExternalID, byEmail)
	if r == nil || err != nil {
		return nil, err
	}
	return user(ctx, r)
}

// Only returns the one of some records who is meant, as the desk shows them now; nil when
// there is none. What a list or a search shows may be old: whoever was deleted or changed
// since is not meant any more. Two are one too many to choose from: both says what they have
// in common, such as "have the same e-mail address".
func (b *Book[R]) Only(ctx context.Context, shown []R, both string, meant func(*R) bool) (found *R, _ error) {
	var ids []string
	for i := range shown {
		if id := string(b.ID(&shown[i])); meant(&shown[i]) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		r, err := b.Read(ctx, provision.DeskUserID(id))
		switch {
		case err != nil && desk.KindOf(err) != desk.NotFound:
			return nil, err
		case err != nil || !meant(r):
		case found != nil:
			return nil, b.Vendor.Several(ids, both, b.At)
		default:
			found = r
		}
	}
	return found, nil
}

// Assignee returns who is to have a conversation. One who is not there is a Permanent error.
func (b *Book[R]) Assignee(ctx context.Context, id provision.DeskUserID) (*R, error) {
	r, err := b.Read(ctx, id)
	if err != nil && desk.KindOf(err) == desk.NotFound {
		err = desk.Errorf(desk.Permanent, "%s has no %s %q to assign tickets to", b.Vendor.Name, b.What, id)
	}
	return r, err
}

// Those returns the ids of the records for which is holds, in order of number.
func (b *Book[R]) Those(all []R, is func(*R) (bool, error)) (ids []provision.DeskUserID, _ error) {
	for i := range all {
		yes, err := is(&all[i])
		if err != nil {
			return nil, err
		}
		if yes {
			ids = append(ids, b.ID(&all[i]))
		}
	}
	slices.SortFunc(ids, kit.ByNumber)
	return ids, nil
}

// Users translates records.
func (b *Book[R]) Users(ctx context.Context, all []R, user func(context.Context, *R) (*provision.DeskUser, error)) ([]provision.DeskUser, error) {
	users := make([]provision.DeskUser, len(all))
	for i := range all {
		u, err := user(ctx, &all[i])
		if err != nil {
			return nil, err
		}
		users[i] = *u
	}
	return users, nil
}

// HasAddress returns the conflict with whoever has an e-mail address already.
func (b *Book[R]) HasAddress(holder *R, failure error) *desk.Error {
	e := desk.Errorf(desk.Conflict, "%s %s of %s has this %s already", b.What, b.ID(holder), b.Vendor.Name, cmp.Or(b.Address, "e-mail address"))
	e.Field, e.Err = "email", failure
	return e
}

// Free returns the conflict with a user other than self who has an e-mail address, if there is
// one. self is "" for who is not there yet.
func (b *Book[R]) Free(ctx context.Context, email string, self provision.DeskUserID) error {
	holder, err := b.ByEmail(ctx, email)
	if err == nil && holder != nil && b.ID(holder) != self {
		return b.HasAddress(holder, nil)
	}
	return err
}

// Taken finds out whether a failed write has met another user with the e-mail address: it
// returns that conflict then, else the failure.
func (b *Book[R]) Taken(ctx context.Context, failure error, email string, self provision.DeskUserID) error {
	if len(b.Causes) > 0 && !slices.ContainsFunc(b.Causes, func(cause error) bool { return errors.Is(failure, cause) }) {
		return failure
	}
	if e, ok := errors.AsType[*desk.Error](b.Free(ctx, email, self)); ok && e.Kind == desk.Conflict {
		e.Err = failure
		return e
	}
	return failure
}

// Yield is for desks that look whether an address is taken and then write, so that of two
// creations at once both may pass. made is the new user; shown are those whom the desk shows who
// may have the address, which has says. Where an older one has it, the new one is ended by remove,
// and the error is the conflict with the older.
func (b *Book[R]) Yield(made *R, shown []R, has func(*R) bool, remove func() error) error {
	for i := range shown {
		older := &shown[i]
		if kit.ByNumber(b.ID(older), b.ID(made)) >= 0 || !has(older) {
			continue
		}
		if err := edit.Gone(remove()); err != nil {
			return fmt.Errorf("remove %s %s, a double of %s %s: %w", b.What, b.ID(made), b.What, b.ID(older), err)
		}
		return b.HasAddress(older, nil)
	}
	return nil
}

// Remove ends a user by remove, as [edit.Remove] does. Nobody has ever had an id that is no number.
func (b *Book[R]) Remove(ctx context.Context, id provision.DeskUserID, remove func() error) error {
	if !kit.IsNumber(id) {
		return nil
	}
	return edit.Remove(ctx, id, b.Read, remove, func() error { return b.Vendor.Disobeyed("delete %s %s", b.What, id) })
}

// Created reads a new user, by New, and compares them with who was asked for, by m.
func (b *Book[R]) Created(ctx context.Context, patience kit.Patience, id int64, want provision.DeskUser, m Made, user func(context.Context, *R) (*provision.DeskUser, error)) (*provision.DeskUser, error) {
	r, err := b.New(ctx, patience, ID(id))
	if err != nil {
		return nil, err
	}
	got, err := user(ctx, r)
	if err != nil {
		return nil, err
	}
	m.Vendor, m.What = b.Vendor, b.What
	return m.Check(got, want)
}

// New reads a user who was made a moment ago. One who is not there is a Retryable error, for
// the desk has said that they are; patience is how often it is looked.
func (b *Book[R]) New(ctx context.Context, patience kit.Patience, id provision.DeskUserID) (*R, error) {
	if !kit.IsNumber(id) {
		return nil, desk.Errorf(desk.Retryable, "%s's answer to a creation names no number", b.Vendor.Name)
	}
	r, err := kit.Appears(ctx, patience, id, b.Read)
	if err != nil && desk.KindOf(err) == desk.NotFound {
		err = desk.Errorf(desk.Retryable, "the new user %s of %s is not there: %s says that it made a user, and does not show it", id, b.Vendor.Name, b.Vendor.Name)
	}
	return r, err
}
