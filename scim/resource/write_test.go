package resource

import (
	"fmt"
	"runtime"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
)

// largest is a writer that keeps only how much is written at once.
type largest struct{ all, most int }

func (l *largest) Write(p []byte) (int, error) {
	l.all += len(p)
	l.most = max(l.most, len(p))
	return len(p), nil
}

// TestLargeGroupsAreSentAsTheyAreMade checks that the JSON of 100,000 members
// is never in memory as a whole.
func TestLargeGroupsAreSentAsTheyAreMade(t *testing.T) {
	members := make([]provision.Member, 100_000)
	for i := range members {
		members[i] = provision.Member{ID: provision.NewID[provision.MemberID](), Kind: provision.MemberIdentity, Display: "Member " + strconv.Itoa(i)}
	}
	body, err := Representation{Base: "https://bridge.example.test/scim/acme/v2"}.group(provision.Group{ID: "g", DisplayName: "Everybody"}, members)
	if err != nil {
		t.Fatal(err)
	}
	if !IsLarge(body) || !IsLarge(Object{"Resources": []any{body}}) {
		t.Error("the answer does not count as large")
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var to largest
	if err := SendBody(&to, body); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	const mostAtOnce, mostPerMember = 64 << 10, 500
	if to.all < 150*len(members) || to.most > mostAtOnce {
		t.Errorf("%d bytes, up to %d at once", to.all, to.most)
	}
	if per := int(after.TotalAlloc-before.TotalAlloc) / len(members); per > mostPerMember {
		t.Errorf("%d bytes are allocated for each member", per)
	}
}

// TestMembersAreWrittenAsTheyWouldBe compares the writer of members, and of
// what is around them, with the encoder of everything else.
func TestMembersAreWrittenAsTheyWouldBe(t *testing.T) {
	as := Representation{Base: "https://b"}
	members := []provision.Member{
		{ID: "1", Kind: provision.MemberIdentity, Display: `Ada "<&>" Ø` + "\u2028\x01"},
		{ID: "2", Kind: provision.MemberGroup, Display: "Tier 1"},
		{ID: "3", Kind: provision.MemberIdentity},
	}
	plain := make([]any, len(members))
	for i, m := range members {
		plain[i] = as.Member(m)
	}
	for query, keep := range map[string]func(string) bool{
		"all":          nil,
		"value":        func(name string) bool { return name == "value" },
		"all but type": func(name string) bool { return name != "type" },
	} {
		list := memberList{as: as, members: members, keep: keep}
		want := any(plain)
		if keep != nil {
			want = subAttributes(plain, keep)
		}
		around := func(members any) Object {
			return Object{"Resources": []any{Object{"members": members, "a": []any{1, "<", nil}}}, "b": map[string]int{"c": 1}, "empty": []any{}, "é\"": Object{}}
		}
		raw, err := Encode(around(want))
		if err != nil {
			t.Fatal(err)
		}
		got, err := EncodeBody(around(list))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(raw), string(got)); diff != "" {
			t.Errorf("%s (-encode +writeJSON):\n%s", query, diff)
		}
	}
	if _, err := EncodeBody(Object{"x": []any{func() {}}}); err == nil {
		t.Error("what is no JSON was written")
	}
}

func BenchmarkGroupAnswer(b *testing.B) {
	for _, n := range []int{1, 1000, 100_000} {
		b.Run(fmt.Sprintf("members=%d", n), func(b *testing.B) {
			members := make([]provision.Member, n)
			for i := range members {
				members[i] = provision.Member{ID: provision.NewID[provision.MemberID](), Kind: provision.MemberIdentity, Display: "Ada Nilsen"}
			}
			b.ReportAllocs()
			for b.Loop() {
				body, err := Representation{Base: "https://bridge.example.test/scim/acme/v2"}.group(provision.Group{ID: "g"}, members)
				if err == nil {
					err = SendBody(&largest{}, body)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
