package demo

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
)

// partner is a person whom no identity provider pushes: their first sign-in
// makes them.
var partner = people("partner.example", "Rut Vang")[0]

// signsIn plays a first sign-in, and how a session ends when its person is
// suspended.
func (m *morning) signsIn(ctx context.Context, c *company) error {
	m.step("%s of a partner company signs in for the first time, by OpenID Connect", partner.Name())
	rut, err := m.signIn(ctx, "fjord-partners", partner)
	if err != nil {
		return err
	}
	status, who, err := rut.ask(ctx, "/sso/forward-auth?desk=helpdesk")
	if err != nil {
		return err
	}
	m.check(status == http.StatusOK && who.Get("Remote-User") == partner.Mail && who.Get("Remote-Role") == "agent",
		"made, mapped by her groups, and confirmed by the desk before the page went on: %s, role %s", who.Get("Remote-User"), who.Get("Remote-Role"))
	eva := supporters[4]
	m.step("%s, whom Okta pushed, signs in; then Okta deactivates her", eva.Name())
	her, err := m.signIn(ctx, "fjord-okta", eva)
	if err != nil {
		return err
	}
	if status, _, err = her.ask(ctx, "/sso/session"); err != nil {
		return err
	}
	m.check(status == http.StatusOK, "signed in, as the person whom Okta pushed")
	start := time.Now()
	if err := c.okta.Patch(ctx, "/Users/"+c.ids[eva.Mail], map[string]any{"op": "replace", "value": map[string]any{"active": false}}); err != nil {
		return err
	}
	if status, _, err = her.ask(ctx, "/sso/session"); err != nil {
		return err
	}
	m.check(status == http.StatusUnauthorized, "out at the next request, %s after Okta said so", time.Since(start).Round(time.Millisecond))
	if her, err = m.signIn(ctx, "fjord-okta", eva); err != nil {
		return err
	}
	if status, _, err = her.ask(ctx, "/sso/session"); err != nil {
		return err
	}
	m.check(status == http.StatusUnauthorized, "a new sign-in is refused")
	return c.okta.Patch(ctx, "/Users/"+c.ids[eva.Mail], map[string]any{"op": "replace", "value": map[string]any{"active": true}})
}

// browser is a person's browser, with its cookies.
type browser struct {
	base   string
	client *http.Client
}

// signIn goes through a whole sign-in, until the page that waits for the desk
// goes on.
func (m *morning) signIn(ctx context.Context, connection string, p simulated.Person) (*browser, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	b := &browser{m.settings.PublicURL, &http.Client{Jar: jar, Timeout: 30 * time.Second}}
	b.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/authorize" { // where a person would say who they are
			query := r.URL.Query()
			query.Set("login_hint", p.Mail)
			r.URL.RawQuery = query.Encode()
		}
		return nil
	}
	address := b.base + "/sso/" + connection + "/login?desk=helpdesk&return_to=" + url.QueryEscape("/sso/session")
	for end := time.Now().Add(demoTimeout); ; {
		at, err := b.open(ctx, address)
		if err != nil || !strings.HasPrefix(at.Path, "/sso/waiting") || time.Now().After(end) {
			return b, err
		}
		address = at.String()
		time.Sleep(100 * time.Millisecond)
	}
}

// open opens a page and returns where that led.
func (b *browser) open(ctx context.Context, address string) (*url.URL, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	res, err := b.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("signing in: %w", err)
	}
	return res.Request.URL, res.Body.Close()
}

// ask asks a page and returns its status and headers.
func (b *browser) ask(ctx context.Context, path string) (int, http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.base+path, nil)
	if err != nil {
		return 0, nil, err
	}
	res, err := b.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	return res.StatusCode, res.Header, res.Body.Close()
}
