package directory

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deskbridge/deskbridge/provision"
)

var (
	before = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	today  = before.Add(time.Hour)
	asNew  = newcomer{id: "new", connection: "acme", at: today}
)

// ann is an active person whom SCIM describes.
func ann(edits ...func(*provision.Identity)) provision.Identity {
	id := provision.Identity{ID: "ann", Connection: "acme", UserName: "ann@example.test", ExternalID: "ext-ann", Source: provision.SourceSCIM,
		Status: provision.StatusActive, Profile: provision.Profile{Email: "ann@example.test"}, Attributes: provision.Attributes{"roles": {"agent"}},
		Document: json.RawMessage(`{"userName":"ann@example.test"}`), Version: 7, CreatedAt: before, UpdatedAt: before}
	for _, edit := range edits {
		edit(&id)
	}
	return id
}

func signedIn(id *provision.Identity) {
	id.ID, id.Source, id.Document, id.ClaimedGroups = "signed-in", provision.SourceSignIn, nil, []string{"Agents"}
}

func bare(id *provision.Identity) { id.ExternalID = "" }

func suspended(id *provision.Identity) { id.Status = provision.StatusSuspended }

// called renames somebody, and leaves the address.
func called(name string) func(*provision.Identity) {
	return func(id *provision.Identity) { id.UserName, id.ID = name, provision.IdentityID(name) }
}

