package outcometest

import (
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// state is what somebody did on the desk by hand.
type state struct {
	name string
	play func(w *world)
}

var states = []state{
	{"a user whom an admin made anew, under another id", (*world).madeAnew},
	{"a stranger of the same name", (*world).namesake},
}

// joined returns somebody who has access.
func (w *world) joined() *person {
	w.Helper()
	p := &person{known: map[provision.DeskUserID]bool{}}
	acts[0].do(w, p)
	w.pass(0)
	if !w.judge(p, fault{}, "somebody joins", "") {
		w.FailNow()
	}
	return p
}

// madeAnew: whoever is there in somebody's name, and is not the user that we
// made, is asked about by id. Their access is never called ended while that user
// has some, and it ends when an admin has seen to that.
func (w *world) madeAnew() {
	p, can := w.joined(), w.honest.Capabilities()
	old := w.account(p.ID).DeskUser
	if can.Delete {
		w.MakeUser(w.T, "Last One", w.address("last")) // a desk may give the number of the last user again
		if err := w.honest.Delete(w.Context(), old); desk.AcceptedOnly(err) == nil {
			w.must(err)
		}
	} else { // an admin gave the user another address
		w.must(w.honest.SetProfile(w.Context(), old, provision.DeskUser{DisplayName: "Some Body", Email: w.address("old")}))
	}
	again := w.MakeUser(w.T, "Some Body", p.Profile.Email)
	asked := func(name string) {
		w.Helper()
		if a := w.account(p.ID); a.State != provision.AccountNeedsAttention || !strings.Contains(a.Reason, string(again)) {
			w.Errorf("%s: account is %s (%s): %q, want a question about user %s", name, a.State, a.ReasonCode, a.Reason, again)
		}
	}
	acts[1].do(w, p)
	w.pass(0)
	asked("somebody becomes an admin")
	p.leaves = true
	w.update(p.ID, suspended)
	w.pass(0)
	asked("somebody leaves")
	if can.Deactivate {
		w.must(w.honest.SetActive(w.Context(), again, false))
	} else {
		w.must(w.honest.Delete(w.Context(), again))
	}
	w.pass(11 * time.Minute)
	p.known[old], p.known[again] = true, true
	w.judge(p, fault{}, "an admin ends it", "")
	w.end(p, fault{}, "", "an admin ends it")
}

// namesake: who has the same name, and nothing else in common, is left alone.
func (w *world) namesake() {
	stranger := w.MakeUser(w.T, "Ada Test", w.address("other"))
	before := w.user(desk.Key{ID: stranger})
	p := w.joined()
	p.leaves = true
	w.update(p.ID, suspended)
	w.pass(0)
	w.end(p, fault{}, w.task(p), "somebody leaves")
	after := w.user(desk.Key{ID: stranger})
	if p.known[stranger] || after == nil || after.Active != before.Active || after.Role != before.Role || after.Email != before.Email {
		w.Errorf("the stranger %+v is now %+v", before, after)
	}
}
