package guide

import (
	"context"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/report"
	"github.com/deskbridge/deskbridge/provision/request"
	"github.com/deskbridge/deskbridge/provision/session"
)

// Core is what this package asks of the core, and no more.
type Core struct {
	Report   *report.Service
	Requests *request.Service
	Sessions *session.Service
}

// Setup is how far the set-up of a connection is, and what it takes: without the name
// of anybody.
type Setup struct {
	Name   string // of the connection
	IdP    provision.IdP
	Values []Value
	Steps  []Step
	Guide  []Section
	Now    time.Time
}

// Value is something to enter at the identity provider.
type Value struct{ ID, Name, Text string }

// Step is one step of the set-up.
type Step struct {
	Done bool
	Text string
	Do   string     // what now, while it is not done
	At   *time.Time // when it was; nil: not known
}

// lately is how many of the last requests say whether something has come.
const lately = 100

// Read returns how far a connection is at a moment, and its last requests, the newest
// first.
func Read(ctx context.Context, core Core, c plan.ConnectionOverview, publicURL string, now time.Time) (s Setup, last []request.Record, err error) {
	name := c.Connection.Name
	s = Setup{Name: name, IdP: c.Connection.IdP, Now: now, Guide: For(c.Connection.IdP, publicURL, name)}
	for _, v := range []Value{
		{"scim", "SCIM base URL", "/scim/" + name + "/v2"}, {"acs", "SAML ACS (reply URL)", "/sso/" + name + "/saml/acs"},
		{"entity", "SAML entity ID (audience), metadata", "/sso/" + name + "/saml/metadata"}, {"redirect", "OpenID Connect redirect URI", "/sso/" + name + "/oidc/callback"},
		{"login", "Sign-in starts at", "/sso/" + name + "/login"},
	} {
		v.Text = publicURL + v.Text
		s.Values = append(s.Values, v)
	}
	if last, err = core.Requests.Latest(ctx, request.Filter{Connection: c.Connection.ID}, request.Place{}, lately); err != nil {
		return s, nil, err
	}
	groups, _, err := core.Report.Groups(ctx, c.Connection.ID, "", report.Page{Limit: 1})
	if err != nil {
		return s, nil, err
	}
	signed, err := core.Sessions.Sessions(ctx, provision.SessionFilter{Connection: c.Connection.ID}, 1)
	if err != nil {
		return s, nil, err
	}
	asked, in := c.LastUsedAt, (*time.Time)(nil)
	if len(signed) > 0 {
		in = &signed[0].CreatedAt
	}
	for i := len(last) - 1; i >= 0; i-- { // the last of each stays
		switch r := &last[i]; {
		case r.Refused():
		case strings.HasPrefix(r.Route, "/scim/"):
			asked = &r.At
		case r.Verb == requestlog.SignIn:
			in = &r.At
		}
	}
	s.Steps = []Step{
		{c.UsableTokens(now) > 0 || c.Connection.JWT != nil, "A token that is accepted", "Make one, and enter it at the identity provider with the SCIM base URL.", nil},
		{asked != nil, "A request of the identity provider", "Press its button that tests the credentials.", asked},
		{c.Active > 0, "The first person", "Assign people to the app there.", nil},
		{len(groups) > 0, "The first group", "Have it push groups: rules give access by them.", nil},
		{in != nil, "The first sign-in", "If people are to sign in by it: enter the addresses below there, and have its metadata or client entered here.", in},
	}
	return s, last, nil
}
