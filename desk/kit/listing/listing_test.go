package listing

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// paged is a list of two numbers a page.
func paged(all *[]int, read func(n int)) List[int] {
	return List[int]{Vendor: kit.Vendor{Name: "Desk"}, What: "users", Most: 9, Read: func(_ context.Context, n, after int) (Page[int], error) {
		read(n)
		from := min(2*(n-1), len(*all))
		return Page[int]{Items: (*all)[from:min(from+2, len(*all))], Total: len(*all)}, nil
	}}
}

func TestAll(t *testing.T) {
	for name, tt := range map[string]struct {
		pages []Page[int]
		want  []int
		kind  desk.Kind
	}{
		"one page":                        {[]Page[int]{{Items: []int{1, 2}, Total: 2}}, []int{1, 2}, ""},
		"nothing":                         {[]Page[int]{{Total: 0}}, nil, ""},
		"an empty page ends it":           {[]Page[int]{{Items: []int{1}, Total: -1}, {Total: -1}}, []int{1}, ""},
		"the number of pages ends it":     {[]Page[int]{{Items: []int{1}, Total: 2, Pages: 2}, {Items: []int{2}, Total: 2, Pages: 2}}, []int{1, 2}, ""},
		"fewer than there are":            {[]Page[int]{{Items: []int{1}, Total: 2}, {Total: 2}}, []int{1}, desk.Retryable},
		"fewer than there are, by number": {[]Page[int]{{Items: []int{1}, Total: 2, Pages: 1}}, []int{1}, desk.Retryable},
		"no end":                          {[]Page[int]{{Items: []int{1}, Total: 9}}, []int{1}, desk.Permanent},
	} {
		l := List[int]{Most: len(tt.pages), Read: func(_ context.Context, n, _ int) (Page[int], error) { return tt.pages[n-1], nil }}
		got, err := l.All(t.Context())
		if !slices.Equal(got, tt.want) || (err == nil) != (tt.kind == "") || err != nil && desk.KindOf(err) != tt.kind {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	l := List[int]{Most: 1, Read: func(context.Context, int, int) (Page[int], error) { return Page[int]{Items: []int{1}, Total: 2}, nil }}
	if _, err := l.All(t.Context()); !errors.Is(err, ErrLong) {
		t.Errorf("a list that is too long: %v", err)
	}
	if Counted(-1, 10) != 0 || Counted(0, 10) != 1 || Counted(10, 10) != 1 || Counted(11, 10) != 2 {
		t.Error("pages are counted wrong")
	}
}

// TestSome: the first ones cost no more pages than they are on, and a cursor stands for one page.
func TestSome(t *testing.T) {
	all, read := []int{1, 2, 3, 4, 5}, 0
	l := paged(&all, func(int) { read++ })
	if got, err := l.First(t.Context(), 2); err != nil || !slices.Equal(got, []int{1, 2}) || read != 1 {
		t.Errorf("First = %v, %v, after %d pages", got, err, read)
	}
	if got, err := l.First(t.Context(), 9); err != nil || !slices.Equal(got, all) {
		t.Errorf("First = %v, %v", got, err)
	}
	pages := func(n int) List[int] {
		l := l
		l.Read = func(ctx context.Context, at, after int) (Page[int], error) {
			p, err := paged(&all, func(int) {}).Read(ctx, at, after)
			p.Pages = n
			return p, err
		}
		return l
	}
	for name, tt := range map[string]struct {
		list   List[int]
		cursor string
		want   []int
		next   string
	}{
		"the first page":                   {pages(3), "", []int{1, 2}, "2"},
		"the last page, by number":         {pages(3), "3", []int{5}, ""},
		"a page beyond":                    {pages(3), "4", nil, ""},
		"a full page, of nobody knows how": {pages(0), "2", []int{3, 4}, "3"},
		"an empty page, of nobody knows":   {pages(0), "4", nil, ""},
		"the last that is read":            {pages(0), "9", nil, ""},
	} {
		got, next, err := tt.list.At(t.Context(), tt.cursor)
		if err != nil || !slices.Equal(got, tt.want) || next != tt.next {
			t.Errorf("%s: %v, then %q, %v", name, got, next, err)
		}
	}
	for _, cursor := range []string{"1", "10", "x"} {
		if _, _, err := l.At(t.Context(), cursor); err == nil || err.Error() != desk.NoCursor().Error() {
			t.Errorf("at %q: %v", cursor, err)
		}
	}
	l.Read = func(context.Context, int, int) (Page[int], error) { return Page[int]{}, errors.New("broke off") }
	if _, _, err := l.At(t.Context(), ""); err == nil {
		t.Error("a page that breaks off is taken for one")
	}
}

// TestItemsAreToldApart: one that is on two pages is shown once; a desk that shows its first page
// whichever is asked for has an end, unless it says that there is more.
func TestItemsAreToldApart(t *testing.T) {
	for name, tt := range map[string]struct {
		pages []Page[int]
		want  []int
		kind  desk.Kind
	}{
		"one is twice":           {[]Page[int]{{Items: []int{1, 2}, Total: 3}, {Items: []int{2, 3}, Total: 3}}, []int{1, 2, 3}, ""},
		"the same page":          {[]Page[int]{{Items: []int{1}, Total: -1}, {Items: []int{1}, Total: -1}}, []int{1}, ""},
		"the same page, of more": {[]Page[int]{{Items: []int{1}, Total: 2}, {Items: []int{1}, Total: 2}}, []int{1}, desk.Retryable},
		"no number":              {[]Page[int]{{Items: []int{1, 0}, Total: 2}}, nil, desk.Retryable},
	} {
		l := List[int]{Most: len(tt.pages), ID: func(i int) int64 { return int64(i) }, Read: func(_ context.Context, n, _ int) (Page[int], error) { return tt.pages[n-1], nil }}
		got, err := l.All(t.Context())
		if !slices.Equal(got, tt.want) || (err == nil) != (tt.kind == "") || err != nil && desk.KindOf(err) != tt.kind {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestAPageKnowsWhereItBegins(t *testing.T) {
	all := []int{1, 2, 3}
	l := paged(&all, func(int) {})
	var begins []int
	read := l.Read
	l.Read = func(ctx context.Context, n, after int) (Page[int], error) {
		begins = append(begins, after)
		return read(ctx, n, after)
	}
	if got, err := l.All(t.Context()); err != nil || !slices.Equal(got, all) || !slices.Equal(begins, []int{0, 2}) {
		t.Errorf("%v beginning at %v, %v", got, begins, err)
	}
}

// TestWhoLeavesHidesNobody: the list becomes shorter after its first page was read, once or
// whenever it is read; and one leaves while another comes.
func TestWhoLeavesHidesNobody(t *testing.T) {
	all, reads := []int{1, 2, 3, 4, 5}, 0
	l := paged(&all, func(n int) {
		if reads++; n == 2 && len(all) == 5 {
			all = all[1:]
		}
	})
	if got, err := ToAndFro(t.Context(), l, func(i int) int { return i }); err != nil || !slices.Equal(got, []int{2, 3, 4, 5}) {
		t.Errorf("%v, %v", got, err)
	}

	all = make([]int, 5+2*tries)
	l = paged(&all, func(n int) {
		if n == 2 {
			all = all[1:]
		}
	})
	if err := l.Again(t.Context(), func(int) bool { return true }); desk.KindOf(err) != desk.Retryable || err == nil {
		t.Errorf("of a list that always becomes shorter: %v", err)
	}

	all = []int{1, 2, 3, 4}
	swapped := false
	l = paged(&all, func(n int) {
		if n == 2 && !swapped {
			all, swapped = []int{2, 3, 4, 5}, true
		}
	})
	if got, err := ToAndFro(t.Context(), l, func(i int) int { return i }); err != nil || !slices.Contains(got, 3) {
		t.Errorf("who slipped by is not shown: %v, %v", got, err)
	}
}

func TestCollect(t *testing.T) {
	all := []int{1, 2, 3, 4, 5}
	odd := func(i int) (string, bool) { return strings.Repeat("x", i), i%2 == 1 }
	got, err := Collect(t.Context(), paged(&all, func(int) {}), odd)
	if err != nil || !slices.Equal(got, []string{"x", "xxx", "xxxxx"}) {
		t.Errorf("Collect = %v, %v", got, err)
	}
	endless := paged(&all, func(int) {})
	endless.Most = 1
	if _, err := Collect(t.Context(), endless, odd); !errors.Is(err, ErrLong) {
		t.Errorf("of a list that is too long: %v", err)
	}
}
