package adoption

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/entitlement"
)

// Reader reads users of one desk as they are now.
type Reader interface {
	// Find returns the user with an id; nil when there is none.
	Find(ctx context.Context, id provision.DeskUserID) (*provision.DeskUser, error)
}

// Selection says which users a wave adopts.
type Selection struct {
	// Confidence selects those of whom it is at least so sure: [Exact] or [Strong];
	// [None] selects nobody. Whoever is admin there, or whose access would end, is left out.
	Confidence Confidence
	Limit      int // how many of those at most
	// Named are users that are meant whatever the confidence, with who they are: the
	// id of a person, or "" for the first match.
	Named map[provision.DeskUserID]provision.IdentityID
}

// mostInWave is how many users one wave has at most.
const mostInWave = 500

// Step is one user of a wave.
type Step struct {
	User    provision.DeskUser // as the desk shows it now
	Match   Match
	Desired provision.Access // what rules give the person on the desk
	Changes []string         // what would become another on the desk, in words
	Ends    bool             // access would end
	Refused string           // why the user is not in the wave; "": it is
}

// Plan says which users of a desk a wave of sel would adopt and what would change for
// each, and of those that sel means why they are left out. Each is read from the desk. It
// changes nothing.
func (s *Service) Plan(ctx context.Context, d provision.Desk, sel Selection, desk Reader) (steps []Step, _ error) {
	switch {
	case !slices.Contains([]Confidence{None, Exact, Strong}, sel.Confidence):
		return nil, provision.Errorf(provision.Invalid, "confidence", "a wave takes exact or strong matches; of weak ones and conflicts each is named by itself")
	case sel.Confidence == None && len(sel.Named) == 0:
		return nil, provision.Errorf(provision.Invalid, "confidence", "say which users: by confidence exact or strong, or by name")
	case len(sel.Named) > mostInWave || sel.Limit > mostInWave:
		return nil, provision.Errorf(provision.Invalid, "limit", "a wave has at most %d users", mostInWave)
	case d.Removal != "":
		return nil, d.Removal.Refuse("desk " + d.Name)
	}
	r, err := s.Roster(ctx, d)
	if err != nil {
		return nil, err
	}
	chosen, err := s.choose(ctx, d, r, sel)
	if err != nil {
		return nil, err
	}
	taken := make(map[provision.IdentityID]bool)
	in := 0
	for _, c := range chosen {
		_, named := sel.Named[c.User.ID]
		if !named && in == max(sel.Limit, 0) {
			break
		}
		step, err := s.step(ctx, d, r, c, named, desk)
		if err != nil {
			return nil, err
		}
		if step.Refused == "" && taken[step.Match.Person.ID] {
			step.Refused = "another user of this wave is theirs already"
		}
		if step.Refused == "" {
			taken[step.Match.Person.ID] = true
			if !named {
				in++
			}
		}
		steps = append(steps, step)
	}
	return steps, s.spare(ctx, steps)
}

