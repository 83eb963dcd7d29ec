package setuplink_test

import (
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/setuplink"
)

// TestALinkHasOneHolder: whoever opens it first, until its end; with one token, and
// nothing of another connection.
func TestALinkHasOneHolder(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		s, ctx, conn := h.Core.SetupLinks, h.Context(), h.Conn.ID
		cause := provision.Cause{Action: "POST /admin/setup", Request: "req-1"}
		for _, life := range []time.Duration{0, -time.Hour, setuplink.MaxLife + 1} {
			_, _, err := s.Make(ctx, provisiontest.ByTest, h.Conn, life)
			h.Code(err, provision.Invalid)
		}
		made, secret, err := s.Make(ctx, provisiontest.ByTest, h.Conn, setuplink.Life)
		h.Must(err)
		for _, bad := range []string{"", "guess", "t1.zz.k.box", secret + "x"} {
			_, err := s.Offered(ctx, conn, bad)
			h.Code(err, provision.NotFound)
			_, _, err = s.Take(ctx, cause, conn, bad)
			h.Code(err, provision.NotFound)
			_, err = s.Held(ctx, conn, bad)
			h.Code(err, provision.NotFound)
		}
		_, err = s.Offered(ctx, "another", secret)
		h.Code(err, provision.NotFound)
		_, err = s.Held(ctx, conn, secret) // the link itself holds nothing
		h.Code(err, provision.NotFound)
		for range 2 { // to look at it uses nothing up
			l, err := s.Offered(ctx, conn, secret)
			h.Must(err)
			if l.ID != made.ID {
				t.Errorf("the link is %+v, want %+v", l, made)
			}
		}
		_, own, err := s.Take(ctx, cause, conn, secret)
		h.Must(err)
		_, _, err = s.Take(ctx, cause, conn, secret)
		h.Code(err, provision.NotFound)
		_, err = s.Offered(ctx, conn, own)
		h.Code(err, provision.NotFound)
		_, err = s.Held(ctx, "another", own)
		h.Code(err, provision.NotFound)
		l, err := s.Held(ctx, conn, own)
		h.Must(err)

		name, token, err := s.MakeToken(ctx, cause, conn, l)
		h.Must(err)
		_, authenticated, err := h.Core.Tokens.Authenticate(ctx, h.Conn.Name, token)
		h.Must(err)
		if authenticated.Name != name || authenticated.ExpiresAt == nil {
			t.Errorf("the token is %+v", authenticated)
		}
		_, _, err = s.MakeToken(ctx, cause, conn, l)
		h.Code(err, provision.Conflict)
		if may, err := s.MayMakeToken(ctx, conn, l); may || err != nil {
			t.Errorf("one more token: %t, %v", may, err)
		}

		links, err := s.Links(ctx, conn)
		h.Must(err)
		if len(links) != 1 || links[0].ID != made.ID || links[0].Opened == nil || links[0].Used == nil || links[0].By != provisiontest.ByTest.Actor {
			t.Errorf("links: %+v", links)
		}
		entries, err := h.Core.Audit.Latest(ctx, audit.Filter{Subject: string(conn), Actions: []provision.Action{audit.SetupLinkCreated, audit.SetupLinkOpened, audit.SetupLinkUsed}}, audit.Place{}, 10)
		h.Must(err)
		if len(entries) != 3 || entries[0].Cause.Actor != "setup-link:"+made.ID {
			t.Errorf("the audit log has %+v", entries)
		}
		for _, e := range entries {
			for _, v := range e.Detail {
				if text, ok := v.(string); ok && (strings.Contains(text, secret) || strings.Contains(text, own)) {
					t.Errorf("the audit log has a secret: %+v", e)
				}
			}
		}

		h.Code(s.Revoke(ctx, provisiontest.ByTest, conn, "another"), provision.NotFound)
		h.Must(s.Revoke(ctx, provisiontest.ByTest, conn, made.ID))
		_, err = s.Held(ctx, conn, own)
		h.Code(err, provision.NotFound)
		if links, err := s.Links(ctx, conn); len(links) != 0 || err != nil {
			t.Errorf("links that are revoked: %+v, %v", links, err)
		}
		if _, _, err := h.Core.Tokens.Authenticate(ctx, h.Conn.Name, token); err != nil {
			t.Errorf("the token ends with the link: %v", err)
		}

		unopened, secret, err := s.Make(ctx, provisiontest.ByTest, h.Conn, time.Hour)
		h.Must(err)
		h.Must(s.Revoke(ctx, provisiontest.ByTest, conn, unopened.ID))
		_, _, err = s.Take(ctx, cause, conn, secret)
		h.Code(err, provision.NotFound)
		_, secret, err = s.Make(ctx, provisiontest.ByTest, h.Conn, time.Hour)
		h.Must(err)
		_, own, err = s.Take(ctx, cause, conn, secret)
		h.Must(err)
		h.Offset.Add(int64(time.Hour))
		_, err = s.Held(ctx, conn, own)
		h.Code(err, provision.NotFound)
	})
}
