package outcometest

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// someConversations is how many a leaver has open.
const someConversations = 3

// person is somebody whom a life is about.
type person struct {
	provision.Identity
	role          provision.Role
	leaves        bool
	known         map[provision.DeskUserID]bool // every user that the account has had
	conversations []string
	left          int // how often their access has ended
}

// act is what happens to somebody.
type act struct {
	name string
	do   func(w *world, p *person)
}

// acts are a life, in order.
var acts = []act{
	{"joins", func(w *world, p *person) {
		p.role = provision.RoleAgent
		p.Identity = w.person(w.address("ada"))
	}},
	{"becomes an admin", func(w *world, p *person) {
		p.role = provision.RoleAdmin
		w.update(p.ID, func(i *provision.Identity) { i.Attributes = provision.Attributes{"roles": {string(p.role)}} })
	}},
	{"leaves with open conversations", func(w *world, p *person) {
		if w.Converse != nil {
			p.conversations = w.Converse(w.T, w.account(p.ID).DeskUser, someConversations)
		}
		p.leaves = true
		w.update(p.ID, suspended)
	}},
	{"comes back", func(w *world, p *person) {
		p.leaves, p.conversations = false, nil
		w.update(p.ID, restored)
	}},
	{"leaves again", func(w *world, p *person) {
		p.leaves = true
		w.update(p.ID, suspended)
	}},
}

// life plays a fault in all that happens to somebody.
func (w *world) life(f fault) {
	p := &person{known: map[provision.DeskUserID]bool{}}
	befell := 0
	life := acts
	if w.Slow {
		life = acts[:3]
	}
	for i, a := range life {
		if i > 0 && w.Failed() {
			return
		}
		befell += w.faultedAct(f, p, a, "somebody "+a.name)
	}
	if befell == 0 && len(f.wire) > 0 && !w.Failed() {
		w.Error("the fault never befell anything")
	}
}

// faultedAct plays one act of a life with a fault, until the desk has been
// honest again for long enough.
func (w *world) faultedAct(f fault, p *person, a act, name string) (befell int) {
	a.do(w, p)
	task := w.task(p)
	if w.wire == nil {
		f.words = cmp.Or(f.wordsOfCalls, f.words)
	}
	if f.asks && !w.honest.Capabilities().ExternalID {
		f.words = asked
	}
	words := strings.Trim(f.words+"|"+task, "|")
	if can := w.honest.Capabilities(); f.hides && !can.ChangeMailboxes && !can.MailboxesByTeam {
		words += "|" + byHand // to give a mailbox that is not shown
	}
	w.arrange(f)
	for _, wait := range []time.Duration{0, 1500 * time.Millisecond, 2500 * time.Millisecond, 4500 * time.Millisecond, 11 * time.Minute} {
		w.pass(wait)
		good := w.judge(p, f, name, words) || w.asks(p, task)
		if good && wait > 0 {
			if f.lasts && task == "" {
				w.Errorf("%s: as desired, on a desk that %s", name, f.name)
			}
			break
		}
	}
	befell = w.heal(p)
	if now := w.account(p.ID); f.asks && !w.honest.Capabilities().ExternalID && now.ReasonCode == provision.ReasonAdoption {
		_, err := w.core.Reconcile.Retry(w.Context(), byTest, provision.AccountFilter{}, now.ID, true)
		w.must(err)
		words = task
	}
	for _, wait := range []time.Duration{11 * time.Minute, time.Hour} {
		w.pass(wait)
		if good := w.judge(p, f, name, words) || w.asks(p, task); good {
			break
		}
	}
	w.end(p, f, task, name)
	return befell
}

// task returns what an admin is asked to do where the desk's API lacks what an
// act needs; "" when it lacks nothing.
func (w *world) task(p *person) string {
	w.Helper()
	account := w.account(p.ID)
	if p.leaves && w.Converse == nil && account.DeskUser != "" { // whatever is open, nobody here can know
		_, err := w.honest.OpenConversations(w.Context(), account.DeskUser, 1)
		return w.cannot(err)
	}
	if !p.leaves && account.DeskUser == "" && p.role == provision.RoleAdmin && w.honest.Capabilities().MakesAgents {
		return byHand + ".*" // of whom is not known yet
	}
	if w.honest.Capabilities().ChangeRole || p.role != provision.RoleAdmin || p.leaves || account.DeskUser == "" {
		return ""
	}
	return w.cannot(w.honest.SetRole(w.Context(), account.DeskUser, p.role))
}

// asks reports whether nothing is left but what an admin is asked to do.
func (w *world) asks(p *person, task string) bool {
	w.Helper()
	a := w.account(p.ID)
	return task != "" && a.State == provision.AccountNeedsAttention && a.ReasonCode == provision.ReasonByHand && regexp.MustCompile("^"+task+"$").MatchString(a.Reason)
}

// say has an admin say that what was to be done by hand is done.
func (w *world) say(id provision.AccountID) {
	w.Helper()
	tasks, err := w.core.ByHand.Tasks(w.Context(), w.desk.ID)
	w.must(err)
	for _, t := range tasks {
		if t.Account.ID == id {
			_, err := w.core.ByHand.Done(w.Context(), byTest, t.ID, "")
			w.must(err)
		}
	}
	w.pass(0)
}

