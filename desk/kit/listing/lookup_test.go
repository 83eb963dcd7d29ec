package listing

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// register is a desk with a list of numbers, two a page, of which queries ask for some.
type register struct {
	all   []int
	total bool                    // queries are answered with how many there are
	finds func(query []int) []int // nil: what is asked for
	fails error                   // of queries
	lists int                     // pages of the list that were read
	asks  int
}

func (r *register) lookup() *Lookup[int, []int] {
	list := paged(&r.all, func(int) { r.lists++ })
	read := list.Read
	list.Read = func(ctx context.Context, n, after int) (Page[int], error) {
		p, err := read(ctx, n, after)
		p.Total = -1
		return p, err
	}
	return &Lookup[int, []int]{
		List: list, Few: 2,
		Out: func(n *int) bool { return *n == 1 },
		Lacks: func(n *int) error {
			if *n < 0 {
				return errors.New("half of it")
			}
			return nil
		},
		Ask: func(query []int) List[int] {
			return List[int]{Most: 9, Read: func(context.Context, int, int) (Page[int], error) {
				r.asks++
				p := Page[int]{Items: query, Total: len(query)}
				if r.finds != nil {
					p.Items = r.finds(query)
					p.Total = len(p.Items)
				}
				if !r.total {
					p.Total = -1
				}
				return p, r.fails
			}}
		},
	}
}

func is(n int) func(*int) bool { return func(e *int) bool { return *e == n } }

// TestFewOrMany: few are read, for many the desk is asked, and one that does not understand the
// question is read to its end.
func TestFewOrMany(t *testing.T) {
	refused := desk.Errorf(desk.Permanent, "no such query")
	many := []int{1, 2, 3, 4, 5, 6, 7}
	for name, tt := range map[string]struct {
		desk        register
		want        []int
		lists, asks int
	}{
		"few":                               {register{all: []int{1, 7}}, []int{7}, 2, 0},
		"many":                              {register{all: many, total: true}, []int{7}, 2, 1},
		"many, and nobody who is meant":     {register{all: many[:6], total: true, finds: func([]int) []int { return nil }}, nil, 2, 1},
		"a desk that finds everybody":       {register{all: many, total: true, finds: func([]int) []int { return many }}, []int{7}, 2 + 5, 1},
		"one that does not say how many":    {register{all: many}, []int{7}, 2 + 5, 1},
		"one that refuses":                  {register{all: many, fails: refused}, []int{7}, 2 + 5, 1},
		"somebody else, in place of a desk": {register{all: many, fails: kit.Vendor{}.Foreign(200)}, []int{7}, 2 + 5, 1},
		"its own user is no other answer":   {register{all: many, total: true, finds: func([]int) []int { return []int{1, 7} }}, []int{7}, 2, 1},
	} {
		r := &tt.desk
		got, err := r.lookup().Look().Those(t.Context(), []int{7}, is(7))
		if err != nil || !slices.Equal(got, tt.want) || r.lists != tt.lists || r.asks != tt.asks {
			t.Errorf("%s: %v, %v, after %d pages and %d questions", name, got, err, r.lists, r.asks)
		}
	}
}

// TestLookAgain: one look-up reads the list once, and a desk that has many is known to.
func TestLookAgain(t *testing.T) {
	r := &register{all: []int{2, 7}}
	look := r.lookup().Look()
	for _, n := range []int{2, 7} {
		if got, err := look.Those(t.Context(), []int{n}, is(n)); err != nil || !slices.Equal(got, []int{n}) || r.lists != 2 {
			t.Errorf("%d: %v, %v, after %d pages", n, got, err, r.lists)
		}
	}
	r = &register{all: []int{1, 2, 3, 4, 5}, total: true}
	l := r.lookup()
	for range 2 {
		if got, err := l.Look().Those(t.Context(), []int{5}, is(5)); err != nil || !slices.Equal(got, []int{5}) || r.lists != 2 {
			t.Errorf("%v, %v, after %d pages", got, err, r.lists)
		}
	}
}

// TestLookupFails: what breaks off, is not whole or has no end is nobody's absence.
func TestLookupFails(t *testing.T) {
	for name, r := range map[string]*register{
		"a question that breaks off":       {all: []int{2, 3, 4, 5, 6}, fails: errors.New("broke off")},
		"half an entry on the list":        {all: []int{2, -3}},
		"half an entry among those found":  {all: []int{2, 3, 4, 5, 6}, total: true, finds: func([]int) []int { return []int{-7} }},
		"a list without an end, after all": {all: make([]int, 99)},
	} {
		for i := range r.all {
			if r.all[i] == 0 {
				r.all[i] = i + 2
			}
		}
		got, err := r.lookup().Look().Those(t.Context(), []int{7}, func(e *int) bool { return *e == 7 || *e == -7 })
		if err == nil || got != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
