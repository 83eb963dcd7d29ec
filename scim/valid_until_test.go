package scim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestEndsThatArePushed has the identity provider say when somebody's access ends, by an
// attribute that the connection names.
func TestEndsThatArePushed(t *testing.T) {
	const urn = "urn:example:params:scim:schemas:extension:hr:2.0:User"
	by := provision.Cause{Actor: "cli", Action: "test"}
	pushes := func(name, end string) string {
		return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","%[1]s"],"userName":"%[2]s","%[1]s":{"endDate":"%[3]s"}}`, urn, name, end)
	}
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		ctx := t.Context()
		person := func(id string) provision.Identity {
			t.Helper()
			p, err := s.core.Directory.Identity(ctx, s.conn.ID, provision.IdentityID(id))
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		ends := func(when, id, want string, unread bool) {
			t.Helper()
			p, got := person(id), ""
			if end := p.Terms.End(); end != nil {
				got = provision.FormatUntil(&end.At)
			}
			if got != want || (p.Terms.Pushed != nil && p.Terms.Pushed.Unread) != unread {
				t.Errorf("%s: the end is %q, %+v; want %q, unread %v", when, got, p.Terms.Pushed, want, unread)
			}
		}
		before := s.want(201, "POST", "/Users", pushes("before@example.test", "2098-12-31")).id()
		ends("before it is set", before, "", false)
		conn := s.conn
		conn.ValidUntil = urn + ":endDate"
		if err := st.SaveConnection(ctx, conn); err != nil {
			t.Fatal(err)
		}
		if _, err := s.core.Terms.Pass(ctx); err != nil {
			t.Fatal(err)
		}
		ends("who was pushed before", before, "2098-12-31", false)

		ann := s.want(201, "POST", "/Users", pushes("ann@example.test", "2099-01-31")).id()
		ends("new", ann, "2099-01-31", false)
		says := func(value string) {
			t.Helper()
			s.want(200, "PATCH", "/Users/"+ann, fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"%s:endDate","value":"%s"}]}`, urn, value))
		}
		says("31/12/2098")
		ends("what nobody can read", ann, "2099-01-31", true)
		says("2098-06-30T17:00:00+02:00")
		ends("a moment", ann, "2098-06-30T15:00:00Z", false)
		s.want(200, "PUT", "/Users/"+ann, `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ann@example.test"}`)
		ends("left out", ann, "", false)

		says(time.Now().AddDate(0, 0, -2).Format(time.DateOnly))
		now := time.Now()
		if p := person(ann); p.Admitted(now) || !p.Active() {
			t.Errorf("when the end has passed, admitted %v, active for the identity provider %v", p.Admitted(now), p.Active())
		}
		later := now.AddDate(1, 0, 0)
		if _, err := s.core.Terms.SetEnd(ctx, by, provision.IdentityID(ann), &later); err != nil {
			t.Fatal(err)
		}
		if p := person(ann); p.Admitted(now) {
			t.Error("an admin's later end lets in whose end has passed")
		}
		says("2099-01-31")
		if p := person(ann); !p.Admitted(now) {
			t.Error("a later end does not let them in again")
		}
		ends("an admin's earlier end", ann, provision.FormatUntil(&later), false)
		if _, err := s.core.Terms.Block(ctx, by, provision.IdentityID(ann), "dismissed"); err != nil {
			t.Fatal(err)
		}
		says("2099-12-31")
		if p := person(ann); p.Admitted(now) || p.Terms.Block == nil {
			t.Error("an end that is pushed takes a block away")
		}
		n := map[provision.Action]int{}
		if err := s.core.Audit.EachEntry(ctx, func(e provision.Entry) error {
			if e.Subject == ann {
				n[e.Action]++
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if n[audit.PersonEnded] != 1 || n[audit.PersonEndSet] != 8 {
			t.Errorf("entries of ends: %d have passed, %d were set", n[audit.PersonEnded], n[audit.PersonEndSet])
		}
	})
}
