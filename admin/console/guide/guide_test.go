package guide_test

import (
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/deskbridge/deskbridge/admin/console/guide"
	"github.com/deskbridge/deskbridge/provision"
)

// TestGuides reads every page: with the addresses of the connection, as well-formed
// HTML, and with nothing of Markdown left over.
func TestGuides(t *testing.T) {
	for _, idp := range provision.IdPs {
		sections := guide.For(idp, "https://desk.corp.test", "beta")
		if len(sections) < 4 {
			t.Errorf("%s: %d sections", idp, len(sections))
		}
		all := ""
		for _, s := range sections {
			all += string(s.Text)
			if s.Title == "" || len(s.Text) < 50 {
				t.Errorf("%s: a section %q of %q", idp, s.Title, s.Text)
			}
			checkWhole(t, string(s.Text))
		}
		for _, want := range []string{"https://desk.corp.test/scim/beta/v2", "https://desk.corp.test/sso/beta/saml/acs", "https://desk.corp.test/sso/beta/oidc/callback"} {
			if !strings.Contains(all, want) && (idp != provision.IdPEntra || !strings.Contains(want, "oidc")) {
				t.Errorf("%s: nothing says %s", idp, want)
			}
		}
		for _, left := range []string{"bridge.example.com", "/acme/", "](", "| |", "**", "```", "<script"} {
			if strings.Contains(all, left) {
				t.Errorf("%s: %q is left over", idp, left)
			}
		}
	}
	okta := string(guide.For(provision.IdPOkta, "https://desk.corp.test", "beta")[1].Text)
	for _, want := range []string{"<ol><li><p><em>Applications &gt; Applications &gt; Browse App Catalog</em>, search for <code>SCIM 2.0 Test App</code>", `<th scope="row">Base URL</th><td>the SCIM URL`} {
		if !strings.Contains(okta, want) {
			t.Errorf("not %s in %s", want, okta)
		}
	}
}

// checkWhole requires every element to be closed in order.
func checkWhole(t *testing.T, text string) {
	t.Helper()
	var open []string
	for z := html.NewTokenizer(strings.NewReader(text)); ; {
		kind := z.Next()
		name, _ := z.TagName()
		switch kind {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Errorf("never closed: %v in %s", open, text)
			}
			return
		case html.StartTagToken:
			open = append(open, string(name))
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != string(name) {
				t.Errorf("</%s> closes %v in %s", name, open, text)
				return
			}
			open = open[:len(open)-1]
		}
	}
}
