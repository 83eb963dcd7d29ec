package console_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/deskbridge/deskbridge/admin/console"
	"github.com/deskbridge/deskbridge/provision"
)

// pinned are the files of others, by SHA-256: from the npm packages htmx.org 4.0.1
// and @picocss/pico 2.1.1.
var pinned = map[string]string{
	"static/htmx-4.0.1.min.js":  "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
	"static/pico-2.1.1.min.css": "fbc9a63fc9fc9f72d12fd7fc9806e11fa9f77ae4f9cad146b27003a1119ba3db",
}

func TestFilesOfOthersAreAsPublished(t *testing.T) {
	for name, want := range pinned {
		raw, err := os.ReadFile("layout/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s is another file: SHA-256 %x", name, sum)
		}
	}
}

// unsafe are attributes that need what our Content-Security-Policy forbids, or that
// htmx takes for a program.
var unsafe = regexp.MustCompile(`(?i)\son[a-z]+=|hx-on|\sstyle=|<style|javascript:|js:|hx-vals|hx-trigger="[^"]*\[|srcset=`)

func TestTemplatesNeedNoMoreThanThePolicyAllows(t *testing.T) {
	names, err := filepath.Glob("templates/*.html")
	if err != nil || len(names) < 10 {
		t.Fatalf("%d templates, %v", len(names), err)
	}
	rooms, err := filepath.Glob("*/templates/*.html")
	if err != nil || len(rooms) < 4 {
		t.Fatalf("%d templates of rooms, %v", len(rooms), err)
	}
	names = append(names, rooms...)
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := unsafe.Find(text); found != nil {
			t.Errorf("%s has %q", name, found)
		}
		if strings.Contains(string(text), "http://") || strings.Contains(string(text), "https://") {
			t.Errorf("%s leads elsewhere", name)
		}
	}
	for _, bad := range []string{`<a onclick="x">`, `<p style="x">`, `hx-on:click`, `hx-trigger="click[ctrlKey]"`} {
		if !unsafe.MatchString(bad) {
			t.Errorf("%s is not found", bad)
		}
	}
}

// addresses are the pages to look at.
func addresses(c company) []string {
	ada := string(c.ada.ID)
	return []string{
		"/admin/", "/admin/?done=retried&n=3", "/admin/people", "/admin/people?q=ada&status=active", "/admin/people?connection=acme&desk=support", "/admin/people/" + ada, "/admin/people/" + ada + "/record", "/admin/people/" + string(c.bo.ID),
		"/admin/requests", "/admin/requests?status=refused&connection=acme", "/admin/requests?person=" + ada, "/admin/requests/" + c.request, "/admin/requests/0190a000-0000-7000-8000-000000000002",
		"/admin/audit", "/admin/audit?subject=ada&since=2020-01-01&until=2100-01-01", "/admin/changes", "/admin/changes/support", "/admin/holds", "/admin/second-admin", "/admin/desks", "/admin/desks/support",
		"/admin/connections", "/admin/connections/acme", "/admin/desks/support/users", "/admin/desks/support/users?show=all", "/admin/seats", "/admin/desks/support/seats?all=yes", "/admin/alarms", "/admin/alarms?done=tried&n=1",
	}
}

