package provision

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// Why a sign-in is refused: the Field of the Denied error. Each stands in the
// audit log, and in docs/sign-in.md with what to do about it.
const (
	RefusedDisabled  = "disabled"   // sign-in through the connection is switched off
	RefusedSuspended = "suspended"  // the IdP suspended the person
	RefusedRemoved   = "removed"    // the IdP removed the person
	RefusedDomain    = "domain"     // the connection does not own the domain of the address
	RefusedAddress   = "address"    // no address, or one that cannot be compared safely
	RefusedUnproven  = "unverified" // the IdP does not vouch for the address
	RefusedTaken     = "taken"      // somebody else has the address or the user name
	RefusedUnknown   = "unknown"    // nobody is known by this login, and the connection makes nobody
	RefusedGroups    = "groups"     // in none of the groups that may sign in, or of no known group
)

func refuse(reason, format string, args ...any) *Error {
	return Errorf(Denied, reason, format, args...)
}

// SignedIn is the result of a sign-in.
type SignedIn struct {
	Person  Identity
	Created bool // made by this sign-in
	Linked  bool // found among those known, and bound to the login
}

// signInTries is how often a sign-in that lost a race looks again.
const signInTries = 3

// SignIn finds the person behind a verified login, or makes them when the
// connection may. It is the only door for sign-ins, and changes nothing of
// people whom SCIM describes. Whoever is suspended or removed is refused, and
// is never made again. A Denied error tells in Field why.
//
// The person is, in this order: whoever this login was before; whoever SCIM
// gave the configured externalId; whoever SCIM gave the user name; where the
// connection allows it, the only one with the verified address; somebody new.
func (s *Service) SignIn(ctx context.Context, conn ConnectionID, c Cause, l Login) (in SignedIn, err error) {
	err = s.again(func() error {
		return s.store.InTx(ctx, func(tx Store) error {
			d := door{Service: s, tx: tx, cause: c, login: l}
			var err error
			in, err = d.enter(ctx, conn)
			return err
		})
	})
	return in, err
}

// again does what a sign-in does until it has lost no race: somebody else may
// be making the same person.
func (s *Service) again(do func() error) (err error) {
	for range signInTries {
		if err = do(); !isConflict(err) {
			return err
		}
	}
	return refuse(RefusedTaken, "somebody else has the user name or the address of this login")
}

// Trial is what a sign-in would come to.
type Trial struct {
	SignedIn
	Access []TrialAccess // by desk name
}

// TrialAccess is what a sign-in would give on one desk.
type TrialAccess struct {
	Desk   string
	Access Access
}

// errTrial takes back what a trial has done.
var errTrial = errors.New("provision: a trial changes nothing")

// TrySignIn is SignIn, and takes everything back: for an admin who wants to see
// what a sign-in would do.
func (s *Service) TrySignIn(ctx context.Context, conn ConnectionID, c Cause, l Login) (t Trial, _ error) {
	err := s.store.InTx(ctx, func(tx Store) error {
		t = Trial{}
		d := door{Service: s, tx: tx, cause: c, login: l}
		var err error
		if t.SignedIn, err = d.enter(ctx, conn); err != nil {
			return err
		}
		groups, err := memberships(ctx, tx, conn, []IdentityID{t.Person.ID})
		if err != nil {
			return err
		}
		for _, id := range desksOf(d.rules, nil) {
			desk, err := tx.Desk(ctx, string(id))
			if err != nil {
				return err
			}
			t.Access = append(t.Access, TrialAccess{desk.Name, Evaluate(d.rules, t.Person, groups[t.Person.ID], id)})
		}
		slices.SortFunc(t.Access, func(a, b TrialAccess) int { return strings.Compare(a.Desk, b.Desk) })
		return errTrial
	})
	if errors.Is(err, errTrial) {
		err = nil
	}
	return t, err
}

