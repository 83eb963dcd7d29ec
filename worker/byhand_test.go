package worker_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/manual"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/byhand"
)

// blind is a desk that shows no conversations.
type blind struct{ faulty }

func (blind) OpenConversations(context.Context, provision.DeskUserID, int) ([]desk.Conversation, error) {
	return nil, desk.Unsupported("list conversations", "search for what is theirs")
}

// tasks returns what is to be done by hand, as ADDRESS: what.
func (h *harness) tasks() (all []byhand.Task, told []string) {
	h.Helper()
	all, err := h.core.ByHand.Tasks(h.Context(), h.desk.ID)
	h.must(err)
	for _, t := range all {
		name, _, _ := strings.Cut(t.Person.UserName, "@")
		told = append(told, name+": "+strings.TrimPrefix(t.Account.Reason, "an admin has to do this by hand: "))
	}
	return all, told
}

// wantTasks fails unless these are to be done, each with these words, and returns
// their ids.
func (h *harness) wantTasks(want ...string) (ids []string) {
	h.Helper()
	all, told := h.tasks()
	ok := len(told) == len(want)
	for i := 0; ok && i < len(want); i++ {
		name, words, _ := strings.Cut(want[i], ": ")
		ok = strings.HasPrefix(told[i], name+": ") && strings.Contains(told[i], words)
	}
	if !ok {
		h.Fatalf("tasks are %q, want %q", told, want)
	}
	for _, t := range all {
		ids = append(ids, t.ID)
	}
	return ids
}

// wantCode fails unless err is an error with this code.
func (h *harness) wantCode(err error, want provision.Code) {
	h.Helper()
	if e, ok := errors.AsType[*provision.Error](err); !ok || e.Code != want {
		h.Errorf("error %v, want %s", err, want)
	}
}

// say has an admin say that a task is done.
func (h *harness) say(id string) error {
	h.Helper()
	_, err := h.core.ByHand.Done(h.Context(), byTest, id, "Grace")
	if err == nil {
		h.drain()
	}
	return err
}

// TestHandOverUnseen: where a desk shows no conversations, a leaver's access ends all
// the same, and what is open is a task until an admin says that it is not.
func TestHandOverUnseen(t *testing.T) {
	for _, policy := range []provision.OnLeave{provision.LeaveDeactivate, provision.LeaveDelete} {
		each(t, func(s *settings) { s.desk.OnLeave = policy }, func(h *harness) {
			h.wrap = func(f faulty) desk.Desk { return blind{f} }
			h.agents()
			ann := h.agent("ann")
			h.suspend(ann.ID)
			h.drain()
			if u := h.user("ann@" + domain); u == nil || u.Active || len(u.Teams) > 0 {
				h.Errorf("before the word: %+v", u)
			}
			id := h.wantTasks("ann: search for what is theirs")[0]
			h.pass(20 * time.Minute)
			h.wantTasks("ann: search for what is theirs")
			h.must(h.say(id))
			h.state(ann.ID, provision.AccountEnded)
			if u := h.user("ann@" + domain); (u == nil) != (policy == provision.LeaveDelete) {
				h.Errorf("after the word: %+v", u)
			}
			if e := h.entryOf(audit.AccountDoneByHand); e.Subject != string(ann.ID) || e.Detail["said_by"] != "Grace" {
				h.Errorf("the word is entered as %+v", e)
			}
			h.restore(ann.ID) // what was said of one end is not said of the next
			h.drain()
			h.state(ann.ID, provision.AccountReady)
			h.pass(time.Second)
			h.suspend(ann.ID)
			h.drain()
			h.wantTasks("ann: search for what is theirs")
		})
	}
}