// TestDecideCreate checks who is the same person as somebody before.
func TestDecideCreate(t *testing.T) {
	const uuid = "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"
	list := func(people ...provision.Identity) []provision.Identity { return people }
	with := func(externalID string) func(*provision.Identity) {
		return func(id *provision.Identity) { id.ExternalID = externalID }
	}
	// other is a person of another name and address.
	other := func(id *provision.Identity) {
		id.ID, id.UserName, id.Profile.Email = "other", "other@example.test", "other@example.test"
	}
	removed := func(id *provision.Identity) { id.ID, id.Status = "removed", provision.StatusRemoved }
	for _, tt := range []struct {
		name     string
		known    ExistingMatches
		id       provision.Identity
		want     provision.IdentityID // "": refused
		restored bool
		takesUp  provision.IdentityID
		action   provision.Action
		field    string // of the refusal
	}{
		{"nobody was there", ExistingMatches{}, ann(), "new", false, "", "user.created", ""},
		{"who was removed takes up their accounts", ExistingMatches{Tombstones: list(ann(removed))}, ann(), "new", false, "removed", "user.created", ""},
		{"a suspended person with the externalId is restored", ExistingMatches{SameExternalID: list(ann(suspended))}, ann(), "ann", true, "", "user.restored", ""},
		{"and stays suspended when pushed so", ExistingMatches{SameExternalID: list(ann(suspended))}, ann(suspended, called("anna")), "ann", true, "", "user.changed", ""},
		{"an active one of the same name is there already", ExistingMatches{SameExternalID: list(ann())}, ann(), "", false, "", "", "userName"},
		{"an active one of another name is somebody else", ExistingMatches{SameExternalID: list(ann(other))}, ann(), "new", false, "", "user.created", ""},
		{"at whatever identity provider", ExistingMatches{IdP: provision.IdPOkta, SameExternalID: list(ann(other))}, ann(), "new", false, "", "user.created", ""},
		{"a suspended one of another name and address, too", ExistingMatches{SameExternalID: list(ann(other, suspended))}, ann(), "new", false, "", "user.created", ""},
		{"also at Entra ID, where it may be the mailNickname", ExistingMatches{IdP: provision.IdPEntra, SameExternalID: list(ann(other, suspended))}, ann(), "new", false, "", "user.created", ""},
		{"unless it is the objectId", ExistingMatches{IdP: provision.IdPEntra, SameExternalID: list(ann(other, suspended, with(uuid)))}, ann(with(uuid)), "other", true, "", "user.restored", ""},
		{"or the identity provider keeps any", ExistingMatches{IdP: provision.IdPOkta, SameExternalID: list(ann(other, suspended))}, ann(), "other", true, "", "user.restored", ""},
		{"as long as nobody else has it", ExistingMatches{IdP: provision.IdPOkta, SameExternalID: list(ann(other, suspended), ann(called("third")))}, ann(), "new", false, "", "user.created", ""},
		{"of two suspended ones neither", ExistingMatches{IdP: provision.IdPOkta, SameExternalID: list(ann(other, suspended), ann(other, suspended, called("third")))}, ann(), "new", false, "", "user.created", ""},
		{"but the one of the same name", ExistingMatches{SameExternalID: list(ann(other, suspended), ann(suspended), ann(other, called("third")))}, ann(), "ann", true, "", "user.restored", ""},
		{"or the only suspended one, with the same address", ExistingMatches{SameExternalID: list(ann(suspended, called("third")), ann(other))}, ann(), "third", true, "", "user.restored", ""},
		{"who signed in with the externalId", ExistingMatches{SameExternalID: list(ann(other, signedIn))}, ann(), "signed-in", true, "", "user.taken_over", ""},
		{"unless somebody else has it", ExistingMatches{SameExternalID: list(ann(other, signedIn), ann(called("third")))}, ann(), "new", false, "", "user.created", ""},
		{"or it may be a mailNickname", ExistingMatches{IdP: provision.IdPEntra, SameExternalID: list(ann(other, signedIn))}, ann(), "new", false, "", "user.created", ""},
		{"who was removed, with the externalId alone", ExistingMatches{Tombstones: list(ann(removed, other))}, ann(), "new", false, "", "user.created", ""},
		{"and the address", ExistingMatches{Tombstones: list(ann(removed, other), ann(removed, called("gone")))}, ann(), "new", false, "gone", "user.created", ""},
		{"not so with a mailNickname of Entra ID, which goes to somebody else together with the address", ExistingMatches{IdP: provision.IdPEntra, Tombstones: list(ann(removed, called("gone")))},
			ann(), "new", false, "", "user.created", ""},
		{"but with the name", ExistingMatches{IdP: provision.IdPEntra, Tombstones: list(ann(removed, called("gone")), ann(removed))}, ann(), "new", false, "removed", "user.created", ""},
		{"or the objectId", ExistingMatches{IdP: provision.IdPEntra, Tombstones: list(ann(removed, called("gone"), with(uuid)))}, ann(with(uuid)), "new", false, "gone", "user.created", ""},
		{"nor as long as they are but suspended", ExistingMatches{IdP: provision.IdPEntra, SameExternalID: list(ann(suspended, called("third")))}, ann(), "new", false, "", "user.created", ""},
		{"unless they only signed in", ExistingMatches{IdP: provision.IdPEntra, SameExternalID: list(ann(signedIn, called("third")))}, ann(), "third", true, "", "user.taken_over", ""},
		{"and the name", ExistingMatches{Tombstones: list(ann(removed, other), ann(removed))}, ann(), "new", false, "removed", "user.created", ""},
		{"the name, and no externalId", ExistingMatches{Tombstones: list(ann(removed, other), ann(removed, bare))}, ann(), "new", false, "removed", "user.created", ""},
		{"the name, and another externalId", ExistingMatches{Tombstones: list(ann(removed, with("else")))}, ann(), "new", false, "", "user.created", ""},
		{"an externalId that the identity provider keeps", ExistingMatches{IdP: provision.IdPOneLogin, Tombstones: list(ann(removed, other))}, ann(), "new", false, "other", "user.created", ""},
		{"and that somebody has", ExistingMatches{IdP: provision.IdPOneLogin, SameExternalID: list(ann(called("third"))), Tombstones: list(ann(removed, other))}, ann(), "new", false, "", "user.created", ""},
		{"unless they signed in first", ExistingMatches{SameExternalID: list(ann(signedIn))}, ann(), "signed-in", true, "", "user.taken_over", ""},
		{"the externalId beats the name and the removed one", ExistingMatches{SameExternalID: list(ann(suspended)), SignInOnly: []provision.Identity{ann(signedIn)}, Tombstones: list(ann(removed))},
			ann(), "ann", true, "", "user.restored", ""},
		{"who signed in first under the name, in any letter case", ExistingMatches{SignInOnly: []provision.Identity{ann(signedIn, called("other")), ann(signedIn, called("ANN@example.test"))}},
			ann(), "ANN@example.test", true, "", "user.taken_over", ""},
		{"the only one who signed in with the address", ExistingMatches{SignInOnly: []provision.Identity{ann(signedIn, called("other"))}}, ann(), "other", true, "", "user.taken_over", ""},
		{"of two with the address neither", ExistingMatches{SignInOnly: []provision.Identity{ann(signedIn, called("one")), ann(signedIn, called("two"))}}, ann(), "new", false, "", "user.created", ""},
		{"nobody with the address whom SCIM describes", ExistingMatches{SignInOnly: []provision.Identity{ann(called("other"))}}, ann(), "new", false, "", "user.created", ""},
		{"a suspended one who signed in first is theirs, too", ExistingMatches{SignInOnly: []provision.Identity{ann(signedIn, suspended)}}, ann(), "signed-in", true, "", "user.taken_over", ""},
		{"nobody without a name", ExistingMatches{}, ann(called(" ")), "", false, "", "", "userName"},
		{"nobody who is removed", ExistingMatches{}, ann(removed), "", false, "", "", "active"},
		{"nor by restoring somebody", ExistingMatches{SameExternalID: list(ann(suspended))}, ann(called("")), "", true, "", "", "userName"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, restored, err := decideCreate(tt.known, tt.id, asNew)
			if restored != tt.restored {
				t.Errorf("restored %t, want %t", restored, tt.restored)
			}
			if field := fieldOf(err); field != tt.field || (err == nil) != (tt.want != "") {
				t.Errorf("error %v, want one of field %q", err, tt.field)
			}
			if e.person.ID != tt.want || e.takesUp != tt.takesUp || e.action != tt.action || e.leaves {
				t.Errorf("%+v, want person %q, the accounts of %q, action %s", e, tt.want, tt.takesUp, tt.action)
			}
			if tt.want == "" {
				return
			}
			if e.person.Source != provision.SourceSCIM || e.person.ClaimedGroups != nil || string(e.person.Document) != string(tt.id.Document) {
				t.Errorf("person %+v is not what SCIM says", e.person)
			}
			wantVersion, wantCreated := int64(8), before
			if !tt.restored {
				wantVersion, wantCreated = 1, today
			}
			if e.person.Version != wantVersion || !e.person.CreatedAt.Equal(wantCreated) || !e.person.UpdatedAt.Equal(today) || e.person.Connection != "acme" {
				t.Errorf("person %+v, want version %d, made %s, changed %s", e.person, wantVersion, wantCreated, today)
			}
		})
	}
}

