package console

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/admin/console/guide"
	"github.com/deskbridge/deskbridge/admin/console/layout"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/report"
	"github.com/deskbridge/deskbridge/provision/request"
	"github.com/deskbridge/deskbridge/provision/setuplink"
)

// setup returns how far a connection is, and its last requests.
func (p *page) setup(c plan.ConnectionOverview) (guide.Setup, []request.Record, error) {
	core := p.h.core
	return guide.Read(p.Context(), guide.Core{Report: core.Report, Requests: core.Requests, Sessions: core.Sessions}, c, p.h.options.PublicURL, p.Now)
}

// linkCookie is the cookie of the browser that holds a set-up link, below the path of
// the connection.
const linkCookie = "deskbridge_setup"

// setupPage is what the holder of a link sees.
type setupPage struct {
	guide.Setup
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
func (p *page) linked() (c plan.ConnectionOverview, err error) {
	core := p.h.core
	c.Connection, err = core.Settings.Connection(p.Context(), p.PathValue("connection"))
	if provision.IsNotFound(err) || err == nil && (c.Connection.Name != p.PathValue("connection") || c.Connection.Removal != "") {
		err = setuplink.ErrNone
	}
	return c, err
}

// overview adds what the page shows of a connection: not everything about all of
// them, which whoever has a link would have looked up every few seconds.
func (p *page) overview(c *plan.ConnectionOverview) (err error) {
	core := p.h.core
	if c.Tokens, err = core.Tokens.Tokens(p.Context(), c.Connection.ID); err != nil {
		return err
	}
	for _, t := range c.Tokens {
		if t.LastUsedAt != nil && (c.LastUsedAt == nil || t.LastUsedAt.After(*c.LastUsedAt)) {
			c.LastUsedAt = t.LastUsedAt
		}
	}
	one, _, err := core.Report.People(p.Context(), report.PeopleFilter{Connection: c.Connection.ID, Status: provision.StatusActive}, report.Page{Limit: 1})
	c.Active = len(one)
	return err
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
func setupByLink(p *page) error {
	secret := p.URL.Query().Get("link")
	if secret == "" {
		c, l, err := p.held()
		if err != nil {
			return err
		}
		return p.showSetup(c, l, "", "")
	}
	c, err := p.linked()
	if err != nil {
		return err
	}
	l, err := p.h.core.SetupLinks.Offered(p.Context(), c.Connection.ID, secret)
	if err != nil {
		return err
	}
	return p.show(http.StatusOK, "setup", "", "Set up "+c.Connection.Name, layout.Frame{Body: setupPage{Offer: secret, Link: l, Setup: guide.Setup{Name: c.Connection.Name, Now: p.Now}}})
}

func (p *page) showSetup(c plan.ConnectionOverview, l setuplink.Link, name, secret string) error {
	body := setupPage{Link: l, Secret: secret, SecretOf: name}
	err := p.overview(&c)
	if err != nil {
		return err
	}
	if body.Setup, _, err = p.setup(c); err != nil {
		return err
	}
	if body.MayToken, err = p.h.core.SetupLinks.MayMakeToken(p.Context(), c.Connection.ID, l); err != nil {
		return err
	}
	return p.show(http.StatusOK, "setup", "", "Set up "+c.Connection.Name, layout.Frame{Body: body, Live: true})
}

// openLink gives a link to the browser that opens it first.
func openLink(p *page) error {
	c, err := p.linked()
	if err != nil {
		return err
	}
	l, own, err := p.h.core.SetupLinks.Take(p.Context(), provision.Cause{Action: p.Pattern, Request: p.Reference()}, c.Connection.ID, p.PostFormValue("link"))
	if err != nil {
		return err
	}
	http.SetCookie(p.W, &http.Cookie{Name: linkCookie, Value: own, Path: setupPath(c.Connection.Name), Expires: l.Expires, HttpOnly: true,
		Secure: strings.HasPrefix(p.h.options.PublicURL, "https:"), SameSite: http.SameSiteLaxMode})
	http.Redirect(p.W, p.Request, setupPath(c.Connection.Name), http.StatusSeeOther)
	return nil
}

// tokenByLink makes the one token that the holder of a link may make.
func tokenByLink(p *page) error {
	c, l, err := p.held()
	if err != nil {
		return err
	}
	name, secret, err := p.h.core.SetupLinks.MakeToken(p.Context(), provision.Cause{Action: p.Pattern, Request: p.Reference()}, c.Connection.ID, l)
	if err != nil {
		return err
	}
	return p.showSetup(c, l, name, secret)
}

// makeLink makes a set-up link. Its secret is in the answer, once, and never in an
// address that the console leads to.
func makeLink(p *page) error {
	conn, err := p.h.core.Settings.Connection(p.Context(), p.PathValue("connection"))
	if err != nil {
		return err
	}
	life, err := time.ParseDuration(cmp.Or(p.PostFormValue("life"), "72h"))
	if err != nil {
		return provision.Errorf(provision.Invalid, "life", "choose for how long the link is good")
	}
	_, secret, err := p.h.core.SetupLinks.Make(p.Context(), p.Cause(), conn, life)
	if err != nil {
		return err
	}
	body, err := p.connectionBody()
	if err != nil {
		return err
	}
	body.Offer = setuplink.Address(p.h.options.PublicURL, conn.Name, secret)
	return p.showConnection(body)
}

func revokeLink(p *page) error {
	conn, err := p.h.core.Settings.Connection(p.Context(), p.PathValue("connection"))
	if err != nil {
		return err
	}
	if err := p.h.core.SetupLinks.Revoke(p.Context(), p.Cause(), conn.ID, p.PathValue("link")); err != nil {
		return err
	}
	return p.Done("/admin/connections/"+conn.Name, "unlinked", 1)
}
