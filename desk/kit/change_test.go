package kit

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFields(t *testing.T) {
	f := Fields{}
	f.Want("name", "Ada", "Ada")
	f.Want("title", "Countess", "")
	f.Want("phone", "", "1")
	f.Want("mail", "a@x.test", "b@x.test")
	if diff := cmp.Diff(Fields{"phone": "1", "mail": "b@x.test"}, f); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := f.String(); got != "mail, phone" {
		t.Errorf("String = %q", got)
	}
}

func TestDifference(t *testing.T) {
	missing := func(name string) error { return errors.New("no " + name) }
	find := func(_ context.Context, name string) (*string, error) {
		if strings.HasPrefix(name, "no") {
			return nil, nil
		}
		return &name, nil
	}
	for _, tt := range []struct {
		name        string
		in          string // names, one letter each
		add, remove []string
		did         string
		err         string
	}{
		{"joins, then leaves", "b", []string{"a"}, []string{"b"}, "+a -b", ""},
		{"twice is once", "a", []string{"a"}, []string{"b"}, "", ""},
		{"what is to be joined must exist", "", []string{"a", "nowhere"}, nil, "", "no nowhere"},
		{"what is gone has been left", "b", nil, []string{"nowhere", "b"}, "-b", ""},
		{"stops at the first error", "", []string{"a", "x", "b"}, nil, "+a", "refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var did []string
			note := func(sign string) func(context.Context, string) error {
				return func(_ context.Context, name string) error {
					if name == "x" {
						return errors.New("refused")
					}
					did = append(did, sign+name)
					return nil
				}
			}
			d, err := Resolve(t.Context(), find, tt.add, tt.remove, missing)
			wrote := false
			if err == nil {
				wrote, err = d.Apply(t.Context(), func(name string) bool { return strings.Contains(tt.in, name) }, note("+"), note("-"))
			}
			if (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			if got := strings.Join(did, " "); got != tt.did || err == nil && wrote != (tt.did != "") {
				t.Errorf("did %q, wrote: %v; want %q", got, wrote, tt.did)
			}
		})
	}
}

func TestDifferenceIsConfirmed(t *testing.T) {
	d := Difference[string]{Join: []string{"a", "b"}, Leave: []string{"c"}}
	for in, want := range map[string]string{"ab": "", "a": "not joined b", "": "not joined a", "abc": "not left c"} {
		err := d.Confirm(func(name string) bool { return strings.Contains(in, name) },
			func(name string) error { return errors.New("not joined " + name) },
			func(name string) error { return errors.New("not left " + name) })
		if (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("in %q: Confirm = %v, want %q", in, err, want)
		}
	}
}

func TestReadBack(t *testing.T) {
	lost, disobeyed := errors.New("lost"), errors.New("disobeyed")
	judge := func(r string) error {
		if r != "as wanted" {
			return disobeyed
		}
		return nil
	}
	for _, tt := range []struct {
		shows    string
		err, got error
	}{{"as wanted", nil, nil}, {"as before", nil, disobeyed}, {"", lost, lost}} {
		err := ReadBack(t.Context(), "7", func(context.Context, string) (string, error) { return tt.shows, tt.err }, judge)
		if !errors.Is(err, tt.got) || tt.got == nil && err != nil {
			t.Errorf("ReadBack = %v, want %v", err, tt.got)
		}
	}
}

func TestNumbers(t *testing.T) {
	for id, want := range map[string]bool{"1": true, "4711": true, "999999999999999999": true, "0": false, "07": false, "": false, "-1": false,
		"1/2": false, "1\n": false, "9999999999999999999": false} {
		if got := IsNumber(id); got != want {
			t.Errorf("IsNumber(%q) = %v", id, got)
		}
	}
	ids := []string{"10", "9", "2", "100"}
	slices.SortFunc(ids, ByNumber)
	if diff := cmp.Diff([]string{"2", "9", "10", "100"}, ids); diff != "" {
		t.Errorf("ByNumber (-want +got):\n%s", diff)
	}
	for location, want := range map[string]string{"https://desk.test/user/27": "27", "27": "27", "/user/ada@x.test": "", "/user/": "", "": ""} {
		if got := NumberAt(location); got != want {
			t.Errorf("NumberAt(%q) = %q, want %q", location, got, want)
		}
	}
}

func TestPageAt(t *testing.T) {
	for cursor, want := range map[string]int{"": 1, "2": 2, "9": 9, "1": 0, "10": 0, "x": 0, "-2": 0} {
		got, err := PageAt(cursor, 9)
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("PageAt(%q) = %d, %v", cursor, got, err)
		}
	}
	if got, err := PageAt(PageAfter(3), 9); got != 4 || err != nil {
		t.Errorf("after page 3 comes %d, %v", got, err)
	}
}