// HashOf returns what a wave of steps would do, as a hash: whom it adopts as whom, and what
// changes for each on the desk. in is how many that are. A wave that was shown is begun
// only while its hash is the same.
func HashOf(steps []Step) (hash string, in int) {
	sum := sha256.New()
	for i := range steps {
		if s := &steps[i]; s.Refused == "" {
			in++
			fmt.Fprintf(sum, "%q %q %q\n", s.User.ID, s.Match.Person.ID, s.Changes)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), in
}

// spare leaves those out whose access would end where they are more of one connection than
// mass-change protection lets lose access at once. A run that begins while the wave goes
// on could not know how many are to come.
func (s *Service) spare(ctx context.Context, steps []Step) error {
	ending := make(map[provision.ConnectionID]int)
	for i := range steps {
		if steps[i].takesAccess() {
			ending[steps[i].Match.Person.Connection]++
		}
	}
	for conn, n := range ending {
		limit, err := s.brake.LimitOf(ctx, conn)
		if err != nil {
			return err
		}
		if limit.Off || !limit.OnHold && limit.Lost+n <= limit.Most {
			continue
		}
		for i := range steps {
			if step := &steps[i]; step.takesAccess() && step.Match.Person.Connection == conn {
				step.Refused = fmt.Sprintf("access of %d people of connection %s would end by this wave, and mass-change protection lets %d lose it within %s, %d of whom have; name fewer of them",
					n, step.Match.Connection, limit.Most, limit.Window, limit.Lost)
				if limit.OnHold {
					step.Refused = fmt.Sprintf("access would end, and mass-change protection holds people of connection %s already; `deskbridge status` says how to see to them first", step.Match.Connection)
				}
			}
		}
	}
	return nil
}

// takesAccess reports whether the step is in the wave and ends access that there is.
func (s *Step) takesAccess() bool { return s.Refused == "" && s.Ends && s.User.Active }

// choose returns those whom sel means, by id; of the named ones the match that is meant
// stands first.
func (s *Service) choose(ctx context.Context, d provision.Desk, r Roster, sel Selection) (chosen []Candidate, _ error) {
	m, err := s.matcher(ctx, d, r)
	if err != nil {
		return nil, err
	}
	if len(sel.Named) > 0 {
		var ids []provision.DeskUserID
		for id := range sel.Named {
			ids = append(ids, id)
		}
		users, err := s.store.ListedUsers(ctx, ListedQuery{Roster: r, Users: ids, Limit: len(ids)})
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if !slices.ContainsFunc(users, func(u provision.DeskUser) bool { return u.ID == id }) {
				return nil, provision.Errorf(provision.NotFound, "user", "the last list of desk %s has no user %q with a role whom no account holds; `deskbridge adoption orphans --desk %s --all` shows them", d.Name, provision.Clip(string(id)), d.Name)
			}
		}
		if chosen, err = m.match(ctx, users); err != nil {
			return nil, err
		}
		for i := range chosen {
			if err := prefer(&chosen[i], sel.Named[chosen[i].User.ID]); err != nil {
				return nil, err
			}
		}
	}
	least := sel.Confidence
	for after := provision.DeskUserID(""); least != None; {
		// One more page than is needed is read only where many are left out.
		page, next, err := s.Candidates(ctx, d, r, Which{Matched: true}, after, readAtOnce)
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			if _, named := sel.Named[c.User.ID]; !named && c.Conflict == "" && c.Confidence().rank() >= least.rank() {
				chosen = append(chosen, c)
			}
		}
		if after = next; next == "" || len(chosen) >= mostInWave+len(sel.Named) {
			break
		}
	}
	return chosen, nil
}

// prefer puts the match with a person in front; "" leaves what is there.
func prefer(c *Candidate, person provision.IdentityID) error {
	i := 0
	if person != "" {
		i = slices.IndexFunc(c.Matches, func(m Match) bool { return m.Person.ID == person })
	}
	if i < 0 || len(c.Matches) == 0 {
		return provision.Errorf(provision.Invalid, "user", "user %s of the desk has nothing in common with that person: no id, address or name", c.User.ID)
	}
	c.Matches[0], c.Matches[i] = c.Matches[i], c.Matches[0]
	return nil
}

// step reads one user, and says what adopting it would do.
func (s *Service) step(ctx context.Context, d provision.Desk, r Roster, c Candidate, named bool, desk Reader) (step Step, _ error) {
	step = Step{User: c.User, Match: c.Matches[0]}
	now, err := desk.Find(ctx, c.User.ID)
	if err != nil {
		return step, err
	}
	m, err := s.matcher(ctx, d, r)
	if err != nil {
		return step, err
	}
	if step.Refused = m.refuses(&c, now, named); step.Refused != "" {
		return step, nil
	}
	step.User = *now
	rules, err := s.store.Rules(ctx, step.Match.Person.Connection)
	if err != nil {
		return step, err
	}
	groups, err := entitlement.Memberships(ctx, s.store, step.Match.Person.Connection, []provision.IdentityID{step.Match.Person.ID})
	if err != nil {
		return step, err
	}
	person := step.Match.Person
	step.Desired = provision.Evaluate(rules, person, groups[person.ID], d.ID, s.now())
	step.Ends = step.Desired.Status != provision.AccessActive
	step.Changes = changes(now, &step, rules, d)
	switch {
	case named:
	case step.Ends:
		step.Refused = "no rule gives this person the desk, so access would end; name the user with --user to adopt it all the same"
	case now.Role == provision.RoleAdmin:
		step.Refused = "is admin there; name the user with --user to adopt it all the same"
	}
	return step, nil
}

