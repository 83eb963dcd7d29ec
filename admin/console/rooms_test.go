package console_test

import (
	"html"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/seat"
	"github.com/deskbridge/deskbridge/provision/seating"
	"github.com/deskbridge/deskbridge/worker"
	"github.com/deskbridge/deskbridge/worker/giveback"
)

// worker returns what calls the desk.
func (h *house) worker() *worker.Worker {
	c := h.Core
	return worker.New(worker.Core{Audit: c.Audit, Entitlement: c.Entitlement, Reconcile: c.Reconcile, DeskHealth: c.DeskHealth, Settings: c.Settings, Adoption: c.Adoption},
		func(d provision.Desk) (desk.Desk, error) { return h.Desks.Connector(d) }, slog.New(slog.DiscardHandler))
}

// reach opens the desk.
func (h *house) reach() giveback.Desk {
	session, err := h.worker().Session(h.Desk)
	h.Must(err)
	return giveback.Desk{Session: session}
}

// before makes users on the desk by hand, in its second team, and lists it; by name, with
// a hostile one.
func (h *house) before(names ...string) (ids map[string]string) {
	h.Helper()
	return h.beforeAs(func(name string) string { return name + hostile }, names...)
}

func (h *house) beforeAs(family func(name string) string, names ...string) (ids map[string]string) {
	h.Helper()
	team := strings.Split(h.Desk.Settings["teams"], ",")[1]
	h.ReconcileAll() // makes the desk
	h.Conn.Domains = []string{"example.test"}
	h.Must(h.Store.SaveConnection(h.Context(), h.Conn))
	ids = make(map[string]string)
	for _, name := range names {
		u, err := h.reach().Session.Create(h.Context(), provision.DeskUser{Email: name + "@example.test", DisplayName: "Old " + family(name), GivenName: "Old", FamilyName: family(name), Role: provision.RoleAgent, Teams: []string{team}, Active: true})
		h.Must(err)
		ids[name] = string(u.ID)
	}
	h.sweep()
	return ids
}

// sweep lists the desk's users.
func (h *house) sweep() {
	h.Helper()
	_, err := h.worker().Sweep(h.Context(), h.Desk, worker.SweepOptions{Cause: provisiontest.ByTest, ByHand: true})
	h.Must(err)
}

