package credential_test

import (
	"testing"

	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// BenchmarkAuthenticate is what every SCIM request begins with.
func BenchmarkAuthenticate(b *testing.B) {
	for name, open := range map[string]func() *store.Store{
		"sqlite":   func() *store.Store { return storetest.SQLite(b) },
		"postgres": func() *store.Store { _, s := storetest.Postgres(b); return s },
	} {
		b.Run(name, func(b *testing.B) {
			core := core.New(open(), core.Policy{}, nil)
			conn, secret, err := core.Settings.AddConnection(b.Context(), provision.Cause{}, provision.Connection{Name: "acme", IdP: provision.IdPOkta})
			if err != nil {
				b.Fatal(err)
			}
			client, _, err := core.Tokens.DraftToken(b.Context(), provision.Cause{}, conn.ID, credential.TokenDraft{Name: "client", Client: true})
			if err != nil {
				b.Fatal(err)
			}
			access, _, err := core.Tokens.IssueAccessToken(b.Context(), client, false)
			if err != nil {
				b.Fatal(err)
			}
			for kind, bearer := range map[string]string{"bearer": secret, "access": access} {
				b.Run(kind, func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						if _, _, err := core.Tokens.Authenticate(b.Context(), "acme", bearer); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		})
	}
}