// refuses says why a user, which the desk shows as now, is adopted by no wave; "" when it
// may be.
func (m *matcher) refuses(c *Candidate, now *provision.DeskUser, named bool) string {
	best := &c.Matches[0]
	switch {
	case now == nil:
		return "the desk shows no such user any more"
	case now.ID != c.User.ID || provision.Fold(now.Email) != provision.Fold(c.User.Email) || now.ExternalID != c.User.ExternalID:
		return "the desk shows another address or external id than its list had: read the list anew with `deskbridge desk sweep`"
	case now.ID == m.roster.Self || now.Role == provision.RoleOwner:
		return "is " + aside(&m.desk, m.roster.Self, now) + ", which is never adopted"
	case best.Account != nil && best.Account.DeskUser != "":
		return c.Conflict
	}
	for _, domain := range append(best.Person.Domains(), provision.DomainOf(now.Email)) { // what a reconcile run would refuse is refused here
		if owner := m.owner(domain); owner != nil && owner.ID != best.Person.Connection {
			return fmt.Sprintf("%s is a domain that connection %s has proven, and the person is of %s", domain, owner.Name, best.Connection)
		}
	}
	switch now := aside(&m.desk, m.roster.Self, now); {
	case named:
		return ""
	case now != "":
		return now
	}
	return c.Conflict
}

// changes says in words what the desk would show otherwise.
func changes(now *provision.DeskUser, step *Step, rules []provision.Rule, d provision.Desk) (words []string) {
	if step.Ends {
		return []string{"access ends: " + cmp.Or(string(d.OnLeave), string(provision.LeaveDeactivate))}
	}
	say := func(what string, add, remove []string) {
		for _, name := range add {
			words = append(words, "+"+what+" "+name)
		}
		for _, name := range remove {
			words = append(words, "-"+what+" "+name)
		}
	}
	a := provision.Account{Connection: step.Match.Person.Connection, Desk: d.ID, Desired: step.Desired}
	teams, mailboxes, roles := a.ManagedScope(rules)
	if now.Role.Rank() != step.Desired.Role.Rank() {
		words = append(words, fmt.Sprintf("role %s to %s", now.Role, step.Desired.Role))
	}
	add, remove := provision.Difference(now.Teams, step.Desired.Teams, teams)
	say("team", add, remove)
	add, remove = provision.Difference(now.Mailboxes, step.Desired.Mailboxes, mailboxes)
	say("mailbox", add, remove)
	add, remove = provision.Difference(now.DeskRoles, step.Desired.DeskRoles, roles)
	say("desk role", add, remove)
	if !now.Active {
		words = append(words, "activated")
	}
	p := step.Match.Person.Profile
	if fields := now.Differs(provision.DeskUser{Email: p.Email, GivenName: p.GivenName, FamilyName: p.FamilyName, DisplayName: p.DisplayName, Title: p.Title, Phone: p.Phone, Timezone: p.Timezone}); len(fields) > 0 {
		words = append(words, "profile: "+strings.Join(fields, ", "))
	}
	return words
}

// Wave is users that were adopted at once.
type Wave struct {
	ID     string
	Desk   provision.DeskID
	By     string // who began it; see [provision.Cause.Who]
	At     time.Time
	Users  int // that were adopted by it, of one that was read
	Undone int // of those, the ones that were given back
}

// Adopted is one user of a wave.
type Adopted struct {
	Wave       string
	User       provision.DeskUserID
	Desk       provision.DeskID
	Account    provision.AccountID
	Identity   provision.IdentityID
	Connection provision.ConnectionID
	Confidence Confidence
	Before     provision.Access // what the desk showed just before; all of the user's teams, managed or not
	Was        AccountBefore
	UndoneAt   *time.Time // when the user was given back; nil: it was not
}

// AccountBefore is how an account was before its user was adopted.
type AccountBefore struct {
	Made       bool                   `json:"made,omitempty"` // there was none
	State      provision.AccountState `json:"state,omitempty"`
	Reason     string                 `json:"reason,omitempty"`
	ReasonCode provision.ReasonCode   `json:"reason_code,omitempty"`
	Confirmed  provision.Access       `json:"confirmed"`
}

// shown is what a user has, as the desk shows it.
func shown(u *provision.DeskUser) provision.Access {
	a := provision.Access{Status: provision.AccessActive, Role: u.Role, Teams: u.Teams, Mailboxes: u.Mailboxes, DeskRoles: u.DeskRoles}
	if !u.Active {
		a.Status = provision.AccessSuspended
	}
	return a
}
