package console

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/admin/console/guide"
	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/report"
	"github.com/deskbridge/deskbridge/provision/request"
	"github.com/deskbridge/deskbridge/provision/setuplink"
)

// setup is how far the set-up of a connection is, and what it takes: without the name
// of anybody.
type setup struct {
	Name   string
	IdP    provision.IdP
	Values []value
	Steps  []step
	Guide  []guide.Section
	Now    time.Time
}

// value is something to enter at the identity provider.
type value struct{ ID, Name, Text string }

// step is one step of the set-up.
type step struct {
	Done bool
	Text string
	Do   string     // what now, while it is not done
	At   *time.Time // when it was; nil: not known
}

// lately is how many of the last requests say whether something has come.
const lately = 100

// setup returns how far a connection is, and its last requests.
func (p *page) setup(c plan.ConnectionOverview) (s setup, last []request.Record, err error) {
	core, name := p.h.core, c.Connection.Name
	public := p.h.options.PublicURL
	s = setup{Name: name, IdP: c.Connection.IdP, Now: p.now, Guide: guide.For(c.Connection.IdP, public, name)}
	for _, v := range []value{
		{"scim", "SCIM base URL", "/scim/" + name + "/v2"}, {"acs", "SAML ACS (reply URL)", "/sso/" + name + "/saml/acs"},
		{"entity", "SAML entity ID (audience), metadata", "/sso/" + name + "/saml/metadata"}, {"redirect", "OpenID Connect redirect URI", "/sso/" + name + "/oidc/callback"},
		{"login", "Sign-in starts at", "/sso/" + name + "/login"},
	} {
		v.Text = public + v.Text
		s.Values = append(s.Values, v)
	}
	if last, err = core.Requests.Latest(p.Context(), request.Filter{Connection: c.Connection.ID}, request.Place{}, lately); err != nil {
		return s, nil, err
	}
	groups, _, err := core.Report.Groups(p.Context(), c.Connection.ID, "", report.Page{Limit: 1})
	if err != nil {
		return s, nil, err
	}
	signed, err := core.Sessions.Sessions(p.Context(), provision.SessionFilter{Connection: c.Connection.ID}, 1)
	if err != nil {
		return s, nil, err
	}
	var asked, in *time.Time // the last of each
	for i := range last {
		r := &last[i]
		switch {
		case r.Refused():
		case strings.HasPrefix(r.Route, "/scim/") && asked == nil:
			asked = &r.At
		case r.Verb == requestlog.SignIn && in == nil:
			in = &r.At
		}
	}
	if in == nil && len(signed) > 0 {
		in = &signed[0].CreatedAt
	}
	if asked == nil {
		asked = c.LastUsedAt
	}
	usable := c.UsableTokens(p.now)
	s.Steps = []step{
		{usable > 0 || c.Connection.JWT != nil, "A token that is accepted", "Make one, and enter it at the identity provider with the SCIM base URL.", nil},
		{asked != nil, "A request of the identity provider", "Press its button that tests the credentials.", asked},
		{c.Active > 0, "The first person", "Assign people to the app there.", nil},
		{len(groups) > 0, "The first group", "Have it push groups: rules give access by them.", nil},
		{in != nil, "The first sign-in", "If people are to sign in by it: enter the addresses below there, and have its metadata or client entered here.", in},
	}
	return s, last, nil
}

// linkCookie is the cookie of the browser that holds a set-up link, below the path of
// the connection.
const linkCookie = "deskbridge_setup"

// setupPage is what the holder of a link sees.
type setupPage struct {
	setup
	Offer    string // the secret of a link that is not opened yet; "": it is
	Link     setuplink.Link
	MayToken bool
	Secret   string
	SecretOf string
}

// setupPath is where the set-up of a connection is.
func setupPath(connection string) string { return "/admin/setup/" + connection }

// linked returns the connection of a set-up page. One that is not there, or is being
// removed, is as a link that is none: nothing can be probed.
func (p *page) linked() (plan.ConnectionOverview, error) {
	o, err := p.h.core.Plan.Overview(p.Context())
	if err != nil {
		return plan.ConnectionOverview{}, err
	}
	for _, c := range o.Connections {
		if c.Connection.Name == p.PathValue("connection") && c.Connection.Removal == "" {
			return c, nil
		}
	}
	return plan.ConnectionOverview{}, setuplink.ErrNone
}

