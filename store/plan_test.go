package store_test

import (
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestCountsForPlans: what a plan is weighed by counts this connection and this
// desk, and nobody whose access or session has ended or is about to.
func TestCountsForPlans(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, d := seeded(t, s)
		other, elsewhere := connection("other"), desk("elsewhere")
		must(t, s.SaveConnection(ctx, other))
		must(t, s.SaveDesk(ctx, elsewhere))
		for _, name := range []string{"Support", "Billing"} {
			must(t, s.InsertGroup(ctx, group(c.ID, name)))
		}
		must(t, s.InsertGroup(ctx, group(other.ID, "Theirs")))
		equal(t, "groups", 2, len(got(s.GroupNames(ctx, c.ID))(t)))
		equal(t, "groups of the other", []string{"Theirs"}, got(s.GroupNames(ctx, other.ID))(t))

		for _, person := range people(t, s, c.ID, "stays", "leaves", "gone", "elsewhere") {
			a := account(person, d.ID)
			a.EndingSince = nil
			switch person.UserName {
			case "leaves":
				a.EndingSince = new(noon)
			case "gone":
				a.State = provision.AccountEnded
			case "elsewhere":
				a.Desk = elsewhere.ID
			}
			must(t, s.SaveAccounts(ctx, []provision.Account{a}))
			for i, by := range []provision.Protocol{provision.ProtocolOIDC, provision.ProtocolOIDC, provision.ProtocolSAML} {
				session := provision.Session{ID: provision.NewID[provision.SessionID](), Hash: []byte(person.UserName + string(by) + string(rune('0'+i))), Identity: person.ID, Connection: c.ID,
					Protocol: by, Issuer: "i", Subject: "s", CreatedAt: noon, SeenAt: noon, EndsAt: noon.Add(time.Hour)}
				switch {
				case person.UserName == "leaves":
					session.EndedAt, session.Reason = new(noon), provision.EndedByLeaving
				case person.UserName == "gone":
					session.EndsAt = noon
				case person.UserName == "elsewhere" && by == provision.ProtocolSAML:
					continue
				}
				must(t, s.InsertSession(ctx, session))
			}
		}
		equal(t, "desired", 1, got(s.CountDesired(ctx, d.ID))(t))
		equal(t, "signed in by OIDC", 2, got(s.CountSignedIn(ctx, c.ID, provision.ProtocolOIDC, noon))(t))
		equal(t, "signed in by SAML", 1, got(s.CountSignedIn(ctx, c.ID, provision.ProtocolSAML, noon))(t))
		equal(t, "signed in at the other", 0, got(s.CountSignedIn(ctx, other.ID, provision.ProtocolOIDC, noon))(t))
	})
}
