package erasure_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/signin"
	"github.com/deskbridge/deskbridge/store"
)

// grep returns where the database has one of these words, in any column of any
// table, in any letter case.
func grep(h *provisiontest.Harness, words ...string) (found []string) {
	h.Helper()
	names := texts(h, tablesOf(h))
	if len(names) < 30 {
		h.Fatalf("only the tables %v were looked at", names)
	}
	for _, name := range names {
		for _, text := range texts(h, `SELECT * FROM `+name) {
			for _, word := range words {
				if strings.Contains(text, word) {
					found = append(found, fmt.Sprintf("%s: %.300s", name, text))
				}
			}
		}
	}
	return found
}

func tablesOf(h *provisiontest.Harness) string {
	if h.Store.Dialect() == string(store.Postgres) {
		return `SELECT '"' || table_schema || '"."' || table_name || '"' FROM information_schema.tables
			WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`
	}
	return `SELECT '"' || name || '"' FROM sqlite_master WHERE type = 'table'`
}

// texts returns each row of a query as text, in small letters.
func texts(h *provisiontest.Harness, query string) (out []string) {
	h.Helper()
	rows, err := h.Store.DB().QueryContext(h.Context(), query)
	h.Must(err)
	defer rows.Close()
	columns, err := rows.Columns()
	h.Must(err)
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		h.Must(rows.Scan(into...))
		for i, v := range values {
			if b, ok := v.([]byte); ok {
				values[i] = string(b)
			}
		}
		out = append(out, strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(fmt.Sprint(values...), "["), "]")))
	}
	h.Must(rows.Err())
	return out
}

// words are in everything that is known of [leaver].
var words = []string{"annabel", "lovelace", "+44 20"}

// leaver makes somebody of whom all is known that can be: they are in a group,
// work on a desk, have signed in here and there, and were changed by hand.
func leaver(h *provisiontest.Harness) provision.Identity {
	h.Helper()
	h.Desk.OnLeave = provision.LeaveAnonymize
	h.Must(h.Store.SaveDesk(h.Context(), h.Desk))
	h.Open(&provision.JIT{Create: true}, "example.test")
	h.Rule("Support", provision.RoleAgent, "A")
	id := provisiontest.Someone("annabel", "x")
	id.Profile = provision.Profile{DisplayName: "Annabel Lovelace", GivenName: "Annabel", FamilyName: "Lovelace", Email: id.UserName, Phone: "+44 20"}
	id.Emails = []provision.Email{{Value: id.UserName, Primary: true}, {Value: "lovelace@example.test"}}
	id.Attributes = provision.Attributes{"roles": {"x"}, "nickname": {"annabel"}}
	id.Document = json.RawMessage(`{"userName":"annabel@example.test","displayName":"Annabel Lovelace","urn:x":{"y":"annabel"}}`)
	ann, _, err := h.Core.Directory.CreateIdentity(h.Context(), h.Conn.ID, provisiontest.ByTest, id)
	h.Must(err)
	h.Group("Support", provision.MemberID(ann.ID))
	h.ReconcileAll()
	session := provision.Session{Agent: "annabel's browser", NameID: `{"Value":"annabel@example.test"}`, Index: "s-1", EndsAt: h.Now().Add(time.Hour)}
	_, opened, _, err := h.Core.SignIn.SignIn(h.Context(), h.Conn.ID, provisiontest.ByTest, signin.SignInRequest{Login: provisiontest.LoginOf("annabel"), Session: session})
	h.Must(err)
	_, _, err = h.Core.DeskSessions.Enter(h.Context(), provisiontest.ByTest, h.Desk, opened, provision.ProtocolSAML, nil)
	h.Must(err)
	return ann
}

// signedOut has the desk take the notices of logout.
func signedOut(h *provisiontest.Harness) {
	h.Helper()
	_, err := h.Core.DeskSessions.End(h.Context(), true)
	h.Must(err)
	notices, err := h.Core.DeskSessions.ClaimLogoutNotices(h.Context(), h.Desk.ID, 10)
	h.Must(err)
	for _, n := range notices {
		h.Must(h.Core.DeskSessions.NoticeDelivered(h.Context(), n, "test"))
	}
}

