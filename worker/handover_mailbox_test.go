package worker_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/worker"
)

// conversationIn opens a conversation in a mailbox.
func (h *harness) conversationIn(mailbox string, to provision.DeskUserID) string {
	h.Helper()
	id, err := h.desks.AddConversation(h.Context(), h.desk.ID, builtin.NewConversation{Mailbox: mailbox, Subject: "It is broken",
		Text: "Please help", Customer: builtin.Customer{Email: "customer@shop.test"}, Assignee: desk.Assignee{User: to}})
	h.must(err)
	return id
}

func (h *harness) execute(statement string) {
	h.Helper()
	_, err := h.store.DB().ExecContext(h.Context(), statement)
	h.must(err)
}

// where returns who has which conversations: people by the name before the @, teams by
// theirs, and the queue by "".
func (h *harness) where(conversations []string) map[string]int {
	h.Helper()
	names := make(map[string]string)
	for _, u := range h.snapshot().Users {
		for _, c := range h.openOf(u.ID) {
			name, _, _ := strings.Cut(u.Email, "@")
			names[c] = name
		}
	}
	out := make(map[string]int)
	for _, c := range conversations {
		out[names[c]]++
	}
	return out
}

// TestHandOverByMailbox: each conversation goes by the rule of its mailbox, and those in
// others by the general one; the log and the record say so.
func TestHandOverByMailbox(t *testing.T) {
	bob, cid := "bob@"+domain, "cid@"+domain
	tests := []struct {
		name   string
		policy provision.HandOver
		want   map[string]int // of three in Help and two in Billing
		by     map[string]any
	}{
		{"two agents", provision.HandOver{Agent: bob, Mailboxes: map[string]provision.HandOverRule{"Billing": {Agent: cid}}}, map[string]int{"bob": 3, "cid": 2},
			map[string]any{"Billing": counted(2, 2, 0)}},
		{"names in other letters", provision.HandOver{Agent: bob, Mailboxes: map[string]provision.HandOverRule{"BILLING": {Agent: cid}}}, map[string]int{"bob": 3, "cid": 2},
			map[string]any{"BILLING": counted(2, 2, 0)}},
		{"a rule for each", provision.HandOver{To: provision.HandOverManager, Mailboxes: map[string]provision.HandOverRule{"Billing": {Agent: cid}, "Help": {Agent: bob}}}, map[string]int{"bob": 3, "cid": 2},
			map[string]any{"Billing": counted(2, 2, 0), "Help": counted(3, 3, 0)}},
		{"a team", provision.HandOver{Agent: bob, Mailboxes: map[string]provision.HandOverRule{"Billing": {Team: "Tier 2"}}}, map[string]int{"bob": 3, "": 2},
			map[string]any{"Billing": counted(2, 2, 0)}},
		{"nobody for one", provision.HandOver{Agent: bob, Mailboxes: map[string]provision.HandOverRule{"Billing": {To: provision.HandOverUnassign}}}, map[string]int{"bob": 3, "": 2},
			map[string]any{"Billing": counted(2, 2, 2)}},
		{"one who is gone", provision.HandOver{Agent: bob, Mailboxes: map[string]provision.HandOverRule{"Billing": {Agent: "gone@" + domain}}}, map[string]int{"bob": 3, "": 2},
			map[string]any{"Billing": counted(2, 2, 2)}},
		{"a team that is gone", provision.HandOver{Agent: bob, Mailboxes: map[string]provision.HandOverRule{"Billing": {Team: "Gone"}}}, map[string]int{"bob": 3, "": 2},
			map[string]any{"Billing": counted(2, 2, 2)}},
		{"a mailbox without conversations", provision.HandOver{Agent: bob, Mailboxes: map[string]provision.HandOverRule{"Sales": {Agent: cid}}}, map[string]int{"bob": 5}, nil},
		{"a cap over both", provision.HandOver{To: provision.HandOverUnassign, Cap: 4, Mailboxes: map[string]provision.HandOverRule{"Billing": {Agent: cid}, "Help": {Agent: cid}}}, map[string]int{"cid": 4, "": 1}, nil},
		{"a general team", provision.HandOver{Team: "Tier 2", Mailboxes: map[string]provision.HandOverRule{"Billing": {Agent: cid}}}, map[string]int{"cid": 2, "": 3},
			map[string]any{"Billing": counted(2, 2, 0)}},
	}
	each(t, nil, func(h *harness) {
		h.rule("agent", provision.RoleAgent, []string{"Tier 1"}, []string{"Help", "Billing"})
		h.agent("bob")
		for i, tt := range tests {
			h.sub(tt.name, func() {
				h.desk.HandOver = tt.policy
				h.must(h.store.SaveDesk(h.Context(), h.desk))
				name := fmt.Sprintf("leaver%d", i)
				leaver := h.agent(name)
				if i == 0 {
					h.agent("cid")
				}
				h.closeAll("bob", "cid")
				user := h.account(leaver.ID).DeskUser
				var all []string
				for n := range 5 {
					all = append(all, h.conversationIn([]string{"Help", "Billing"}[n%2], user))
				}
				h.suspend(leaver.ID)
				h.drain()
				h.state(leaver.ID, provision.AccountEnded)
				if diff := cmp.Diff(tt.want, h.where(all)); diff != "" {
					h.Errorf("who has them (-want +got):\n%s", diff)
				}
				h.tells(leaver, tt.policy, tt.by)
			})
		}
	})
}

