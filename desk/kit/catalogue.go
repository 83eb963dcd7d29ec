package kit

import (
	"context"
	"slices"
	"time"
)

// Catalogue is what a desk has of one kind, such as groups, projects or roles:
// things with names, read as a whole and kept for a while. It is safe for
// concurrent use.
type Catalogue[E any] struct {
	Age  time.Duration // how long it is taken for true; a name that is not in it is looked for again at once
	Read func(context.Context) ([]E, error)
	Name func(E) string
	Fold func(name string) string // what counts of a name when two are compared

	// Several returns the error for n entries of one name, of which one is too
	// many to choose from. nil: the desk keeps names apart, the first one counts.
	Several func(n int, name string) error

	cached Cached[[]E]
}

// List returns all entries, at most Age old. They must not be changed.
func (c *Catalogue[E]) List(ctx context.Context) ([]E, error) {
	return c.cached.Get(ctx, c.Age, c.Read)
}

// Reread asks the desk for all entries. They must not be changed.
func (c *Catalogue[E]) Reread(ctx context.Context) ([]E, error) {
	return c.cached.Get(ctx, 0, c.Read)
}

// Peek returns the entries that are known without asking; none before the
// first question. They must not be changed.
func (c *Catalogue[E]) Peek() []E { return c.cached.Peek() }

// Find returns the entry with a name; nil when there is none. A name that is
// not known is looked for once more: it may be new.
func (c *Catalogue[E]) Find(ctx context.Context, name string) (*E, error) {
	for _, list := range []func(context.Context) ([]E, error){c.List, c.Reread} {
		entries, err := list(ctx)
		if err != nil {
			return nil, err
		}
		found, err := c.Named(entries, name)
		if found != nil || err != nil {
			return found, err
		}
	}
	return nil, nil
}

// Numbered returns the entries that have one of some numbers, and whether each number has one.
// One that is not known is looked for once more: it may be new.
func (c *Catalogue[E]) Numbered(ctx context.Context, ids []int64, id func(E) int64) (found []E, all bool, _ error) {
	for _, list := range []func(context.Context) ([]E, error){c.List, c.Reread} {
		entries, err := list(ctx)
		if err != nil {
			return nil, false, err
		}
		found = slices.DeleteFunc(slices.Clone(entries), func(e E) bool { return !slices.Contains(ids, id(e)) })
		if len(found) >= len(ids) {
			return found, true, nil
		}
	}
	return found, false, nil
}

// Named returns the entry of entries with a name; nil when there is none.
func (c *Catalogue[E]) Named(entries []E, name string) (*E, error) {
	var found []E
	for _, e := range entries {
		if c.Fold(c.Name(e)) == c.Fold(name) {
			found = append(found, e)
		}
	}
	switch {
	case len(found) == 0:
		return nil, nil
	case len(found) > 1 && c.Several != nil:
		return nil, c.Several(len(found), name)
	}
	return &found[0], nil
}
