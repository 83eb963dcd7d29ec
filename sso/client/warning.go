package client

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// Warnings returns what keeps the people of a connection from signing in, or
// will soon, in plain words.
func (cs *Clients) Warnings(ctx context.Context, conn provision.Connection) []string {
	out := cs.problems(ctx, conn)
	for _, e := range cs.expirations(ctx, conn) {
		if _, due := e.due(cs.site.Now()); due {
			out = append(out, e.warning(cs.site.Now()))
		}
	}
	return out
}

// soon is how long before its end a [Clients.Standing] tells of something.
const soon = 30 * day

// Standing returns what keeps the people of a connection from signing in, or
// will within 30 days. Unlike [Clients.Warnings] it asks nobody but the
// database, and says nothing of what works but could be better.
func (cs *Clients) Standing(ctx context.Context, conn provision.Connection) (out []settings.Warning) {
	if conn.SignIn.Disabled {
		return nil
	}
	if _, err := cs.knownIdP(ctx, conn); err != nil {
		out = append(out, settings.Warning{Text: "SAML does not work: " + err.Error()})
	}
	if options := conn.SignIn.SAML; options.Readable() == nil && options.MetadataURL != "" {
		if kept, err := cs.core.Settings.Metadata(ctx, conn.ID); err == nil && kept.URL == options.MetadataURL && kept.Problem != "" {
			text := "metadata: " + kept.Problem
			if len(kept.Waiting) > 0 {
				text += "; look at it, then `deskbridge connection test " + conn.Name + " --accept`"
			}
			out = append(out, settings.Warning{Text: text})
		}
	}
	for _, e := range cs.expirations(ctx, conn) {
		if e.at.Sub(cs.site.Now()) <= soon {
			out = append(out, settings.Warning{Text: e.warning(cs.site.Now()), EndsAt: &e.at})
		}
	}
	return out
}

// problems returns what is wrong now, or should not be as it is.
func (cs *Clients) problems(ctx context.Context, conn provision.Connection) (out []string) {
	if client, err := cs.SAML(ctx, conn); err == nil {
		out = append(out, client.IdP().Warnings...)
		if client.Settings.AllowSHA1 {
			out = append(out, "allow_sha1 is on: signatures can be forged with some effort")
		}
	} else if conn.SignIn.SAML != nil {
		out = append(out, "SAML does not work: "+inWords(err))
	}
	if kept, err := cs.core.Settings.Metadata(ctx, conn.ID); err == nil && kept.Problem != "" {
		said := slices.ContainsFunc(out, func(text string) bool { return strings.HasSuffix(text, kept.Problem) })
		if !said {
			out = append(out, "metadata: "+kept.Problem)
		}
	}
	out = append(out, settings.DomainWarnings(conn.Domains)...)
	if on := cs.overageOn(ctx, conn); on != "" {
		out = append(out, "on "+on+" "+overageAdvice)
	}
	return out
}

// warn logs what is wrong once a day, and what runs out once at each of its
// moments, which the audit log tells, too.
func (cs *Clients) warn(ctx context.Context, conn provision.Connection) {
	for _, text := range cs.newProblems(ctx, conn) {
		cs.site.Log.WarnContext(ctx, "sign-in needs attention", "connection", conn.Name, "warning", text)
	}
	for _, e := range cs.expirations(ctx, conn) {
		days, due := e.due(cs.site.Now())
		if !due {
			continue
		}
		key := fmt.Sprintf("ending %s %d %d", e.what, e.at.Unix(), days)
		first, err := cs.core.Sessions.RecordOnce(ctx, e.conn, bySystem, audit.SignInEnding, key, later(e.at, cs.site.Now()).AddDate(1, 0, 0),
			map[string]any{"what": e.what, "ends_at": e.at.UTC().Format(time.RFC3339), "days": days})
		if err != nil {
			cs.site.Log.ErrorContext(ctx, "a warning is not in the audit log", "connection", conn.Name, "err", err)
		}
		if err != nil || first {
			cs.site.Log.WarnContext(ctx, "sign-in needs attention", "connection", conn.Name, "warning", e.warning(cs.site.Now()))
		}
	}
}

// newProblems returns the problems of a connection, if this is the first look at
// them today.
func (cs *Clients) newProblems(ctx context.Context, conn provision.Connection) []string {
	problems := cs.problems(ctx, conn)
	if len(problems) == 0 {
		return nil
	}
	first, err := cs.core.Sessions.Remember(ctx, conn.ID, "warned "+cs.today(0), cs.site.Now().Add(2*day))
	if err != nil || !first {
		return nil
	}
	return problems
}

// today returns the date in UTC, or that of some days ago.
func (cs *Clients) today(ago int) string {
	return cs.site.Now().UTC().AddDate(0, 0, -ago).Format(time.DateOnly)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