// door is one sign-in inside its transaction.
type door struct {
	*Service
	tx    Store
	cause Cause
	login Login

	conn  Connection
	rules []Rule
	plain string    // the login's address in the form that is compared; "" when it gives none
	owned bool      // the connection owns its domain
	taken bool      // somebody else is known by it
	used  time.Time // when the login was last used; zero: never
}

func (d *door) enter(ctx context.Context, conn ConnectionID) (in SignedIn, err error) {
	if d.login.Issuer == "" || d.login.Subject == "" {
		return in, Errorf(Invalid, "subject", "a login needs an issuer and a subject")
	}
	if d.rules, err = d.tx.Rules(ctx, conn); err != nil {
		return in, err
	}
	if d.conn, err = d.tx.Connection(ctx, string(conn)); err != nil {
		return in, err
	}
	if d.conn.SignIn.Disabled {
		return in, refuse(RefusedDisabled, "sign-in through this connection is switched off")
	}
	if err := d.readAddress(ctx); err != nil {
		return in, err
	}
	person, linked, err := d.find(ctx)
	if err != nil {
		return in, err
	}
	if person == nil {
		made, err := d.make(ctx)
		if err != nil {
			return in, err
		}
		in = SignedIn{Person: made, Created: true, Linked: true}
	} else {
		if !person.Active() {
			return in, refuse(RefusedSuspended, "your account was suspended by your organisation")
		}
		in = SignedIn{Person: *person, Linked: linked}
		if !person.Managed() {
			if in.Person, err = d.update(ctx, *person); err != nil {
				return in, err
			}
		}
	}
	return in, d.bind(ctx, in)
}

// readAddress brings the login's address into the form that is compared, and
// refuses one that another connection owns.
func (d *door) readAddress(ctx context.Context) error {
	if d.login.Email == "" {
		return nil
	}
	plain, ok := plainEmail(d.login.Email)
	if !ok {
		return refuse(RefusedAddress, "the identity provider gives an address that cannot be used")
	}
	d.plain = plain
	domain := domainOf(plain)
	if d.owned = slices.Contains(d.conn.Domains, domain); d.owned {
		return nil
	}
	owner, err := connectionOfDomain(ctx, d.tx, domain)
	if err == nil && owner.ID != d.conn.ID {
		return refuse(RefusedDomain, "addresses at this domain sign in elsewhere")
	}
	if isNotFound(err) {
		return nil
	}
	return err
}

// vouched reports whether the login's address can be taken as proven.
func (d *door) vouched() bool {
	switch d.login.Verified {
	case VerifiedYes:
		return d.plain != ""
	case VerifiedDomain:
		return d.owned
	}
	return false
}

// find returns the person behind the login, locked; nil when there is none yet.
func (d *door) find(ctx context.Context) (person *Identity, linked bool, _ error) {
	removed := false
	known, err := d.tx.Login(ctx, d.conn.ID, d.login.Protocol, d.login.Issuer, d.login.Subject)
	if err == nil {
		d.used = known.UsedAt
		id, err := d.tx.LockIdentity(ctx, d.conn.ID, known.Identity)
		if err == nil {
			return &id, false, nil
		}
		if !isNotFound(err) {
			return nil, false, err
		}
		removed = true // perhaps pushed again under a new id
	} else if !isNotFound(err) {
		return nil, false, err
	}
	match, err := d.match(ctx)
	if err != nil {
		return nil, false, err
	}
	if match == nil {
		if removed { // under whatever name and address they come now
			return nil, false, refuse(RefusedRemoved, "your account was removed by your organisation")
		}
		return nil, false, nil
	}
	id, err := d.tx.LockIdentity(ctx, d.conn.ID, match.ID)
	if isNotFound(err) {
		return nil, false, Errorf(Conflict, "userName", "removed in between") // look again
	}
	return &id, true, err
}