// TestAdoptingOnPages: users without an account are shown with who they may be, a wave
// does what was shown or nothing, and is undone; who is nobody is left alone.
func TestAdoptingOnPages(t *testing.T) {
	h := newHouse(t)
	const users = "/admin/desks/support/users"
	h.shows(users, "never listed to its end", "Sweep the desk now")
	ids := h.before("ann", "bob", "stranger")
	ann := h.Person("ann")
	h.Person("bob")
	h.Rule("Agents", provision.RoleAgent, "A")
	h.Group("Agents", provision.MemberID(ann.ID))
	h.Evaluate()
	h.ReconcileAll() // asks about ann

	h.shows(users, "ann@example.test", "strong", "has the same primary address", "/admin/people/"+string(ann.ID))
	h.shows(users+"?show=orphans", "stranger@example.test", "nobody whom an identity provider tells of")
	if page := h.see(users + "?show=orphans"); strings.Contains(page, "ann@example.test") {
		t.Error("ann is an orphan")
	}
	if w := h.ask(http.MethodGet, users+"?show=some", nil); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("some: %d", w.Code)
	}

	// Whoever is nobody is left alone, until they are somebody again.
	h.press(users+"/ignore", url.Values{"pattern": {"id:" + ids["stranger"]}})
	if e := h.latest(audit.DeskIgnores); e.Cause.Actor != "break-glass:safe" || e.Desk != h.Desk.ID {
		t.Errorf("ignored by %+v", e)
	}
	h.shows(users+"?show=all", "left alone: adopt_ignore: id:"+ids["stranger"], "Look at them again")
	h.press(users+"/ignore", url.Values{"pattern": {"id:" + ids["stranger"]}, "again": {"yes"}})
	h.shows(users+"?show=orphans", "stranger@example.test")
	if w := h.ask(http.MethodPost, users+"/ignore", url.Values{"pattern": {"*"}}); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("everybody is nobody: %d", w.Code)
	}

	// A wave.
	const waves = "/admin/desks/support/waves"
	if w := h.ask(http.MethodPost, waves+"/plan", url.Values{}); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "which users") {
		t.Errorf("a wave of nobody: %d", w.Code)
	}
	w := h.ask(http.MethodPost, waves+"/plan", url.Values{"confidence": {"strong"}, "limit": {"20"}})
	page := html.UnescapeString(w.Body.String())
	if w.Code != http.StatusOK || !strings.Contains(page, "1 user</strong> would be adopted") || !strings.Contains(page, "not adopted:") {
		t.Fatalf("plan: %d %s", w.Code, page)
	}
	form := url.Values{"user": {ids["ann"] + "=" + string(ann.ID)}, "hash": regexp.MustCompile(`name="hash" value="([0-9a-f]{64})"`).FindStringSubmatch(page)[1:]}
	if !strings.Contains(page, `value="`+form.Get("user")+`"`) {
		t.Errorf("the plan does not name the user: %s", page)
	}
	if w := h.ask(http.MethodPost, waves, url.Values{"user": form["user"], "hash": {strings.Repeat("0", 64)}}); w.Code != http.StatusConflict {
		t.Errorf("another wave than was shown: %d", w.Code)
	}
	to := h.press(waves, form)
	wave, done, _ := strings.Cut(to, "?")
	if !strings.HasPrefix(wave, waves+"/") || !strings.Contains(done, "done=wave&n=1") {
		t.Fatalf("begun: %s", to)
	}
	h.shows(wave, "break-glass:safe", "adopted 1 user", "strong", "Undo the wave")
	h.shows(users, "Waves", wave)
	if w := h.ask(http.MethodPost, waves, form); w.Code == http.StatusSeeOther {
		t.Error("the same wave twice")
	}
	h.ReconcileAll()
	if w := h.ask(http.MethodPost, wave+"/undo", nil); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "given back") {
		t.Errorf("undo: %d %s", w.Code, w.Body)
	}
	u, err := h.reach().Find(t.Context(), provision.DeskUserID(ids["ann"]))
	h.Must(err)
	if len(u.Teams) != 1 || u.Teams[0] != "B" {
		t.Errorf("given back: %+v", u)
	}
	if w := h.ask(http.MethodGet, "/admin/desks/support/waves/none", nil); w.Code != http.StatusNotFound {
		t.Errorf("no such wave: %d", w.Code)
	}
}

// TestSeatsOnPages: who does not use a seat is shown, loses it by a button and gets it
// back by another; the ledger has both.
func TestSeatsOnPages(t *testing.T) {
	h := newHouse(t)
	h.StopClock()
	h.Desk.Price = seating.Price{Amount: "30.00", Limited: "0.00", Currency: "EUR"}
	h.Must(h.Store.SaveDesk(t.Context(), h.Desk))
	h.Rule("Support", provision.RoleAgent, "A")
	ada := h.Person("ada")
	h.Group("Support", provision.MemberID(ada.ID))
	settle := func() { h.Evaluate(); h.ReconcileAll() }
	settle()
	const idle = "/admin/desks/support/seats"
	if w := h.ask(http.MethodPost, idle+"/propose", nil); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("proposed without a policy: %d", w.Code)
	}
	h.Desk.Idle = seating.Policy{After: 60 * 24 * time.Hour}
	h.Must(h.Store.SaveDesk(t.Context(), h.Desk))
	h.Offset.Add(int64(100 * 24 * time.Hour))
	h.shows(idle, "Nobody is known to be idle", "1 other person nobody can tell")
	h.Must(h.Core.Seats.Told(t.Context(), h.Desk.ID, []seat.Activity{{Account: h.Account(ada.ID).ID, Last: h.Now().Add(-90 * 24 * time.Hour)}}))
	h.shows(idle, "idle", "90 days ago", "Free the seat of")
	if to := h.press(idle+"/propose", nil); !strings.HasSuffix(to, "done=proposed&n=1") {
		t.Errorf("proposed: %s", to)
	}
	take := idle + "/" + string(ada.ID)
	for _, wrong := range []url.Values{{"do": {"sell"}}, {"do": {"free"}, "days": {"many"}}} {
		if w := h.ask(http.MethodPost, take+"/take", wrong); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", wrong, w.Code)
		}
	}
	h.press(take+"/take", url.Values{"do": {"free"}})
	if e := h.latest(audit.SeatIdle); e.Cause.Actor != "break-glass:safe" || e.Subject != string(ada.ID) {
		t.Errorf("taken by %+v", e)
	}
	settle()
	h.shows(idle, "Have less until they come again", "Give back what rules grant")
	h.shows("/admin/seats", "30.00", "What was saved, by month", "freed", "idle", string(ada.ID))
	h.press(take+"/give-back", nil)
	if w := h.ask(http.MethodPost, take+"/give-back", nil); w.Code != http.StatusConflict {
		t.Errorf("given back twice: %d", w.Code)
	}
	settle()
	h.shows("/admin/seats", "taken", "came-back")
	h.shows(idle+"?days=30&all=yes", "With a paid seat", "ada")
	if w := h.ask(http.MethodGet, idle+"?days=-1", nil); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("-1 days: %d", w.Code)
	}
}

