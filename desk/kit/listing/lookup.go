package listing

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// Lookup finds entries of a list that may be long, such as users among all customers. Where there
// are few, all are read, for no index is behind then. Where there are many, the desk is asked by a
// query Q; one that does not understand it has all of its list read after all. It is safe for
// concurrent use.
type Lookup[E, Q any] struct {
	List List[E]
	Few  int // pages of the list that are read for the sake of one entry

	// Ask is what the desk finds by a query. One that finds something else, or does not say how
	// many it finds, has not understood it, and neither has one that refuses it.
	Ask func(Q) List[E]

	Out   func(*E) bool  // says of an entry that it counts for nothing, such as the desk's own user
	Lacks func(*E) error // says of any other what is not shown of it; nil: it is whole

	many atomic.Bool // there are more than Few pages
}

// Look is one look-up, by one thing and then by another: what was read of the list for the one
// serves for the other.
type Look[E, Q any] struct {
	in          *Lookup[E, Q]
	list        []E // as far as it was read
	read, whole bool
}

// Look begins a look-up.
func (l *Lookup[E, Q]) Look() *Look[E, Q] { return &Look[E, Q]{in: l} }

// Those returns the entries that are meant, which query asks for.
func (k *Look[E, Q]) Those(ctx context.Context, query Q, meant func(*E) bool) (found []E, err error) {
	if !k.read && !k.in.many.Load() {
		if err := k.readList(ctx, k.in.Few); err != nil {
			return nil, err
		}
		k.in.many.Store(!k.whole)
	}
	if !k.whole {
		found, understood, err := k.in.ask(ctx, query, meant)
		if err != nil || understood {
			return found, err
		}
		if err := k.readList(ctx, k.in.List.Most); err != nil {
			return nil, err
		}
	}
	for i := range k.list {
		if meant(&k.list[i]) {
			found = append(found, k.list[i])
		}
	}
	return found, nil
}

// readList reads so many pages of the list. That there are more is an error only where all are to
// be read.
func (k *Look[E, Q]) readList(ctx context.Context, pages int) error {
	l := k.in.List
	l.Most = pages
	all, err := l.All(ctx)
	long := errors.Is(err, ErrLong)
	if err != nil && (!long || pages == k.in.List.Most) {
		return err
	}
	k.list, err = k.in.Counted(all)
	k.read, k.whole = true, !long
	return err
}

func (l *Lookup[E, Q]) ask(ctx context.Context, query Q, meant func(*E) bool) (found []E, understood bool, _ error) {
	hits, understood := l.Ask(query), true
	read := hits.Read
	hits.Read = func(ctx context.Context, n, after int) (Page[E], error) {
		p, err := read(ctx, n, after)
		understood = understood && p.Total >= 0
		return p, err
	}
	err := hits.Each(ctx, func(e E) bool {
		understood = understood && (l.Out(&e) || meant(&e))
		found = append(found, e)
		return understood
	})
	switch kind := desk.KindOf(err); {
	case err != nil && (kind == desk.NotFound || kind == desk.Permanent || errors.Is(err, kit.ErrForeign)), err == nil && !understood: // an older release
		return nil, false, nil
	case err != nil:
		return nil, false, err
	}
	found, err = l.Counted(found)
	return found, true, err
}

// Counted returns those of some entries that count, all of which must be whole.
func (l *Lookup[E, Q]) Counted(all []E) ([]E, error) {
	all = slices.DeleteFunc(all, func(e E) bool { return l.Out(&e) })
	for i := range all {
		if err := l.Lacks(&all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}
