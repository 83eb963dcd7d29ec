package credential_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// door is a connection at whose door tokens are tried, at a time of its own.
type door struct {
	*testing.T
	core *core.Core
	conn provision.Connection
	now  time.Time
	log  bytes.Buffer
}

func newDoor(t *testing.T, s *store.Store) *door {
	t.Helper()
	d := &door{T: t, now: time.Date(2027, 1, 4, 8, 0, 0, 0, time.UTC)}
	d.core = core.New(s, core.Policy{Now: func() time.Time { return d.now }}, slog.New(slog.NewTextHandler(&d.log, nil)))
	var err error
	if d.conn, _, err = d.core.Settings.AddConnection(t.Context(), provision.Cause{}, provision.Connection{Name: "acme", IdP: provision.IdPOkta}); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *door) token(draft credential.TokenDraft) (credential.Token, string) {
	d.Helper()
	token, secret, err := d.core.Tokens.DraftToken(d.Context(), provision.Cause{}, d.conn.ID, draft)
	if err != nil {
		d.Fatal(err)
	}
	return token, secret
}

func (d *door) rotate(name string, overlap time.Duration) (fresh, old credential.Token, secret string) {
	d.Helper()
	fresh, old, secret, err := d.core.Tokens.RotateToken(d.Context(), provision.Cause{}, d.conn.ID, name, overlap, 0)
	if err != nil {
		d.Fatal(err)
	}
	return fresh, old, secret
}

func (d *door) opens(what, secret string, want bool) {
	d.Helper()
	_, _, err := d.core.Tokens.Authenticate(d.Context(), "acme", secret)
	if e, ok := errors.AsType[*provision.Error](err); err != nil && (!ok || e.Code != provision.Denied) {
		d.Fatal(err)
	}
	if (err == nil) != want {
		d.Errorf("%s: accepted %v, want %v", what, err == nil, want)
	}
}

func (d *door) state(name string, want ...credential.TokenState) {
	d.Helper()
	tokens, err := d.core.Tokens.Tokens(d.Context(), d.conn.ID)
	if err != nil {
		d.Fatal(err)
	}
	var got []credential.TokenState
	for _, t := range tokens {
		if t.Name == name {
			got = append(got, t.State(d.now))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		d.Errorf("states of %s (-want +got):\n%s", name, diff)
	}
}

func TestRotationLeavesNoGap(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := newDoor(t, s)
		_, one := d.token(credential.TokenDraft{Name: "idp", Life: 48 * time.Hour, ReadOnly: true})
		d.now = d.now.Add(time.Hour)
		fresh, old, two := d.rotate("idp", 24*time.Hour)
		if !fresh.ReadOnly || fresh.Name != "idp" || fresh.ExpiresAt.Sub(d.now) != 48*time.Hour || old.ExpiresAt.Sub(d.now) != 24*time.Hour {
			t.Errorf("new %+v\nold %+v", fresh, old)
		}
		d.opens("the old one within the overlap", one, true)
		d.opens("the new one", two, true)
		d.state("idp", credential.TokenReplaced, credential.TokenExpiring)
		if _, _, _, err := d.core.Tokens.RotateToken(t.Context(), provision.Cause{}, d.conn.ID, string(old.ID), 0, 0); err == nil {
			t.Error("what was replaced was rotated again")
		}

		d.now = d.now.Add(24 * time.Hour)
		d.opens("the old one after the overlap", one, false)
		d.opens("the new one", two, true)
		d.state("idp", credential.TokenEnded, credential.TokenExpiring)

		_, _, three := d.rotate("idp", 0)
		d.opens("one that had no overlap", two, false)
		d.opens("its successor", three, true)
		_, last, _ := d.rotate("idp", 80*24*time.Hour)
		if got := last.ExpiresAt.Sub(d.now); got != 48*time.Hour {
			t.Errorf("an overlap made a token live for %v more, want the 48h that it had", got)
		}
		for _, wrong := range []time.Duration{-1, credential.MaxOverlap + 1} {
			if _, _, _, err := d.core.Tokens.RotateToken(t.Context(), provision.Cause{}, d.conn.ID, "idp", wrong, 0); err == nil {
				t.Errorf("an overlap of %v was taken", wrong)
			}
		}
	})
}