// TestDecideChange checks which audit action a change gets, what ends sessions,
// and that a change of nothing writes nothing.
func TestDecideChange(t *testing.T) {
	pushed := func(id *provision.Identity) {
		id.Source, id.Document = provision.SourceSCIM, json.RawMessage(`{"userName":"ann@example.test"}`)
	}
	for _, tt := range []struct {
		name      string
		old       provision.Identity
		change    func(*provision.Identity)
		action    provision.Action // "": nothing is written
		ends      provision.SessionEnd
		elsewhere bool
	}{
		{"nothing", ann(), func(*provision.Identity) {}, "", "", false},
		{"equal values", ann(), func(id *provision.Identity) {
			id.Attributes = provision.Attributes{"roles": {"agent"}}
			id.Emails = []provision.Email{}
		}, "", "", false},
		{"the source left out", ann(), func(id *provision.Identity) { id.Source = "" }, "", "", false},
		{"groups claimed for somebody whom SCIM describes", ann(), func(id *provision.Identity) { id.ClaimedGroups = []string{"Admins"} }, "", "", false},
		{"a sign-in takes nobody over", ann(), func(id *provision.Identity) { id.Source = provision.SourceSignIn }, "", "", false},
		{"a sign-in asks for nothing", ann(signedIn), func(id *provision.Identity) { id.Requested.Roles = []string{"admin"} }, "", "", false},
		{"a title", ann(), func(id *provision.Identity) { id.Profile.Title = "Lead" }, "user.changed", "", false},
		{"what the desk extension asks for", ann(), func(id *provision.Identity) { id.Requested.Teams = []string{"A"} }, "user.changed", "", false},
		{"groups claimed at a sign-in", ann(signedIn), func(id *provision.Identity) { id.ClaimedGroups = nil }, "user.changed", "", false},
		{"suspended", ann(), suspended, "user.suspended", provision.EndedByLeaving, false},
		{"suspended, and another domain", ann(), func(id *provision.Identity) { suspended(id); id.Profile.Email = "ann@other.test" }, "user.suspended", provision.EndedByLeaving, false},
		{"active again", ann(suspended), func(id *provision.Identity) { id.Status = provision.StatusActive }, "user.restored", "", false},
		{"another address of the domain", ann(), func(id *provision.Identity) { id.Profile.Email = "lee@example.test" }, "user.changed", "", false},
		{"an address of another domain", ann(), func(id *provision.Identity) { id.Profile.Email = "ann@other.test" }, "user.changed", "", true},
		{"a name of another domain", ann(), func(id *provision.Identity) { id.UserName = "ann@other.test" }, "user.changed", "", true},
		{"SCIM describes who signed in", ann(signedIn), pushed, "user.taken_over", "", false},
		{"and knows them by the name alone", ann(signedIn, bare), func(id *provision.Identity) { pushed(id); id.ExternalID = "ext-ann" }, "user.taken_over", provision.EndedByTakeOver, false},
		{"or has another externalId", ann(signedIn), func(id *provision.Identity) { pushed(id); id.ExternalID = "ext-other" }, "user.taken_over", provision.EndedByTakeOver, false},
		{"and neither says an externalId", ann(signedIn, bare), pushed, "user.taken_over", provision.EndedByTakeOver, false},
		{"and suspends them at once", ann(signedIn), func(id *provision.Identity) { pushed(id); suspended(id) }, "user.taken_over", provision.EndedByLeaving, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := tt.old
			tt.change(&now)
			e, err := decideChange(tt.old, now, provision.IdPGeneric, today)
			if err != nil {
				t.Fatal(err)
			}
			if e.forgetsLogins != (e.ends == provision.EndedByTakeOver) {
				t.Errorf("forgets logins: %t, and ends sessions by %q", e.forgetsLogins, e.ends)
			}
			if e.action != tt.action || e.ends != tt.ends || e.endsElsewhere != tt.elsewhere || e.takesUp != "" || e.leaves {
				t.Errorf("%+v, want action %q, sessions ended by %q, elsewhere %t", e, tt.action, tt.ends, tt.elsewhere)
			}
			if tt.action == "" {
				if diff := cmp.Diff(tt.old, e.person); diff != "" || e.write != writeNothing {
					t.Errorf("writes %d (-old +now):\n%s", e.write, diff)
				}
				return
			}
			if e.write != writeChanged || e.person.Version != 8 || !e.person.UpdatedAt.Equal(today) || e.detail["version"] != int64(8) {
				t.Errorf("%+v, want version 8 of %s", e, today)
			}
		})
	}
}