// match finds who among the known people the login is.
func (d *door) match(ctx context.Context) (*Identity, error) {
	if d.login.ExternalID != "" {
		id, err := d.tx.IdentityByExternalID(ctx, d.conn.ID, d.login.ExternalID)
		if err == nil {
			return d.claimable(ctx, &id)
		}
		if !isNotFound(err) {
			return nil, err
		}
	}
	if name := d.login.UserName; name != "" {
		for _, id := range d.peopleWith(ctx, name) {
			if sameName(id.UserName, name) && id.Status != StatusRemoved && d.mayClaimName(ctx, name) {
				return d.claimable(ctx, &id)
			}
		}
	}
	if !d.conn.SignIn.Match.Email || !d.vouched() || !d.owned {
		return nil, nil
	}
	var found []Identity
	for _, id := range d.peopleWith(ctx, d.plain) {
		if id.Status != StatusRemoved && hasEmail(&id, d.plain) {
			found = append(found, id)
		}
	}
	if len(found) != 1 {
		return nil, nil
	}
	administers, err := d.administers(ctx, found[0].ID)
	if err != nil {
		return nil, err
	}
	if administers { // an address is not enough for that, whoever vouches for it
		return nil, refuse(RefusedTaken, "an administrator of a desk is not found by the address alone; have the identity provider send what equals their userName or externalId")
	}
	return d.claimable(ctx, &found[0])
}

// administers reports whether somebody is an administrator of a desk, or
// should be.
func (d *door) administers(ctx context.Context, id IdentityID) (bool, error) {
	accounts, err := d.tx.AccountsOf(ctx, []IdentityID{id})
	return slices.ContainsFunc(accounts, func(a Account) bool {
		return a.Wanted.Role == RoleAdmin || a.Granted.Role == RoleAdmin
	}), err
}

// sameName compares user names without regard to letter case, as far as
// nothing but ASCII is involved: look-alikes and Unicode folding must not make
// one person another.
func sameName(a, b string) bool {
	return a == b || isASCII(a) && isASCII(b) && strings.EqualFold(a, b)
}

// mayClaimName reports whether a user name that may be an address belongs to
// the connection, or at least to no other.
func (d *door) mayClaimName(ctx context.Context, name string) bool {
	domain := domainOf(name)
	if domain == "" || slices.Contains(d.conn.Domains, domain) {
		return true
	}
	_, err := connectionOfDomain(ctx, d.tx, domain)
	return isNotFound(err)
}

// claimable returns id unless somebody else signs in as that person already:
// the same issuer gives one person one subject.
func (d *door) claimable(ctx context.Context, id *Identity) (*Identity, error) {
	logins, err := d.tx.LoginsOf(ctx, id.ID)
	if err != nil {
		return nil, err
	}
	for _, l := range logins {
		if l.Issuer == d.login.Issuer && l.Protocol == d.login.Protocol && l.Subject != d.login.Subject {
			return nil, refuse(RefusedTaken, "this person signs in under another identifier of the same identity provider; an admin can `deskbridge session unlink` it")
		}
	}
	return id, nil
}

// peopleWith returns the connection's people with this userName or address,
// removed ones included. What cannot be looked up finds nobody.
func (d *door) peopleWith(ctx context.Context, text string) []Identity {
	people, err := d.tx.FindPeople(ctx, text)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(people, func(id Identity) bool { return id.Connection != d.conn.ID })
}

func hasEmail(id *Identity, plain string) bool {
	same := func(value string) bool {
		p, ok := plainEmail(value)
		return ok && sameName(p, plain)
	}
	return same(id.UserName) || same(id.Profile.Email) || slices.ContainsFunc(id.Emails, func(e Email) bool { return same(e.Value) })
}

// make makes the person, when the connection may.
func (d *door) make(ctx context.Context) (Identity, error) {
	// One at a time: that nobody has the address yet must stay true.
	if _, err := d.tx.LockConnection(ctx, d.conn.ID); err != nil {
		return Identity{}, err
	}
	if err := d.mayMake(ctx); err != nil {
		return Identity{}, err
	}
	id := Identity{UserName: d.login.UserName, ExternalID: d.login.ExternalID, Status: StatusActive}
	if id.UserName == "" {
		id.UserName = d.plain
	}
	d.describe(&id)
	return d.insertIdentity(ctx, d.tx, d.conn.ID, d.cause, d.rules, id)
}