func TestRevocationByNameEndsWhatWasReplacedToo(t *testing.T) {
	d := newDoor(t, storetest.SQLite(t))
	first, one := d.token(credential.TokenDraft{Name: "idp"})
	_, _, two := d.rotate("idp", 24*time.Hour)
	if _, err := d.core.Tokens.RevokeToken(t.Context(), provision.Cause{}, d.conn.ID, string(first.ID)); err != nil {
		t.Fatal(err)
	}
	d.opens("the old one, revoked by id", one, false)
	d.opens("the new one", two, true)
	_, _, three := d.rotate("idp", 24*time.Hour)
	if revoked, err := d.core.Tokens.RevokeToken(t.Context(), provision.Cause{}, d.conn.ID, "idp"); err != nil || revoked.RevokedAt == nil {
		t.Errorf("revoked %+v, %v", revoked, err)
	}
	d.opens("the replaced one, revoked by name", two, false)
	d.opens("its successor", three, false)
	d.state("idp", credential.TokenEnded, credential.TokenEnded, credential.TokenEnded)
}

// TestTwentyRotateAndRevokeAtOnce checks that no rotation revives what somebody
// else has revoked, and that one name stays with one token.
func TestTwentyRotateAndRevokeAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := newDoor(t, s)
		d.token(credential.TokenDraft{Name: "idp"})
		var together sync.WaitGroup
		for n := range 20 {
			together.Go(func() {
				var err error
				if n%4 == 3 {
					_, err = d.core.Tokens.RevokeToken(t.Context(), provision.Cause{}, d.conn.ID, "idp")
				} else {
					_, _, _, err = d.core.Tokens.RotateToken(t.Context(), provision.Cause{}, d.conn.ID, "idp", time.Hour, 0)
				}
				if e, ok := errors.AsType[*provision.Error](err); err != nil && (!ok || e.Code != provision.Conflict) { // Conflict: it is revoked
					t.Error(err)
				}
			})
		}
		together.Wait()
		tokens, err := d.core.Tokens.Tokens(t.Context(), d.conn.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, token := range tokens {
			if token.Name == "idp" && token.RevokedAt == nil {
				t.Errorf("a token is %s after all of its name were revoked", token.State(d.now))
			}
		}
	})
}

func TestClientsBuyAccessTokens(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := newDoor(t, s)
		client, secret := d.token(credential.TokenDraft{Name: "entra", Client: true})
		d.opens("a client's secret as a token", secret, false)
		for _, wrong := range [][2]string{{client.ClientID, "x"}, {"x", secret}, {"", secret}, {client.ClientID, ""}, {string(client.ID), secret}} {
			if _, err := d.core.Tokens.AuthenticateClient(t.Context(), wrong[0], wrong[1]); err == nil {
				t.Errorf("a client got in with %q", wrong)
			}
		}
		_, bearer := d.token(credential.TokenDraft{Name: "plain"})
		if _, err := d.core.Tokens.AuthenticateClient(t.Context(), "", bearer); err == nil {
			t.Error("a bearer token got in as a client")
		}
		known, err := d.core.Tokens.AuthenticateClient(t.Context(), client.ClientID, secret)
		if err != nil || known.ID != client.ID {
			t.Fatalf("client %+v, %v", known, err)
		}
		access, expires, err := d.core.Tokens.IssueAccessToken(t.Context(), known, true)
		if err != nil || expires.Sub(d.now) != time.Hour {
			t.Fatalf("expires %v, %v", expires, err)
		}
		if _, token, err := d.core.Tokens.Authenticate(t.Context(), "acme", access); err != nil || !token.ReadOnly || token.ID != client.ID {
			t.Errorf("an access token is %+v, %v; want the client's, reading only", token, err)
		}
		if _, err := d.core.Tokens.AuthenticateClient(t.Context(), client.ClientID, access); err == nil {
			t.Error("an access token got in as a client")
		}
		d.now = expires
		d.opens("an access token after its time", access, false)

		access, _, err = d.core.Tokens.IssueAccessToken(t.Context(), known, false)
		if err != nil {
			t.Fatal(err)
		}
		fresh, _, next := d.rotate("entra", 0)
		if fresh.ClientID != client.ClientID {
			t.Errorf("a rotation changed the client's id to %s", fresh.ClientID)
		}
		d.opens("an access token whose client was replaced without overlap", access, false)
		known, err = d.core.Tokens.AuthenticateClient(t.Context(), client.ClientID, next)
		if err != nil {
			t.Fatal(err)
		}
		access, _, err = d.core.Tokens.IssueAccessToken(t.Context(), known, false)
		if err != nil {
			t.Fatal(err)
		}
		d.opens("an access token", access, true)
		if _, err := d.core.Tokens.RevokeToken(t.Context(), provision.Cause{}, d.conn.ID, "entra"); err != nil {
			t.Fatal(err)
		}
		d.opens("an access token whose client is revoked", access, false)
	})
}

