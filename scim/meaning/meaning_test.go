package meaning_test

import (
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/scim/meaning"
)

// TestOfPerson: what of somebody changes, and never to what.
func TestOfPerson(t *testing.T) {
	was := provision.Identity{UserName: "ada", Status: provision.StatusActive, Attributes: map[string][]string{"department": {"Help"}, "title": {"Dr"}}, Document: []byte("{}")}
	for want, change := range map[string]func(*provision.Identity){
		"nothing":             func(*provision.Identity) {},
		"suspended":           func(p *provision.Identity) { p.Status = provision.StatusSuspended },
		"suspended, userName": func(p *provision.Identity) { p.Status, p.UserName = provision.StatusSuspended, "secret" },
		"externalId":          func(p *provision.Identity) { p.ExternalID = "secret" },
		"name or address, emails": func(p *provision.Identity) {
			p.Profile.DisplayName, p.Emails = "secret", []provision.Email{{Value: "secret"}}
		},
		"roles":             func(p *provision.Identity) { p.Requested.Roles = []string{"secret"} },
		"department, title": func(p *provision.Identity) { p.Attributes = map[string][]string{"department": {"secret"}} },
		"attributes that no rule looks at": func(p *provision.Identity) {
			p.Document = []byte(`{"nickName":"secret"}`)
		},
	} {
		now := was
		change(&now)
		if got := meaning.OfPerson(&was, &now); got != want || strings.Contains(got, "secret") {
			t.Errorf("%q, want %q", got, want)
		}
	}
	suspended := was
	suspended.Status = provision.StatusSuspended
	if got := meaning.OfPerson(&suspended, &was); got != "active again" {
		t.Errorf("%q", got)
	}
}

func TestOfGroup(t *testing.T) {
	was := provision.Group{DisplayName: "Support"}
	for want, edit := range map[string]func(*directory.GroupChange){
		"nothing":                           func(*directory.GroupChange) {},
		"renamed":                           func(g *directory.GroupChange) { g.DisplayName = "secret" },
		"2 members added, 1 member removed": func(g *directory.GroupChange) { g.Add("a", "b"); g.Remove("c") },
		"members replaced by 1":             func(g *directory.GroupChange) { g.Add("x"); g.RemoveAll(); g.Add("a") },
	} {
		g := &directory.GroupChange{Group: was}
		edit(g)
		if got := meaning.OfGroup(&was, g); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestOfFilter(t *testing.T) {
	is := func(path ...string) provision.Expr { return provision.Compare{Path: path, Value: "secret"} }
	for want, filter := range map[string]provision.Expr{
		"":                                     nil,
		"userName":                             is("userName"),
		"active, emails.value, name.givenName": provision.And{Left: provision.Not{Expr: is("active")}, Right: provision.Or{Left: is("name", "givenName"), Right: provision.Element{Path: provision.Path{"emails"}, Where: is("value")}}},
		"a, b, c, d, e, f, g, h, 1 more":       many("a", "b", "c", "d", "e", "f", "g", "h", "i"),
	} {
		if got := meaning.OfFilter(filter); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func many(names ...string) provision.Expr {
	var all provision.Expr = provision.Compare{Path: provision.Path{names[0]}}
	for _, name := range names[1:] {
		all = provision.Or{Left: all, Right: provision.Compare{Path: provision.Path{name}}}
	}
	return all
}
