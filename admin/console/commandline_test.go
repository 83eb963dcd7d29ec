package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

// TestACommandLineAsks: what it asks for is shown before it is given, to somebody who
// has just signed in; the code goes to the machine of the browser and to no other, and
// nobody gives more than they have.
func TestACommandLineAsks(t *testing.T) {
	h := newHouse(t)
	ada := h.Person("ada")
	h.Group("IT", provision.MemberID(ada.ID))
	_, err := h.Core.Administration.Grant(t.Context(), provisiontest.ByTest, administration.GrantDraft{Connection: h.Conn.ID, Group: "IT", Role: administration.Operator})
	h.Must(err)
	h.owner, h.person = false, &ada
	asks := func(change ...string) url.Values {
		form := url.Values{"challenge": {strings.Repeat("c", 43)}, "state": {strings.Repeat("s", 43)}, "port": {"49152"}, "host": {hostile}, "answer": {"yes"}}
		for i := 0; i < len(change); i += 2 {
			form.Set(change[i], change[i+1])
		}
		return form
	}
	checkPage(t, h, "a command line asks", http.MethodGet, "/admin/command-line?"+asks("may", "account.adopt").Encode(), http.StatusOK)
	w := h.ask(http.MethodGet, "/admin/command-line?"+asks().Encode(), nil)
	if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' http://127.0.0.1:49152;") || strings.Count(policy, "http") != 1 {
		t.Errorf("the policy: %s", policy)
	}
	if !strings.Contains(w.Body.String(), "the role <strong>operator</strong>") {
		t.Errorf("the question: %s", w.Body)
	}
	w = h.ask(http.MethodPost, "/admin/command-line", asks())
	at, err := url.Parse(w.Header().Get("Location"))
	h.Must(err)
	if w.Code != http.StatusSeeOther || at.Scheme+"://"+at.Host+at.Path != "http://127.0.0.1:49152/" || at.Query().Get("state") != strings.Repeat("s", 43) || len(at.Query().Get("code")) < 43 {
		t.Errorf("given: %d %s", w.Code, at)
	}
	var d administration.Delegation
	h.Must(h.Core.Sessions.PeekOneTime(t.Context(), administration.DelegationKind, "", at.Query().Get("code"), &d))
	if d.By.Person != ada.ID || d.Draft.Role != administration.Operator || d.Draft.Life != 12*time.Hour || len(d.Draft.Verbs) != 0 || d.Actor != "person:"+string(ada.ID) {
		t.Errorf("waits: %+v", d)
	}
	if err := provision.ValidateName("name", d.Draft.Name); err != nil {
		t.Error(err)
	}
	for name, tt := range map[string]struct {
		form   url.Values
		status int
	}{
		"no challenge":             {asks("challenge", ""), 422},
		"a plain challenge":        {asks("challenge", "abc"), 422},
		"no state":                 {asks("state", ""), 422},
		"a port of the system":     {asks("port", "80"), 422},
		"another host in the port": {asks("port", "49152@evil.example"), 422},
		"no port":                  {asks("port", ""), 422},
		"a port beyond all":        {asks("port", "70000"), 422},
		"a stronger role":          {asks("role", "admin"), 403},
		"the strongest role":       {asks("role", "owner"), 403},
		"a role that may not":      {asks("role", "auditor"), 403},
		"no role":                  {asks("role", "king"), 403},
		"a verb beyond the role":   {asks("may", "hold.release"), 422},
		"a verb that no token has": {asks("may", "api-token.create"), 422},
		"no verb":                  {asks("may", "everything"), 422},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			path, form := "/admin/command-line", tt.form
			if method == http.MethodGet {
				path, form = path+"?"+form.Encode(), nil
			}
			if w := h.ask(method, path, form); w.Code != tt.status || w.Header().Get("Location") != "" {
				t.Errorf("%s, %s: %d %s", name, method, w.Code, w.Header().Get("Location"))
			}
		}
	}
	w = h.ask(http.MethodPost, "/admin/command-line", asks("answer", "no"))
	if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || !strings.HasPrefix(to, "http://127.0.0.1:49152/?error=access_denied&state=") {
		t.Errorf("no: %d %s", w.Code, to)
	}
	w = h.ask(http.MethodPost, "/admin/command-line", asks("port", "0"))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `<code id="code">`) {
		t.Errorf("a code to type: %d %s", w.Code, w.Body)
	}

	// A page of another site presses the button.
	r := h.request(http.MethodPost, "/admin/command-line", asks())
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if w := h.answer(r); w.Code != http.StatusForbidden || w.Header().Get("Location") != "" {
		t.Errorf("from another site: %d", w.Code)
	}

	// Whoever signed in a while ago does so once more, and comes back to the question.
	h.person, h.owner, h.since = nil, true, time.Hour
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if w := h.ask(method, "/admin/command-line?"+asks().Encode(), asks()); w.Code != http.StatusForbidden || w.Header().Get("Location") != "" {
			t.Errorf("a sign-in of an hour ago, %s: %d", method, w.Code)
		}
	}
	h.owner, h.person, h.stale = false, &ada, true
	w = h.ask(http.MethodGet, "/admin/command-line?"+asks("host", "laptop").Encode(), nil)
	if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "prompt=login&amp;return_to=%2fadmin%2fcommand-line%3f") {
		t.Errorf("a person who signed in an hour ago: %d %s", w.Code, w.Body)
	}
	h.stale = false
}
