//go:build !race

// Without the race detector: a play is one goroutine after the other, and there
// are many. test/run.sh plays them by themselves.

package worker_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	lies "github.com/deskbridge/deskbridge/desk/desktest/faulty"
	"github.com/deskbridge/deskbridge/provision"
)

// check holds our own record against the desk's books.
func (p *play) check() {
	p.Helper()
	p.nobodyEndedIsThere()
	p.nobodyIsDoubled()
	p.entriesAreTrue()
	p.conversationsAreKept()
}

// nobodyEndedIsThere: whoever is called ended has no active user with any access,
// neither the one we know nor one with their address or id.
func (p *play) nobodyEndedIsThere() {
	p.Helper()
	users := p.snapshot().Users
	holds := map[provision.DeskUserID]provision.AccountID{}
	for _, a := range p.cast {
		for _, acc := range p.accounts(a) {
			holds[acc.DeskUser] = acc.ID
		}
	}
	for _, a := range p.cast {
		for _, acc := range p.accounts(a) {
			if acc.State != provision.AccountEnded || acc.Due() {
				continue
			}
			for _, u := range users {
				theirs := u.ID == acc.DeskUser || u.ExternalID == string(acc.ID) || provision.Fold(u.Email) == provision.Fold(acc.Profile.Email)
				if other := holds[u.ID]; theirs && u.Active && u.Role.Rank() > 0 && (other == "" || other == acc.ID) {
					p.Errorf("%s is called ended, and there is %+v", a.UserName, u.DeskUser)
				}
			}
		}
	}
}

// nobodyIsDoubled: of nobody were more users made than there were ends to them.
func (p *play) nobodyIsDoubled() {
	p.Helper()
	made := map[string]int{}
	for _, e := range p.lies.Did(lies.Create) {
		made[e.Want.ExternalID]++
	}
	for _, e := range p.lies.Did(lies.Delete, lies.Anonymize) {
		made[string(p.maker.of[e.User])]--
	}
	for _, u := range p.snapshot().Users {
		if u.ExternalID != "" && made[u.ExternalID] > 1 {
			p.Errorf("%s was made %d times more than ended", u.Email, made[u.ExternalID])
		}
	}
}

// deed names what a write does to whom.
func deed(method lies.Method, user any, what ...any) string {
	return fmt.Sprint(method, " ", user, " ", fmt.Sprint(what...))
}

// sorted are the names in a detail.
func sortedNames(list any) []string {
	var names []string
	if list, ok := list.([]any); ok {
		for _, name := range list {
			names = append(names, fmt.Sprint(name))
		}
	}
	return provision.Sorted(names)
}

// claimed is the deed of which an entry says that it was done; "" when it is
// about none.
func claimed(e provision.Entry) string {
	user, d := e.Account, e.Detail
	switch e.Action {
	case "account.created":
		return deed(lies.Create, user)
	case "account.activated":
		return deed(lies.SetActive, user, true)
	case "account.deactivated":
		return deed(lies.SetActive, user, false)
	case "account.profile_changed":
		return deed(lies.SetProfile, user)
	case "account.role_changed":
		return deed(lies.SetRole, user, d["to"])
	case "account.teams_changed":
		return deed(lies.ChangeTeams, user, sortedNames(d["add"]), sortedNames(d["remove"]))
	case "account.mailboxes_changed":
		return deed(lies.ChangeMailboxes, user, sortedNames(d["add"]), sortedNames(d["remove"]))
	case "account.deleted":
		return deed(lies.Delete, user)
	case "account.anonymized":
		return deed(lies.Anonymize, user)
	case "account.sessions_ended":
		return deed(lies.EndSessions, user)
	case "conversation.handed_over":
		return deed(lies.Assign, d["conversation"], toOf(d))
	}
	return ""
}

func toOf(detail map[string]any) desk.Assignee {
	user, _ := detail["to_desk_user"].(string)
	team, _ := detail["to_team"].(string)
	return desk.Assignee{User: provision.DeskUserID(user), Team: team}
}

// done are the deeds of a call in the books.
func (p *play) done(e lies.Entry) (deeds []string) {
	user := p.maker.of[e.User]
	switch e.Method {
	case lies.Create:
		return []string{deed(e.Method, e.Want.ExternalID)}
	case lies.SetActive:
		return []string{deed(e.Method, user, e.Active)}
	case lies.SetRole:
		return []string{deed(e.Method, user, e.Role)}
	case lies.ChangeTeams, lies.ChangeMailboxes:
		return []string{deed(e.Method, user, provision.Sorted(e.Add), provision.Sorted(e.Remove))}
	case lies.Assign, lies.AssignMany:
		given := e.Conversations
		if e.Fault == lies.Half {
			given = given[:len(given)/2]
		}
		for _, c := range given {
			deeds = append(deeds, deed(lies.Assign, c, e.To))
		}
		return deeds
	}
	return []string{deed(e.Method, user)}
}