// TestRecycledIDProvesNobody: where an identity provider gives an externalId to
// somebody else one day, whom SCIM describes is not surely who signed in with it.
func TestRecycledIDProvesNobody(t *testing.T) {
	for _, tt := range []struct {
		idp        provision.IdP
		externalID string
		forgets    bool
	}{
		{provision.IdPGeneric, "ann", false},
		{provision.IdPOkta, "ann", false},
		{provision.IdPEntra, "ann", true},
		{provision.IdPEntra, "2819c223-7f76-453a-919d-413861904646", false},
	} {
		old := ann(signedIn, func(id *provision.Identity) { id.ExternalID = tt.externalID })
		now := old
		now.Source = provision.SourceSCIM
		changed, err := decideChange(old, now, tt.idp, today)
		if err != nil || changed.forgetsLogins != tt.forgets {
			t.Errorf("%s, %s: changed: forgets the logins %t, %v; want %t", tt.idp, tt.externalID, changed.forgetsLogins, err, tt.forgets)
		}
		now.ID = "new"
		created, restored, err := decideCreate(ExistingMatches{IdP: tt.idp, SameExternalID: []provision.Identity{old}}, now, newcomer{id: "new", connection: "acme", at: today})
		if err != nil || !restored || created.forgetsLogins != tt.forgets {
			t.Errorf("%s, %s: added: forgets the logins %t, restored %t, %v; want %t", tt.idp, tt.externalID, created.forgetsLogins, restored, err, tt.forgets)
		}
	}
}

// TestWhatAChangeMayNotTouch has a change try everything that is ours.
func TestWhatAChangeMayNotTouch(t *testing.T) {
	for _, old := range []provision.Identity{ann(), ann(signedIn), ann(suspended)} {
		now := old
		now.ID, now.Connection, now.Version, now.CreatedAt, now.UpdatedAt = "other", "other", 99, time.Time{}, time.Time{}
		e, err := decideChange(old, now, provision.IdPGeneric, today)
		if err != nil || e.write != writeNothing || cmp.Diff(old, e.person) != "" {
			t.Errorf("only what is ours: %+v, %v", e, err)
		}
		now.Profile.Title = "Lead"
		e, err = decideChange(old, now, provision.IdPGeneric, today)
		want := old
		want.Profile.Title, want.Version, want.UpdatedAt = "Lead", old.Version+1, today
		if diff := cmp.Diff(want, e.person, cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Errorf("beside a title (-want +got): %v\n%s", err, diff)
		}
	}
	for field, spoil := range map[string]func(*provision.Identity){
		"userName": func(id *provision.Identity) { id.UserName = "\t " },
		"active":   func(id *provision.Identity) { id.Status = provision.StatusRemoved },
	} {
		now := ann(spoil)
		if e, err := decideChange(ann(), now, provision.IdPGeneric, today); fieldOf(err) != field || e.write != writeNothing {
			t.Errorf("%s: %+v, %v", field, e, err)
		}
	}
}

func TestDecideRemove(t *testing.T) {
	for _, old := range []provision.Identity{ann(), ann(signedIn), ann(suspended)} {
		e := decideRemove(old, today)
		want := old
		want.Status, want.Version, want.UpdatedAt = provision.StatusRemoved, 8, today
		if diff := cmp.Diff(want, e.person); diff != "" || e.write != writeChanged || !e.leaves || e.action != "user.removed" || e.ends != provision.EndedByLeaving {
			t.Errorf("%+v (-want +got):\n%s", e, diff)
		}
	}
}

func fieldOf(err error) string {
	if e, ok := errors.AsType[*provision.Error](err); ok {
		return e.Field
	}
	return ""
}
