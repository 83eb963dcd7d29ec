package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// beforeProtocols is the schema whose logins were known by issuer and subject
// alone.
const beforeProtocols = 10

// TestLoginsOutliveTheirNewKey takes a database with logins from the old key to
// the new one and back, and to the new one again.
func TestLoginsOutliveTheirNewKey(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		c, _ := seeded(t, s)
		person := people(t, s, c.ID, "ann")[0]
		bySAML := provision.LoginKey{Connection: c.ID, Protocol: provision.ProtocolSAML, Issuer: "https://idp.example.test/realm", Subject: "7",
			Identity: person.ID, CreatedAt: noon, UsedAt: noon}
		byOIDC := bySAML
		byOIDC.Protocol, byOIDC.Subject = provision.ProtocolOIDC, "8"
		must(t, store.MigrateTo(t.Context(), s, beforeProtocols))
		for _, l := range []provision.LoginKey{bySAML, byOIDC} {
			must(t, s.Exec(t.Context(), `INSERT INTO logins (connection_id, issuer, subject, protocol, identity_id, created_at, used_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
				string(l.Connection), l.Issuer, l.Subject, string(l.Protocol), string(l.Identity), l.CreatedAt.UnixMicro(), l.UsedAt.UnixMicro()))
		}
		kept := func(when string, want ...provision.LoginKey) {
			t.Helper()
			if diff := cmp.Diff(want, got(s.LoginsOf(t.Context(), person.ID))(t)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", when, diff)
			}
		}
		must(t, s.Migrate(t.Context()))
		kept("after the migration", byOIDC, bySAML)

		same := bySAML // what both protocols may say
		same.Protocol = provision.ProtocolOIDC
		must(t, s.SaveLogin(t.Context(), same))
		kept("with one subject by both protocols", same, byOIDC, bySAML)
		for _, want := range []provision.LoginKey{bySAML, same} {
			equal(t, "login", want, got(s.Login(t.Context(), want.Connection, want.Protocol, want.Issuer, want.Subject))(t))
		}
		must(t, store.MigrateTo(t.Context(), s, beforeProtocols))
		must(t, s.Migrate(t.Context()))
		kept("back and forth: one of the two that the old key cannot tell apart is gone", byOIDC, bySAML)
	})
}
