package signin

import "github.com/deskbridge/deskbridge/provision"

// verdict says whether a known login still means the person that it is bound to.
type verdict int

const (
	holds    verdict = iota // it means them
	unsure                  // what else the login says is to be looked up first
	passedOn                // it means somebody else, or nobody
	disputed                // nobody can tell
)

// evidence is what a login says of somebody, beside being a login.
type evidence struct {
	login *provision.Login
	plain string // the login's address in the form that is compared; "" when it gives none

	// looked is true when the fields below are known: the connection's people
	// who are not removed and who have the login's externalId or userName now;
	// nil: nobody. shared: more than one person has the externalId.
	looked   bool
	external *provision.Identity
	shared   bool
	named    *provision.Identity
}

// judge decides whether key means holder, who is not removed. An identifier
// that is given to nobody else comes before a name, and a name counts for as
// long as it is the person's.
func judge(key provision.LoginKey, holder *provision.Identity, e evidence) verdict {
	byName := isName(e.login, e.plain)
	weak := byName || key.FoundBy == provision.FoundByUserName || key.FoundBy == provision.FoundByEmail
	called := e.login.UserName != "" && provision.SameName(holder.UserName, e.login.UserName)
	silent := e.login.ExternalID == "" || e.shared // the externalId says nothing
	switch {
	case e.login.ExternalID != "" && e.login.ExternalID == holder.ExternalID && (called || e.looked && !e.shared):
		return holds
	case silent && (called || !weak || key.FoundBy == provision.FoundByEmail && hasEmail(holder, e.plain)):
		return holds
	case !e.looked:
		return unsure
	case !silent && e.external != nil && e.external.ID != holder.ID:
		return passedOn
	case !silent && key.FoundBy == provision.FoundByExternalID, otherID(holder, e.login):
		return passedOn
	case called:
		return holds
	case e.named != nil && e.named.ID != holder.ID && e.named.SCIMManaged():
		switch {
		case byName:
			return passedOn
		case weak:
			return disputed
		}
	case byName && holder.SCIMManaged() && !holder.Called(key.Name()):
		return passedOn // SCIM has taken the name from them since
	}
	return holds
}

// outdone reports whether a person's login of before gives way to one that was
// found by by. An externalId outdoes any. A name that is the person's now
// outdoes one that is theirs no more, or the same in other letters: never an
// identifier, for who can choose a name must not drive out who has one.
func outdone(old provision.LoginKey, person *provision.Identity, l *provision.Login, plain string, by provision.FoundBy) bool {
	if by == provision.FoundByExternalID {
		return true
	}
	now := provision.LoginKey{Subject: l.Subject}
	if !isName(l, plain) || !person.Called(now.Name()) {
		return false
	}
	if provision.SameName(old.Name(), now.Name()) {
		return old.Qualifiers() == now.Qualifiers()
	}
	_, address := provision.PlainEmail(old.Name())
	return address && !person.Called(old.Name()) && old.FoundBy != provision.FoundByExternalID
}

// isName reports whether the login's subject is its userName or address, which
// the identity provider gives to somebody else one day.
func isName(l *provision.Login, plain string) bool {
	key := provision.LoginKey{Subject: l.Subject}
	return provision.SameName(key.Name(), l.UserName) || provision.SameName(key.Name(), plain)
}

// otherID reports whether the login's externalId is another's than the person's:
// both are UUIDs, and differ. Other values may be of two kinds, as when SCIM
// sends a nickname and the login an object id.
func otherID(person *provision.Identity, l *provision.Login) bool {
	return person.ExternalID != l.ExternalID && provision.IsUUID(person.ExternalID) && provision.IsUUID(l.ExternalID)
}

// foundBy says what a login that has become the person's rests on now, when it
// was found by by.
func foundBy(by provision.FoundBy, person *provision.Identity, l *provision.Login) provision.FoundBy {
	if l.ExternalID != "" && l.ExternalID == person.ExternalID {
		return provision.FoundByExternalID
	}
	return by
}

// live returns who of people is not removed and goes by that userName, in this
// very spelling if there is one: old rows may hold one name in two Unicode forms.
// nil when nobody does, or nobody can tell.
func live(people []provision.Identity, userName string) (found *provision.Identity) {
	several := false
	for i := range people {
		id := &people[i]
		switch {
		case id.Status == provision.StatusRemoved || !provision.SameName(id.UserName, userName):
		case id.UserName == userName:
			return id
		default:
			found, several = id, found != nil
		}
	}
	if several {
		return nil
	}
	return found
}
