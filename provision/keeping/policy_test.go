package keeping_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision/keeping"
)

func TestValidate(t *testing.T) {
	for _, tt := range []struct {
		name  string
		words map[string]string
		want  []string // what each mistake says
	}{
		{"nothing is said", nil, nil},
		{"each of the words", map[string]string{"name": "keep-in-step", "title": "set-once", "phone": "leave-to-person", "timezone": ""}, nil},
		{"the address", map[string]string{"email": "leave-to-person"}, []string{"email cannot be named: the e-mail address is what a desk knows somebody by"}},
		{"the address, and nothing of it", map[string]string{"email": ""}, []string{"email cannot be named"}},
		{"who somebody is", map[string]string{"userName": "set-once", "user_name": "set-once", "external-id": "set-once"},
			[]string{"external-id cannot be named: the external id", `unknown field "userName"; use name, title, phone or timezone`, "user_name cannot be named: the userName"}},
		{"half of a name", map[string]string{"given_name": "set-once"}, []string{"say name, which is given, family and display name together"}},
		{"what no desk is sent", map[string]string{"locale": "set-once"}, []string{"no desk is sent a locale"}},
		{"what rules give", map[string]string{"role": "leave-to-person"}, []string{"follow from rules"}},
		{"nobody", map[string]string{"title": "never"}, []string{`title: nobody keeps a field as "never"; use keep-in-step, set-once or leave-to-person`}},
		{"a book", map[string]string{strings.Repeat("x", 1000): "set-once"}, []string{`unknown field "` + strings.Repeat("x", 40) + `…"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := keeping.Read(tt.words).Validate()
			if len(got) != len(tt.want) {
				t.Fatalf("mistakes %q, want %d", got, len(tt.want))
			}
			for i, want := range tt.want {
				if !strings.Contains(got[i], want) {
					t.Errorf("mistake %q, want %q", got[i], want)
				}
			}
		})
	}
}

func TestChanged(t *testing.T) {
	for _, tt := range []struct {
		name          string
		before, after keeping.Policy
		want          []keeping.Field
		more          bool // more may be sent
	}{
		{"nothing", nil, nil, nil, false},
		{"the default, said", nil, keeping.Policy{keeping.Title: keeping.InStep}, nil, false},
		{"two are left alone", nil, keeping.Policy{keeping.Phone: keeping.Person, keeping.Name: keeping.Once}, []keeping.Field{keeping.Name, keeping.Phone}, false},
		{"one is kept again", keeping.Policy{keeping.Phone: keeping.Person}, keeping.Policy{}, []keeping.Field{keeping.Phone}, true},
		{"one is set, another left", keeping.Policy{keeping.Title: keeping.Person}, keeping.Policy{keeping.Title: keeping.Once, keeping.Name: keeping.Once}, []keeping.Field{keeping.Name, keeping.Title}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.before.Changed(tt.after)); diff != "" {
				t.Errorf("changed (-want +got):\n%s", diff)
			}
			if got := tt.before.Same(tt.after); got != (len(tt.want) == 0) {
				t.Errorf("same: %v", got)
			}
			if got := tt.before.Sends(tt.after); got != tt.more {
				t.Errorf("sends more: %v, want %v", got, tt.more)
			}
		})
	}
}

func TestWords(t *testing.T) {
	words := map[string]string{"title": "set-once", "name": "keep-in-step", "phone": "leave-to-person"}
	p := keeping.Read(words)
	if diff := cmp.Diff(map[string]string{"title": "set-once", "phone": "leave-to-person"}, p.Words()); diff != "" {
		t.Errorf("words (-want +got):\n%s", diff)
	}
	if got := p.String(); got != "title set-once, phone leave-to-person" {
		t.Errorf("in words: %q", got)
	}
	with := p.With(func(f keeping.Field) string {
		return map[keeping.Field]string{keeping.Name: "set-once", keeping.Phone: "keep-in-step"}[f]
	})
	if diff := cmp.Diff(keeping.Policy{keeping.Name: keeping.Once, keeping.Title: keeping.Once}, with); diff != "" {
		t.Errorf("with other words (-want +got):\n%s", diff)
	}
	if empty := keeping.Read(map[string]string{"title": "keep-in-step"}); empty != nil || empty.Words() != nil || empty.String() != "" {
		t.Errorf("a policy that says nothing is %v", empty)
	}
}