// counted are the numbers of one mailbox in the log.
func counted(before, moved, toQueue int) map[string]any {
	number := func(n int) json.Number { return json.Number(strconv.Itoa(n)) }
	return map[string]any{"before": number(before), "moved": number(moved), "to_queue": number(toQueue), "left": number(0)}
}

// closeAll gives the conversations of some to nobody.
func (h *harness) closeAll(names ...string) {
	h.Helper()
	for _, name := range names {
		for _, c := range h.openOf(h.account(h.identity(name).ID).DeskUser) {
			h.must(h.raw.Assign(h.Context(), c, desk.Assignee{}))
		}
	}
}

// tells compares what the log and the record of somebody who left say by mailbox.
func (h *harness) tells(leaver provision.Identity, policy provision.HandOver, by map[string]any) {
	h.Helper()
	moved := make(map[string]int)
	for _, d := range h.handOvers(leaver.ID) {
		if mailbox, _ := d["mailbox"].(string); mailbox != "" {
			moved[mailbox]++
		}
	}
	var got any
	for _, e := range h.audit(leaver.ID) {
		if e.Action == audit.AccountHandedOver {
			got = e.Detail["mailboxes"]
		}
	}
	sum, _ := got.(map[string]any)
	for mailbox, n := range sum {
		if _, ruled := policy.Mailboxes[mailbox]; !ruled || fmt.Sprint(n.(map[string]any)["moved"]) != strconv.Itoa(moved[mailbox]) {
			h.Errorf("mailbox %s: %v, and %d entries", mailbox, n, moved[mailbox])
		}
	}
	if diff := cmp.Diff(by, sum); by != nil && diff != "" {
		h.Errorf("by mailbox (-want +got):\n%s", diff)
	}
	if len(sum) != len(moved) {
		h.Errorf("%v, and entries for %v", sum, moved)
	}
	records, err := h.core.Offboarding.Records(h.Context(), leaver.ID)
	h.must(err)
	c := records[0].Desks[0].Conversations
	if c == nil || c.Moved != 5 || len(c.Mailboxes) != len(sum) {
		h.Errorf("the record: %+v", c)
	}
	for mailbox, n := range c.Mailboxes {
		if n.Moved != moved[mailbox] || n.Left != 0 {
			h.Errorf("the record on %s: %+v", mailbox, n)
		}
	}
}

