package sso

import (
	"context"
	"fmt"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// warnAt are the numbers of days before something runs out at which an admin is
// told.
var warnAt = []int{60, 30, 14, 7, 1}

const day = 24 * time.Hour

// What runs out, as the audit log and the metrics call it.
const (
	endingIdPCertificate = "idp_certificate" // the last one of the identity provider
	endingOwnCertificate = "own_certificate" // the one that signs our requests
	endingMetadata       = "metadata"
	endingClientSecret   = "client_secret"
)

// ending is something that runs out, and keeps people from signing in then.
type ending struct {
	what string
	text string
	cure string // what to do about it; may be empty
	conn provision.ConnectionID
	at   time.Time
}

// said is what an admin reads of an ending.
func (e ending) said(now time.Time) string {
	left := e.at.Sub(now)
	if left <= 0 {
		return e.text + " has run out: nobody can sign in" + e.cure
	}
	return fmt.Sprintf("%s runs out in %d days%s", e.text, int(left/day), e.cure)
}

// due returns which of the moments of warnAt has come last, 0 when all is over;
// false when none has.
func (e ending) due(now time.Time) (days int, ok bool) {
	left := e.at.Sub(now)
	if left <= 0 {
		return 0, true
	}
	for _, at := range warnAt { // most first
		if left <= time.Duration(at)*day {
			days, ok = at, true
		}
	}
	return days, ok
}

// endings returns what will keep the people of a connection from signing in some
// day. Nobody is asked but the database.
func (h *Handler) endings(ctx context.Context, conn provision.Connection) (out []ending) {
	if peer := h.peers.known(conn.ID); peer != nil && len(conn.SignIn.SAML) > 0 {
		idp := peer.IdP()
		out = append(out, ending{what: endingIdPCertificate, text: "the last certificate of the identity provider", conn: conn.ID, at: idp.LastCertificate()})
		kept, err := h.core.Metadata(ctx, conn.ID)
		renewed := err == nil && kept.URL == peer.settings.MetadataURL && kept.Problem == ""
		if !idp.ValidUntil.IsZero() && (peer.settings.MetadataURL == "" || !renewed) {
			out = append(out, ending{what: endingMetadata, text: "the identity provider's metadata", conn: conn.ID, at: idp.ValidUntil})
		}
		if keys, err := h.peers.ourKeys(ctx, provision.KeySAML); err == nil && len(keys) > 0 {
			if ours, err := samlKeys(keys[:1]); err == nil {
				out = append(out, ending{what: endingOwnCertificate, text: "our own certificate", at: ours[0].Certificate.NotAfter,
					cure: ": `deskbridge key rotate saml`, and give identity providers our new metadata"})
			}
		}
	}
	if settings, err := parseOIDC(conn.SignIn.OIDC); len(conn.SignIn.OIDC) > 0 && err == nil && settings.SecretExpires != "" {
		if ends, err := time.Parse(time.DateOnly, settings.SecretExpires); err == nil {
			out = append(out, ending{what: endingClientSecret, text: "the client secret", conn: conn.ID, at: ends})
		}
	}
	return out
}

// Warnings returns what keeps the people of a connection from signing in, or
// will soon, in plain words.
func (h *Handler) Warnings(ctx context.Context, conn provision.Connection) []string {
	out := h.problems(ctx, conn)
	for _, e := range h.endings(ctx, conn) {
		if _, due := e.due(h.site.Now()); due {
			out = append(out, e.said(h.site.Now()))
		}
	}
	return out
}

// problems returns what is wrong now, or should not be as it is.
func (h *Handler) problems(ctx context.Context, conn provision.Connection) (out []string) {
	if peer, err := h.peers.SAML(ctx, conn); err == nil {
		out = append(out, peer.IdP().Warnings...)
		if peer.settings.AllowSHA1 {
			out = append(out, "allow_sha1 is on: signatures can be forged with some effort")
		}
	} else if len(conn.SignIn.SAML) > 0 {
		out = append(out, "SAML does not work: "+err.Error())
	}
	if kept, err := h.core.Metadata(ctx, conn.ID); err == nil && kept.Problem != "" {
		out = append(out, "metadata: "+kept.Problem)
	}
	if on := h.overageOn(ctx, conn); on != "" {
		out = append(out, "on "+on+" "+overageAdvice)
	}
	return out
}

// warn logs what is wrong once a day, and what runs out once at each of its
// moments, which the audit log tells, too.
func (h *Handler) warn(ctx context.Context, conn provision.Connection) {
	for _, text := range h.newProblems(ctx, conn) {
		h.site.Log.WarnContext(ctx, "sign-in needs attention", "connection", conn.Name, "warning", text)
	}
	for _, e := range h.endings(ctx, conn) {
		days, due := e.due(h.site.Now())
		if !due {
			continue
		}
		key := fmt.Sprintf("ending %s %d %d", e.what, e.at.Unix(), days)
		first, err := h.core.RecordOnce(ctx, e.conn, byHouse, "sign_in.ending", key, later(e.at, h.site.Now()).AddDate(1, 0, 0),
			map[string]any{"what": e.what, "ends_at": e.at.UTC().Format(time.RFC3339), "days": days})
		if err != nil {
			h.site.Log.ErrorContext(ctx, "a warning is not in the audit log", "connection", conn.Name, "err", err)
		}
		if err != nil || first {
			h.site.Log.WarnContext(ctx, "sign-in needs attention", "connection", conn.Name, "warning", e.said(h.site.Now()))
		}
	}
}

// newProblems returns the problems of a connection, if this is the first look at
// them today.
func (h *Handler) newProblems(ctx context.Context, conn provision.Connection) []string {
	problems := h.problems(ctx, conn)
	if len(problems) == 0 {
		return nil
	}
	first, err := h.core.Remember(ctx, conn.ID, "warned "+h.today(0), h.site.Now().Add(2*day))
	if err != nil || !first {
		return nil
	}
	return problems
}

// today returns the date in UTC, or that of some days ago.
func (h *Handler) today(ago int) string {
	return h.site.Now().UTC().AddDate(0, 0, -ago).Format(time.DateOnly)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