// TestPages looks at every page, empty and full: it must be whole, readable by
// others than eyes, lead somewhere, and take no name for HTML.
func TestPages(t *testing.T) {
	h := newHouse(t)
	for _, path := range addresses(company{}) {
		if strings.HasSuffix(path, "/people/") || strings.Contains(path, "/requests/") || strings.HasSuffix(path, "/record") || strings.HasSuffix(path, "person=") {
			continue
		}
		checkPage(t, h, "empty "+path, http.MethodGet, path, http.StatusOK)
	}
	c := h.fill()
	for _, path := range addresses(c) {
		checkPage(t, h, path, http.MethodGet, path, http.StatusOK)
	}
	checkPage(t, h, "a check", http.MethodPost, "/admin/desks/support/check", http.StatusOK)
	checkPage(t, h, "verified", http.MethodPost, "/admin/audit/verify", http.StatusOK)
	checkPage(t, h, "a wave", http.MethodPost, "/admin/desks/support/waves/plan?confidence=strong&limit=5", http.StatusOK)
	checkPage(t, h, "a new target", http.MethodPost, "/admin/alarms/targets?name=other&kind=webhook&address=https://hooks.example/other", http.StatusOK)
	checkPage(t, h, "no target", http.MethodPost, "/admin/alarms/targets?name=mail&kind=mail&address=nobody", http.StatusUnprocessableEntity)
	checkPage(t, h, "a new token", http.MethodPost, "/admin/connections/acme/tokens?name=fresh", http.StatusOK)
	checkPage(t, h, "no such person", http.MethodGet, "/admin/people/nobody", http.StatusNotFound)
	checkPage(t, h, "no such page", http.MethodGet, "/admin/nowhere", http.StatusNotFound)
	checkPage(t, h, "a bad day", http.MethodGet, "/admin/audit?since=yesterday", http.StatusUnprocessableEntity)
	h.since = 1e12
	checkPage(t, h, "step up", http.MethodPost, "/admin/holds/acme/release", http.StatusForbidden)
	h.owner = false
	checkPage(t, h, "nobody is signed in", http.MethodGet, "/admin/people", http.StatusUnauthorized)
	h.person = &c.ada
	checkPage(t, h, "no role", http.MethodGet, "/admin/people", http.StatusForbidden)
	link, err := console.FirstAdminLink(t.Context(), console.CoreOf(h.Core), publicURL)
	h.Must(err)
	checkPage(t, h, "the first admin", http.MethodGet, strings.TrimPrefix(link, publicURL), http.StatusOK)
}

func checkPage(t *testing.T, h *house, name, method, path string, status int) {
	t.Helper()
	var form url.Values
	if method == http.MethodPost {
		before, after, _ := strings.Cut(path, "?")
		path = before
		form, _ = url.ParseQuery(after)
	}
	w := h.ask(method, path, form)
	page := w.Body.String()
	if w.Code != status || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		t.Errorf("%s: %d %s, want %d: %s", name, w.Code, w.Header().Get("Content-Type"), status, page)
		return
	}
	if strings.Contains(page, "<script>alert") || strings.Contains(page, "<b a=") {
		t.Errorf("%s: a name is taken for HTML", name)
	}
	if found := unsafe.FindString(page); found != "" {
		t.Errorf("%s has %q", name, found)
	}
	if strings.Contains(page, "ZgotmplZ") || strings.Contains(page, "<no value>") || strings.Contains(page, "%!") {
		t.Errorf("%s: a template went wrong: %s", name, page)
	}
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	look := &looked{t: t, name: name, ids: map[string]int{}, labels: map[string]bool{}, counts: map[string]int{}}
	look.at(doc)
	look.end()
}

// looked is what was seen of a page.
type looked struct {
	t      *testing.T
	name   string
	ids    map[string]int
	labels map[string]bool // ids that a label is for
	counts map[string]int  // elements by name
	fields []map[string]string
}

func (l *looked) wrong(format string, args ...any) {
	l.t.Helper()
	l.t.Errorf(l.name+": "+format, args...)
}

