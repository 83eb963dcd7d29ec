package api_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/admin/api"
	"github.com/deskbridge/deskbridge/admin/api/answer"
	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
	"github.com/deskbridge/deskbridge/provision/adoption"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/worker"
	"github.com/deskbridge/deskbridge/worker/giveback"
)

func (o *office) worker() *worker.Worker {
	c := o.Core
	return worker.New(worker.Core{Audit: c.Audit, Entitlement: c.Entitlement, Reconcile: c.Reconcile, DeskHealth: c.DeskHealth, Settings: c.Settings, Adoption: c.Adoption},
		func(d provision.Desk) (desk.Desk, error) { return o.Desks.Connector(d) }, slog.New(slog.DiscardHandler))
}

// reach opens the desk, which is made when it is needed first.
func (o *office) reach(_ context.Context, d provision.Desk) (adoption.Desk, error) {
	if o.Desks == nil {
		o.ReconcileAll()
	}
	session, err := o.worker().Session(d)
	return giveback.Desk{Session: session}, err
}

// before makes users on the desk by hand, in its second team, and lists it; by name.
func (o *office) before(names ...string) (ids map[string]string) {
	o.Helper()
	o.ReconcileAll()
	o.Conn.Domains = []string{"example.test"}
	o.Must(o.Store.SaveConnection(o.Context(), o.Conn))
	session, err := o.worker().Session(o.Desk)
	o.Must(err)
	ids = make(map[string]string)
	for _, name := range names {
		u, err := session.Create(o.Context(), provision.DeskUser{Email: name + "@example.test", DisplayName: name, GivenName: name, FamilyName: "Old", Role: provision.RoleAgent, Teams: []string{strings.Split(o.Desk.Settings["teams"], ",")[1]}, Active: true})
		o.Must(err)
		ids[name] = string(u.ID)
	}
	_, err = o.worker().Sweep(o.Context(), o.Desk, worker.SweepOptions{Cause: provisiontest.ByTest, ByHand: true})
	o.Must(err)
	return ids
}

