package provision_test

import (
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// BenchmarkAuthenticate is what every SCIM request begins with.
func BenchmarkAuthenticate(b *testing.B) {
	for name, open := range map[string]func() provision.Store{
		"sqlite":   func() provision.Store { return storetest.SQLite(b) },
		"postgres": func() provision.Store { _, s := storetest.Postgres(b); return s },
	} {
		b.Run(name, func(b *testing.B) {
			core := provision.NewService(open(), provision.Policy{}, nil)
			conn, secret, err := core.AddConnection(b.Context(), provision.Cause{}, provision.Connection{Name: "acme", IdP: provision.IdPOkta})
			if err != nil {
				b.Fatal(err)
			}
			client, _, err := core.DraftToken(b.Context(), provision.Cause{}, conn.ID, provision.TokenDraft{Name: "client", Client: true})
			if err != nil {
				b.Fatal(err)
			}
			access, _, err := core.IssueAccessToken(b.Context(), client, false)
			if err != nil {
				b.Fatal(err)
			}
			for kind, bearer := range map[string]string{"bearer": secret, "access": access} {
				b.Run(kind, func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						if _, _, err := core.Authenticate(b.Context(), "acme", bearer); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		})
	}
}
