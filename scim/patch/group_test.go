package patch

import (
	"errors"
	"slices"
	"strings"
	"testing"

	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
)

// roster keeps the members of a group in memory.
type roster struct {
	stored []provision.Member
	now    []string
	read   bool // whether the stored members were asked for
}

func newRoster(ids ...string) *roster {
	r := &roster{now: slices.Clone(ids)}
	for _, id := range ids {
		r.stored = append(r.stored, provision.Member{ID: provision.MemberID(id), Kind: provision.MemberIdentity, Display: strings.ToUpper(id)})
	}
	return r
}

func (r *roster) Add(ids ...provision.MemberID) {
	for _, id := range ids {
		if !slices.Contains(r.now, string(id)) {
			r.now = append(r.now, string(id))
		}
	}
}

func (r *roster) Remove(ids ...provision.MemberID) {
	r.now = slices.DeleteFunc(r.now, func(have string) bool { return slices.Contains(ids, provision.MemberID(have)) })
}

func (r *roster) RemoveAll() { r.now = nil }

func (r *roster) Members() ([]provision.Member, error) {
	r.read = true
	return r.stored, nil
}

// TestMembers checks what operations on members come to, and that only a filter
// on something else than value reads those that are there.
func TestMembers(t *testing.T) {
	for _, tt := range []struct {
		name, ops, want string
		reads           bool
	}{
		{"add", `{"op":"add","path":"members","value":[{"value":"c"},{"value":"a"}]}`, "a b c", false},
		{"add of bare ids", `{"op":"Add","path":"members","value":["c","d"]}`, "a b c d", false},
		{"add without path", `{"op":"add","value":{"members":[{"value":"c"}]}}`, "a b c", false},
		{"replace", `{"op":"replace","path":"members","value":[{"value":"c"}]}`, "c", false},
		{"remove of named values", `{"op":"remove","path":"members","value":[{"value":"a"}]}`, "b", false},
		{"remove of all", `{"op":"remove","path":"members"}`, "", false},
		{"remove by value", `{"op":"remove","path":"members[value eq \"a\"]"}`, "b", false},
		{"remove by several values", `{"op":"remove","path":"members[value eq \"a\" or value eq \"b\"]"}`, "", false},
		{"remove by name", `{"op":"remove","path":"members[display eq \"b\"]"}`, "a", true},
		{"a filter sees what came before", `{"op":"add","path":"members","value":["ax"]},{"op":"remove","path":"members[value sw \"a\"]"}`, "b", true},
		{"add by value makes one", `{"op":"add","path":"members[value eq \"c\"]","value":{}}`, "a b c", false},
		{"replace by value", `{"op":"replace","path":"members[value eq \"a\"]","value":{"value":"c"}}`, "b c", false},
		{"a display is ours", `{"op":"replace","path":"members[value eq \"a\"].display","value":"x"}`, "a b", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			operations, err := Read(parse(t, opStart+tt.ops+opEnd), limits)
			if err != nil {
				t.Fatal(err)
			}
			g := provision.Group{DisplayName: "Tier 1"}
			before := g
			members := newRoster("a", "b")
			if err := Group(&g, members, operations, limits); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(members.now, " "); got != tt.want || members.read != tt.reads {
				t.Errorf("got %q, read %t; want %q, %t", got, members.read, tt.want, tt.reads)
			}
			if diff := cmp.Diff(before, g); diff != "" {
				t.Errorf("the group itself (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMembersRefuses(t *testing.T) {
	few := limits
	few.MaxMembers = 3
	for _, tt := range []struct {
		name, ops string
		status    int
		says      string
	}{
		{"a member without value", `{"op":"add","path":"members","value":[{"display":"x"}]}`, 400, "members.value: is required"},
		{"remove of an empty list", `{"op":"remove","path":"members","value":[]}`, 400, "names no member"},
		{"a change of a value", `{"op":"replace","path":"members[value eq \"a\"].value","value":"x"}`, 400, "members.value is immutable"},
		{"a filter that finds nobody", `{"op":"replace","path":"members[display eq \"x\"]","value":{"value":"c"}}`, 400, "No member matches"},
		{"too many in one operation", `{"op":"add","path":"members","value":["1","2","3","4"]}`, 413, "at most 3 members"},
		{"too many in all", `{"op":"add","path":"members","value":["1","2"]},{"op":"add","path":"members","value":["3","4"]}`, 413, "at most 3 members"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			operations, err := Read(parse(t, opStart+tt.ops+opEnd), few)
			if err != nil {
				t.Fatal(err)
			}
			err = Group(&provision.Group{DisplayName: "Tier 1"}, newRoster("a", "b"), operations, few)
			if e, _ := errors.AsType[scimerrors.ScimError](err); e.Status != tt.status || !strings.Contains(e.Detail, tt.says) {
				t.Errorf("got %v, want %d %q", err, tt.status, tt.says)
			}
		})
	}
}

func TestAttributesOfAGroup(t *testing.T) {
	operations, err := Read(parse(t, opStart+`{"op":"replace","value":{"displayName":"Tier 2","externalId":"x","urn:x:Group":{"tag":"t"}}}`+opEnd), limits)
	if err != nil {
		t.Fatal(err)
	}
	got := provision.Group{DisplayName: "Tier 1"}
	if err := Group(&got, newRoster(), operations, limits); err != nil {
		t.Fatal(err)
	}
	want := provision.Group{DisplayName: "Tier 2", ExternalID: "x",
		Document: []byte(`{"displayName":"Tier 2","externalId":"x","schemas":["urn:ietf:params:scim:schemas:core:2.0:Group","urn:x:Group"],"urn:x:Group":{"tag":"t"}}`)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Group (-want +got):\n%s", diff)
	}
}