func TestTheLogTellsOfATokenThatEndsSoon(t *testing.T) {
	d := newDoor(t, storetest.SQLite(t))
	_, secret := d.token(credential.TokenDraft{Name: "idp", Life: 365 * 24 * time.Hour})
	var told []string
	for day := range 365 {
		d.log.Reset()
		for range 3 { // three uses that day
			d.opens("the token", secret, true)
			d.now = d.now.Add(8 * time.Hour)
		}
		for line := range strings.Lines(d.log.String()) {
			_, days, _ := strings.Cut(line, "days=")
			told = append(told, strings.TrimSpace(days))
			if strings.Contains(line, secret) || !strings.Contains(line, "token=idp") || !strings.Contains(line, "connection=acme") {
				t.Errorf("day %d: %s", day, line)
			}
		}
	}
	if diff := cmp.Diff([]string{"30", "14", "7", "1"}, told); diff != "" {
		t.Errorf("days before the end (-want +got):\n%s", diff)
	}
}

func TestStatesOfTokens(t *testing.T) {
	now := time.Date(2027, 1, 4, 8, 0, 0, 0, time.UTC)
	in := func(days int) *time.Time { return new(now.AddDate(0, 0, days)) }
	old := now.AddDate(-1, 0, 0)
	for _, tt := range []struct {
		name  string
		token credential.Token
		want  credential.TokenState
	}{
		{"in use", credential.Token{CreatedAt: old, LastUsedAt: in(-1)}, credential.TokenActive},
		{"new", credential.Token{CreatedAt: now}, credential.TokenActive},
		{"never used", credential.Token{CreatedAt: old}, credential.TokenUnused},
		{"no longer used", credential.Token{CreatedAt: old, LastUsedAt: in(-31)}, credential.TokenUnused},
		{"ends in a year", credential.Token{CreatedAt: old, LastUsedAt: in(0), ExpiresAt: in(365)}, credential.TokenActive},
		{"ends this month", credential.Token{CreatedAt: old, LastUsedAt: in(0), ExpiresAt: in(29)}, credential.TokenExpiring},
		{"over", credential.Token{CreatedAt: old, LastUsedAt: in(0), ExpiresAt: in(0)}, credential.TokenExpired},
		{"replaced", credential.Token{CreatedAt: old, ReplacedAt: in(-1), ExpiresAt: in(1)}, credential.TokenReplaced},
		{"replaced and over", credential.Token{CreatedAt: old, ReplacedAt: in(-1), ExpiresAt: in(0)}, credential.TokenEnded},
		{"revoked", credential.Token{CreatedAt: old, RevokedAt: in(-1)}, credential.TokenEnded},
	} {
		if got := tt.token.State(now); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestSettingsForSignedTokens(t *testing.T) {
	good := protocol.JWT{Issuer: "https://sts.windows.net/0a/", Audience: "desks", JWKSURL: "https://login.example.com/keys"}
	for name, change := range map[string]func(*protocol.JWT){
		"no issuer":          func(j *protocol.JWT) { j.Issuer = "" },
		"no audience":        func(j *protocol.JWT) { j.Audience = "" },
		"no keys":            func(j *protocol.JWT) { j.JWKSURL = "" },
		"keys in a file":     func(j *protocol.JWT) { j.JWKSURL = "file:///keys" },
		"everybody's issuer": func(j *protocol.JWT) { j.Issuer = "https://login.microsoftonline.com/common/v2.0" },
		"a template":         func(j *protocol.JWT) { j.Issuer = "https://sts.windows.net/{tenantid}/" },
	} {
		j := good
		if change(&j); j.Validate() == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	d := newDoor(t, storetest.SQLite(t))
	draft := func(j *protocol.JWT) plan.Draft {
		return plan.Draft{Connections: []provision.Connection{{Name: "acme", IdP: provision.IdPOkta, JWT: j}}}
	}
	if plan, err := d.core.Plan.Apply(t.Context(), provision.Cause{}, draft(&good), ""); err != nil || len(plan.Changes) != 1 || plan.Changes[0].Fields[0] != "scim" {
		t.Errorf("plan %+v, %v", plan, err)
	}
	if conn, err := d.core.Settings.Connection(t.Context(), "acme"); err != nil || conn.JWT == nil || *conn.JWT != good {
		t.Errorf("kept %+v, %v", conn.JWT, err)
	}
	if plan, err := d.core.Plan.Plan(t.Context(), draft(&good)); err != nil || !plan.Empty() {
		t.Errorf("the same once more: %+v, %v", plan, err)
	}
	if _, err := d.core.Plan.Plan(t.Context(), draft(&protocol.JWT{})); err == nil {
		t.Error("settings that are none were planned")
	}
	if _, err := d.core.Plan.Apply(t.Context(), provision.Cause{}, draft(nil), ""); err != nil {
		t.Error(err)
	}
	if conn, err := d.core.Settings.Connection(t.Context(), "acme"); err != nil || conn.JWT != nil {
		t.Errorf("taken away: %+v, %v", conn.JWT, err)
	}
}
