package directory

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
)

func TestDecideGroup(t *testing.T) {
	old := provision.Group{ID: "g", Connection: "acme", DisplayName: "Support", ExternalID: "ext", Document: json.RawMessage(`{"a":1}`), Version: 3, CreatedAt: before, UpdatedAt: before}
	for _, tt := range []struct {
		name            string
		change          func(*provision.Group)
		edited, renamed bool
		field           string
	}{
		{"nothing", func(*provision.Group) {}, false, false, ""},
		{"what is ours", func(g *provision.Group) {
			g.ID, g.Connection, g.Version, g.CreatedAt, g.UpdatedAt = "x", "x", 99, today, time.Time{}
		}, false, false, ""},
		{"the name", func(g *provision.Group) { g.DisplayName = "Agents" }, true, true, ""},
		{"its letter case", func(g *provision.Group) { g.DisplayName = "SUPPORT" }, true, true, ""},
		{"the externalId", func(g *provision.Group) { g.ExternalID = "" }, true, false, ""},
		{"the document", func(g *provision.Group) { g.Document = json.RawMessage(`{"a":2}`) }, true, false, ""},
		{"no name", func(g *provision.Group) { g.DisplayName = " " }, true, true, "displayName"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := old
			tt.change(&now)
			e, err := decideGroup(old, now, today)
			if fieldOf(err) != tt.field || e.edited != tt.edited || e.renamed != tt.renamed {
				t.Errorf("%+v, %v; want edited %t, renamed %t, field %q", e, err, tt.edited, tt.renamed, tt.field)
			}
			want := now
			want.ID, want.Connection, want.Version, want.CreatedAt, want.UpdatedAt = "g", "acme", 4, before, today
			if diff := cmp.Diff(want, e.now); diff != "" {
				t.Errorf("the group (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMembersOf(t *testing.T) {
	kinds := map[provision.MemberID]provision.MemberKind{"ann": provision.MemberIdentity, "inner": provision.MemberGroup, "g": provision.MemberGroup}
	for _, tt := range []struct {
		name  string
		add   []provision.MemberID
		field string
	}{
		{"nobody", nil, ""},
		{"a person and a group", []provision.MemberID{"inner", "ann"}, ""},
		{"somebody unknown", []provision.MemberID{"ann", "nobody"}, "members"},
		{"itself", []provision.MemberID{"g"}, "members"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := membersOf("g", tt.add, kinds)
			if fieldOf(err) != tt.field {
				t.Fatalf("error %v, want field %q", err, tt.field)
			}
			for i, m := range got {
				if m.ID != tt.add[i] || m.Kind != kinds[m.ID] {
					t.Errorf("member %d is %+v", i, m)
				}
			}
		})
	}
	if !nests(kinds) || nests(nil) || nests(map[provision.MemberID]provision.MemberKind{"ann": provision.MemberIdentity}) {
		t.Error("nests does not tell groups from people")
	}
	if got := peopleOf(kinds, []provision.MemberID{"zoe", "inner", "ann"}); !slices.Equal(got, []provision.IdentityID{"ann", "zoe"}) {
		t.Errorf("people %v", got)
	}
}

func TestBindTo(t *testing.T) {
	rules := []provision.Rule{{ID: "1", Group: "support"}, {ID: "2", Group: "Support", GroupID: "other"}, {ID: "3", Group: "Support staff"}, {ID: "4", Attribute: "roles"}}
	all, fresh := bindTo(rules, provision.Group{ID: "g", DisplayName: "Support"})
	if len(fresh) != 1 || fresh[0].ID != "1" || fresh[0].GroupID != "g" {
		t.Errorf("fresh %+v", fresh)
	}
	want := slices.Clone(rules)
	want[0].GroupID = "g"
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	if rules[0].GroupID != "" {
		t.Error("the rules that were read have changed")
	}
	if diff := cmp.Diff(map[provision.GroupID]bool{"g": true, "other": true}, boundGroups(all)); diff != "" {
		t.Errorf("bound groups (-want +got):\n%s", diff)
	}
}