func (d *door) mayMake(ctx context.Context) error {
	names := []string{d.plain}
	if d.login.UserName != "" && !strings.EqualFold(d.login.UserName, d.plain) {
		names = append(names, d.login.UserName)
	}
	for _, name := range names {
		for _, id := range d.peopleWith(ctx, name) {
			switch {
			case name == "" || !sameName(id.UserName, name) && !hasEmail(&id, name):
			case id.Status == StatusRemoved:
				return refuse(RefusedRemoved, "your account was removed by your organisation")
			case id.Status == StatusSuspended:
				return refuse(RefusedSuspended, "your account was suspended by your organisation")
			case sameName(id.UserName, d.login.UserName):
				return Errorf(Conflict, "userName", "pushed in between") // look again
			default:
				return refuse(RefusedTaken, "somebody else is known by this address, and this login is not theirs")
			}
		}
	}
	if d.login.ExternalID != "" {
		if _, err := d.tx.Tombstone(ctx, d.conn.ID, d.login.ExternalID, d.login.ExternalID); err == nil {
			return refuse(RefusedRemoved, "your account was removed by your organisation")
		} else if !isNotFound(err) {
			return err
		}
	}
	creates, err := d.creates(ctx)
	switch {
	case err != nil:
		return err
	case !creates:
		return refuse(RefusedUnknown, "nobody here is known by this login; your organisation adds people before they sign in")
	case d.plain == "":
		return refuse(RefusedAddress, "the identity provider gives no e-mail address")
	case !d.owned:
		return refuse(RefusedDomain, "addresses at this domain do not sign in here")
	case !d.vouched():
		return refuse(RefusedUnproven, "the identity provider does not say that it verified the address")
	case d.login.UserName != "" && (!isASCII(d.login.UserName) || !d.mayClaimName(ctx, d.login.UserName)):
		return refuse(RefusedAddress, "the identity provider gives a user name that cannot be used")
	}
	if groups := d.groups(); len(groups) > 0 {
		in := func(g string) bool {
			return slices.ContainsFunc(d.login.Groups, func(have string) bool { return Fold(have) == Fold(g) })
		}
		if !d.login.GroupsKnown || !slices.ContainsFunc(groups, in) {
			return refuse(RefusedGroups, "only members of certain groups sign in here")
		}
	}
	return nil
}

func (d *door) groups() []string {
	if d.conn.SignIn.JIT == nil {
		return nil
	}
	return d.conn.SignIn.JIT.Groups
}

// creates reports whether a first sign-in may make people: as the connection
// says, and where it says nothing as long as nobody is pushed over SCIM.
func (d *door) creates(ctx context.Context) (bool, error) {
	if d.conn.SignIn.JIT != nil {
		return d.conn.SignIn.JIT.Create, nil
	}
	tokens, err := d.tx.Tokens(ctx, d.conn.ID)
	return !slices.ContainsFunc(tokens, func(t Token) bool { return t.LastUsedAt != nil }), err
}

// update brings what a sign-in may change to what the IdP says now.
func (d *door) update(ctx context.Context, person Identity) (Identity, error) {
	if d.plain != "" && !d.owned { // not any more, or no more with this address
		return Identity{}, refuse(RefusedDomain, "addresses at this domain do not sign in here")
	}
	if d.noGroups() == NoGroupsRefuse && !d.login.GroupsKnown {
		return Identity{}, refuse(RefusedGroups, "the identity provider does not say which groups you are in")
	}
	if !sameName(person.Profile.Email, d.plain) { // otherwise it is theirs
		d.taken = slices.ContainsFunc(d.peopleWith(ctx, d.plain), func(id Identity) bool {
			return id.ID != person.ID && id.Status != StatusRemoved && hasEmail(&id, d.plain)
		})
	}
	return d.saveIdentity(ctx, d.tx, d.cause, d.rules, person, func(id *Identity) error {
		d.describe(id)
		return nil
	})
}

