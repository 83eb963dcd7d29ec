package kit

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
)

// someGroups reads Support at first, and Billing as well from the second time on.
func someGroups() (g *Groups, reads *int) {
	reads = new(int)
	return &Groups{
		Catalogue: &Catalogue[Entry]{
			Age: 1 << 40, Name: func(e Entry) string { return e.Name }, Fold: strings.ToLower,
			Read: func(context.Context) ([]Entry, error) {
				*reads++
				return []Entry{{7, "Support"}, {9, "Billing"}}[:min(*reads, 2)], nil
			},
		},
		None: func(kind desk.Kind, name string) error { return desk.NoPlace(kind, name, "no group %s", name) },
	}, reads
}

func TestGroups(t *testing.T) {
	g, reads := someGroups()
	for _, tt := range []struct {
		ids   []int64
		want  []string
		reads int
	}{{[]int64{7}, []string{"Support"}, 1}, {[]int64{9, 7}, []string{"Support", "Billing"}, 2}, {[]int64{8}, nil, 3}} {
		got, err := Names(t.Context(), g.Catalogue, tt.ids)
		if diff := cmp.Diff(tt.want, got); diff != "" || err != nil || *reads != tt.reads {
			t.Errorf("%v after %d reads: %v %s", tt.ids, *reads, err, diff)
		}
	}
	teams, boxes, err := g.Units(t.Context())
	if diff := cmp.Diff([]desk.Unit{{ID: "7", Name: "Support"}, {ID: "9", Name: "Billing"}}, teams); diff != "" || boxes != nil || err != nil {
		t.Errorf("%v, %v %s", boxes, err, diff)
	}
	if got, err := g.MailboxesOf(t.Context(), "support"); err != nil || !cmp.Equal(got, []string{"Support"}) {
		t.Errorf("%v, %v", got, err)
	}
	_, err = g.MailboxesOf(t.Context(), "Nobody")
	wantKind(t, err, desk.NotFound, "no group Nobody")
	_, err = g.Resolve(t.Context(), []string{"Nobody"}, nil)
	wantKind(t, err, desk.Permanent, "no group Nobody")
}

func TestTarget(t *testing.T) {
	g, _ := someGroups()
	someone := func(context.Context) (Target, error) { return Target{User: 3, In: []int64{7}}, nil }
	for name, tt := range map[string]struct {
		to     desk.Assignee
		fields map[string]any
		has    [2]int64 // assignee and group of a ticket that is so
		lacks  [2]int64
	}{
		"a user":  {desk.Assignee{User: "3"}, map[string]any{"owner": int64(3)}, [2]int64{3, 9}, [2]int64{4, 7}},
		"a group": {desk.Assignee{Team: "support"}, map[string]any{"owner": nil, "group": int64(7)}, [2]int64{0, 7}, [2]int64{0, 9}},
		"nobody":  {desk.Assignee{}, map[string]any{"owner": nil}, [2]int64{0, 9}, [2]int64{3, 9}},
	} {
		got, err := g.Target(t.Context(), tt.to, someone)
		if diff := cmp.Diff(tt.fields, got.Fields("owner", "group")); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
		if !got.Has(tt.has[0], tt.has[1]) || got.Has(tt.lacks[0], tt.lacks[1]) {
			t.Errorf("%s: %+v", name, got)
		}
		if outside := got.Outside(9); outside != (name == "a user") || got.Outside(7) || got.Outside(0) {
			t.Errorf("%s: outside is %t", name, outside)
		}
	}
	_, err := g.Target(t.Context(), desk.Assignee{Team: "Nobody"}, someone)
	wantKind(t, err, desk.Permanent, "no group Nobody")
}
