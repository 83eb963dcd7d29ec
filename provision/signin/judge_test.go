package signin

import (
	"testing"

	"github.com/deskbridge/deskbridge/provision"
)

// TestJudge has a known login come with what may speak for or against the person
// that it is bound to.
func TestJudge(t *testing.T) {
	const oidA, oidB = "11111111-aaaa-4aaa-8aaa-111111111111", "22222222-bbbb-4bbb-8bbb-222222222222"
	person := func(id, name, externalID string) provision.Identity {
		return provision.Identity{ID: provision.IdentityID(id), UserName: name, ExternalID: externalID, Source: provision.SourceSCIM,
			Status: provision.StatusActive, Profile: provision.Profile{Email: name}}
	}
	a, b := person("a", "a.lee@x.test", oidA), person("b", "b@x.test", oidB)
	renamed, nick, signedIn, bySignIn := a, a, a, b
	renamed.UserName, renamed.Profile.Email = "a.lee-smith@x.test", "a.lee-smith@x.test"
	nick.ExternalID = "alee"
	signedIn.Source, bySignIn.Source = provision.SourceSignIn, provision.SourceSignIn
	recycled := person("b", "a.lee@x.test", oidB)
	const byID, byName, byMail, made = provision.FoundByExternalID, provision.FoundByUserName, provision.FoundByEmail, provision.FoundByCreation
	for _, tt := range []struct {
		name              string
		foundBy           provision.FoundBy
		subject, userName string
		externalID        string
		holder            provision.Identity
		external, named   *provision.Identity
		want              verdict
		unasked           bool // decided without a look-up
	}{
		{"the same externalId", byID, "opaque", "other@x.test", oidA, a, &a, &b, holds, false},
		{"the same externalId under another's name", byName, "b@x.test", "b@x.test", oidA, a, &a, &b, holds, false},
		{"the same externalId and userName", byName, "a.lee@x.test", "a.lee@x.test", oidA, a, nil, nil, holds, true},
		{"the same userName", byName, "a.lee@x.test", "A.Lee@x.test", "", a, nil, &a, holds, true},
		{"an opaque login with no name", made, "opaque", "", "", a, nil, nil, holds, true},
		{"an opaque login that made its person, with another's name", made, "opaque", "b@x.test", "", signedIn, nil, &b, holds, true},
		{"an opaque login of before, with another's name", "", "opaque", "b@x.test", "", a, nil, &b, holds, true},
		{"an opaque login found by name, with another's name", byName, "opaque", "b@x.test", "", a, nil, &b, disputed, false},
		{"the same, whom no SCIM describes", byName, "opaque", "b@x.test", "", a, nil, &bySignIn, holds, false},
		{"an opaque login found by name, with a new name", byName, "opaque", "new@x.test", "", a, nil, nil, holds, false},
		{"an opaque login found by address, which is theirs", byMail, "opaque", "a.lee@x.test", "", a, nil, nil, holds, true},
		{"another's externalId", byName, "opaque", "a.lee@x.test", oidB, a, &b, &a, passedOn, false},
		{"another's externalId, with a login of before", "", "a.lee@x.test", "a.lee@x.test", oidB, a, &b, &a, passedOn, false},
		{"a new externalId, where one was seen before", byID, "a.lee@x.test", "a.lee@x.test", "77", a, nil, &a, passedOn, false},
		{"a new externalId of the same kind", "", "a.lee@x.test", "a.lee@x.test", oidB, a, nil, &a, passedOn, false},
		{"an externalId of another kind than SCIM's", byName, "a.lee@x.test", "a.lee@x.test", oidA, nick, nil, &nick, holds, false},
		{"a name that is another's now", "", "a.lee@x.test", "a.lee@x.test", "", renamed, nil, &recycled, passedOn, false},
		{"a name that is nobody's now", "", "a.lee@x.test", "a.lee@x.test", "", renamed, nil, nil, passedOn, false},
		{"a name that was never a person's, whom no SCIM describes", made, "z@x.test", "z@x.test", "", signedIn, nil, nil, holds, false},
		{"a name that is one of their addresses", byMail, "a.lee@x.test", "a.lee@x.test", "", called(a, "alee"), nil, nil, holds, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := provision.Login{Subject: tt.subject, UserName: tt.userName, ExternalID: tt.externalID}
			key := provision.LoginKey{Subject: tt.subject, Identity: tt.holder.ID, FoundBy: tt.foundBy}
			e := evidence{login: &l, plain: tt.userName}
			first := judge(key, &tt.holder, e)
			if unasked := first != unsure; unasked != tt.unasked {
				t.Errorf("decided without a look-up: %t, want %t", unasked, tt.unasked)
			}
			e.looked, e.external, e.named = true, tt.external, tt.named
			if got := judge(key, &tt.holder, e); got != tt.want || first != unsure && first != got {
				t.Errorf("verdict %d, at first %d, want %d", got, first, tt.want)
			}
		})
	}
}

