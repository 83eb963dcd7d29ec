package administration

import (
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
)

// Role is what somebody may do here. It has nothing to do with [provision.Role],
// which is what they may do on a desk.
type Role string

// The roles. Each may all that those after it may, down to [Auditor].
// [MailboxManager] stands apart: it has a [Reach].
const (
	Owner          Role = "owner"           // everything; who has which role, too
	Admin          Role = "admin"           // everything else
	Operator       Role = "operator"        // day by day: retry, adopt, reject, end sessions
	Auditor        Role = "auditor"         // reads
	MailboxManager Role = "mailbox-manager" // rules about chosen teams and mailboxes
)

// Roles lists the roles, the strongest first.
var Roles = []Role{Owner, Admin, Operator, Auditor, MailboxManager}

// ParseRole returns the role of a name, in any letter case.
func ParseRole(name string) (Role, error) {
	for _, r := range Roles {
		if strings.EqualFold(name, string(r)) {
			return r, nil
		}
	}
	return "", provision.Errorf(provision.Invalid, "role", "unknown role %q; use owner, admin, operator, auditor or mailbox-manager", provision.Clip(name))
}

// Reach is what of one desk a mailbox manager may map: people get these teams and
// mailboxes by rules of theirs, and nothing else.
type Reach struct {
	Desk      provision.DeskID `json:"desk"`
	Teams     []string         `json:"teams,omitempty"`     // sorted, desk's names
	Mailboxes []string         `json:"mailboxes,omitempty"` // sorted, desk's names
}

// Standing is what somebody may do: as the strongest of their roles, and as a
// mailbox manager besides where there is a Reach. The zero Standing is nobody's.
type Standing struct {
	Role  Role
	Reach []Reach // by desk; one for each
}

// None reports whether s is that of somebody without a role.
func (s Standing) None() bool { return s.Role == "" }

// Covers reports whether whoever has s may all that other may.
func (s Standing) Covers(other Standing) bool {
	switch {
	case other.None():
		return true
	case other.Role != MailboxManager && (s.None() || rank(s.Role) > rank(other.Role)):
		return false
	case s.Role == Owner, s.Role == Admin:
		return true
	}
	for _, r := range other.Reach {
		if !reaches(s.Reach, r.Desk, r.Teams, r.Mailboxes) {
			return false
		}
	}
	return true
}

// Reaches reports whether a mailbox manager may map all of these teams and
// mailboxes of a desk.
func (s Standing) Reaches(desk provision.DeskID, teams, mailboxes []string) bool {
	return reaches(s.Reach, desk, teams, mailboxes)
}

func reaches(have []Reach, desk provision.DeskID, teams, mailboxes []string) bool {
	i := slices.IndexFunc(have, func(r Reach) bool { return r.Desk == desk })
	return i >= 0 && within(teams, have[i].Teams) && within(mailboxes, have[i].Mailboxes)
}

func within(names, list []string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return !provision.ContainsFold(list, n) })
}

// rank orders roles, the strongest first.
func rank(r Role) int { return slices.Index(Roles, r) }

// add adds a role to s.
func (s *Standing) add(role Role, reach []Reach) {
	if s.None() || rank(role) < rank(s.Role) {
		s.Role = role
	}
	s.Reach = joined(s.Reach, reach)
}

// joined returns what two reaches come to.
func joined(one, other []Reach) []Reach {
	out := slices.Clone(one)
	for _, r := range other {
		i := slices.IndexFunc(out, func(o Reach) bool { return o.Desk == r.Desk })
		if i < 0 {
			out = append(out, r)
			continue
		}
		out[i].Teams = provision.Sorted(slices.Concat(out[i].Teams, r.Teams))
		out[i].Mailboxes = provision.Sorted(slices.Concat(out[i].Mailboxes, r.Mailboxes))
	}
	slices.SortFunc(out, func(a, b Reach) int { return strings.Compare(string(a.Desk), string(b.Desk)) })
	return out
}

// checkReach returns an Invalid error unless reach is what goes with a role, and
// returns it in order: names sorted, one element for each desk.
func checkReach(role Role, reach []Reach) ([]Reach, error) {
	if role != MailboxManager {
		if len(reach) > 0 {
			return nil, provision.Errorf(provision.Invalid, "reach", "teams and mailboxes go with the role mailbox-manager; %s may map all", role)
		}
		return nil, nil
	}
	for i, r := range reach {
		reach[i].Teams, reach[i].Mailboxes = provision.Sorted(r.Teams), provision.Sorted(r.Mailboxes)
		if r.Desk == "" || len(r.Teams)+len(r.Mailboxes) == 0 {
			return nil, errNoReach
		}
		for _, name := range slices.Concat(r.Teams, r.Mailboxes) {
			if err := provision.CheckVisible("reach", name); err != nil {
				return nil, err
			}
		}
	}
	if len(reach) == 0 {
		return nil, errNoReach
	}
	return joined(nil, reach), nil
}

var errNoReach = provision.Errorf(provision.Invalid, "reach", "a mailbox manager needs a desk, and teams or mailboxes of it that they may map")
