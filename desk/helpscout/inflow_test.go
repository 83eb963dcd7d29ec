package helpscout

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// rotation puts users into the automatic assignment of a mailbox.
func (f *fake) rotation(mailbox string, users ...int64) *fakeRouting {
	r := &fakeRouting{State: "enabled", AssignmentLimit: 10, AssignmentMethod: "balanced", UserIDs: users}
	f.mailboxes[f.mailbox(mailbox)].routing = r
	return r
}

// TestStopInflow: a leaver is away and in no rotation any more, others stay in
// theirs, and a rotation of which nobody is left is switched off.
func TestStopInflow(t *testing.T) {
	f := newFake(t)
	d := f.connect()
	leaver := f.last
	shared, alone := f.rotation("Support", leaver-1, leaver, leaver-2), f.rotation("Billing", leaver)
	id := provision.DeskUserID(formatID(leaver))

	wantKind(t, d.Delete(t.Context(), id), desk.Permanent, "refuses to delete user "+string(id)+", who may still be in the automatic assignment")
	for range 2 {
		if err := d.StopInflow(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if !f.users[leaver].away || shared.State != "enabled" || !slices.Equal(shared.UserIDs, []int64{leaver - 1, leaver - 2}) || shared.AssignmentLimit != 10 || shared.AssignmentMethod != "balanced" {
			t.Errorf("away %t, shared rotation %+v", f.users[leaver].away, shared)
		}
		if alone.State != "disabled" || len(alone.UserIDs) != 0 {
			t.Errorf("rotation of one: %+v", alone)
		}
	}
	if n := f.count("PUT /mailboxes/" + formatID(f.mailbox("Support")) + "/routing"); n != 1 {
		t.Errorf("the shared rotation was written %d times", n)
	}
	if err := d.Delete(t.Context(), id); err != nil {
		t.Error(err)
	}
	wantKind(t, d.StopInflow(t.Context(), id), desk.NotFound, "no user")
}

// TestSetAway: who is away for a while stays in every rotation, and is as before
// afterwards.
func TestSetAway(t *testing.T) {
	f := newFake(t)
	d := f.connect()
	id := f.last
	rotation := f.rotation("Support", id, id-1)
	for _, away := range []bool{true, true, false, false} {
		if err := d.SetAway(t.Context(), provision.DeskUserID(formatID(id)), away); err != nil {
			t.Fatal(err)
		}
		if f.users[id].away != away || rotation.State != "enabled" || !slices.Equal(rotation.UserIDs, []int64{id, id - 1}) {
			t.Errorf("away %t, want %t; rotation %+v", f.users[id].away, away, rotation)
		}
	}
	wantKind(t, d.SetAway(t.Context(), "424242", true), desk.NotFound, "no user")
	answers := map[string]answer{"GET /users/71": {body: adaBody}, "PUT /users/71/status": {status: 404}}
	wantKind(t, newScript(t, answers).connect().SetAway(t.Context(), "71", true), desk.CannotDo, "Manage > Users")
}

// TestStopInflowDisobeyed: an update that is accepted and not made is not taken
// for made.
func TestStopInflowDisobeyed(t *testing.T) {
	routing := answer{body: `{"state":"enabled","assignmentLimit":5,"assignmentMethod":"round_robin","userIds":[71,72]}`}
	answers := map[string]answer{"GET /users/71": {body: adaBody}, "GET /mailboxes": page1("mailboxes", `{"id":5,"name":"Help"}`),
		"PUT /users/71/status": {status: 204}, "GET /mailboxes/5/routing": routing, "PUT /mailboxes/5/routing": {status: 204}}
	wantKind(t, newScript(t, answers).connect().StopInflow(t.Context(), "71"), desk.Permanent, "did not do it")
	answers["PUT /mailboxes/5/routing"] = answer{status: 400}
	wantKind(t, newScript(t, answers).connect().StopInflow(t.Context(), "71"), desk.Permanent, "take user 71 out of the automatic assignment of inbox Help (HTTP 400)")
	answers["GET /mailboxes/5/routing"] = answer{body: `{"error":"not today"}`}
	wantKind(t, newScript(t, answers).connect().StopInflow(t.Context(), "71"), desk.Retryable, "something else")
	answers["PUT /users/71/status"] = answer{status: 422}
	wantKind(t, newScript(t, answers).connect().StopInflow(t.Context(), "71"), desk.Permanent, "refuses to set user 71 to away (HTTP 422)")
}

// TestFormOfPatch: the form that is taken is found out once, and a refusal for
// another reason is sent once.
func TestFormOfPatch(t *testing.T) {
	for _, list := range []bool{false, true} {
		f := newFake(t)
		f.listPatch = list
		d := f.connect()
		ids := f.converse(t, provision.DeskUserID(formatID(f.me)), 3)
		for _, id := range ids {
			if err := d.Assign(t.Context(), id, desk.Assignee{}); err != nil {
				t.Fatal(err)
			}
		}
		sent := 0
		for _, id := range ids {
			sent += f.count("PATCH /conversations/" + id)
		}
		if want := len(ids) + btoi(list); sent != want {
			t.Errorf("a list is wanted: %t; %d requests, want %d", list, sent, want)
		}
		wantKind(t, d.Assign(t.Context(), ids[0], desk.Assignee{User: "424242"}), desk.Permanent, "to this assignee")
		if n := f.count("PATCH /conversations/" + ids[0]); n != 2+btoi(list) {
			t.Errorf("%d requests after a refusal for the assignee", n)
		}
		n, _ := parseID(ids[1])
		for _, status := range []int{http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge} {
			f.conversations[n].refuse = status
			wantKind(t, d.Assign(t.Context(), ids[1], desk.Assignee{}), desk.Permanent, "by hand")
		}
	}
}

// TestShortOf: plans without teams or light users, seats that are taken, and a
// deletion that shows later.
func TestShortOf(t *testing.T) {
	t.Run("seats", func(t *testing.T) {
		f := newFake(t)
		f.seats = len(f.users)
		_, err := f.connect().Create(t.Context(), ada())
		wantKind(t, err, desk.Permanent, "look for a seat that is missing")
	})
	t.Run("light users", func(t *testing.T) {
		f := newFake(t)
		f.noLight = true
		want := ada()
		want.Role = provision.RoleLimited
		_, err := f.connect().Create(t.Context(), want)
		wantKind(t, err, desk.Permanent, "plan without Light Users")
	})
	t.Run("teams", func(t *testing.T) {
		f := newFake(t)
		f.noTeams = true
		if p, err := f.connect().Check(t.Context()); err != nil || len(p.Teams) != 0 {
			t.Errorf("Check = %+v, %v", p, err)
		}
	})
	t.Run("haste", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			f.deleteLate = 3 * time.Second
			d := f.connect()
			made, err := d.Create(t.Context(), ada())
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := d.Delete(t.Context(), made.ID); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := d.Find(t.Context(), desk.Key{ID: made.ID}); err != nil || got == nil {
				t.Errorf("Find = %+v, %v: what is shown is told", got, err)
			}
			time.Sleep(3 * time.Second)
			if got, err := d.Find(t.Context(), desk.Key{ID: made.ID, Email: made.Email}); err != nil || got != nil {
				t.Errorf("after three seconds Find = %+v, %v", got, err)
			}
		})
	})
}

// TestWritesKeepTheirDistance: no five seconds see more than twelve writes,
// however many there are to make and whatever the minute allows.
func TestWritesKeepTheirDistance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.limit = 800
		d := f.connect()
		ids := f.converse(t, provision.DeskUserID(formatID(f.me)), 60)
		began := time.Now()
		for _, id := range ids {
			if err := d.Assign(t.Context(), id, desk.Assignee{}); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); f.refused > 0 || took > 40*time.Second {
			t.Errorf("%d of 60 writes were too many; they took %v", f.refused, took)
		}
	})
}

// TestOthersUseTheLimit: what others leave is what we use; at most a request a
// minute finds that nothing is left.
func TestOthersUseTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.limit, f.others = 200, 150
		d := f.connect()
		began, done := time.Now(), 0
		for time.Since(began) < 10*time.Minute {
			if _, err := d.Admins(t.Context()); err != nil {
				time.Sleep(5 * time.Second)
				continue
			}
			done++
		}
		if f.refused > 10 || done < 100 {
			t.Errorf("%d lists of users read in ten minutes, %d requests refused", done, f.refused)
		}
	})
}
