// Package listing reads what a desk shows page by page, such as all users, to its end.
//
// What is not shown must not be taken for what is not there: whoever is deleted loses what was
// not seen to be theirs. So a list that shows fewer than it says there are is an error, and so
// is one that never ends. Lists whose pages shift while they are read are read
// again ([List.Again]), or to and fro ([ToAndFro]). [Offset] is a list by limit and offset, [Chain]
// several of them one after the other. Long lists are read for the sake of one only where the desk
// cannot be asked for it ([Lookup]).
//
// The package knows no vendor: a connector reads one page at a time.
package listing

import (
	"context"
	"errors"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// errShorter is the cause of an error for a list that became shorter while it was read: where
// one left it, another has slipped to a page that was read before.
var errShorter = errors.New("another may have slipped by")

// ErrLong is the cause of the error for a list of more than the most pages that are read.
var ErrLong = errors.New("there are more pages")

// tries is how often a list is read that becomes shorter while it is read.
const tries = 5

// Page is a page of a list.
type Page[E any] struct {
	Items []E
	Total int // of items on all pages; below 0: not said, the list ends with an empty page
	Pages int // how many there are; 0: not said, the list ends where Total items were shown
}

// Counted returns how many pages of so many items a total makes, at least one; 0 for a total
// that is not said.
func Counted(total, size int) int {
	if total < 0 {
		return 0
	}
	return max((total+size-1)/size, 1)
}

// List is a list of a desk.
type List[E any] struct {
	Vendor kit.Vendor
	What   string // is on it, such as "users"
	Most   int    // pages that are read
	Steady bool   // that it becomes shorter while it is read is a Retryable error

	// ID returns the number of an item, for lists on which one may be twice, or of which a desk
	// may show the same page whichever is asked for: each is shown once, and where the desk does
	// not say how many there are, a page with nothing new ends the list. An item without a number
	// is a Retryable error. nil: items are not told apart.
	ID func(E) int64

	// Read reads page n, from 1, which begins after so many items.
	Read func(ctx context.Context, n, after int) (Page[E], error)
}

// Each calls do with all items, page by page, until it returns false.
func (l List[E]) Each(ctx context.Context, do func(E) (more bool)) error {
	_, err := l.each(ctx, do)
	return err
}

// each returns how many pages were read, too.
func (l List[E]) each(ctx context.Context, do func(E) bool) (n int, _ error) {
	seen, total, known := 0, -1, make(map[int64]bool)
	for n = 1; n <= l.Most; n++ {
		p, err := l.Read(ctx, n, seen)
		if err == nil {
			p.Items, err = l.fresh(p.Items, known)
		}
		if err != nil {
			return n, err
		}
		for _, item := range p.Items {
			if !do(item) {
				return n, nil
			}
		}
		seen += len(p.Items)
		if l.Steady && p.Total < total {
			e := desk.Errorf(desk.Retryable, "%s's list of %s became shorter while it was read", l.Vendor.Name, l.What)
			e.Err = errShorter
			return n, e
		}
		total = p.Total
		end := p.Pages > 0 && n >= p.Pages || p.Pages == 0 && total >= 0 && seen >= total
		switch {
		case !end && len(p.Items) > 0:
		case seen < total:
			return n, desk.Errorf(desk.Retryable, "%s shows %d %s fewer than it says there are", l.Vendor.Name, total-seen, l.What)
		default:
			return n, nil
		}
	}
	e := desk.Errorf(desk.Permanent, "%s's list of %s has more than %d pages", l.Vendor.Name, l.What, l.Most)
	e.Err = ErrLong
	return n, e
}

// fresh returns the items of a page that are not known, and makes them known.
func (l List[E]) fresh(items []E, known map[int64]bool) (fresh []E, _ error) {
	if l.ID == nil {
		return items, nil
	}
	for _, item := range items {
		id := l.ID(item)
		if id <= 0 {
			return nil, desk.Errorf(desk.Retryable, "%s shows %s without a number; is a proxy in the way?", l.Vendor.Name, l.What)
		}
		if !known[id] {
			known[id], fresh = true, append(fresh, item)
		}
	}
	return fresh, nil
}

// All returns all items.
func (l List[E]) All(ctx context.Context) (all []E, _ error) {
	err := l.Each(ctx, func(item E) bool {
		all = append(all, item)
		return true
	})
	return all, err
}

// Collect returns what take makes of the items of a list that it takes.
func Collect[E, T any](ctx context.Context, l List[E], take func(E) (T, bool)) (all []T, _ error) {
	err := l.Each(ctx, func(item E) bool {
		if t, ok := take(item); ok {
			all = append(all, t)
		}
		return true
	})
	return all, err
}

// First returns the first items, so many at most.
func (l List[E]) First(ctx context.Context, most int) (some []E, _ error) {
	err := l.Each(ctx, func(item E) bool {
		some = append(some, item)
		return len(some) < most
	})
	return some, err
}

// At returns the page that a cursor of [desk.Lister] stands for, which is the number of a page, and
// the cursor for what follows; "" where nothing does, or where Most pages were read.
func (l List[E]) At(ctx context.Context, cursor string) (items []E, next string, _ error) {
	n, err := kit.PageAt(cursor, l.Most)
	if err != nil {
		return nil, "", err
	}
	p, err := l.Read(ctx, n, 0)
	if err != nil {
		return nil, "", err
	}
	if p.Pages > 0 && n >= p.Pages || p.Pages == 0 && len(p.Items) == 0 || n == l.Most {
		return p.Items, "", nil
	}
	return p.Items, kit.PageAfter(n), nil
}

// Again is Each, begun anew when the list became shorter. So do sees some items again.
func (l List[E]) Again(ctx context.Context, do func(E) (more bool)) error {
	_, err := l.again(ctx, func() {}, do)
	return err
}

func (l List[E]) again(ctx context.Context, begin func(), do func(E) bool) (pages int, err error) {
	l.Steady = true
	for range tries {
		begin()
		if pages, err = l.each(ctx, do); !errors.Is(err, errShorter) {
			return pages, err
		}
	}
	return pages, err
}

// ToAndFro returns all items of a list, each once: id tells them apart. One that was removed
// and one that was added while it was read leave a list as long as it was, so the pages are
// read a second time, from the last to the first: whoever slipped by is on one that is yet to
// come.
func ToAndFro[E any, ID comparable](ctx context.Context, l List[E], id func(E) ID) (all []E, _ error) {
	var seen map[ID]bool
	take := func(item E) bool {
		if !seen[id(item)] {
			seen[id(item)] = true
			all = append(all, item)
		}
		return true
	}
	last, err := l.again(ctx, func() { all, seen = nil, make(map[ID]bool) }, take)
	if err != nil {
		return nil, err
	}
	for n := last - 1; n > 0; n-- {
		p, err := l.Read(ctx, n, 0)
		if err != nil {
			return nil, err
		}
		for _, item := range p.Items {
			take(item)
		}
	}
	return all, nil
}