// TestAdoptionByHTTP: users whom no account holds are listed with who they may be, page
// by page; a wave does what was planned or nothing, and is undone; who is nobody is left
// alone.
func TestAdoptionByHTTP(t *testing.T) {
	o := newOffice(t)
	const users, waves = "/api/v1/desks/support/users", "/api/v1/desks/support/waves"
	o.refused(o.call(o.token, http.MethodGet, users, nil), http.StatusNotFound, "not_found") // never listed
	ids := o.before("ann", "bob", "stranger")
	ann := o.Person("ann")
	o.Person("bob")
	o.Rule("Agents", provision.RoleAgent, "A")
	o.Group("Agents", provision.MemberID(ann.ID))
	o.Evaluate()
	o.ReconcileAll() // asks about ann

	seen, at := make(map[string]answer.DeskUser), users+"?limit=1"
	for range 5 {
		page := get[answer.Roster](o, at)
		if page.Listed == 0 || page.ListedAt.IsZero() || len(page.Items) != 1 {
			t.Fatalf("a page: %+v", page)
		}
		seen[page.Items[0].User] = page.Items[0]
		if at = users + "?limit=1&cursor=" + page.Next; page.Next == "" {
			break
		}
	}
	one := seen[ids["ann"]]
	if len(seen) != 3 || one.Address != "ann@example.test" || one.Confidence != "strong" || one.Conflict != "" || !one.Seat || len(one.Matches) != 1 || one.Matches[0].Person != string(ann.ID) || one.Matches[0].Connection != "acme" || one.Matches[0].Why == "" {
		t.Errorf("users: %+v", seen)
	}
	shows := func(show string) (n int) {
		t.Helper()
		for _, u := range get[answer.Roster](o, users+"?show="+show).Items {
			if n++; u.User == ids["stranger"] && show != "unmatched" && show != "all" {
				t.Errorf("%s has the stranger", show)
			}
		}
		return n
	}
	for show, want := range map[string]int{"strong": 2, "matched": 2, "exact": 0, "weak": 0, "conflict": 0, "unmatched": 1} {
		if n := shows(show); n != want {
			t.Errorf("%s: %d, want %d", show, n, want)
		}
	}
	o.refused(o.call(o.token, http.MethodGet, users+"?show=some", nil), http.StatusUnprocessableEntity, "invalid")

	// Whoever is nobody is left alone, until they are somebody again.
	read[api.Done](o, o.call(o.token, http.MethodPost, users+"/ignore", map[string]any{"pattern": "id:" + ids["stranger"]}), http.StatusOK)
	if n := shows("unmatched"); n != 0 {
		t.Errorf("%d are shown who are nobody", n)
	}
	read[api.Done](o, o.call(o.token, http.MethodPost, users+"/ignore", map[string]any{"pattern": "id:" + ids["stranger"], "again": true}), http.StatusOK)
	if n := shows("unmatched"); n != 1 {
		t.Errorf("%d are shown who are somebody again", n)
	}
	o.refused(o.call(o.token, http.MethodPost, users+"/ignore", map[string]any{"pattern": "*"}), http.StatusBadRequest, "invalid")
	o.refused(o.call(o.tokenOf(administration.Operator), http.MethodPost, users+"/ignore", map[string]any{"pattern": "id:1"}), http.StatusForbidden, "role")

	// A wave.
	o.refused(o.call(o.token, http.MethodPost, waves+"/plan", map[string]any{}), http.StatusBadRequest, "invalid")
	o.refused(o.call(o.token, http.MethodPost, waves+"/plan", map[string]any{"confidence": "weak"}), http.StatusUnprocessableEntity, "invalid")
	o.refused(o.call(o.token, http.MethodPost, waves+"/plan", map[string]any{"users": []map[string]any{{"user": "none"}}}), http.StatusNotFound, "not_found")
	operator := o.tokenOf(administration.Operator)
	sel := map[string]any{"confidence": "strong"}
	p := read[answer.WavePlan](o, o.call(operator, http.MethodPost, waves+"/plan", sel), http.StatusOK)
	if p.Users != 1 || len(p.Steps) != 2 || len(p.Hash) != 64 {
		t.Fatalf("plan: %+v", p)
	}
	for _, s := range p.Steps {
		if (s.User == ids["ann"]) != (s.Refused == "") || s.User == ids["bob"] && !s.Ends {
			t.Errorf("a step: %+v", s)
		}
	}
	sel["hash"] = strings.Repeat("0", 64)
	o.refused(o.call(operator, http.MethodPost, waves, sel), http.StatusPreconditionFailed, "stale")
	sel["hash"] = p.Hash
	o.refused(o.call(o.tokenOf(administration.Auditor), http.MethodPost, waves, sel), http.StatusForbidden, "role")
	begun := read[answer.WaveDetail](o, o.call(operator, http.MethodPost, waves, sel), http.StatusCreated)
	if begun.Users != 1 || len(begun.Adopted) != 1 || begun.Adopted[0].User != ids["ann"] || begun.Adopted[0].Person != string(ann.ID) || !strings.HasPrefix(begun.By, "api:") || len(begun.LeftOut) != 1 || begun.LeftOut[0].User != ids["bob"] {
		t.Errorf("begun: %+v", begun)
	}
	o.refused(o.call(operator, http.MethodPost, waves, sel), http.StatusPreconditionFailed, "stale") // the same wave twice
	if list := get[api.Page[answer.Wave]](o, waves); len(list.Items) != 1 || list.Items[0].ID != begun.ID || list.Items[0].Undone != 0 {
		t.Errorf("waves: %+v", list)
	}
	o.ReconcileAll()
	undone := read[answer.WaveDetail](o, o.call(operator, http.MethodPost, waves+"/"+begun.ID+"/undo", nil), http.StatusOK)
	if undone.Undone != 1 || len(undone.Back) != 1 || undone.Back[0].Refused != "" || undone.Adopted[0].UndoneAt == nil {
		t.Errorf("undone: %+v", undone)
	}
	if again := get[answer.WaveDetail](o, waves+"/"+begun.ID); again.Undone != 1 || len(again.Back) != 0 {
		t.Errorf("the wave afterwards: %+v", again)
	}
	on, err := o.reach(t.Context(), o.Desk)
	o.Must(err)
	u, err := on.Find(t.Context(), provision.DeskUserID(ids["ann"]))
	o.Must(err)
	if len(u.Teams) != 1 || u.Teams[0] != "B" {
		t.Errorf("given back: %+v", u)
	}
	o.refused(o.call(operator, http.MethodPost, waves+"/none/undo", nil), http.StatusNotFound, "not_found")
	o.refused(o.call(operator, http.MethodGet, "/api/v1/desks/other/waves", nil), http.StatusNotFound, "not_found")
}