// TestManualDesk: on a desk without an API nothing is so unless an admin has said it.
func TestManualDesk(t *testing.T) {
	each(t, nil, func(h *harness) {
		settings := h.desk
		settings.URL, settings.Settings = "https://phone.example.test/users", map[string]string{"leaver": "tell the switchboard", "ask_again": "30"}
		phone, err := manual.New(h.core.ByHand)(settings)
		h.must(err)
		h.wrap = func(faulty) desk.Desk { return phone }
		h.rule("agent", provision.RoleAgent, []string{"Tier 1"}, nil)
		h.rule("admin", provision.RoleAdmin, []string{"Tier 2"}, nil)
		role := func(id provision.Identity, value string) {
			h.update(id.ID, roles(value))
			h.drain()
		}
		join := func(name string) provision.Identity {
			id := h.person(name, roles("agent"))
			h.drain()
			return id
		}

		ann := join("ann")
		first := h.wantTasks(`ann: make a user with this person's name and address: role agent, teams "Tier 1" (https://phone.example.test/users)`)[0]
		h.state(ann.ID, provision.AccountNeedsAttention)
		role(ann, "admin")
		second := h.wantTasks(`ann: role admin, teams "Tier 2"`)[0]
		h.wantCode(h.say(first), provision.Stale)
		h.wantTasks(`ann: role admin`)
		h.must(h.say(second))
		if a := h.state(ann.ID, provision.AccountReady); a.Confirmed.Role != provision.RoleAdmin || !slices.Equal(a.Confirmed.Teams, []string{"Tier 2"}) || a.DeskUser == "" {
			h.Errorf("confirmed is %+v", a.Confirmed)
		}
		h.wantCode(h.say(second), provision.NotFound)
		h.restart()
		h.sweep()
		h.state(ann.ID, provision.AccountReady)

		role(ann, "agent") // asked for, perhaps done, and not wanted any more
		h.wantTasks(`ann: give the user the role agent`)
		role(ann, "admin")
		h.must(h.say(h.wantTasks(`ann: see to it that the desk has an active user for this person, role admin, teams "Tier 2"`)[0]))
		h.state(ann.ID, provision.AccountReady)

		bob := join("bob") // perhaps made, and nobody said so
		h.suspend(bob.ID)
		h.drain()
		h.suspend(ann.ID)
		h.drain()
		ids := h.wantTasks("bob: no active user for this person", "ann: tell the switchboard")
		h.state(ann.ID, provision.AccountNeedsAttention)
		h.must(h.say(ids[1]))
		h.state(ann.ID, provision.AccountEnded)
		h.must(h.say(h.wantTasks("bob: no active user")[0]))
		h.state(bob.ID, provision.AccountEnded)

		h.restore(ann.ID)
		h.drain()
		h.must(h.say(h.wantTasks("ann: reactivate the user")[0]))
		h.state(ann.ID, provision.AccountReady)
		h.pass(40 * 24 * time.Hour)
		h.sweep()
		h.drain()
		h.must(h.say(h.wantTasks(`ann: look whether the desk still has what was said`)[0]))
		h.state(ann.ID, provision.AccountReady)
		h.sweep()
		h.state(ann.ID, provision.AccountReady)

		said := 0
		for _, e := range h.audit(ann.ID) {
			if e.Action == audit.AccountDoneByHand {
				said++
				if e.Detail["said_by"] != "Grace" || e.Cause.Actor != byTest.Actor {
					h.Errorf("entry %+v", e)
				}
			}
		}
		if said != 5 {
			h.Errorf("%d words of ann are entered, want 5", said)
		}
	})
}

// TestRefusedTasks: a word is taken for what it is about, and for nothing else.
func TestRefusedTasks(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.agents()
		ann := h.agent("ann")
		for _, id := range []string{"", "x", "-1", "12345678", "12345678-x", string(h.account(ann.ID).ID)} {
			if err := h.say(id); err == nil {
				h.Errorf("%q is taken", id)
			}
		}
		if e := h.entryOf(audit.AccountDoneByHand); e.Action != "" {
			h.Errorf("a word is entered: %+v", e)
		}
	})
}
