package assignee

import (
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// List is those who take over, in turn; empty means nobody. It is not safe for
// concurrent use.
type List struct {
	all  []desk.Assignee
	at   int
	room map[desk.Assignee]int // how many more each may get; whoever is not in it any number
	note string                // why it is nobody, when somebody was asked for
}

// add adds users who are not in it, without the leaver.
func (l *List) add(users []provision.DeskUserID, leaver provision.DeskUserID) {
	for _, u := range users {
		if to := (desk.Assignee{User: u}); u != leaver && !slices.Contains(l.all, to) {
			l.all = append(l.all, to)
		}
	}
}

// Next returns whose turn it is; again, if that is one of them: who was tried
// before may have the conversation after all, and nobody is to have it after them.
// note says, for the audit log, why it is nobody or not who was asked for; "" when
// there is nothing to say.
func (l *List) Next(again *desk.Assignee) (to desk.Assignee, note string) {
	if again != nil && slices.Contains(l.all, *again) {
		return *again, l.note
	}
	for range l.all {
		to := l.all[l.at%len(l.all)]
		l.at++
		if left, limited := l.room[to]; !limited || left > 0 {
			if limited {
				l.room[to]--
			}
			return to, l.note
		}
	}
	if len(l.all) > 0 {
		return desk.Assignee{}, "everybody who takes over has as many as the cap of hand_over allows"
	}
	return desk.Assignee{}, l.note
}
