package kit

import (
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
)

func TestPages(t *testing.T) {
	type page struct {
		ids   []int64
		total int
	}
	for name, tt := range map[string]struct {
		pages []page
		fails string
	}{
		"one page":              {[]page{{[]int64{1, 2}, 2}}, ""},
		"none at all":           {[]page{{nil, 0}}, ""},
		"two pages":             {[]page{{[]int64{1, 2}, 3}, {[]int64{3}, 3}}, ""},
		"one more came between": {[]page{{[]int64{1}, 2}, {[]int64{2}, 3}, {[]int64{3}, 3}}, ""},
		"without a total":       {[]page{{[]int64{1}, -1}, {[]int64{2}, -1}, {nil, -1}}, ""},
		"pages that stay":       {[]page{{[]int64{1}, -1}, {[]int64{1}, -1}}, ""},
		"shorter":               {[]page{{[]int64{1}, 3}, {[]int64{3}, 2}}, "became shorter"},
		"half of it":            {[]page{{[]int64{1}, 2}, {nil, 2}}, "1 tickets fewer than it says"},
		"nothing of it":         {[]page{{nil, 2}}, "2 tickets fewer than it says"},
		"no number":             {[]page{{[]int64{0}, 1}}, "without a number"},
	} {
		t.Run(name, func(t *testing.T) {
			var p Pages
			for i, one := range tt.pages {
				more, err := p.Next(Vendor{Name: "Desk"}, "tickets", one.ids, one.total)
				last := i == len(tt.pages)-1
				if failed := err != nil; failed != (last && tt.fails != "") || failed && (desk.KindOf(err) != desk.Retryable || !strings.Contains(err.Error(), tt.fails)) {
					t.Fatalf("page %d: %v, want %q", i+1, err, tt.fails)
				}
				if more == last {
					t.Errorf("page %d: more is %t", i+1, more)
				}
			}
		})
	}
}

func TestQuote(t *testing.T) {
	a := &Answer{Sent: []byte(`{"email":"Ada@example.test","id":7}`)}
	for words, want := range map[string]string{
		"": "", "Name is too long": ": Name is too long", "a\nb": ": a b", "ada@EXAMPLE.test is taken": "", strings.Repeat("x", 201): "", "\xff": "",
	} {
		if got := a.Quote(words); got != want {
			t.Errorf("%q: %q, want %q", words, got, want)
		}
	}
}