// TestMovedMeanwhile: a conversation that is moved to another mailbox while its owner's
// hand-over is under way goes by where it is when it is read, once.
func TestMovedMeanwhile(t *testing.T) {
	each(t, func(s *settings) {
		s.desk.HandOver = provision.HandOver{To: provision.HandOverUnassign, Mailboxes: map[string]provision.HandOverRule{"Billing": {Agent: "bob@" + domain}, "Help": {Agent: "cid@" + domain}}}
	}, func(h *harness) {
		defer worker.SetHandOverSlice(0)() // one conversation a run
		h.rule("agent", provision.RoleAgent, []string{"Tier 1"}, []string{"Help", "Billing"})
		h.agent("bob")
		h.agent("cid")
		leaver := h.agent("ann")
		user := h.account(leaver.ID).DeskUser
		first, second := h.conversationIn("Help", user), h.conversationIn("Help", user)
		h.suspend(leaver.ID)
		h.jobs()
		h.reconcile(h.account(leaver.ID).ID)
		if left := h.openOf(user); len(left) != 1 {
			t.Fatalf("%d are left after one run, want 1", len(left))
		}
		h.execute(`UPDATE builtin_conversations SET mailbox = (SELECT id FROM builtin_mailboxes WHERE name = 'Billing') WHERE id = ` + second)
		h.drain()
		h.state(leaver.ID, provision.AccountEnded)
		if diff := cmp.Diff(map[string]int{"bob": 1, "cid": 1}, h.where([]string{first, second})); diff != "" {
			t.Errorf("who has them (-want +got):\n%s", diff)
		}
		if n := len(h.handOvers(leaver.ID)); n != 2 {
			t.Errorf("%d entries, want 2", n)
		}
	})
}

// TestNoneLostNoneTwice: whatever the rules and wherever calls fail or answers are lost,
// each conversation is handed over once, to whom the rule of its mailbox names.
func TestNoneLostNoneTwice(t *testing.T) {
	each(t, nil, func(h *harness) {
		h.rule("agent", provision.RoleAgent, []string{"Tier 1"}, []string{"Help", "Billing"})
		takers := []string{"bob", "cid", "dan"}
		for _, name := range takers {
			h.agent(name)
		}
		for seed := range uint64(8) {
			h.sub(fmt.Sprint("seed ", seed), func() {
				random := rand.New(rand.NewPCG(seed, 7))
				rules := map[string]provision.HandOverRule{}
				for _, mailbox := range []string{"Help", "Billing"} {
					if random.IntN(4) > 0 {
						rules[mailbox] = provision.HandOverRule{Agent: takers[random.IntN(3)] + "@" + domain}
					}
				}
				h.desk.HandOver = provision.HandOver{Agent: takers[random.IntN(3)] + "@" + domain, Mailboxes: rules}
				h.must(h.store.SaveDesk(h.Context(), h.desk))
				leaver := h.agent(fmt.Sprint("leaver", seed))
				user := h.account(leaver.ID).DeskUser
				want, all := make(map[string]int), []string{}
				for range 12 {
					mailbox := []string{"Help", "Billing"}[random.IntN(2)]
					all = append(all, h.conversationIn(mailbox, user))
					rule := h.desk.HandOver.General()
					if own, ruled := rules[mailbox]; ruled {
						rule = own
					}
					name, _, _ := strings.Cut(rule.Agent, "@")
					want[name]++
				}
				h.faults.before = func(_ int, call string) error {
					if call == "Assign" && random.IntN(5) == 0 {
						return desk.Errorf(desk.Retryable, "lost before")
					}
					return nil
				}
				h.faults.after = func(_ int, call string) error {
					if call == "Assign" && random.IntN(5) == 0 {
						return desk.Errorf(desk.Retryable, "lost after")
					}
					return nil
				}
				h.suspend(leaver.ID)
				for range 60 {
					h.pass(time.Hour)
					if h.account(leaver.ID).State == provision.AccountEnded {
						break
					}
				}
				h.faults.reset()
				h.pass(time.Hour)
				h.state(leaver.ID, provision.AccountEnded)
				if diff := cmp.Diff(want, h.where(all)); diff != "" {
					h.Errorf("who has them (-want +got):\n%s", diff)
				}
				var noted []string
				for _, d := range h.handOvers(leaver.ID) {
					noted = append(noted, fmt.Sprint(d["conversation"]))
				}
				if slices.Sort(noted); !slices.Equal(noted, slices.Sorted(slices.Values(all))) {
					h.Errorf("entries for %v, want one for each of %v", noted, all)
				}
				h.closeAll(takers...)
			})
		}
	})
}

