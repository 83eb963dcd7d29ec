package profile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/keeping"
	"github.com/deskbridge/deskbridge/provision/profile"
)

var said = provision.DeskUser{Email: "ada@acme.test", GivenName: "Ada", FamilyName: "Lovelace", DisplayName: "Ada Lovelace", Title: "Agent", Phone: "+44 1", Timezone: "Europe/London"}

func TestWanted(t *testing.T) {
	all := func(k keeping.Keep) keeping.Policy {
		return keeping.Policy{keeping.Name: k, keeping.Title: k, keeping.Phone: k, keeping.Timezone: k}
	}
	nameless := provision.DeskUser{Email: "ada@acme.test", Title: "Boss"}
	for _, tt := range []struct {
		name string
		p    keeping.Policy
		have *provision.DeskUser
		want provision.DeskUser
	}{
		{"who is made gets all", nil, nil, said},
		{"who is made gets what is set once", all(keeping.Once), nil, said},
		{"who is made gets a name of what is left to them", all(keeping.Person), nil, provision.DeskUser{Email: said.Email, GivenName: "Ada", FamilyName: "Lovelace", DisplayName: "Ada Lovelace"}},
		{"who is there keeps nothing that is kept in step", all(keeping.InStep), &provision.DeskUser{Title: "Boss"}, said},
		{"what the desk has is not set again", all(keeping.Once), &provision.DeskUser{GivenName: "Augusta", Title: "Boss", Phone: "1", Timezone: "UTC"}, provision.DeskUser{Email: said.Email}},
		{"what the desk has not is set", all(keeping.Once), &nameless,
			provision.DeskUser{Email: said.Email, GivenName: "Ada", FamilyName: "Lovelace", DisplayName: "Ada Lovelace", Phone: "+44 1", Timezone: "Europe/London"}},
		{"what is left to them is not set, even where the desk has none", all(keeping.Person), &nameless, provision.DeskUser{Email: said.Email}},
		{"one field is no other", keeping.Policy{keeping.Title: keeping.Once, keeping.Phone: keeping.Person}, &provision.DeskUser{Title: "Boss", Phone: "1"},
			provision.DeskUser{Email: said.Email, GivenName: "Ada", FamilyName: "Lovelace", DisplayName: "Ada Lovelace", Timezone: "Europe/London"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := profile.Wanted(tt.p, said, tt.have)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("wanted (-want +got):\n%s", diff)
			}
			if tt.have == nil {
				return
			}
			after := *tt.have // once what is wanted is written, nothing is
			for to, want := range map[*string]string{&after.Email: got.Email, &after.GivenName: got.GivenName, &after.FamilyName: got.FamilyName, &after.DisplayName: got.DisplayName,
				&after.Title: got.Title, &after.Phone: got.Phone, &after.Timezone: got.Timezone} {
				if want != "" {
					*to = want
				}
			}
			if left := after.Differs(profile.Wanted(tt.p, said, &after)); len(left) > 0 {
				t.Errorf("once it is written %v still differ", left)
			}
		})
	}
}

// TestWritten: a connector that makes up a name of the address is not let to.
func TestWritten(t *testing.T) {
	inventive := func(u provision.DeskUser) provision.DeskUser {
		if u.GivenName == "" {
			u.GivenName, _, _ = strings.Cut(u.Email, "@")
		}
		u.DisplayName = u.GivenName
		return u
	}
	plain := func(u provision.DeskUser) provision.DeskUser { return u }
	have := &provision.DeskUser{Email: "old@acme.test", GivenName: "Augusta", DisplayName: "Augusta", Title: "Boss"}
	p := keeping.Policy{keeping.Name: keeping.Person, keeping.Title: keeping.Once}
	got := profile.Written(p, inventive, said, have)
	if got.GivenName != "Augusta" || got.Title != "" || got.Phone != "+44 1" || got.Email != said.Email {
		t.Errorf("an inventive desk is given %+v", got)
	}
	if got := profile.Written(p, plain, said, have); got.GivenName+got.FamilyName+got.DisplayName != "" {
		t.Errorf("another desk is given a name that is left to the person: %+v", got)
	}
}

func TestTell(t *testing.T) {
	from := provision.DeskUser{Email: "Ada@acme.test", GivenName: "Ada", DisplayName: "Countess  Ada", Title: "Head of the Analytical Engine", Phone: "1", Timezone: "Moon/Sea"}
	kept := provision.DeskUser{Email: "ada@acme.test", GivenName: "Ada", FamilyName: "-", DisplayName: "Ada -", Title: "Head of the", Phone: "1"}
	p := keeping.Policy{keeping.Title: keeping.Once, keeping.Timezone: keeping.Person}
	want := []profile.Told{
		{"email", "Ada@acme.test", "ada@acme.test", profile.ChangeSpelled, keeping.InStep},
		{"given_name", "Ada", "Ada", profile.ChangeNone, keeping.InStep},
		{"family_name", "", "-", profile.ChangeDerived, keeping.InStep},
		{"display_name", "Countess  Ada", "Ada -", profile.ChangeDerived, keeping.InStep},
		{"title", "Head of the Analytical Engine", "Head of the", profile.ChangeCut, keeping.Once},
		{"phone", "1", "1", profile.ChangeNone, keeping.InStep},
		{"timezone", "Moon/Sea", "", profile.ChangeDropped, keeping.Person},
	}
	got := profile.Tell(p, from, kept)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	var words []string
	for _, told := range got {
		words = append(words, told.String())
	}
	if diff := cmp.Diff([]string{"ada@acme.test (the identity provider says Ada@acme.test), kept in step", "Ada, kept in step", "- (derived), kept in step", "Ada - (derived), kept in step",
		"Head of the (cut from Head of the Analytical Engine), set once", "1, kept in step", "Moon/Sea (not kept there), left to the person"}, words); diff != "" {
		t.Errorf("in words (-want +got):\n%s", diff)
	}
	if none := profile.Tell(p, provision.DeskUser{}, provision.DeskUser{}); none != nil {
		t.Errorf("of nobody it is told %+v", none)
	}
}
