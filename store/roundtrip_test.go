package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/seat"
	"github.com/deskbridge/deskbridge/provision/seating"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

func asError(err error) (*provision.Error, bool) { return errors.AsType[*provision.Error](err) }

// TestEveryFieldComesBack saves one of each domain type with every field set,
// and reads it again. A field that is new in a domain type and not set here
// fails the test, and so does one that the store forgets.
func TestEveryFieldComesBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c := connection("acme")
		c.Removal = provision.RemovalEnding
		must(t, s.SaveConnection(ctx, c))
		back(t, c, got(s.Connection(ctx, "acme"))(t))
		back(t, c, got(s.Connection(ctx, string(c.ID)))(t))

		tok := token(c.ID, "ci")
		tok.RevokedAt, tok.ReplacedAt = new(noon.Add(time.Hour)), new(noon.Add(time.Second))
		must(t, s.SaveToken(ctx, tok))
		back(t, tok, got(s.Tokens(ctx, c.ID))(t)[0])
		byHash, of, err := s.TokenByHash(ctx, tok.Hash)
		must(t, err)
		back(t, tok, byHash)
		back(t, c, of)

		access := credential.AccessToken{Hash: []byte("access"), Token: tok.ID, ReadOnly: true, CreatedAt: noon, ExpiresAt: noon.Add(time.Hour)}
		must(t, s.InsertAccessToken(ctx, access))
		accessBack, client, of, err := s.AccessTokenByHash(ctx, access.Hash)
		must(t, err)
		back(t, access, accessBack)
		back(t, tok, client)
		back(t, c, of)

		reach := []administration.Reach{{Desk: "d", Teams: []string{"A", "B"}, Mailboxes: []string{"Help"}}}
		grant := administration.Grant{ID: "g", Connection: c.ID, Group: "group", GroupName: "Leads", Role: administration.MailboxManager, Reach: reach, CreatedBy: "cli:ada", CreatedAt: noon}
		must(t, s.SaveConsoleGrant(ctx, grant))
		back(t, grant, got(s.ConsoleGrants(ctx, c.ID))(t)[0])
		apiToken := administration.Token{ID: "t", Name: "ci", Hash: []byte("api"), Role: administration.MailboxManager, Verbs: []string{"plan.apply"}, Reach: reach, Person: "p", Connection: c.ID,
			CreatedBy: "cli:ada", CreatedAt: noon, ExpiresAt: noon.Add(time.Hour), RevokedAt: new(noon.Add(time.Minute)), LastUsedAt: new(noon)}
		must(t, s.SaveAPIToken(ctx, apiToken))
		back(t, apiToken, got(s.APITokens(ctx))(t)[0])
		back(t, apiToken, got(s.APITokenByHash(ctx, apiToken.Hash))(t))
		if _, err := s.APITokenOwner(ctx, "ci"); !provision.IsNotFound(err) {
			t.Errorf("a revoked token is somebody's: %v", err)
		}
		must(t, s.SaveAPIToken(ctx, administration.Token{ID: "u", Name: "ci", Hash: []byte("people's"), Role: administration.Admin, Person: "p", Connection: c.ID, CreatedBy: "cli:ada", CreatedAt: noon, ExpiresAt: noon}))
		must(t, s.SaveAPIToken(ctx, administration.Token{ID: "v", Name: "nobody's", Hash: []byte("nobody's"), Role: administration.Admin, CreatedBy: "cli:ada", CreatedAt: noon, ExpiresAt: noon}))
		if owner := got(s.APITokenOwner(ctx, "ci"))(t); owner != "person:p" {
			t.Errorf("the token is of %q", owner)
		}

		if owner := got(s.APITokenOwner(ctx, "nobody's"))(t); owner != "cli:ada" {
			t.Errorf("the token is of %q", owner)
		}
		asked := secondadmin.Request{ID: "r", Kind: secondadmin.KindRelease, Key: "key", Digest: "digest", Subject: string(c.ID), People: []provision.IdentityID{"p", "q"}, What: "release",
			Accounts: 2, By: "api:ci", Behind: "person:p", AskedAt: noon, Until: noon.Add(time.Hour)}
		must(t, s.InsertSecondAdminRequest(ctx, asked))
		back(t, asked, got(s.SecondAdminRequests(ctx))(t)[0])
		back(t, asked, got(s.LockSecondAdminRequest(ctx, "key"))(t))
		must(t, s.DeleteSecondAdminRequest(ctx, asked.ID))
		for _, on := range []bool{true, false, true} {
			must(t, s.NoteSecondAdmin(ctx, on, noon))
			if noted := got(s.SecondAdminNoted(ctx))(t); noted != on {
				t.Errorf("noted %t, want %t", noted, on)
			}
		}

		answer := administration.Answer{Key: "key", Request: "request", Status: 201, Body: `{"name":"ann"}`, ExpiresAt: noon}
		if !got(s.InsertAnswer(ctx, answer))(t) || got(s.InsertAnswer(ctx, answer))(t) {
			t.Error("an answer is new once")
		}
		back(t, answer, got(s.Answer(ctx, "key"))(t))

		id := identity(c.ID, "ann")
		id.TermsDue = new(noon.Add(time.Hour))
		id.Terms = provision.Terms{Block: &provision.Block{At: noon, By: "cli:x", Reason: "why"}, Until: &provision.End{At: noon.Add(time.Hour), By: "cli:x"},
			Away: &provision.Away{Since: noon, Until: noon.Add(2 * time.Hour), By: "cli:x", HandOver: true},
			Idle: seating.Marks{{Desk: "d", Do: seating.Free, At: noon, By: "cli:x", Policy: true, Last: new(noon.Add(-time.Hour))}}}
		must(t, s.InsertIdentity(ctx, id))
		back(t, id, got(s.Identity(ctx, c.ID, id.ID))(t))
		id.UserName, id.Version, id.Emails = "Ann", 4, id.Emails[1:]
		must(t, s.SaveIdentity(ctx, id))
		back(t, id, got(s.Identity(ctx, c.ID, id.ID))(t))
		back(t, id, got(s.FindPeople(ctx, "HOME-ann@example.test"))(t)[0])

		g := group(c.ID, "Support")
		must(t, s.InsertGroup(ctx, g))
		back(t, g, got(s.Group(ctx, c.ID, g.ID))(t))
		g.DisplayName, g.Version = "support", 3
		must(t, s.SaveGroup(ctx, g))
		back(t, g, got(s.GroupByName(ctx, c.ID, "SUPPORT"))(t))

		d := desk("support")
		d.Approve = provision.Approve{Of: provision.ApproveDeletes, Timeout: time.Hour, Then: provision.ThenKeep, Second: true}
		d.HandOver.Agent, d.Removal = "lead@example.test", provision.RemovalKeeping
		d.Price = seating.Price{Amount: "45.00", Limited: "0.00", Currency: "EUR", Per: seating.PerYear}
		d.Idle = seating.Policy{After: 60 * 24 * time.Hour, Do: seating.Downgrade, Except: []string{"Board"}}
		must(t, s.SaveDesk(ctx, d))
		back(t, d, got(s.Desk(ctx, "support"))(t))
		counted := seat.Counted{Used: 7, Limit: 9, By: seat.ByDesk, At: noon}
		must(t, s.SaveProposed(ctx, d.ID, seating.Proposed{Count: 3, Held: true, At: noon}))
		must(t, s.SaveSeatCount(ctx, d.ID, counted))
		equal(t, "seats counted", counted, got(s.SeatCounts(ctx))(t)[d.ID])
		equal(t, "people proposed", seating.Proposed{Count: 3, Held: true, At: noon}, got(s.ProposedIdle(ctx))(t)[d.ID])

		r := rule(c.ID, d.ID)
		r.Until = new(noon.Add(time.Hour))
		r.Attribute, r.Equals = "roles", "agent" // as no real rule has both
		must(t, s.SaveRule(ctx, r))
		back(t, r, got(s.Rules(ctx, c.ID))(t)[0])

		a := account(id, d.ID)
		a.Approval = provision.Approval{What: provision.LeaveDelete, AskedAt: new(noon), Due: new(noon.Add(time.Hour)), Verdict: provision.VerdictReleased, By: "ann"}
		must(t, s.SaveAccounts(ctx, []provision.Account{a}))
		back(t, a, got(s.Account(ctx, a.ID))(t))
		a.State, a.Seat = provision.AccountReady, false
		must(t, s.SaveAccounts(ctx, []provision.Account{a}))
		equal(t, "account saved twice", a, got(s.Account(ctx, a.ID))(t))
		for _, at := range []time.Time{{}, noon, noon.Add(-time.Hour), {}} { // what is known stays
			must(t, s.SaveDeskActivity(ctx, d.ID, []seat.Activity{{Account: a.ID, Last: at, ToldAt: noon}, {Account: "gone", ToldAt: noon}}))
		}
		sitter := seat.Sitter{Account: a.ID, Person: a.Identity, Role: a.Confirmed.Role, Terms: id.Terms, CreatedAt: a.CreatedAt, Last: noon, ToldAt: noon}
		equal(t, "activity", []seat.Sitter{sitter}, got(s.Sitters(ctx, seat.SitterFilter{Desk: d.ID}))(t))

		step := reconcile.Write{Account: a.ID, Kind: reconcile.WriteTeams, Detail: map[string]any{"team": "tier1"}, Note: "why",
			Tried: true, AcceptedAt: new(noon)}
		step.ID = got(s.JournalWrites(ctx, []reconcile.Write{step}))(t)[0].ID
		back(t, step, got(s.OpenWrites(ctx, a.ID))(t)[0])

		e := provision.Entry{At: noon, Connection: c.ID, Cause: provision.Cause{Actor: "cli", Action: "rule add", Request: "req"},
			Action: "rule.added", Subject: "rule", Desk: d.ID, Account: a.ID, Detail: map[string]any{"n": json.Number("9007199254740993")}}
		must(t, s.Append(ctx, e))
		must(t, s.Exec(ctx, map[string]string{"sqlite": `DROP TRIGGER audit_update`, "postgres": `DROP TRIGGER audit_rows ON audit`}[s.Dialect()]))
		must(t, s.Exec(ctx, `UPDATE audit SET seal = 1, hash = ?`, []byte{1, 2, 3})) // as before there were blocks
		e.ID, e.Seal, e.Hash = 1, 1, []byte{1, 2, 3}
		back(t, e, got(s.Entries(ctx, 0, 9))(t)[0])
		l := audit.Line{ID: 1, At: noon, Connection: string(c.ID), Actor: "cli", Operation: "rule add", Request: "req", Action: "rule.added", Subject: "rule",
			Desk: string(d.ID), Account: string(a.ID), Detail: `{"n":9007199254740993}`, Seal: 1, Hash: e.Hash}
		back(t, l, got(s.SealedLines(ctx, 0, 9))(t)[0])

		b := audit.Block{Number: 2, First: 2, Last: 9, Entries: 7, At: noon, Late: audit.IDs{{First: 1, Last: 1}}, Missing: audit.IDs{{First: 3, Last: 5}, {First: 7, Last: 7}}, Hash: []byte{4}}
		must(t, s.AddBlock(ctx, b))
		back(t, b, got(s.Blocks(ctx, 1, 9))(t)[0])
		tail := got(s.Tail(ctx, true))(t)
		if diff := cmp.Diff(audit.Tail{Counted: &audit.Count{Block: 2, LastID: 9, Entries: 7}, Block: b, Seal: 1, SealHash: e.Hash, Allotted: 1, LastID: 1,
			Contiguous: s.Dialect() == "sqlite"}, tail); diff != "" {
			t.Errorf("tail (-want +got):\n%s", diff)
		}
	})
}