func (d *door) noGroups() NoGroups {
	if d.conn.SignIn.JIT == nil {
		return ""
	}
	return d.conn.SignIn.JIT.NoGroups
}

// describe copies what the IdP says to somebody whom SCIM has never described.
// An address changes only to one that is proven, and nobody else's: desks go
// by it. Groups change only when the IdP names them.
func (d *door) describe(id *Identity) {
	attributes := maps.Clone(d.login.Attributes)
	if attributes == nil {
		attributes = Attributes{}
	}
	for _, ours := range []string{AttributeDesk, AttributeDeskRole, AttributeDeskTeams, AttributeDeskMailboxes, AttributeGroups} {
		delete(attributes, ours)
	}
	attributes[AttributeJIT] = []string{"true"}
	switch {
	case d.login.GroupsKnown:
		if groups := sorted(d.login.Groups); groups != nil {
			attributes[AttributeGroups] = groups
		}
	case d.noGroups() != NoGroupsEmpty && len(id.Attributes[AttributeGroups]) > 0:
		attributes[AttributeGroups] = id.Attributes[AttributeGroups]
	}
	id.Attributes = attributes
	email := id.Profile.Email
	if d.owned && d.vouched() && !d.taken {
		email = d.plain
	}
	id.Profile = d.login.Profile
	id.Profile.Email = email
	if email != "" {
		id.Emails = []Email{{Value: email, Primary: true}}
	}
}

// bind notes that the login is the person's, and when it was used, to the hour.
func (d *door) bind(ctx context.Context, in SignedIn) error {
	now := d.now()
	if !in.Linked && now.Sub(d.used) < time.Hour {
		return nil
	}
	key := LoginKey{Connection: d.conn.ID, Protocol: d.login.Protocol, Issuer: d.login.Issuer, Subject: d.login.Subject,
		Identity: in.Person.ID, CreatedAt: now, UsedAt: now}
	if err := d.tx.SaveLogin(ctx, key); err != nil || !in.Linked {
		return err
	}
	entry := d.entry(d.cause, d.conn.ID, "login.linked", string(in.Person.ID))
	entry.Detail = map[string]any{"protocol": d.login.Protocol, "first_sign_in": in.Created}
	return d.tx.Append(ctx, entry)
}

// RecordRefusal notes in the audit log that a sign-in was refused: why, and
// under which reference the person was told so. detail holds no tokens and no
// addresses.
func (s *Service) RecordRefusal(ctx context.Context, conn ConnectionID, c Cause, reason string, detail map[string]any) error {
	entry := s.entry(c, conn, "login.refused", c.Request)
	entry.Detail = maps.Clone(detail)
	if entry.Detail == nil {
		entry.Detail = map[string]any{}
	}
	entry.Detail["reason"] = reason
	return s.store.Append(ctx, entry)
}

// Unlink forgets the logins of a person, and ends their sessions: the next
// sign-in finds them as a first one does.
func (s *Service) Unlink(ctx context.Context, c Cause, person Identity) error {
	return s.store.InTx(ctx, func(tx Store) error {
		if err := tx.DeleteLogins(ctx, person.ID); err != nil {
			return err
		}
		if err := s.endSessions(ctx, tx, c, SessionFilter{Identity: person.ID}, EndedByAdmin); err != nil {
			return err
		}
		return tx.Append(ctx, s.entry(c, person.Connection, "login.unlinked", string(person.ID)))
	})
}

// SweepSignIns deletes what sign-in needs no more.
func (s *Service) SweepSignIns(ctx context.Context) error {
	now := s.now()
	return s.store.SweepSignIns(ctx, now, now.Add(-keepSessions))
}

// keepSessions is how long ended sessions can be looked at.
const keepSessions = 30 * 24 * time.Hour