// entriesAreTrue: the desk did what is entered in the log, as often as it is.
// Of sessions, which no desk shows, it said so.
func (p *play) entriesAreTrue() {
	p.Helper()
	did, asked := map[string]int{}, map[string]int{}
	for _, e := range p.lies.Books() {
		for _, d := range p.done(e) {
			asked[d]++
		}
	}
	for _, e := range append(p.lies.Did(), p.lies.Told(lies.EndSessions)...) {
		for _, d := range p.done(e) {
			did[d] += max(e.Done, 1)
		}
	}
	p.audit("")
	moved, queued := map[string]int{}, map[string]int{}
	for _, e := range p.log[p.before:] {
		what := claimed(e)
		found := e.Detail["note"] == "found done after an interruption" && asked[what]+p.kills > 0 // as the desk shows it, and no more is said
		if what != "" && !mayBe(e) && !found {
			switch did[what]--; {
			case did[what] >= 0 || p.excuses[what] > 0 && did[what]+p.excuses[what] >= 0:
			case e.Action == "account.teams_changed" && asked[what] > 0 && p.limited(e.Account): // who is in no team
			case p.halfRead(e) || p.renamed && e.Action == "account.teams_changed":
				p.excuses[what]++
			default:
				p.Errorf("the log says of %s: %s; the desk's books do not", e.Subject, what)
			}
		}
		switch e.Action {
		case "conversation.handed_over":
			moved[e.Subject]++
			if e.Detail["to"] != nil {
				queued[e.Subject]++
			}
		case "account.handed_over":
			want := fmt.Sprintf("%d moved, %d to the queue", moved[e.Subject], queued[e.Subject])
			if got := fmt.Sprintf("%v moved, %v to the queue", e.Detail["moved"], e.Detail["to_queue"]); got != want {
				p.Errorf("the closing entry of %s says %s, want %s", e.Subject, got, want)
			}
			moved[e.Subject], queued[e.Subject] = 0, 0
		}
	}
}

// mayBe reports whether an entry says of itself that nobody can know.
func mayBe(e provision.Entry) bool {
	note, _ := e.Detail["note"].(string)
	return strings.HasPrefix(note, "may have been done")
}

// halfRead reports whether the desk has shown half of what an entry is about since
// the last check: who reads it back cannot know better.
func (p *play) halfRead(e provision.Entry) bool {
	for _, b := range p.lies.Books()[p.read:] {
		about := b.Method == lies.OpenConversations && e.Action == "conversation.handed_over" || b.Method == lies.Find && e.Action != "conversation.handed_over"
		if b.Fault == lies.Half && about && (p.maker.of[b.User] == e.Account || b.Key.ExternalID == string(e.Account)) {
			return true
		}
	}
	return false
}

// conversationsAreKept: nobody's conversation is given away who keeps it, and
// none was left to the desk to take away.
func (p *play) conversationsAreKept() {
	p.Helper()
	books := p.lies.Books()
	for _, e := range books {
		if e.Done == p.counted[e.N] || e.Method != lies.Assign && e.Method != lies.AssignMany {
			continue
		}
		p.counted[e.N] = e.Done
		given := e.Conversations
		if e.Fault == lies.Half {
			given = given[:len(given)/2]
		}
		for _, id := range given {
			c := p.conversations[id]
			if c.owner != e.To && !c.taken && !p.loses(c) {
				p.Errorf("call %d gives conversation %s to %+v, which %+v was to keep", e.N, id, e.To, c.owner)
			}
			c.owner = e.To
		}
	}
	p.read = len(books)
	owners := map[string]provision.DeskUserID{}
	for _, u := range p.snapshot().Users {
		for _, id := range p.openOf(u.ID) {
			owners[id] = u.ID
		}
	}
	for id, c := range p.conversations {
		if owners[id] != c.owner.User {
			if !p.couldNotBeGiven(id, c.owner.User) {
				p.Errorf("conversation %s is with %q, and was given to %+v", id, owners[id], c.owner)
			}
			c.owner, c.taken = desk.Assignee{User: owners[id]}, true // say so once
		}
	}
}

// loses reports whether a conversation is to go to somebody else.
func (p *play) loses(c *conversation) bool {
	if c.owner.User == "" {
		return false
	}
	of := p.maker.of[c.owner.User]
	for _, a := range p.cast {
		for _, acc := range p.accounts(a) {
			if acc.ID == of {
				part := p.parts[a.part]
				sees := slices.Contains(part.mailboxes, c.mailbox) || part.role == provision.RoleAdmin
				return !a.active || part.role.Rank() < provision.RoleAgent.Rank() || !sees
			}
		}
	}
	return true
}

// converged: all is as desired.
func (p *play) converged() {
	p.Helper()
	for _, a := range p.cast {
		accounts := p.accounts(a)
		if len(accounts) == 0 && !a.active {
			continue
		}
		acc, part := accounts[0], p.parts[a.part]
		if !a.active {
			if acc.State != provision.AccountEnded {
				p.Errorf("%s is %s (%q), want ended", a.UserName, acc.State, acc.Reason)
			}
			continue
		}
		u := p.user(acc.Profile.Email)
		if acc.State != provision.AccountReady || u == nil || u.ID != acc.DeskUser || !u.Active || u.Role != part.role || u.FamilyName != acc.Profile.FamilyName {
			p.Errorf("%s is %s (%q) and %+v, want %s", a.UserName, acc.State, acc.Reason, u, a.part)
			continue
		}
		if !slices.Equal(u.Teams, part.teams) || part.role != provision.RoleAdmin && !slices.Equal(u.Mailboxes, part.mailboxes) {
			p.Errorf("%s is in %v and %v, want %+v", a.UserName, u.Teams, u.Mailboxes, part)
		}
	}
}

// limited reports whether the desk has made a light user of an account's.
func (p *play) limited(id provision.AccountID) bool {
	return slices.ContainsFunc(p.lies.Did(lies.SetRole), func(e lies.Entry) bool {
		return e.Role == provision.RoleLimited && p.maker.of[e.User] == id
	})
}

// couldNotBeGiven reports whether the desk refused to give a conversation to
// anybody, or kept it out of a list that it gave for whole.
func (p *play) couldNotBeGiven(id string, owner provision.DeskUserID) bool {
	return slices.ContainsFunc(p.lies.Books(), func(e lies.Entry) bool {
		return slices.Contains(e.Conversations, id) && desk.KindOf(e.Told) == desk.Permanent ||
			e.Method == lies.OpenConversations && e.User == owner && e.Fault == lies.Half
	})
}