// back fails the test unless want has every field set, and got is the same.
func back[T any](t *testing.T, want, got T) {
	t.Helper()
	v := reflect.ValueOf(want)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("%T: the test sets no %s", want, v.Type().Field(i).Name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%T came back different (-want +got):\n%s", want, diff)
	}
}

func TestEmptyFieldsComeBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c := provision.Connection{ID: provision.NewID[provision.ConnectionID](), Name: "bare", CreatedAt: noon}
		must(t, s.SaveConnection(ctx, c))
		exactly(t, c, got(s.Connection(ctx, "bare"))(t))

		tok := credential.Token{ID: "t", Connection: c.ID, Name: "bare", Hash: []byte("h"), CreatedAt: noon}
		must(t, s.SaveToken(ctx, tok))
		exactly(t, tok, got(s.Tokens(ctx, c.ID))(t)[0])

		id := provision.Identity{ID: "i", Connection: c.ID, UserName: "bare", Status: provision.StatusSuspended, CreatedAt: noon, UpdatedAt: noon}
		must(t, s.InsertIdentity(ctx, id))
		exactly(t, id, got(s.Identity(ctx, c.ID, id.ID))(t))

		g := provision.Group{ID: "g", Connection: c.ID, DisplayName: "bare", CreatedAt: noon, UpdatedAt: noon}
		must(t, s.InsertGroup(ctx, g))
		exactly(t, g, got(s.Group(ctx, c.ID, g.ID))(t))

		d := provision.Desk{ID: "d", Name: "bare", CreatedAt: noon}
		must(t, s.SaveDesk(ctx, d))
		exactly(t, d, got(s.Desk(ctx, "bare"))(t))

		r := provision.Rule{ID: "r", Connection: c.ID, Desk: d.ID}
		must(t, s.SaveRule(ctx, r))
		exactly(t, r, got(s.Rules(ctx, ""))(t)[0])

		a := provision.Account{ID: "a", Identity: id.ID, Connection: c.ID, Desk: d.ID, CreatedAt: noon, UpdatedAt: noon}
		must(t, s.SaveAccounts(ctx, []provision.Account{a}))
		exactly(t, a, got(s.Account(ctx, a.ID))(t))

		must(t, s.Append(ctx, provision.Entry{At: noon}))
		exactly(t, provision.Entry{ID: 1, At: noon}, got(s.Entries(ctx, 0, 9))(t)[0])
	})
}

