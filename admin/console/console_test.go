package console_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/console"
	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/adoption"
	"github.com/deskbridge/deskbridge/provision/alarm"
	"github.com/deskbridge/deskbridge/provision/breakglass"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/request"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/store/storetest"
)

const publicURL = "https://bridge.example.test"

// house is a console with a core behind it.
type house struct {
	*provisiontest.Harness
	handler http.Handler
	owner   bool                // a break-glass admin is signed in
	since   time.Duration       // before now: when they signed in
	person  *provision.Identity // who is signed in
	stale   bool                // since an hour ago
	check   console.DeskCheck
	from    string // page that forms are sent from
	cookie  *http.Cookie
	say     func(context.Context, int) (console.Sentences, error)
}

// plain says entries by their action and subject.
type plain struct{}

func (plain) Of(_ context.Context, e provision.Entry) (string, error) {
	return string(e.Action) + " " + e.Subject, nil
}

func newHouse(t *testing.T) *house {
	t.Helper()
	return houseUnder(t, core.Policy{})
}

// houseUnder is newHouse where more is as a policy says.
func houseUnder(t *testing.T, policy core.Policy) *house {
	t.Helper()
	h := &house{Harness: provisiontest.New(t, storetest.SQLite(t)), owner: true, from: "/admin/", say: func(context.Context, int) (console.Sentences, error) { return plain{}, nil }}
	policy.Brake, policy.Grace, policy.RequestLog, policy.Now = reconcile.Brake{People: 2, Percent: 1, Window: time.Hour}, -1, time.Hour, h.Now
	h.Core = core.New(h.Store, policy, slog.New(slog.DiscardHandler))
	door, err := admin.New(admin.Core{Administration: h.Core.Administration}, admin.Options{
		PublicURL: publicURL, Log: slog.New(slog.DiscardHandler), Now: h.Now,
		RequestID:     func(context.Context) string { return "req-1" },
		ClientAddress: func(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.1") },
		BreakGlass: func(*http.Request) (breakglass.Admin, time.Time, error) {
			if !h.owner {
				return breakglass.Admin{}, time.Time{}, session.ErrNone
			}
			return breakglass.Admin{Name: "safe"}, h.Now().Add(-h.since), nil
		},
		Person: func(*http.Request) (provision.Session, provision.Identity, provision.Connection, error) {
			if h.person == nil {
				return provision.Session{}, provision.Identity{}, provision.Connection{}, session.ErrNone
			}
			at := h.Now()
			if h.stale {
				at = at.Add(-time.Hour)
			}
			return provision.Session{AuthnAt: at}, *h.person, h.Conn, nil
		},
	})
	h.Must(err)
	door.Console = console.New(console.CoreOf(h.Core), console.Options{
		PublicURL: publicURL, Log: slog.New(slog.DiscardHandler), RequestID: func(context.Context) string { return "req-1" },
		Sentences: func(ctx context.Context, most int) (console.Sentences, error) { return h.say(ctx, most) },
		CheckDesk: func(context.Context, provision.Desk) (console.DeskCheck, error) { return h.check, nil },
		ReachDesk: func(context.Context, provision.Desk) (adoption.Desk, error) { return h.reach(), nil },
		Sweeps:    true,
		Kinds:     []string{"builtin", "scim"},
		AddDesk: func(ctx context.Context, c provision.Cause, d provision.Desk) error {
			_, err := h.Core.Settings.AddDesk(ctx, c, d)
			return err
		},
		Record: func(_ context.Context, id provision.IdentityID) (console.Record, error) {
			return console.Record{Text: hostile + string(id), Signed: []byte("{}"), Page: []byte("<p>")}, nil
		},
	})
	h.handler = door
	return h
}

// ask returns the answer to a request.
func (h *house) ask(method, path string, form url.Values) *httptest.ResponseRecorder {
	h.Helper()
	return h.answer(h.request(method, path, form))
}

// request is one that a page of ours makes.
func (h *house) request(method, path string, form url.Values) *http.Request {
	h.Helper()
	var body io.Reader = http.NoBody
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequestWithContext(h.Context(), method, publicURL+path, body)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Referer", publicURL+h.from)
	if h.cookie != nil {
		r.AddCookie(h.cookie)
	}
	return r
}

func (h *house) answer(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w
}

// see returns a page that must be there.
func (h *house) see(path string) string {
	h.Helper()
	w := h.ask(http.MethodGet, path, nil)
	if w.Code != http.StatusOK {
		h.Fatalf("GET %s: %d %s", path, w.Code, w.Body)
	}
	return w.Body.String()
}

// press sends a form, and returns where the browser is sent then.
func (h *house) press(path string, form url.Values) string {
	h.Helper()
	w := h.ask(http.MethodPost, path, form)
	if w.Code != http.StatusSeeOther {
		h.Fatalf("POST %s: %d %s", path, w.Code, w.Body)
	}
	return w.Header().Get("Location")
}

// shows requires a page to hold texts.
func (h *house) shows(path string, texts ...string) {
	h.Helper()
	page := h.see(path)
	for _, text := range texts {
		if !strings.Contains(page, text) {
			h.Errorf("%s does not show %q:\n%s", path, text, page)
		}
	}
}

// hostile is a name that would be a script, were it not escaped.
const hostile = `"><script>alert(1)</script><b a='`

// company is what the pages of a full console are about.
type company struct {
	ada, bo provision.Identity
	zed     provision.Identity // in no group
	request string
}

// fill makes people of every kind: in step, on hold, and waiting for somebody; and
// what happened to them.
func (h *house) fill() (c company) {
	h.Helper()
	ctx := h.Context()
	people := make([]provision.Identity, 5)
	members := make([]provision.MemberID, 5)
	for i, name := range []string{"ada", "bo", "cy", "dag", "eva"} {
		one := provisiontest.Someone(name)
		one.Profile.DisplayName = strings.ToUpper(name[:1]) + name[1:] + " " + hostile
		made, _, err := h.Core.Directory.CreateIdentity(ctx, h.Conn.ID, provision.Cause{Actor: "scim:" + "okta", Action: "POST /Users", Request: "req-" + name}, one)
		h.Must(err)
		people[i], members[i] = made, provision.MemberID(made.ID)
	}
	c.ada, c.bo = people[0], people[1]
	g := h.Group("Support", members...)
	h.Group(hostile)
	h.Rule("Support", provision.RoleAgent, "A")
	h.Evaluate()
	h.ReconcileAll()
	h.Must(h.Change(g.ID, func(g *directory.GroupChange) { g.Remove(members[1:]...) }))
	h.ReconcileAll()
	h.SetStatus(c.ada.ID, provision.StatusActive)
	_, _, err := h.Core.Sessions.StartSession(ctx, provisiontest.ByTest, provision.Session{Identity: c.ada.ID, Connection: h.Conn.ID, Protocol: provision.ProtocolOIDC, Issuer: "https://idp.example", Subject: "ada"}, h.Now().Add(time.Hour), "")
	h.Must(err)
	c.zed = h.Person("zed")
	h.before("zed", "nobody")
	_, err = h.Core.Alarms.Add(ctx, provisiontest.ByTest, alarm.Target{Name: "pager", Kind: alarm.Webhook, Address: "https://hooks.example/"})
	h.Must(err)
	_, err = h.Core.Alarms.Try(ctx, "pager")
	h.Must(err)
	c.request = "0190a000-0000-7000-8000-000000000001"
	for i, r := range []request.Record{
		{ID: c.request, Connection: h.Conn.ID, Token: "okta", Method: "PATCH", Route: "/scim/{connection}/v2/Users/{id}", Verb: requestlog.Change, Detail: "suspended", Identity: c.ada.ID, Status: 200, Entries: 1, Accounts: 1, Address: "192.0.2.9"},
		{ID: "0190a000-0000-7000-8000-000000000002", Connection: h.Conn.ID, Method: "POST", Route: "/scim/{connection}/v2/Users", Status: 409, Code: "uniqueness", Reason: hostile, Holder: c.ada.ID},
		{ID: "0190a000-0000-7000-8000-000000000003", Connection: h.Conn.ID, Method: "PATCH", Route: "/scim/{connection}/v2/Groups/{id}", Verb: requestlog.Change, Group: g.ID, Status: 204},
		{ID: "0190a000-0000-7000-8000-000000000004", Method: "GET", Route: "/scim/{connection}/v2/Users", Status: 401, Reason: "no such connection"},
	} {
		r.At = h.Now().Add(time.Duration(i-10) * time.Second)
		h.Core.Requests.Add(r)
	}
	h.Core.Requests.Flush(ctx)
	h.check = console.DeskCheck{Self: hostile, Teams: []string{"A"}, Cannot: []string{"delete"}, Problems: []string{hostile}, Warnings: []string{"w"}}
	return c
}