// traces puts into the database what is there only at bad times.
func traces(h *provisiontest.Harness, a provision.AccountID) {
	h.Helper()
	metadata := `jsonb('{"x":"annabel"}')`
	if h.Store.Dialect() == string(store.Postgres) {
		metadata = `'{"x":"annabel"}'`
	}
	for _, statement := range []string{
		`INSERT INTO steps (account_id, kind, detail, note) SELECT id, 'profile', '{"to":"annabel"}', 'lovelace' FROM accounts WHERE id = $1`,
		`INSERT INTO drifts (account_id, desk_id, revision, found_at, steps, reason) SELECT id, desk_id, revision, 1, '[]', 'annabel' FROM accounts WHERE id = $1`,
		`INSERT INTO loss_allowances (account_id, connection_id, allowed_by) SELECT id, connection_id, 'x' FROM accounts WHERE id = $1`,
		`INSERT INTO account_names (desk_id, name, account_id) SELECT desk_id, 'lovelace', id FROM accounts WHERE id = $1`,
		`INSERT INTO admin_words (account_id, desk_id, shown, email, said_by, said_at) SELECT id, desk_id, '{"DisplayName":"annabel"}', 'lovelace', 'x', 1 FROM accounts WHERE id = $1`,
		`UPDATE accounts SET reason = 'annabel' WHERE id = $1`,
		`UPDATE river_job SET state = 'completed', finalized_at = created_at, metadata = ` + metadata + ` WHERE kind = 'reconcile' AND $1 <> ''`,
	} {
		_, err := h.Store.DB().ExecContext(h.Context(), statement, string(a))
		h.Must(err)
	}
}

// TestForgetErases looks for somebody in all of the database.
func TestForgetErases(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		ann := leaver(h)
		other := h.Person("bob")
		h.Must(h.Core.Directory.RemoveIdentity(h.Context(), h.Conn.ID, ann.ID, provisiontest.ByTest, nil))
		h.ReconcileAll()
		signedOut(h)
		account := h.Account(ann.ID)
		traces(h, account.ID)
		for _, word := range words {
			if len(grep(h, word)) == 0 {
				t.Errorf("%q is nowhere before", word)
			}
		}
		known, err := h.Core.Erasure.Forget(h.Context(), provisiontest.ByTest, ann.ID)
		h.Must(err)
		if k := known.Traces; k.Logins != 1 || k.Sessions != 1 || k.DeskSessions != 1 || k.Journal != 1 || k.Drifts != 1 || k.Jobs == 0 || len(known.Accounts) != 1 || known.Person.UserName != ann.UserName {
			t.Errorf("what was known: %+v, %d accounts of %q", k, len(known.Accounts), known.Person.UserName)
		}
		for _, where := range grep(h, words...) {
			t.Errorf("it is still in %s", where)
		}

		people, err := h.Core.Directory.FindPeople(h.Context(), string(ann.ID))
		h.Must(err)
		if len(people) != 1 || !people[0].Forgotten() {
			t.Errorf("by the id there is %+v", people)
		}
		h.Seal()
		report, err := h.Core.Audit.Verify(h.Context(), audit.Head{})
		h.Must(err)
		if report.Unsealed != 0 {
			t.Errorf("the audit log: %+v", report)
		}
		again, err := h.Core.Erasure.Forget(h.Context(), provisiontest.ByTest, ann.ID)
		h.Must(err)
		if !again.Forgotten || forgotten(h, ann.ID) != 1 {
			t.Errorf("forgotten once more: %+v", again)
		}
		if _, err := h.Core.Directory.Identity(h.Context(), h.Conn.ID, other.ID); err != nil {
			t.Errorf("the other person: %v", err)
		}

		// Who comes back is somebody new, with an account of their own.
		back := h.Person("annabel")
		h.Must(h.Add(h.GroupByName("Support").ID, provision.MemberID(back.ID))())
		h.ReconcileAll()
		if a := h.Account(back.ID); a.State != provision.AccountReady || a.ID == account.ID {
			t.Errorf("their new account: %s %q", a.State, a.Reason)
		}
	})
}

