package store_test

import (
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

func TestAccessTokens(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		w := newWorld(t, s)
		for _, name := range []string{"short", "long"} {
			life := map[string]time.Duration{"short": time.Minute, "long": time.Hour}[name]
			must(t, s.InsertAccessToken(ctx, credential.AccessToken{Hash: []byte(name), Token: w.token.ID, CreatedAt: noon, ExpiresAt: noon.Add(life)}))
		}
		must(t, s.SweepAccessTokens(ctx, noon.Add(time.Minute)))
		_, _, _, err := s.AccessTokenByHash(ctx, []byte("short"))
		wantCode(t, "an expired one", err, provision.NotFound)
		access, client, of, err := s.AccessTokenByHash(ctx, []byte("long"))
		must(t, err)
		equal(t, "client", w.token.ID, client.ID)
		equal(t, "its access token's", w.token.ID, access.Token)
		equal(t, "connection", w.acme.ID, of.ID)

		elsewhere := token(w.other.ID, "elsewhere")
		must(t, s.SaveToken(ctx, elsewhere))
		equal(t, "tokens of all connections", 2, len(got(s.Tokens(ctx, ""))(t)))
		if err := s.InsertAccessToken(ctx, credential.AccessToken{Hash: []byte("long"), Token: elsewhere.ID, CreatedAt: noon, ExpiresAt: noon}); err == nil {
			t.Error("two access tokens have one hash")
		}
		if err := s.InsertAccessToken(ctx, credential.AccessToken{Hash: []byte("x"), Token: "nobody", CreatedAt: noon, ExpiresAt: noon}); err == nil {
			t.Error("an access token of nobody was kept")
		}
	})
}
