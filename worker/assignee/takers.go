package assignee

import (
	"context"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// Takers are those who take over from one person, by the rules of a desk's policy. Each
// rule is looked at when a conversation goes by it for the first time, and rules of
// several mailboxes that say the same are one: whose turn it is goes on. It is not safe
// for concurrent use.
type Takers struct {
	search search
	lists  map[provision.HandOverRule]*List
	room   map[desk.Assignee]int // how many more each may get, by whatever rule; nil: any number
	fresh  map[string]*List      // found, and not told by Problems yet; by mailbox
}

// New returns those who take over from have what loss says. It asks nothing yet.
func New(people People, d desk.Desk, v *reconcile.Run, have *provision.DeskUser, loss reconcile.Loss) *Takers {
	t := &Takers{search: search{people: people, d: d, v: v, have: have, loss: loss}, lists: make(map[provision.HandOverRule]*List), fresh: make(map[string]*List)}
	if v.Desk.HandOver.Cap > 0 {
		t.room = make(map[desk.Assignee]int)
	}
	return t
}

// Next returns whose turn it is by the rule of a mailbox, as hand_over writes it, "" the
// general one; see [List.Next]. With a cap, people get no more than it leaves them, as the
// desk shows what they have: that is a call for each of them.
func (t *Takers) Next(ctx context.Context, mailbox string, again *desk.Assignee) (to desk.Assignee, note string, _ error) {
	l, err := t.list(ctx, mailbox)
	if err != nil {
		return to, "", err
	}
	to, note = l.Next(again)
	return to, note, nil
}

func (t *Takers) list(ctx context.Context, mailbox string) (*List, error) {
	policy := t.search.v.Desk.HandOver
	rule := policy.General()
	if mailbox != "" {
		rule = policy.Mailboxes[mailbox]
	}
	l := t.lists[rule]
	if l == nil {
		look := t.search
		look.rule = rule
		var err error
		if l, err = look.named(ctx); err != nil {
			return nil, err
		}
		if err := t.limit(ctx, l, policy.Cap); err != nil {
			return nil, err
		}
		t.lists[rule], t.fresh[mailbox] = l, l
	}
	return l, nil
}

// limit has the people of l get no more than most.
func (t *Takers) limit(ctx context.Context, l *List, most int) error {
	if l.room = t.room; l.room == nil {
		return nil
	}
	for _, to := range l.all {
		if _, known := t.room[to]; known || to.User == "" {
			continue
		}
		open, err := t.search.d.OpenConversations(ctx, to.User, most)
		if err != nil {
			return err
		}
		t.room[to] = most - len(open)
	}
	return nil
}

// Problems says what is wrong with the rules that were looked at since it was last asked,
// by mailbox: "" for nothing. Those of which that is not known are not in it.
func (t *Takers) Problems(ctx context.Context, leaver *provision.DeskUser) map[string]string {
	found := make(map[string]string, len(t.fresh))
	for mailbox, l := range t.fresh {
		rule := t.search.v.Desk.HandOver.General()
		if mailbox != "" {
			rule = t.search.v.Desk.HandOver.Mailboxes[mailbox]
		}
		if problem, known := l.Problem(ctx, t.search.d, mailbox, rule, leaver); known {
			found[mailbox] = problem
		}
	}
	clear(t.fresh)
	return found
}