// cannot returns the words of an error that says what an API lacks.
func (w *world) cannot(err error) string {
	w.Helper()
	e, ok := errors.AsType[*desk.Error](err)
	if !ok || e.Kind != desk.CannotDo || e.Detail == "" {
		w.Fatalf("%v, want the clicks for an admin", err)
	}
	return byHand + ".*" + regexp.QuoteMeta(e.Detail)
}

// judge compares what an account says with what the desk is. It reports whether
// all is as desired.
func (w *world) judge(p *person, f fault, name, words string) (good bool) {
	w.Helper()
	a := w.account(p.ID)
	if a.DeskUser != "" {
		p.known[a.DeskUser] = true
	}
	switch {
	case !a.Due() && a.State == provision.AccountReady:
		if wrong := w.notAsDesired(p, &a); wrong != "" {
			w.Errorf("%s: called ready, and %s", name, wrong)
		}
		return !p.leaves
	case !a.Due() && a.State == provision.AccountEnded:
		if wrong := w.notEnded(p, f); wrong != "" {
			w.Errorf("%s: called ended, and %s", name, wrong)
		}
		return p.leaves
	}
	if words == "" || !regexp.MustCompile(words).MatchString(a.Reason) {
		w.Errorf("%s: account is %s, and says %q (%s), which is not of /%s/", name, a.State, a.Reason, a.ReasonCode, words)
	}
	return false
}

// end judges an act when the desk has been honest for long.
func (w *world) end(p *person, f fault, task, name string) {
	w.Helper()
	now := w.account(p.ID)
	if task != "" {
		if !w.asks(p, task) {
			w.Errorf("%s: in the end account is %s (%s): %q, want /%s/", name, now.State, now.ReasonCode, now.Reason, task)
		}
		if wrong := w.notEnded(p, f); p.leaves && wrong != "" {
			w.Errorf("%s: in the end %s", name, wrong)
		}
		if !p.leaves || w.Failed() {
			return
		}
		w.say(now.ID)
		now = w.account(p.ID)
	}
	want := provision.AccountReady
	if p.leaves {
		want = provision.AccountEnded
	}
	if now.State != want || now.Due() {
		w.Errorf("%s: in the end account is %s (%s): %q, want %s", name, now.State, now.ReasonCode, now.Reason, want)
		return
	}
	if p.leaves {
		p.left++
	}
	w.entered(p, f, name)
}

// entered compares the audit log with what was done.
func (w *world) entered(p *person, f fault, name string) {
	w.Helper()
	ended, given := 0, map[string]int{}
	for _, e := range w.entries(p.ID) {
		switch e.Action {
		case audit.AccountEnded:
			ended++
		case audit.ConversationHandedOver:
			given[fmt.Sprint(e.Detail["conversation"])]++
		}
	}
	if ended != p.left {
		w.Errorf("%s: %d entries say that access ended, want %d", name, ended, p.left)
	}
	for _, c := range p.conversations {
		if given[c] != 1 && !(f.hides && given[c] == 0) {
			w.Errorf("%s: %d entries say that conversation %s was handed over", name, given[c], c)
		}
	}
}

// notAsDesired says what the desk does not have; "" when it has all.
func (w *world) notAsDesired(p *person, a *provision.Account) string {
	u := w.user(desk.Key{ID: a.DeskUser})
	switch {
	case u == nil:
		return fmt.Sprintf("there is no user %q", a.DeskUser)
	case !u.Active || u.Role != p.role || w.honest.Capabilities().ChangeTeams && !provision.ContainsFold(u.Teams, w.Teams[0]):
		return fmt.Sprintf("there is %+v, want role %s in %s", *u, p.role, w.Teams[0])
	case w.Mailboxes[0] != "" && !w.honest.Capabilities().MailboxesByTeam && u.Role != provision.RoleAdmin && !provision.ContainsFold(u.Mailboxes, w.Mailboxes[0]):
		return fmt.Sprintf("there is %+v, without mailbox %s", *u, w.Mailboxes[0])
	}
	return w.doubled(p, a)
}

// doubled says that a second user goes by somebody's address.
func (w *world) doubled(p *person, a *provision.Account) string {
	if u := w.user(desk.Key{Email: p.Profile.Email}); u != nil && u.Active && u.ID != a.DeskUser {
		return fmt.Sprintf("there is a second user %+v", *u)
	}
	return ""
}

// notEnded says what is left of somebody's access; "" when nothing is.
func (w *world) notEnded(p *person, f fault) string {
	keys := []desk.Key{{Email: p.Profile.Email}}
	for id := range p.known {
		keys = append(keys, desk.Key{ID: id})
	}
	for _, key := range keys {
		u := w.user(key)
		if u == nil {
			continue
		}
		if u.Active && u.Role.Rank() > 0 {
			return fmt.Sprintf("there is %+v", *u)
		}
	}
	for _, c := range p.conversations {
		if f.hides {
			break
		}
		if to := w.Assignee(w.T, c); p.known[to.User] {
			return fmt.Sprintf("conversation %s is still %s's", c, to.User)
		}
	}
	return ""
}

// user returns what the desk itself knows.
func (w *world) user(key desk.Key) *provision.DeskUser {
	w.Helper()
	u, err := w.honest.Find(w.Context(), key)
	if err != nil {
		w.Fatal(err)
	}
	return u
}
