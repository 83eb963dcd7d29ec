package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
)

func grantingWrites(v *Run, want provision.DeskUser, have *provision.DeskUser, around DeskFacts) ([]Write, error) {
	access := v.Granted()
	if err := mayHold(v, access, around); err != nil {
		return nil, err
	}
	if have == nil {
		detail := access.Detail()
		delete(detail, "status")
		return []Write{newWrite(v, WriteCreate, detail)}, nil
	}
	var writes []Write
	if !v.holds(have) {
		if err := mayAdopt(v, have); err != nil {
			return nil, err
		}
		writes = append(writes, adopt(v, have))
	}
	if !have.Active {
		writes = append(writes, newWrite(v, WriteActivate, nil))
	}
	if fields := have.Differs(want); len(fields) > 0 {
		writes = append(writes, newWrite(v, WriteProfile, map[string]any{"fields": fields}))
	}
	role, err := roleWrite(v, have, access.Role, around)
	if err != nil {
		return nil, err
	}
	rooms := placementWrites(v, have, access.DeskRoles, access.Teams, access.Mailboxes)
	// A weak role may not be allowed teams: people go up before they join, and
	// leave before they go down.
	if role != nil && have.Role.Less(access.Role) {
		writes = append(writes, *role)
		role = nil
	}
	if have.TeamsHidden { // where they are shows once they are active
		return writes, nil
	}
	writes = append(writes, rooms...)
	if role != nil {
		writes = append(writes, *role)
	}
	return writes, nil
}

// mayHold refuses a role of the desk's own that amounts to more than the rules say:
// the desk has given it rights since, and nobody becomes admin by a name.
func mayHold(v *Run, access provision.Access, around DeskFacts) error {
	for _, name := range access.DeskRoles {
		if rank := around.RankOf[provision.Fold(name)]; access.Role.Less(rank) {
			return &AttentionError{Code: provision.ReasonRefused, Recheck: true, Reason: fmt.Sprintf("the role %q of %s amounts to %s by now, and rules give this person %s; take those rights from it there, or let the rule that names it say role: %s", name, v.Desk.Name, rank, access.Role, rank)}
		}
	}
	return nil
}

func mayAdopt(v *Run, have *provision.DeskUser) error {
	if have.Role == provision.RoleOwner {
		return needsAttention(provision.ReasonOwner, "desk user %s, which has this person's address, is the owner of %s, which Deskbridge never takes over; transfer the ownership there or give the person another address, then run `deskbridge retry`", have.ID, v.Desk.Name)
	}
	if v.adoptionAgreed() {
		return nil
	}
	how := "run `deskbridge retry --adopt " + string(v.Account.ID) + "` to take it over"
	switch {
	case have.Role == provision.RoleAdmin:
		return needsAttention(provision.ReasonAdoption, "%s already has a user %s for this person, who is %s there and was not made by Deskbridge; %s", v.Desk.Name, have.ID, have.Role, how)
	case v.Desk.Adoption == provision.AdoptAutomatic && slices.Contains(v.Connection.Domains, domain(v.Account.Profile.Email)):
		return nil
	case v.Desk.Adoption == provision.AdoptOff:
		return needsAttention(provision.ReasonAdoption, "%s already has a user %s for this person that was not made by Deskbridge, and adoption is off for this desk; remove that user, or %s", v.Desk.Name, have.ID, how)
	}
	return needsAttention(provision.ReasonAdoption, "%s already has a user %s for this person that was not made by Deskbridge; %s", v.Desk.Name, have.ID, how)
}

func domain(email string) string {
	return provision.Fold(email[strings.LastIndexByte(email, '@')+1:])
}

// Loss is what somebody who stays can no longer own conversations in once
// writes are done. The zero value is nothing.
type Loss struct {
	All       bool     // conversations of whatever mailbox: the role is one that owns none
	Mailboxes []string // taken away
	Teams     []string // taken away
	Kept      []string // mailboxes that stay, where a role that saw all of them is taken away; nil: it is not
}

// Loses reports whether a conversation in a mailbox, which may be "", is lost.
func (l Loss) Loses(mailbox string) bool {
	return l.All || provision.ContainsFold(l.Mailboxes, mailbox) || l.Kept != nil && mailbox != "" && !provision.ContainsFold(l.Kept, mailbox)
}

// Any reports whether anything may be lost.
func (l Loss) Any() bool { return l.All || l.Kept != nil || len(l.Mailboxes)+len(l.Teams) > 0 }

// Losing returns what have loses by writes, of a run whose access does not end.
func Losing(v *Run, have *provision.DeskUser, writes []Write, around DeskFacts) (l Loss) {
	if have == nil || v.Ending() || v.Account.Desired.Role == provision.RoleAdmin && have.Role == provision.RoleAdmin && !around.MailboxesByTeam { // who sees all of them
		return l
	}
	agent := provision.RoleAgent.Rank()
	for _, w := range writes {
		switch w.Kind {
		case WriteTeams:
			l.Teams = w.Names("remove")
		case WriteMailboxes:
			l.Mailboxes = w.Names("remove")
		case WriteRole:
			l.All = have.Role.Rank() >= agent && v.Account.Desired.Role.Rank() < agent
			if have.Role == provision.RoleAdmin && !around.MailboxesByTeam {
				l.Kept = append([]string{}, v.Granted().Mailboxes...)
				for _, m := range have.Mailboxes {
					if !provision.ContainsFold(v.Mailboxes, m) { // nobody's business but theirs
						l.Kept = append(l.Kept, m)
					}
				}
			}
		}
	}
	return l
}

// UntilRaised cuts writes of somebody who is to see all mailboxes after the one
// that says so: what they own in those that are taken away is theirs once the
// desk shows the role, and not before.
func UntilRaised(v *Run, have *provision.DeskUser, writes []Write, around DeskFacts) []Write {
	if v.Ending() || have.Role == provision.RoleAdmin || v.Account.Desired.Role != provision.RoleAdmin || around.MailboxesByTeam {
		return writes
	}
	if i := slices.IndexFunc(writes, func(w Write) bool { return w.Kind == WriteRole }); i >= 0 {
		return writes[:i+1]
	}
	return writes
}
