package faulty

import (
	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// Call is one call of the contract, as it came.
type Call struct {
	N             int // from 1
	Method        Method
	User          provision.DeskUserID // of Find and Doubt: the key's id
	Key           desk.Key             // of Find and Doubt
	Conversations []string             // of Assign and AssignMany
	To            desk.Assignee        // of Assign and AssignMany
	Want          provision.DeskUser   // of Create and SetProfile
	Role          provision.Role       // of SetRole
	Active        bool                 // of SetActive
	Add, Remove   []string             // of ChangeTeams, ChangeMailboxes and ChangeRoles
}

// Entry is what became of a call.
type Entry struct {
	Call
	Fault Kind  // "": none
	Done  int   // how often the desk did it, or answered it
	Deed  error // what the desk itself said last; nil also when it was not asked
	Told  error // what the caller was told
}

// Books returns all calls so far, in the order in which they came.
func (d *Desk) Books() []Entry {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := make([]Entry, len(d.books))
	for i, e := range d.books {
		list[i] = *e
	}
	return list
}

// Did returns the writes that the desk has done, whatever it said of them. No
// methods: all writes.
func (d *Desk) Did(methods ...Method) []Entry {
	return d.selected(func(e *Entry) bool { return e.Method.Writes() && e.Done > 0 }, methods)
}

// Told returns the writes of which the caller was told that they succeeded.
func (d *Desk) Told(methods ...Method) []Entry {
	return d.selected(func(e *Entry) bool { return e.Method.Writes() && e.Told == nil }, methods)
}

func (d *Desk) selected(that func(*Entry) bool, methods []Method) (list []Entry) {
	for _, e := range d.Books() {
		ok := len(methods) == 0
		for _, m := range methods {
			ok = ok || m == e.Method
		}
		if ok && that(&e) {
			list = append(list, e)
		}
	}
	return list
}

// Moves returns to whom the desk has given each conversation, in order.
func (d *Desk) Moves() map[string][]desk.Assignee {
	moves := make(map[string][]desk.Assignee)
	for _, e := range d.Did(Assign, AssignMany) {
		given := e.Conversations
		if e.Fault == Half {
			given = given[:len(given)/2]
		}
		for range e.Done {
			for _, c := range given {
				moves[c] = append(moves[c], e.To)
			}
		}
	}
	return moves
}
