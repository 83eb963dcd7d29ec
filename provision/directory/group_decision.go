package directory

import (
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// groupEffects is what a change of a group comes to, decided from what was
// loaded. When nothing is edited, and no member really comes or goes, nothing is
// written.
type groupEffects struct {
	old, now    provision.Group // now: with the next version
	edited      bool            // now says something else than old
	renamed     bool
	add, remove []provision.MemberID
}

// decideGroup decides what it comes to that old is to become now.
func decideGroup(old, now provision.Group, at time.Time) (groupEffects, error) {
	// What a change may not touch, whatever it tries.
	now.ID, now.Connection, now.CreatedAt = old.ID, old.Connection, old.CreatedAt
	now.Version, now.UpdatedAt = old.Version+1, at
	err := validateGroup(&now)
	if err == nil && now.DisplayName != old.DisplayName {
		err = provision.CheckVisible("displayName", now.DisplayName)
	}
	return groupEffects{old: old, now: now, renamed: now.DisplayName != old.DisplayName,
		edited: now.DisplayName != old.DisplayName || now.ExternalID != old.ExternalID || string(now.Document) != string(old.Document),
	}, err
}

// membersOf returns those who are to be added to a group. Who is not in kinds
// does not exist, and is Invalid; so is the group itself.
func membersOf(g provision.GroupID, add []provision.MemberID, kinds map[provision.MemberID]provision.MemberKind) ([]provision.Member, error) {
	members := make([]provision.Member, len(add))
	for i, id := range add {
		kind, known := kinds[id]
		if !known {
			return nil, errNoMember(id)
		}
		if provision.GroupID(id) == g {
			return nil, provision.Errorf(provision.Invalid, "members", "a group cannot be its own member")
		}
		members[i] = provision.Member{ID: id, Kind: kind}
	}
	return members, nil
}

// nests reports whether a group is among those who come or go.
func nests(kinds map[provision.MemberID]provision.MemberKind) bool {
	for _, kind := range kinds {
		if kind == provision.MemberGroup {
			return true
		}
	}
	return false
}

// peopleOf returns the people among members, in the order in which they are
// locked.
func peopleOf(kinds map[provision.MemberID]provision.MemberKind, members []provision.MemberID) []provision.IdentityID {
	var people []provision.IdentityID
	for _, m := range members {
		if kinds[m] != provision.MemberGroup {
			people = append(people, provision.IdentityID(m))
		}
	}
	slices.Sort(people)
	return people
}

func errNoMember(id provision.MemberID) error {
	return provision.Errorf(provision.Invalid, "members", "there is no user or group with the id %q in this connection; push the member before the membership", provision.Clip(string(id)))
}

// boundGroups returns the groups that rules are bound to.
func boundGroups(rules []provision.Rule) map[provision.GroupID]bool {
	bound := make(map[provision.GroupID]bool)
	for _, r := range rules {
		if r.GroupID != "" {
			bound[r.GroupID] = true
		}
	}
	return bound
}

// bindTo returns rules with those bound to g that name it and have no group
// yet, and these once more.
func bindTo(rules []provision.Rule, g provision.Group) (all, fresh []provision.Rule) {
	all = slices.Clone(rules)
	for i, r := range all {
		if r.Group != "" && r.GroupID == "" && provision.SameWord(r.Group, g.DisplayName) {
			all[i].GroupID = g.ID
			fresh = append(fresh, all[i])
		}
	}
	return all, fresh
}

func validateGroup(g *provision.Group) error {
	if strings.TrimSpace(g.DisplayName) == "" {
		return provision.Errorf(provision.Invalid, "displayName", "displayName is required and cannot be blank")
	}
	return nil
}