func (l *looked) at(n *html.Node) {
	if n.Type == html.ElementNode {
		l.element(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		l.at(c)
	}
}

func (l *looked) element(n *html.Node) {
	l.counts[n.Data]++
	attrs := map[string]string{}
	for _, a := range n.Attr {
		attrs[a.Key] = a.Val
	}
	if id := attrs["id"]; id != "" {
		l.ids[id]++
	}
	switch n.Data {
	case "label":
		l.labels[attrs["for"]] = true
	case "input", "select", "textarea":
		if attrs["type"] != "hidden" {
			l.fields = append(l.fields, attrs)
		}
	case "th":
		if attrs["scope"] == "" {
			l.wrong("a th without scope")
		}
	case "script":
		if attrs["src"] == "" || n.FirstChild != nil {
			l.wrong("a script of its own")
		}
	case "button", "a":
		if text(n) == "" && attrs["aria-label"] == "" {
			l.wrong("a %s that says nothing", n.Data)
		}
	case "form":
		method := strings.ToUpper(attrs["method"])
		if method == "" {
			method = http.MethodGet
		}
		l.leads(method, attrs["action"])
	}
	for _, key := range []string{"href", "src"} {
		if to, ok := attrs[key]; ok {
			l.leads(http.MethodGet, to)
		}
	}
	if to, ok := attrs["hx-get"]; ok {
		l.leads(http.MethodGet, to)
	}
}

// elsewhere are addresses of ours that are not the console's.
var elsewhere = []string{"/sso/login", "/sso/logout", "/sso/break-glass", "/sso/break-glass/end"}

// leads checks that an address is one that the console serves.
func (l *looked) leads(method, to string) {
	path, _, _ := strings.Cut(to, "?")
	if strings.HasPrefix(path, "#") || to == "data:," || slices.Contains(elsewhere, path) {
		return
	}
	if name, ok := strings.CutPrefix(path, "/admin/static/"); ok {
		if _, err := os.Stat("layout/static/" + name); err != nil {
			l.wrong("no file %s", to)
		}
		return
	}
	for _, r := range append(console.Routes(), console.LinkRoutes()...) {
		if matches(r.Pattern, method+" "+path) {
			return
		}
	}
	l.wrong("%s %s leads nowhere", method, to)
}

func matches(pattern, request string) bool {
	want, have := strings.Split(strings.TrimSuffix(pattern, "{$}"), "/"), strings.Split(request, "/")
	if len(want) != len(have) {
		return false
	}
	for i := range want {
		if want[i] != have[i] && !strings.HasPrefix(want[i], "{") {
			return false
		}
	}
	return true
}

func (l *looked) end() {
	if l.counts["h1"] != 1 || l.counts["main"] != 1 || l.counts["title"] != 1 {
		l.wrong("%d h1, %d main, %d title", l.counts["h1"], l.counts["main"], l.counts["title"])
	}
	for id, n := range l.ids {
		if n > 1 {
			l.wrong("the id %s is there %d times", id, n)
		}
	}
	for _, f := range l.fields {
		if !l.labels[f["id"]] && f["aria-label"] == "" {
			l.wrong("a field without a label: %v", f)
		}
	}
}

func text(n *html.Node) string {
	if n.Type == html.TextNode {
		return strings.TrimSpace(n.Data)
	}
	out := ""
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		out += text(c)
	}
	return out
}

// TestStepsToComeAreShown: on the page of who has left, and on that of the desk.
func TestStepsToComeAreShown(t *testing.T) {
	h := newHouse(t)
	c := h.fill()
	for _, path := range []string{"/admin/people/" + string(c.ada.ID), "/admin/desks/support"} {
		if page := h.see(path); strings.Contains(page, "to come") {
			t.Errorf("%s tells of steps although there are none:\n%s", path, page)
		}
	}
	h.Desk.OnLeave, h.Desk.Approve = "deactivate, delete after 30d", provision.Approve{Of: provision.ApproveDeletes}
	h.Must(h.Store.SaveDesk(h.Context(), h.Desk))
	h.SetStatus(c.ada.ID, provision.StatusSuspended)
	h.ReconcileAll()
	h.shows("/admin/people/"+string(c.ada.ID), "Still to come", "Delete after 30d, due ", "an admin has to approve it then")
	h.shows("/admin/desks/support", "Still to come for those who have left", "delete after 30d, due ", "/admin/people/"+string(c.ada.ID))
	checkPage(t, h, "somebody with a step to come", http.MethodGet, "/admin/people/"+string(c.ada.ID), http.StatusOK)
	checkPage(t, h, "a desk with a step to come", http.MethodGet, "/admin/desks/support", http.StatusOK)
}
