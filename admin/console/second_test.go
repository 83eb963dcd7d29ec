package console_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
	"github.com/deskbridge/deskbridge/test/browsertest"
	"github.com/deskbridge/deskbridge/test/servicetest"
)

// TestSecondAdmin: whoever asked sees that it waits, and has no button to confirm it; another
// has, and with them it is done.
func TestSecondAdmin(t *testing.T) {
	h := houseUnder(t, core.Policy{SecondAdmin: secondadmin.Policy{On: true}})
	c := h.fill()
	_, err := h.Core.Administration.Grant(t.Context(), provisiontest.ByTest, administration.GrantDraft{Connection: h.Conn.ID, Group: "Support", Role: administration.Admin})
	h.Must(err)
	as := func(ada bool) {
		if h.owner, h.person = !ada, nil; ada {
			h.person = &c.ada
		}
	}
	lacks := func(path string, buttons ...string) {
		t.Helper()
		page := h.see(path)
		for _, b := range buttons {
			if strings.Contains(page, b) {
				t.Errorf("%s shows %q", path, b)
			}
		}
	}
	release := func(when string) {
		t.Helper()
		w := h.ask(http.MethodPost, "/admin/holds/acme/release", url.Values{"name": {"acme"}})
		if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "A second admin is needed") || !strings.Contains(w.Body.String(), "aits for a second admin") {
			t.Errorf("%s: %d %s", when, w.Code, w.Body)
		}
	}
	lacks("/admin/holds", "second-admin")
	h.shows("/admin/second-admin", "Nothing waits for a second admin")
	release("asked")
	release("asked by the same")
	h.shows("/admin/", "Waits for a second admin: to release 4 accounts of connection acme", "Another admin has to do the same", "Asked for by break-glass:safe")
	lacks("/admin/", "See what waits")
	h.shows("/admin/second-admin", "You have asked, or it may have been you", "Withdraw")
	lacks("/admin/second-admin", "Look, and release as well")
	h.shows("/admin/holds", "1 request waits")

	as(true)
	h.shows("/admin/", "See what waits", "do the same if you agree")
	id := regexp.MustCompile(`/admin/second-admin/([0-9a-f-]+)/withdraw`).FindStringSubmatch(h.see("/admin/second-admin"))
	if len(id) == 0 {
		t.Fatal("nothing to withdraw")
	}
	h.shows("/admin/second-admin", "Look, and release as well")
	if to := h.press("/admin/second-admin/"+id[1]+"/withdraw", nil); !strings.Contains(to, "done=withdrawn") {
		t.Errorf("withdrawn: %s", to)
	}
	h.latest(audit.SecondAdminWithdrawn)
	release("asked by another")
	as(false)
	if to := h.press("/admin/holds/acme/release", url.Values{"name": {"acme"}}); !strings.Contains(to, "done=released&n=4") {
		t.Errorf("confirmed: %s", to)
	}
	if e := h.latest(audit.SecondAdminConfirmed); e.Cause.Actor != "break-glass:safe" || e.Detail["asked_by"] != "person:"+string(c.ada.ID) {
		t.Errorf("confirmed by %+v, %v", e.Cause, e.Detail)
	}
	h.shows("/admin/second-admin", "Nothing waits for a second admin")
}

// TestSecondAdminInABrowser: the pages that say what waits have nothing that axe-core finds,
// and are no wider than a telephone; and who withdraws sees that nothing waits.
func TestSecondAdminInABrowser(t *testing.T) {
	servicetest.Need(t, "DESKBRIDGE_TEST_NODE")
	window := browsertest.New(t)
	complaints := window.Complaints()
	h := houseUnder(t, core.Policy{SecondAdmin: secondadmin.Policy{On: true}})
	h.fill()
	for _, c := range []provision.Cause{{Actor: "cli:root(ada)@bridge-1", Action: "test"}, {Actor: "break-glass:safe", Action: "test"}} {
		whom := reconcile.Whom{All: true}
		if c.Actor == "break-glass:safe" { // one who may be confirmed here, and one who asked here
			whom = reconcile.Whom{People: []string{"eva@example.test"}}
		}
		_, err := h.Core.Reconcile.Release(t.Context(), c, "acme", whom)
		h.Code(err, provision.Denied)
	}
	at := httptest.NewServer(h.handler)
	defer at.Close()
	axe := filepath.Join(os.Getenv("DESKBRIDGE_TEST_NODE"), "node_modules", "axe-core", "axe.min.js")
	for _, path := range []string{"/admin/", "/admin/holds", "/admin/second-admin"} {
		window.Open(at.URL + path)
		for _, width := range []int64{1280, 390} {
			window.Dress(width, width == 390)
			for _, broken := range window.Axe(axe) {
				t.Errorf("%s, %d px: %s", path, width, broken)
			}
			if window.Overflows() {
				t.Errorf("%s is wider than %d px", path, width)
			}
		}
	}
	if text := window.Text(); strings.Count(text, "Look, and release as well") != 1 || strings.Count(text, "You have asked") != 1 {
		t.Errorf("the page: %s", text)
	}
	window.Click("main form button")
	window.UntilSees("It is withdrawn: nothing of it is done.")
	window.Click("main form button")
	window.UntilSees("Nothing waits for a second admin.")
	for _, c := range complaints() {
		t.Error(c)
	}
}
