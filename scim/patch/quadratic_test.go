package patch

import (
	"cmp"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	scimerrors "github.com/elimity-com/scim/errors"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/resource"
)

// list returns form n times, separated by commas, with # replaced by the number.
func list(n int, form string) string {
	out := make([]string, n)
	for i := range out {
		out[i] = strings.ReplaceAll(form, "#", strconv.Itoa(i))
	}
	return strings.Join(out, ",")
}

// TestTimeIsUp checks the clock of a PATCH by itself.
func TestTimeIsUp(t *testing.T) {
	for _, tt := range []struct {
		began  time.Duration // ago
		status int
	}{{0, 0}, {maxTime + time.Millisecond, 413}} {
		err := (&budget{began: time.Now().Add(-tt.began)}).spend(0)
		if e, _ := errors.AsType[scimerrors.ScimError](err); e.Status != tt.status || (err != nil) != (tt.status != 0) {
			t.Errorf("begun %v ago: %v, want %d", tt.began, err, tt.status)
		}
	}
	late := budget{}
	if err := late.spend(1); err != nil || time.Since(late.began) > maxTime {
		t.Errorf("the first step begins at %v: %v", late.began, err)
	}
}

// TestNothingIsQuadratic checks that no body that the limits let pass keeps
// the server busy: each is answered, or refused, in not much more time than it takes
// to change one value in each of as many operations as one request may have.
func TestNothingIsQuadratic(t *testing.T) {
	yardstick := func() time.Duration {
		start := time.Now()
		if _, err := patched(t, `{"userName":"ada"}`, list(1000, `{"op":"replace","path":"title","value":"#"}`)); err != nil {
			t.Fatal(err)
		}
		return time.Since(start)
	}
	const notMuch = 300
	yard := max(yardstick(), yardstick())
	slow := func(took time.Duration) bool {
		if took > notMuch*yard {
			yard = max(yard, yardstick()) // the machine may have got other things to do
		}
		return took > notMuch*yard
	}
	emails := `{"op":"add","path":"emails","value":[` + list(1000, `{"value":"#"}`) + `]}`
	numbers := `{"op":"add","path":"urn:x:User:l","value":[` + list(1000, `1#`) + `]}`
	long := strings.Repeat("Long", 200_000)
	again := func(n int, op string) string { return strings.TrimSuffix(strings.Repeat(op+",", n), ",") }
	digits := "0." + strings.Repeat("7", 400_000)
	const soon = 50 * time.Millisecond // till the time is up
	for _, tt := range []struct {
		name, ops string
		status    int           // of the refusal; 0: it is done
		within    time.Duration // that it has; 0: there is no limit
	}{
		{"the same values again", again(2, emails), 0, 0},
		{"the same values again and again", again(30, emails), 413, 0},
		{"many operations on many values", emails + "," + list(900, `{"op":"replace","path":"emails[value eq \"#\"].type","value":"x"}`), 0, 0},
		{"a value more with each operation", list(999, `{"op":"add","path":"emails[type eq \"t#\"].value","value":"x"}`), 0, 0},
		{"a value less with each operation", emails + "," + list(999, `{"op":"remove","path":"emails[value eq \"#\"]"}`), 0, 0},
		{"a value like none", `{"op":"add","path":"emails","value":[` + list(999, `{"value":"#"}`) + `]},` + list(700, `{"op":"add","path":"emails[type eq \"t#\"].type","value":"u"}`), 0, 0},
		{"long filters on many values", emails + "," + again(999, `{"op":"remove","path":"emails[`+strings.TrimSuffix(strings.Repeat(`type eq \"t\" or `, 200), " or ")+`]"}`), 413, 0},
		{"long values", `{"op":"add","path":"emails","value":[{"value":"a","display":"` + long + `"}]},` + again(999, `{"op":"remove","path":"emails[display ew \"x\"]"}`), 413, soon},
		{"a number of many digits", `{"op":"add","path":"urn:x:User:l","value":[` + digits + `]},` + again(50, `{"op":"remove","path":"urn:x:User:l[value lt 0]"}`), 0, 0},
		{"numbers that take long to compare", `{"op":"add","path":"urn:x:User:l","value":[` + list(1000, "1."+strings.Repeat("0", 990)+"1#") + `]},` +
			`{"op":"remove","path":"urn:x:User:l[` + strings.TrimSuffix(strings.Repeat(`value lt 1 or `, 250), " or ") + `]"}`, 413, soon},
		{"a value more in an unknown list with each operation", again(999, `{"op":"add","path":"urn:x:User:l","value":[1]}`) + `,` + numbers, 400, 0},
		{"the same values of an unknown list again and again", again(50, numbers), 0, 0},
		{"unknown values that are long", `{"op":"add","path":"urn:x:User:l","value":["` + long + `"]},` + list(998, `{"op":"add","path":"urn:x:User:l","value":[#]}`), 0, 0},
		{"a long unknown list", `{"op":"add","path":"urn:x:User:l","value":[` + list(60000, `#`) + `]}`, 400, 0},
		{"many unknown names", `{"op":"add","value":{` + list(900, `"a#":1`) + `}},{"op":"add","value":{` + list(900, `"b#":1`) + `}}`, 400, 0},
		{"many extensions", list(999, `{"op":"add","path":"urn:x:#:User:tag","value":"1"}`), 0, 0},
	} {
		start := time.Now()
		_, err := patchedWithin(t, cmp.Or(tt.within, time.Hour), `{"userName":"ada"}`, tt.ops)
		if took := time.Since(start); slow(took) {
			t.Errorf("%s took %v, where a thousand changes of one value take %v", tt.name, took, yard)
		} else {
			t.Logf("%s: %v, %d times the yardstick", tt.name, took, took/yard)
		}
		if e, _ := errors.AsType[scimerrors.ScimError](err); e.Status != tt.status || (err != nil) != (tt.status != 0) || tt.status == 400 && e.ScimType != "invalidValue" {
			t.Errorf("%s: %v, want %d", tt.name, err, tt.status)
		}
	}
	start := time.Now()
	if _, err := resource.DecodeObject([]byte(`{` + list(100000, `"a#":1`) + `}`)); err == nil || slow(time.Since(start)) {
		t.Errorf("100,000 names: %v after %v", err, time.Since(start))
	}
}