func exactly[T any](t *testing.T, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%T came back different (-want +got):\n%s", want, diff)
	}
}

func TestDocuments(t *testing.T) {
	tests := []struct {
		name, doc, want string // want "": refused
	}{
		{"keys are sorted, spaces go", `{ "b": 1, "a": {"d": [1, 2], "c": null} }`, `{"a":{"c":null,"d":[1,2]},"b":1}`},
		{"numbers stay as written", `{"n":[1.50,1e2,12345678901234567890]}`, `{"n":[1.50,1e2,12345678901234567890]}`},
		{"text is escaped as encoding/json does", `{"t":"<é\u00e9🙂>"}`, `{"t":"\u003céé🙂\u003e"}`},
		{"an empty object is a document", `{}`, `{}`},
		{"a list is none", `[]`, ``},
		{"null is none", `null`, ``},
		{"neither are two objects", `{}{}`, ``},
		{"NUL is refused", `{"t":"a\u0000b"}`, ``},
		{"NUL in a key is refused", `{"a\u0000b":1}`, ``},
		{"a number beyond float64 is refused", `{"n":1e999}`, ``},
		{"one that is too fine for PostgreSQL is refused", `{"n":[{"m":1e-20000}]}`, ``},
		{"so is a zero that is written so", `{"n":0e-99999}`, ``},
		{"so are thousands of digits", `{"n":0.` + strings.Repeat("0", 20_000) + `1}`, ``},
		{"what float64 holds is kept", `{"n":[5e-324,-1.7e308,0e-300]}`, `{"n":[5e-324,-1.7e308,0e-300]}`},
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		for i, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				id := identity(c.ID, fmt.Sprint("user", i))
				id.Document = json.RawMessage(tt.doc)
				err := s.InsertIdentity(ctx, id)
				if tt.want == "" {
					wantCode(t, "InsertIdentity", err, provision.Invalid)
					return
				}
				must(t, err)
				for range 2 {
					read := got(s.Identity(ctx, c.ID, id.ID))(t)
					if string(read.Document) != tt.want {
						t.Errorf("document = %s, want %s", read.Document, tt.want)
					}
					must(t, s.SaveIdentity(ctx, read))
				}
			})
		}
	})
}
