package kit

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// Fields are the fields in which a record is not as desired, with the desired
// values.
type Fields map[string]string

// Want adds a field unless the record has the desired value, or nothing is
// desired: what is empty stays as it is on the desk.
func (f Fields) Want(field, have, want string) {
	if want != "" && want != have {
		f[field] = want
	}
}

// String returns the names of the fields, sorted. Values may be personal data.
func (f Fields) String() string { return strings.Join(slices.Sorted(maps.Keys(f)), ", ") }

// Difference is what one user is to join and to leave: teams or mailboxes, such
// as teams.
type Difference[E any] struct{ Join, Leave []E }

// Resolve translates names before anything is written. What is to be joined
// must exist, else the error is missing's; what is gone has been left.
func Resolve[E any](ctx context.Context, find func(ctx context.Context, name string) (*E, error), add, remove []string, missing func(name string) error) (d Difference[E], _ error) {
	for _, name := range add {
		e, err := find(ctx, name)
		if err == nil && e == nil {
			err = missing(name)
		}
		if err != nil {
			return d, err
		}
		d.Join = append(d.Join, *e)
	}
	for _, name := range remove {
		e, err := find(ctx, name)
		if err != nil {
			return d, err
		}
		if e != nil {
			d.Leave = append(d.Leave, *e)
		}
	}
	return d, nil
}

// Apply joins what the user is not in, and then leaves what the user is in. It
// stops at the first error. wrote reports whether there was anything to do.
func (d Difference[E]) Apply(ctx context.Context, in func(E) bool, join, leave func(context.Context, E) error) (wrote bool, _ error) {
	for _, e := range d.Join {
		if !in(e) {
			wrote = true
			if err := join(ctx, e); err != nil {
				return wrote, err
			}
		}
	}
	for _, e := range d.Leave {
		if in(e) {
			wrote = true
			if err := leave(ctx, e); err != nil {
				return wrote, err
			}
		}
	}
	return wrote, nil
}

// Confirm returns an error for the first team or mailbox that the user has not joined or
// not left; nil when the difference is gone.
func (d Difference[E]) Confirm(in func(E) bool, notJoined, notLeft func(E) error) error {
	for _, e := range d.Join {
		if !in(e) {
			return notJoined(e)
		}
	}
	for _, e := range d.Leave {
		if in(e) {
			return notLeft(e)
		}
	}
	return nil
}

// ReadBack reads a record after a write whose answer proves nothing, and
// returns what judge says of it.
func ReadBack[ID ~string, R any](ctx context.Context, id ID, read func(context.Context, ID) (R, error), judge func(R) error) error {
	record, err := read(ctx, id)
	if err != nil {
		return err
	}
	return judge(record)
}
