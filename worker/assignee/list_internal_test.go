package assignee

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
)

// TestNext shows whose turn it is, one conversation after the other, and what is
// said of it.
func TestNext(t *testing.T) {
	bob, cid, eve := desk.Assignee{User: "bob"}, desk.Assignee{User: "cid"}, desk.Assignee{User: "eve"}
	const full = "as many as the cap"
	for _, tt := range []struct {
		name  string
		list  List
		again *desk.Assignee
		want  []desk.Assignee
		notes []string
	}{
		{"nobody, and why", List{note: "left"}, nil, []desk.Assignee{{}, {}}, []string{"left", "left"}},
		{"each in turn", List{all: []desk.Assignee{bob, cid}}, nil, []desk.Assignee{bob, cid, bob}, []string{"", "", ""}},
		{"who has no room is passed over, until nobody has any", List{all: []desk.Assignee{bob, cid}, room: map[desk.Assignee]int{bob: 0, cid: 2}}, nil,
			[]desk.Assignee{cid, cid, {}}, []string{"", "", full}},
		{"who has more than the cap already", List{all: []desk.Assignee{bob}, room: map[desk.Assignee]int{bob: -1}}, nil, []desk.Assignee{{}}, []string{full}},
		{"a team has room for any number", List{all: []desk.Assignee{{Team: "Tier 1"}}, room: map[desk.Assignee]int{}}, nil,
			[]desk.Assignee{{Team: "Tier 1"}, {Team: "Tier 1"}}, []string{"", ""}},
		{"who was tried before, whatever the cap", List{all: []desk.Assignee{bob, cid}, room: map[desk.Assignee]int{cid: 0}}, &cid, []desk.Assignee{cid, cid}, []string{"", ""}},
		{"who was tried before, and takes nothing over any more", List{all: []desk.Assignee{bob, cid}}, &eve, []desk.Assignee{bob, cid}, []string{"", ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []desk.Assignee
			for _, want := range tt.notes {
				to, note := tt.list.Next(tt.again)
				got = append(got, to)
				if !strings.Contains(note, want) || want == "" && note != "" {
					t.Errorf("note %q, want %q", note, want)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Next (-want +got):\n%s", diff)
			}
		})
	}
}