// TestRuleOfAMailboxThatNamesNobody: it is known, with the mailbox, from the first leaver
// who has conversations there until somebody is found, whatever leavers without any find.
func TestRuleOfAMailboxThatNamesNobody(t *testing.T) {
	each(t, func(s *settings) {
		s.desk.HandOver = provision.HandOver{Agent: "bob@" + domain, Mailboxes: map[string]provision.HandOverRule{"Billing": {Agent: "cid@" + domain}}}
	}, func(h *harness) {
		h.rule("agent", provision.RoleAgent, []string{"Tier 1"}, []string{"Help", "Billing"})
		h.agent("bob")
		leave := func(name string, mailboxes ...string) {
			h.Helper()
			leaver := h.agent(name)
			for _, mailbox := range mailboxes {
				h.conversationIn(mailbox, h.account(leaver.ID).DeskUser)
			}
			h.suspend(leaver.ID)
			h.drain()
			h.state(leaver.ID, provision.AccountEnded)
		}
		leave("ann", "Help")
		h.broken("")
		leave("eve", "Billing")
		h.broken(`hand_over of the mailbox "Billing": the agent named in hand_over is not active on the desk (cid@` + domain + `)`)
		leave("fay", "Help")
		h.broken(`hand_over of the mailbox "Billing"`)
		h.agent("cid")
		leave("guy", "Help", "Billing")
		h.broken("")
	})
}

// TestARenamedMailboxIsMeant: a rule goes on to mean its mailbox when the desk calls it
// otherwise, and a sweep tells when it is gone.
func TestARenamedMailboxIsMeant(t *testing.T) {
	each(t, func(s *settings) {
		s.desk.HandOver = provision.HandOver{Agent: "bob@" + domain, Mailboxes: map[string]provision.HandOverRule{"Billing": {Agent: "cid@" + domain}}}
	}, func(h *harness) {
		h.wrap = func(f faulty) desk.Desk { return numbered{f} }
		h.restart()
		h.rule("agent", provision.RoleAgent, []string{"Tier 1"}, nil)
		bob, cid, leaver := h.agent("bob"), h.agent("cid"), h.agent("ann")
		user := h.account(leaver.ID).DeskUser
		for _, id := range []provision.DeskUserID{h.account(bob.ID).DeskUser, h.account(cid.ID).DeskUser, user} {
			h.must(h.raw.ChangeMailboxes(h.Context(), id, []string{"Help", "Billing"}, nil))
		}
		h.execute(`UPDATE builtin_mailboxes SET name = 'Invoices', name_folded = 'invoices' WHERE name = 'Billing'`)
		h.restart()
		all := []string{h.conversationIn("Invoices", user), h.conversationIn("Help", user)}
		h.suspend(leaver.ID)
		h.drain()
		h.state(leaver.ID, provision.AccountEnded)
		if diff := cmp.Diff(map[string]int{"bob": 1, "cid": 1}, h.where(all)); diff != "" {
			t.Errorf("who has them (-want +got):\n%s", diff)
		}
		odd, err := h.core.DeskHealth.OddUnits(h.Context())
		h.must(err)
		if len(odd) != 1 || odd[0].Name != "Billing" || odd[0].Shown != "Invoices" {
			t.Errorf("odd units: %+v", odd)
		}
	})
}
