package signin

import (
	"context"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
)

// make makes the person, when the connection may.
func (d *signInTx) make(ctx context.Context) (provision.Identity, error) {
	// One at a time: that nobody has the address yet must stay true.
	if _, err := d.tx.LockConnection(ctx, d.conn.ID); err != nil {
		return provision.Identity{}, err
	}
	if err := d.mayMake(ctx); err != nil {
		return provision.Identity{}, err
	}
	id := provision.Identity{UserName: d.login.UserName, ExternalID: d.login.ExternalID, Status: provision.StatusActive}
	if id.UserName == "" {
		id.UserName = d.plain
	}
	d.describe(&id)
	return d.directory.InsertIn(ctx, d.tx, d.conn, d.cause, d.rules, id)
}

func (d *signInTx) mayMake(ctx context.Context) error {
	names := []string{d.plain}
	if d.login.UserName != "" && !strings.EqualFold(d.login.UserName, d.plain) {
		names = append(names, d.login.UserName)
	}
	for _, name := range names {
		people, err := d.peopleWith(ctx, name)
		if err != nil {
			return err
		}
		for _, id := range people {
			switch {
			case name == "" || !provision.SameName(id.UserName, name) && !hasEmail(&id, name):
			case id.Status == provision.StatusRemoved:
				return provision.Refuse(provision.RefusedRemoved, "your account was removed by your organisation")
			case id.Status == provision.StatusSuspended:
				return provision.Refuse(provision.RefusedSuspended, "your account was suspended by your organisation")
			case provision.SameName(id.UserName, d.login.UserName):
				return provision.Errorf(provision.Conflict, "userName", "pushed in between") // look again
			default:
				return provision.Refuse(provision.RefusedTaken, "somebody else is known by this address, and this login is not theirs")
			}
		}
	}
	if d.login.ExternalID != "" {
		if d.held {
			return provision.Refuse(provision.RefusedTaken, "somebody else has the externalId of this login, and nothing else of it is theirs; see that SCIM has told of both")
		}
		gone, err := d.tx.Tombstones(ctx, d.conn.ID, d.login.ExternalID, d.login.ExternalID)
		if err != nil {
			return err
		}
		if len(gone) > 0 {
			return provision.Refuse(provision.RefusedRemoved, "your account was removed by your organisation")
		}
	}
	creates, err := d.creates(ctx)
	switch {
	case err != nil:
		return err
	case !creates:
		return provision.Refuse(provision.RefusedUnknown, "nobody here is known by this login; your organisation adds people before they sign in")
	case d.plain == "":
		return provision.Refuse(provision.RefusedAddress, "the identity provider gives no e-mail address")
	case !d.owned:
		return provision.Refuse(provision.RefusedDomain, "addresses at this domain do not sign in here")
	case !d.vouched():
		return provision.Refuse(provision.RefusedUnproven, "the identity provider does not say that it verified the address")
	case d.login.UserName != "" && (!isASCII(d.login.UserName) || !d.mayClaimName(ctx, d.login.UserName)):
		return provision.Refuse(provision.RefusedAddress, "the identity provider gives a user name that cannot be used")
	}
	if groups := d.groups(); len(groups) > 0 {
		in := func(g string) bool {
			return slices.ContainsFunc(d.login.Groups, func(have string) bool { return provision.SameWord(have, g) })
		}
		if !d.login.GroupsKnown || !slices.ContainsFunc(groups, in) {
			return provision.Refuse(provision.RefusedGroups, "only members of certain groups sign in here")
		}
	}
	return nil
}

func (d *signInTx) groups() []string {
	if d.conn.SignIn.JIT == nil {
		return nil
	}
	return d.conn.SignIn.JIT.Groups
}

// creates reports whether a first sign-in may make people: as the connection
// says, and where it says nothing as long as nobody is pushed over SCIM.
func (d *signInTx) creates(ctx context.Context) (bool, error) {
	if d.conn.SignIn.JIT != nil {
		return d.conn.SignIn.JIT.Create, nil
	}
	tokens, err := d.tx.Tokens(ctx, d.conn.ID)
	return !slices.ContainsFunc(tokens, func(t credential.Token) bool { return t.LastUsedAt != nil }), err
}
