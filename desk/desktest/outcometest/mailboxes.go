package outcometest

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest/faulty"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/handover"
)

const openInMailboxes = 24 // conversations, of which every third is elsewhere

// RunMailboxes plays somebody who leaves with open conversations in two mailboxes, one of
// which has a rule of its own in hand_over: its conversations go to the queue, and all others
// to the heir. The desk loses answers and fails, and the process dies once. In the end each
// conversation was given away once, by the rule of its mailbox, and the record says how many
// of each. Harness.Move must be set; Server and Connect are not used.
func RunMailboxes(t *testing.T, h Harness) {
	h.Server = ""
	l := &leaver{world: newWorld(t, h)}
	boss, err := l.store.AccountsWhere(t.Context(), provision.AccountFilter{Desk: l.desk.ID}, 0)
	l.must(err)
	l.heir = boss[0].DeskUser
	l.known = make(map[provision.DeskUserID]bool)
	l.openElsewhere()
	acts[0].do(l.world, &l.person)
	l.pass(0)
	if l.user = l.account(l.ID).DeskUser; l.user == "" {
		t.Fatalf("%+v", l.account(l.ID))
	}
	l.theirs = h.Converse(t, l.user, openInMailboxes)
	elsewhere := make(map[string]bool)
	for i, c := range l.theirs {
		if i%3 == 0 {
			h.Move(t, c)
			elsewhere[c] = true
		}
	}
	l.desk.HandOver.Mailboxes = map[string]provision.HandOverRule{h.Elsewhere: {To: provision.HandOverUnassign}}
	l.must(l.store.SaveDesk(t.Context(), l.desk))

	l.calls = faulty.New(l.honest, faulty.Plan{Now: l.now, Random: faulty.Random{Seed: 2, Rate: 0.03, Kinds: []faulty.Kind{faulty.Lost, faulty.Fail}},
		Before: func(c faulty.Call) {
			if c.Method == faulty.Assign || c.Method == faulty.AssignMany {
				l.assigned += len(c.Conversations)
			}
			if l.deaths == 0 && l.assigned >= openInMailboxes/2 {
				l.deaths++
				runtime.Goexit()
			}
		}})
	l.seen = l.calls.Desk()
	l.restart()
	l.leaves = true
	l.update(l.ID, suspended)
	for range mostPasses {
		if !l.lives() {
			l.restart()
		}
		if l.account(l.ID).State == provision.AccountEnded {
			break
		}
		l.offset += 11 * time.Minute
	}
	if a := l.account(l.ID); a.State != provision.AccountEnded || l.deaths != 1 {
		t.Fatalf("account is %s (%s): %s, after %d deaths", a.State, a.ReasonCode, a.Reason, l.deaths)
	}
	l.judgeMailboxes(elsewhere)
}

// openElsewhere makes a rule that puts people into the other team and mailbox too, where the
// desk lets anybody: on some, whoever is in neither owns nothing there.
func (w *world) openElsewhere() {
	rule := provision.Rule{Connection: w.conn.ID, Desk: w.desk.ID, Attribute: "roles", Equals: string(provision.RoleAgent), Role: provision.RoleAgent}
	can := w.honest.Capabilities()
	if can.ChangeTeams {
		rule.Teams = []string{w.Teams[1]}
	}
	if can.ChangeMailboxes && !can.MailboxesByTeam {
		rule.Mailboxes = []string{w.Mailboxes[1]}
	}
	if len(rule.Teams)+len(rule.Mailboxes) > 0 {
		_, err := w.core.Settings.AddRuleUnchecked(w.Context(), byTest, rule)
		w.must(err)
		w.pass(0)
	}
}

// judgeMailboxes compares what the desk was asked for with what is recorded.
func (l *leaver) judgeMailboxes(elsewhere map[string]bool) {
	noted := make(map[string][]string) // by conversation: the mailboxes that entries name
	for _, e := range l.entries(l.ID) {
		if e.Action == audit.ConversationHandedOver {
			mailbox, _ := e.Detail["mailbox"].(string)
			noted[e.Detail["conversation"].(string)] = append(noted[e.Detail["conversation"].(string)], mailbox)
		}
	}
	moves := l.calls.Moves()
	for _, c := range l.theirs {
		to, by := desk.Assignee{User: l.heir}, ""
		if elsewhere[c] {
			to, by = desk.Assignee{}, l.Elsewhere
		}
		if !slices.Equal(moves[c], []desk.Assignee{to}) || !slices.Equal(noted[c], []string{by}) {
			l.Errorf("conversation %s was given to %+v, and entries say by the rule of %q; want %+v, by %q", c, moves[c], noted[c], to, by)
		}
	}
	l.judgeRecord()
	records, err := l.core.Offboarding.Records(l.Context(), l.ID)
	l.must(err)
	n := len(elsewhere)
	if got := records[0].Desks[0].Conversations.Mailboxes; len(got) != 1 || got[l.Elsewhere] != (handover.Count{Before: n, Moved: n, ToQueue: n}) {
		l.Errorf("the record says by mailbox %+v, want %d of %s", got, n, l.Elsewhere)
	}
}
