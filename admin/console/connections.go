package console

import (
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/admin/console/guide"
	"github.com/deskbridge/deskbridge/admin/console/layout"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/request"
	"github.com/deskbridge/deskbridge/provision/setuplink"
)

// connectionsPage is all connections at a glance.
type connectionsPage struct {
	Connections []connectionLine
	IdPs        []provision.IdP
	Now         time.Time
}

func (h *handler) connections(p *page) error {
	o, err := h.core.Plan.Company(p.Context())
	if err != nil {
		return err
	}
	body := connectionsPage{IdPs: provision.IdPs, Now: p.Now}
	for _, c := range o.Connections {
		body.Connections = append(body.Connections, connectionLine{ConnectionOverview: c, Usable: c.UsableTokens(p.Now)})
	}
	return p.show(http.StatusOK, "connections", "/admin/connections", "Connections", layout.Frame{Body: body, Live: true, Command: "deskbridge connection list"})
}

// connectionPage is one connection: what to enter at the identity provider, and
// whether it has arrived.
type connectionPage struct {
	connectionLine
	guide.Setup
	Tokens   []tokenLine
	Links    []setuplink.Standing
	Requests []requestLine
	Secret   string // of a token that was made just now; "" else
	SecretOf string
	Offer    string // the address of a set-up link that was made just now; "" else
	Now      time.Time
}

// tokenLine is one token.
type tokenLine struct {
	credential.Token
	State string
	Ended bool
	Now   time.Time
}

// About is what the buttons of a token decide about.
func (l tokenLine) About() any { return stateOf(l.Token, l.Now) }

func (h *handler) connection(p *page) error {
	body, err := p.connectionBody()
	if err != nil {
		return err
	}
	return p.showConnection(body)
}

func (p *page) showConnection(body connectionPage) error {
	name := body.Connection.Name
	return p.show(http.StatusOK, "connection", "/admin/connections", "Connection "+name, layout.Frame{Body: body, Live: true, Command: "deskbridge connection show " + name})
}

func (p *page) connectionBody() (body connectionPage, _ error) {
	name := p.PathValue("connection")
	o, err := p.h.core.Plan.Company(p.Context())
	if err != nil {
		return body, err
	}
	found := false
	for _, c := range o.Connections {
		if c.Connection.Name == name {
			body.connectionLine, found = connectionLine{ConnectionOverview: c, Usable: c.UsableTokens(p.Now)}, true
		}
	}
	if !found {
		return body, provision.Errorf(provision.NotFound, "connection", "there is no connection %q", provision.Clip(name))
	}
	body.Now = p.Now
	for _, t := range body.ConnectionOverview.Tokens {
		state := t.State(p.Now)
		body.Tokens = append(body.Tokens, tokenLine{t, tokenText(state), state == credential.TokenEnded, p.Now})
	}
	names, err := p.names()
	if err != nil {
		return body, err
	}
	var last []request.Record
	if body.Setup, last, err = p.setup(body.ConnectionOverview); err != nil {
		return body, err
	}
	const shown = 10
	if body.Requests, err = p.requestLines(names, last[:min(len(last), shown)]); err != nil {
		return body, err
	}
	body.Links, err = p.h.core.SetupLinks.Links(p.Context(), body.Connection.ID)
	return body, err
}

// tokenText says what a state of a token means.
func tokenText(s credential.TokenState) string {
	switch s {
	case credential.TokenExpired:
		return "expired: rotate it"
	case credential.TokenExpiring:
		return "expires soon: rotate it"
	case credential.TokenUnused:
		return "not used for 30 days"
	case credential.TokenReplaced:
		return "replaced, and still accepted"
	case credential.TokenEnded:
		return "ended"
	}
	return "in use"
}

// tokenLife is for how long a token that the console makes is good.
const tokenLife = 365 * 24 * time.Hour

// overlap is for how long the token before goes on after a rotation.
const overlap = 7 * 24 * time.Hour

// createToken makes a token. Its secret is in the answer, once, and never in an
// address.
func (h *handler) createToken(p *page) error {
	conn, err := h.core.Settings.Connection(p.Context(), p.PathValue("connection"))
	if err != nil {
		return err
	}
	name := p.PostFormValue("name")
	_, secret, err := h.core.Tokens.CreateToken(p.Context(), p.Cause(), conn.ID, name, tokenLife)
	if err != nil {
		return err
	}
	return h.tellSecret(p, name, secret)
}

func (h *handler) rotateToken(p *page) error {
	conn, err := h.core.Settings.Connection(p.Context(), p.PathValue("connection"))
	if err != nil {
		return err
	}
	fresh, _, secret, err := h.core.Tokens.RotateToken(p.Context(), p.Cause(), conn.ID, p.PathValue("token"), overlap, tokenLife)
	if err != nil {
		return err
	}
	return h.tellSecret(p, fresh.Name, secret)
}

func (h *handler) tellSecret(p *page, name, secret string) error {
	body, err := p.connectionBody()
	if err != nil {
		return err
	}
	body.Secret, body.SecretOf = secret, name
	return p.showConnection(body)
}

func (h *handler) revokeToken(p *page) error {
	conn, err := h.core.Settings.Connection(p.Context(), p.PathValue("connection"))
	if err != nil {
		return err
	}
	token := p.PathValue("token")
	if p.PostFormValue("name") != token {
		return provision.Errorf(provision.Invalid, "name", "type %s, the name of the token, to revoke it: the identity provider is refused from then on", provision.Clip(token))
	}
	if _, err := h.core.Tokens.RevokeToken(p.Context(), p.Cause(), conn.ID, token); err != nil {
		return err
	}
	return p.Done("/admin/connections/"+conn.Name, "revoked", 1)
}
