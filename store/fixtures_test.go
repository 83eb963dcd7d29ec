package store_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/handover"
	"github.com/deskbridge/deskbridge/provision/keeping"
	"github.com/deskbridge/deskbridge/provision/leave"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/store"
)

// noon is when everything in these tests happens.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 123456000, time.UTC)

func connection(name string) provision.Connection {
	return provision.Connection{
		ID:         provision.NewID[provision.ConnectionID](),
		Name:       name,
		IdP:        provision.IdPOkta,
		Domains:    []string{"a.example.test", "b.example.test"},
		SignIn:     provision.SignIn{OIDC: &protocol.OIDC{ClientSecret: "s3cret"}},
		ValidUntil: "endDate",
		JWT: &protocol.JWT{Issuer: "https://sts.example.test/t/", Audience: "desks", JWKSURL: "https://idp.example.test/keys",
			Subject: "sub", App: "app", Tenant: "t"},
		HeldAt:     new(noon.Add(time.Minute)),
		ReleasedAt: new(noon.Add(2 * time.Minute)),
		CreatedAt:  noon,
	}
}

func token(c provision.ConnectionID, name string) credential.Token {
	return credential.Token{
		ID:         provision.NewID[provision.TokenID](),
		Connection: c,
		Name:       name,
		Hash:       []byte(strings.Repeat(name, 3)),
		ClientID:   "client-" + name,
		ReadOnly:   true,
		CreatedAt:  noon,
		ExpiresAt:  new(noon.Add(time.Hour)),
		LastUsedAt: new(noon.Add(time.Minute)),
	}
}

func identity(c provision.ConnectionID, userName string) provision.Identity {
	return provision.Identity{
		ID:         provision.NewID[provision.IdentityID](),
		Connection: c,
		UserName:   userName,
		ExternalID: "ext-" + userName,
		Source:     provision.SourceSCIM,
		Status:     provision.StatusActive,
		Profile: provision.Profile{DisplayName: "Display " + userName, GivenName: "Ann", FamilyName: "Lee", Email: userName + "@example.test",
			Title: "Agent", Phone: "+1 555 0100", Timezone: "Europe/Berlin", Locale: "en-GB"},
		Emails: []provision.Email{{Value: userName + "@example.test", Type: "work", Primary: true}, {Value: "home-" + userName + "@example.test"}},
		Attributes: provision.Attributes{
			"department": {"Support"}, "roles": {"agent", "lead"}},
		ClaimedGroups: []string{"Agents", "Leads"},
		Requested:     provision.Requested{Roles: []string{"agent"}, Teams: []string{"t1", "t2"}, Mailboxes: []string{"help"}},
		Document:      json.RawMessage(`{"displayName":"Display ` + userName + `","userName":"` + userName + `","x":{"a":1.50,"b":[true,null]}}`),
		Version:       3,
		CreatedAt:     noon,
		UpdatedAt:     noon.Add(time.Second),
	}
}

func group(c provision.ConnectionID, name string) provision.Group {
	return provision.Group{
		ID:          provision.NewID[provision.GroupID](),
		Connection:  c,
		DisplayName: name,
		ExternalID:  "ext-" + name,
		Document:    json.RawMessage(`{"displayName":"` + name + `"}`),
		Version:     2,
		CreatedAt:   noon,
		UpdatedAt:   noon.Add(time.Second),
	}
}

func desk(name string) provision.Desk {
	return provision.Desk{
		ID:          provision.NewID[provision.DeskID](),
		Name:        name,
		Kind:        "builtin",
		URL:         "https://desk.example.test",
		Secret:      "hunter2",
		Settings:    map[string]string{"field": "SCIM external id"},
		OnLeave:     provision.LeaveDelete,
		HandOver:    provision.HandOver{To: provision.HandOverTeam, Cap: 40, Mailboxes: map[string]provision.HandOverRule{"Billing": {Team: "Accounts"}}},
		Seats:       25,
		Adoption:    provision.AdoptAutomatic,
		AdoptIgnore: []string{"ci@*"},
		Profile:     keeping.Policy{keeping.Title: keeping.Once, keeping.Phone: keeping.Person},
		SignIn:      deskSignIn(),
		Drift:       provision.DriftReport,
		Rate:        2.5,
		CreatedAt:   noon,
	}
}

func deskSignIn() protocol.DeskSignIn {
	return protocol.DeskSignIn{
		OIDC:        &protocol.DeskOIDC{ClientID: "desk", ClientSecret: "s3cret", RedirectURIs: []string{"https://desk.example.test/cb"}},
		Roles:       map[string]string{string(provision.RoleAgent): "Agent"},
		BeforeReady: true,
	}
}