// TestAlarmsOnAPage: somebody is told, tried, and told no more; a secret is shown once,
// and what a receiver's address holds besides its host, never.
func TestAlarmsOnAPage(t *testing.T) {
	h := newHouse(t)
	const page = "/admin/alarms"
	h.shows(page, "Nobody is told of anything yet", "Tell them")
	add := func(name, kind, address string) (int, string) {
		w := h.ask(http.MethodPost, page+"/targets", url.Values{"name": {name}, "kind": {kind}, "address": {address}})
		return w.Code, w.Body.String()
	}
	if code, body := add("pager", "webhook", "https://user:pass@hooks.example/x"); code != http.StatusUnprocessableEntity || !strings.Contains(body, "Nobody was added") {
		t.Errorf("a webhook with a password: %d %s", code, body)
	}
	code, body := add("pager", "webhook", "https://hooks.example/of-our-team")
	secret := regexp.MustCompile(`whsec_[A-Za-z0-9+/=]+`).FindString(html.UnescapeString(body))
	if code != http.StatusOK || secret == "" {
		t.Fatalf("added: %d %s", code, body)
	}
	if e := h.latest(audit.AlarmTargetAdded); e.Cause.Actor != "break-glass:safe" {
		t.Errorf("added by %+v", e.Cause)
	}
	if again := html.UnescapeString(h.see(page)); strings.Contains(again, secret) || strings.Contains(again, "of-our-team") || !strings.Contains(again, "https://hooks.example") {
		t.Errorf("the secret or the address is shown: %s", again)
	}
	if code, body := add("pager", "webhook", "https://hooks.example/"); code != http.StatusUnprocessableEntity || !strings.Contains(body, `value="https://hooks.example/"`) {
		t.Errorf("twice: %d", code)
	}
	h.Must(h.Core.Alarms.Look(t.Context())) // the connection has no token that works
	h.press(page+"/targets/pager/test", nil)
	h.shows(page, "This is a test", "waiting")
	sent, err := h.Core.Alarms.Deliveries(t.Context(), "pager", 10)
	h.Must(err)
	again := page + "/deliveries/" + string(sent[0].ID) + "/send-again"
	if w := h.ask(http.MethodPost, again, nil); w.Code != http.StatusSeeOther && w.Code != http.StatusConflict {
		t.Errorf("again: %d %s", w.Code, w.Body)
	}
	if w := h.ask(http.MethodPost, page+"/deliveries/none/send-again", nil); w.Code != http.StatusNotFound {
		t.Errorf("no such message: %d", w.Code)
	}
	h.shows(page+"?target=pager", "Sent to pager")
	if w := h.ask(http.MethodGet, page+"?target=nobody", nil); w.Code != http.StatusNotFound {
		t.Errorf("nobody's: %d", w.Code)
	}
	if w := h.ask(http.MethodPost, page+"/targets/pager/remove", nil); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("removed without its name: %d", w.Code)
	}
	h.press(page+"/targets/pager/remove", url.Values{"name": {"pager"}})
	h.latest(audit.AlarmTargetRemoved)
	h.shows(page, "Nobody yet")
}