// forgotten counts the entries that say so.
func forgotten(h *provisiontest.Harness, id provision.IdentityID) (n int) {
	h.Helper()
	h.Must(h.Core.Audit.EachEntry(h.Context(), func(e provision.Entry) error {
		if e.Action == audit.PersonForgotten && e.Subject == string(id) {
			n++
		}
		return nil
	}))
	return n
}

// TestForgetWaitsForTheEnd: what is needed to end access is kept until it has
// ended.
func TestForgetWaitsForTheEnd(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		ann := leaver(h)
		refused := func(want string) {
			h.Helper()
			h.Unchanged("a refused forget", func() {
				_, err := h.Core.Erasure.Forget(h.Context(), provisiontest.ByTest, ann.ID)
				h.Code(err, provision.Denied)
				if !strings.Contains(fmt.Sprint(err), want) {
					h.Errorf("error %v, want %q", err, want)
				}
			})
			if len(grep(h, "lovelace")) == 0 {
				h.Error("it is erased nevertheless")
			}
		}
		refused("this person is active")
		h.SetStatus(ann.ID, provision.StatusSuspended)
		refused("this person is suspended")
		h.Must(h.Core.Directory.RemoveIdentity(h.Context(), h.Conn.ID, ann.ID, provisiontest.ByTest, nil))
		refused("access to support has not ended (waiting)")
		h.ReconcileAll()
		refused("logout")
		signedOut(h)

		h.Desk.HandOver.Agent = "Annabel@example.test"
		h.Must(h.Store.SaveDesk(h.Context(), h.Desk))
		refused("desk support hands conversations over to this address")
		h.Desk.HandOver.Agent = ""
		h.Must(h.Store.SaveDesk(h.Context(), h.Desk))
		rule, err := h.Core.Settings.AddRuleUnchecked(h.Context(), provisiontest.ByTest, provision.Rule{Connection: h.Conn.ID, Desk: h.Desk.ID,
			Attribute: "userName", Equals: "Annabel@example.test", Role: provision.RoleAgent})
		h.Must(err)
		refused("deskbridge rule remove " + string(rule.ID))
		h.Must(h.Core.Settings.RemoveRule(h.Context(), provisiontest.ByTest, rule.ID))

		_, err = h.Core.Erasure.Forget(h.Context(), provisiontest.ByTest, ann.ID)
		h.Must(err)
		_, err = h.Core.Erasure.Forget(h.Context(), provisiontest.ByTest, "nobody")
		h.Code(err, provision.NotFound)
	})
}

// TestForgetLeavesWhoCameBack: the same person came back under another id, and
// took up their account.
func TestForgetLeavesWhoCameBack(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		ann := leaver(h)
		h.Must(h.Core.Directory.RemoveIdentity(h.Context(), h.Conn.ID, ann.ID, provisiontest.ByTest, nil))
		before := h.Account(ann.ID)
		back := h.Person("annabel")
		h.Must(h.Add(h.GroupByName("Support").ID, provision.MemberID(back.ID))())
		h.ReconcileAll()
		signedOut(h)
		known, err := h.Core.Erasure.Forget(h.Context(), provisiontest.ByTest, ann.ID)
		h.Must(err)
		if len(known.Accounts) != 0 || known.Traces.Sessions != 1 {
			t.Errorf("of the tombstone: %+v, %+v", known.Accounts, known.Traces)
		}
		if a := h.Account(back.ID); a.ID != before.ID || a.State != provision.AccountReady || !a.Usable() {
			t.Errorf("the account of who came back: %+v", a)
		}
		if found := grep(h, "lovelace"); len(found) != 0 {
			t.Errorf("what only the tombstone had is still there: %v", found)
		}
	})
}