// TestJudgeSharedExternalID has a known login bring an externalId that several
// people have: it counts for nothing, whoever has it.
func TestJudgeSharedExternalID(t *testing.T) {
	person := func(id, name, externalID string) provision.Identity {
		return provision.Identity{ID: provision.IdentityID(id), UserName: name, ExternalID: externalID, Source: provision.SourceSCIM,
			Status: provision.StatusActive, Profile: provision.Profile{Email: name}}
	}
	ada, other := person("ada", "ada@x.test", "ada"), person("other", "ada2@x.test", "ada")
	renamed, elsewhere := person("ada", "ada.lee@x.test", "ada"), person("ada", "ada@x.test", "adal")
	const byID, byName = provision.FoundByExternalID, provision.FoundByUserName
	for _, tt := range []struct {
		name              string
		foundBy           provision.FoundBy
		subject, userName string
		holder            provision.Identity
		named             *provision.Identity
		want              verdict
	}{
		{"an identifier of before, under another's name", byID, "opaque", "ada2@x.test", ada, &other, holds},
		{"an identifier that was found by name, under another's name", byName, "opaque", "ada2@x.test", ada, &other, disputed},
		{"a name that is another's now", byID, "ada@x.test", "ada@x.test", renamed, func() *provision.Identity { p := other; p.UserName = "ada@x.test"; return &p }(), passedOn},
		{"a name that is nobody's now", byName, "ada@x.test", "ada@x.test", renamed, nil, passedOn},
		{"the same name", byID, "ada@x.test", "ada@x.test", elsewhere, &elsewhere, holds},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := provision.Login{Subject: tt.subject, UserName: tt.userName, ExternalID: "ada"}
			key := provision.LoginKey{Subject: tt.subject, Identity: tt.holder.ID, FoundBy: tt.foundBy}
			e := evidence{login: &l, plain: tt.userName}
			if first := judge(key, &tt.holder, e); first != unsure && first != tt.want {
				t.Errorf("at first %d", first)
			}
			e.looked, e.shared, e.named = true, true, tt.named
			if got := judge(key, &tt.holder, e); got != tt.want {
				t.Errorf("verdict %d, want %d", got, tt.want)
			}
		})
	}
}

func called(id provision.Identity, userName string) provision.Identity {
	id.UserName = userName
	return id
}

// TestOutdone has a login of before stand in the way of a new one of the same
// person.
func TestOutdone(t *testing.T) {
	person := provision.Identity{UserName: "c.kay@x.test", Emails: []provision.Email{{Value: "kay@x.test"}}}
	const byID, byName, byMail = provision.FoundByExternalID, provision.FoundByUserName, provision.FoundByEmail
	for _, tt := range []struct {
		name     string
		old, now string
		was, by  provision.FoundBy
		want     bool
	}{
		{"any, by the externalId", "opaque-1", "opaque-2", byName, byID, true},
		{"an identifier by another one", "opaque-1", "opaque-2", byName, byName, false},
		{"an identifier by a name", "opaque-1", "c.kay@x.test", byName, byName, false},
		{"a name by an identifier", "c.kay-jones@x.test", "opaque-2", "", byName, false},
		{"a name that is theirs no more", "c.kay-jones@x.test", "c.kay@x.test", "", byName, true},
		{"the same that was found by an externalId", "c.kay-jones@x.test", "c.kay@x.test", byID, byName, false},
		{"a name that is still theirs", "kay@x.test", "c.kay@x.test", "", byName, false},
		{"the same in other letters", "C.Kay@x.test", "c.kay@x.test", byName, byName, true},
		{"by the address", "C.Kay@x.test", "c.kay@x.test", byName, byMail, true},
		{"the same of another identity provider", "c.kay@x.test\nother\nsp", "c.kay@x.test", byName, byName, false},
		{"one that looks the same", "c.\u212aay@x.test", "c.kay@x.test", byName, byName, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := provision.Login{Subject: tt.now, UserName: "c.kay@x.test"}
			if got := outdone(provision.LoginKey{Subject: tt.old, FoundBy: tt.was}, &person, &l, "c.kay@x.test", tt.by); got != tt.want {
				t.Errorf("outdone: %t, want %t", got, tt.want)
			}
		})
	}
}