// TestUnknownListsHaveALimit checks that lists of which no schema knows hold as
// many values as others do, and each once, however the values come.
func TestUnknownListsHaveALimit(t *testing.T) {
	add := func(op, values string) string {
		return `{"op":"` + op + `","path":"urn:x:User:l","value":[` + values + `]}`
	}
	long := `{"userName":"ada","urn:x:User":{"l":[` + list(1500, `#`) + `]}}`
	for _, tt := range []struct {
		name, doc, ops string
		length         int // -1: refused
	}{
		{"a thousand at once", `{}`, add("add", list(1000, `#`)), 1000},
		{"one more at once", `{}`, add("add", list(1001, `#`)), -1},
		{"in its place", `{}`, add("replace", list(1001, `#`)), -1},
		{"one more by another operation", `{}`, add("add", list(1000, `#`)) + "," + add("add", `"x"`), -1},
		{"the same again", `{}`, add("add", list(1000, `#`)) + "," + add("add", `7,8`), 1000},
		{"doubles count once", `{}`, add("add", `1,1,2`) + "," + add("add", `{"a":1,"b":2},{"b":2,"a":1},2`), 3},
		{"taken away between", `{}`, add("add", `1,2`) + `,{"op":"remove","path":"urn:x:User:l"},` + add("add", `1,1`), 2},
		{"replaced between", `{}`, add("add", `1,2`) + "," + add("add", `3`) + "," + add("replace", `4,5`) + "," + add("add", `1,4`), 3},
		{"a list within a list", `{}`, add("add", `[`+list(1001, `#`)+`]`), -1},
		{"one that was longer before", long, `{"op":"replace","path":"title","value":"x"}`, 1500},
		{"what it has already", long, add("add", `1,2`), 1500},
		{"and grows", long, add("add", `"x"`), -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := patched(t, tt.doc, tt.ops)
			if e, _ := errors.AsType[scimerrors.ScimError](err); tt.length < 0 {
				if e.ScimType != "invalidValue" {
					t.Errorf("got %v, want a refusal", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if held, _ := parse(t, got)["urn:x:User"].(resource.Object)["l"].([]any); len(held) != tt.length {
				t.Errorf("%d values, want %d: %.200s", len(held), tt.length, got)
			}
		})
	}
}

// TestMembersAreReadOnce checks that what one PATCH asks of a group's members
// costs one look at them, and is bounded.
func TestMembersAreReadOnce(t *testing.T) {
	g := newRoster("a", "b")
	for i := range 20_000 {
		g.stored = append(g.stored, provision.Member{ID: provision.MemberID(strconv.Itoa(i)), Kind: provision.MemberIdentity, Display: "X"})
	}
	counted := &countedRoster{roster: g}
	for _, tt := range []struct {
		n      int
		status int
	}{{10, 0}, {1000, 413}} {
		operations, err := Read(parse(t, opStart+list(tt.n, `{"op":"remove","path":"members[display eq \"#\"]"}`)+opEnd), limits)
		if err != nil {
			t.Fatal(err)
		}
		counted.reads = 0
		err = changeGroup(&provision.Group{DisplayName: "Tier 1"}, counted, operations, limits, budget{began: time.Now().Add(time.Hour)})
		if e, _ := errors.AsType[scimerrors.ScimError](err); e.Status != tt.status || counted.reads != 1 {
			t.Errorf("%d operations: %v, %d reads; want %d, 1", tt.n, err, counted.reads, tt.status)
		}
	}
}

type countedRoster struct {
	*roster
	reads int
}

func (c *countedRoster) Members() ([]provision.Member, error) {
	c.reads++
	return c.roster.Members()
}