func rule(c provision.ConnectionID, d provision.DeskID) provision.Rule {
	return provision.Rule{
		ID: provision.NewID[provision.RuleID](), Connection: c, Desk: d,
		Group: "Support", GroupID: provision.NewID[provision.GroupID](),
		Role: provision.RoleAgent, Teams: []string{"tier1", "tier2"}, Mailboxes: []string{"help"}, DeskRoles: []string{"lead"},
	}
}

func account(id provision.Identity, d provision.DeskID) provision.Account {
	return provision.Account{
		ID: provision.NewID[provision.AccountID](), Identity: id.ID, Connection: id.Connection, Desk: d,
		DeskUser: provision.DeskUserID("user-" + id.UserName), Origin: provision.OriginMade,
		Evidence: provision.Evidence{User: "user", MadeAt: new(noon), Agreed: true, Doubted: true},
		Desired: provision.Access{Status: provision.AccessActive, Role: provision.RoleAgent, Teams: []string{"t"}, Mailboxes: []string{"m"}, DeskRoles: []string{"r"},
			Grants: []provision.Grant{{Rule: "r", Group: "g", GroupName: "G", Via: []provision.GroupID{"n"}, Role: provision.RoleAgent}}},
		Profile: id.Profile, UserName: id.UserName, Names: provision.DeskNames{Email: "shown@example.test", UserName: "shown"}, Manager: "boss", Revision: 4, Reconciled: 3,
		Confirmed: provision.Access{Status: provision.AccessActive, Role: provision.RoleLimited}, ConfirmedAt: new(noon), Shown: provision.Access{Status: provision.AccessSuspended}, ShownAt: new(noon),
		State: provision.AccountWaiting, Reason: "why", ReasonCode: provision.ReasonRefused, Seat: true, EndingSince: new(noon.Add(time.Second)),
		Loss:     provision.Loss{Since: new(noon.Add(time.Second)), Person: provision.StatusSuspended, Cause: "apply", Verdict: provision.VerdictPassed, By: "ann"},
		Leaving:  leave.Course{Since: new(noon), Due: new(noon.Add(time.Hour)), Reached: time.Minute, Last: leave.Downgrade, Mark: "mark"},
		Transfer: provision.Transfer{Before: 5, Moved: 3, ToQueue: 1, Left: 2, InflowStopped: true, Mailboxes: handover.Counts{"Billing": {Before: 2, Moved: 1, ToQueue: 1, Left: 1}}},
		Attempts: 2, RetryAt: new(noon.Add(2 * time.Second)), LeaseUntil: new(noon.Add(3 * time.Second)),
		CreatedAt: noon, UpdatedAt: noon.Add(time.Minute),
	}
}

// seeded puts a connection and a desk into s.
func seeded(t testing.TB, s *store.Store) (provision.Connection, provision.Desk) {
	t.Helper()
	c, d := connection("acme"), desk("support")
	must(t, s.SaveConnection(t.Context(), c))
	must(t, s.SaveDesk(t.Context(), d))
	return c, d
}

// people inserts somebody for each name.
func people(t testing.TB, s *store.Store, c provision.ConnectionID, names ...string) []provision.Identity {
	t.Helper()
	var all []provision.Identity
	must(t, s.InTx(t.Context(), func(tx *store.Store) error {
		all = nil
		for _, name := range names {
			id := identity(c, name)
			if err := tx.InsertIdentity(t.Context(), id); err != nil {
				return err
			}
			all = append(all, id)
		}
		return nil
	}))
	return all
}

// insertGroup adds a group with members.
func insertGroup(t testing.TB, s *store.Store, c provision.ConnectionID, name string, members ...provision.Member) provision.Group {
	t.Helper()
	g := group(c, name)
	must(t, s.InsertGroup(t.Context(), g))
	_, err := s.AddMembers(t.Context(), c, g.ID, members)
	must(t, err)
	return g
}

func person(id provision.Identity) provision.Member {
	return provision.Member{ID: provision.MemberID(id.ID), Kind: provision.MemberIdentity}
}

func nested(g provision.Group) provision.Member {
	return provision.Member{ID: provision.MemberID(g.ID), Kind: provision.MemberGroup}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// got fails the test unless err is nil, and returns v.
func got[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		must(t, err)
		return v
	}
}

func equal(t testing.TB, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// wantCode fails the test unless err is a [provision.Error] with this code.
func wantCode(t testing.TB, what string, err error, code provision.Code) {
	t.Helper()
	if e, ok := asError(err); !ok || e.Code != code {
		t.Errorf("%s = %v, want a %s error", what, err, code)
	}
}

func numbered(prefix string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s%05d", prefix, i)
	}
	return names
}