// held returns the link that the browser holds, and its connection.
func (p *page) held() (plan.ConnectionOverview, setuplink.Link, error) {
	cookie, err := p.Cookie(linkCookie)
	if err != nil {
		return plan.ConnectionOverview{}, setuplink.Link{}, setuplink.ErrNone
	}
	c, err := p.linked()
	if err != nil {
		return c, setuplink.Link{}, err
	}
	l, err := p.h.core.SetupLinks.Held(p.Context(), c.Connection.ID, cookie.Value)
	return c, l, err
}

// setupByLink shows the set-up to whoever holds its link; and a link that nobody has
// opened yet is opened by a button alone: what only looks at addresses uses none up.
func (h *handler) setupByLink(p *page) error {
	secret := p.URL.Query().Get("link")
	if secret == "" {
		c, l, err := p.held()
		if err != nil {
			return err
		}
		return h.showSetup(p, c, l, "", "")
	}
	c, err := p.linked()
	if err != nil {
		return err
	}
	l, err := h.core.SetupLinks.Offered(p.Context(), c.Connection.ID, secret)
	if err != nil {
		return err
	}
	return p.show(http.StatusOK, "setup", "", "Set up "+c.Connection.Name, frame{Body: setupPage{Offer: secret, Link: l, setup: setup{Name: c.Connection.Name, Now: p.now}}})
}

func (h *handler) showSetup(p *page, c plan.ConnectionOverview, l setuplink.Link, name, secret string) error {
	body := setupPage{Link: l, Secret: secret, SecretOf: name}
	var err error
	if body.setup, _, err = p.setup(c); err != nil {
		return err
	}
	if body.MayToken, err = h.core.SetupLinks.MayMakeToken(p.Context(), c.Connection.ID, l); err != nil {
		return err
	}
	return p.show(http.StatusOK, "setup", "", "Set up "+c.Connection.Name, frame{Body: body, Live: true})
}

// openLink gives a link to the browser that opens it first.
func (h *handler) openLink(p *page) error {
	c, err := p.linked()
	if err != nil {
		return err
	}
	l, own, err := h.core.SetupLinks.Take(p.Context(), provision.Cause{Action: p.Pattern, Request: p.reference()}, c.Connection.ID, p.PostFormValue("link"))
	if err != nil {
		return err
	}
	http.SetCookie(p.w, &http.Cookie{Name: linkCookie, Value: own, Path: setupPath(c.Connection.Name), Expires: l.Expires, HttpOnly: true,
		Secure: strings.HasPrefix(h.options.PublicURL, "https:"), SameSite: http.SameSiteLaxMode})
	http.Redirect(p.w, p.Request, setupPath(c.Connection.Name), http.StatusSeeOther)
	return nil
}

// tokenByLink makes the one token that the holder of a link may make.
func (h *handler) tokenByLink(p *page) error {
	c, l, err := p.held()
	if err != nil {
		return err
	}
	name, secret, err := h.core.SetupLinks.MakeToken(p.Context(), provision.Cause{Action: p.Pattern, Request: p.reference()}, c.Connection.ID, l)
	if err != nil {
		return err
	}
	if c, err = p.linked(); err != nil { // with the token
		return err
	}
	return h.showSetup(p, c, l, name, secret)
}

// makeLink makes a set-up link. Its secret is in the answer, once, and never in an
// address that the console leads to.
func (h *handler) makeLink(p *page) error {
	conn, err := h.core.Settings.Connection(p.Context(), p.PathValue("connection"))
	if err != nil {
		return err
	}
	life, err := time.ParseDuration(cmp.Or(p.PostFormValue("life"), "72h"))
	if err != nil {
		return provision.Errorf(provision.Invalid, "life", "choose for how long the link is good")
	}
	_, secret, err := h.core.SetupLinks.Make(p.Context(), p.cause(), conn, life)
	if err != nil {
		return err
	}
	body, err := p.connectionBody()
	if err != nil {
		return err
	}
	body.Offer = setuplink.Address(h.options.PublicURL, conn.Name, secret)
	return p.showConnection(body)
}

func (h *handler) revokeLink(p *page) error {
	conn, err := h.core.Settings.Connection(p.Context(), p.PathValue("connection"))
	if err != nil {
		return err
	}
	if err := h.core.SetupLinks.Revoke(p.Context(), p.cause(), conn.ID, p.PathValue("link")); err != nil {
		return err
	}
	return p.done("/admin/connections/"+conn.Name, "unlinked", 1)
}
