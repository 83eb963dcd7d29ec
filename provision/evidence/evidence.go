package evidence

import (
	"fmt"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// See returns what is known of an account's user once a desk has shown u, who is that user.
func See(known provision.Evidence, u *provision.DeskUser) provision.Evidence {
	seen := provision.Evidence{User: u.ID}
	if known.User == u.ID {
		seen.MadeAt, seen.Agreed = known.MadeAt, known.Agreed
	}
	if !u.MadeAt.IsZero() {
		seen.MadeAt = new(u.MadeAt)
	}
	return seen
}

// Doubt returns what is known of a's user once a person was asked, or not, whether it is
// theirs that the desk shows under the id.
func Doubt(a *provision.Account, asked bool) provision.Evidence {
	known := a.Evidence
	if known.User != a.DeskUser {
		known = provision.Evidence{User: a.DeskUser}
	}
	if known.Doubted = asked; !asked && known == (provision.Evidence{User: a.DeskUser}) {
		return a.Evidence
	}
	return known
}

// Answer notes on a what a person says about the user whom a run doubted: with theirs that
// it is the account's, else that it is somebody else's, whose id is forgotten. It reports
// whether there was a doubt.
func Answer(a *provision.Account, theirs bool) bool {
	if a.DeskUser == "" || a.Evidence.User != a.DeskUser || !a.Evidence.Doubted {
		return false
	}
	a.Evidence = provision.Evidence{User: a.DeskUser, Agreed: true}
	if !theirs {
		a.DeskUser, a.Origin, a.Evidence = "", provision.OriginNone, provision.Evidence{}
	}
	return true
}

// MadeAnew reports whether u, who has the id of whom known is about, was made at another
// time, to the second.
func MadeAnew(known provision.Evidence, u *provision.DeskUser) bool {
	return bothTell(known, u) && !known.MadeAt.Truncate(time.Second).Equal(u.MadeAt.Truncate(time.Second))
}

func bothTell(known provision.Evidence, u *provision.DeskUser) bool {
	return known.User == u.ID && known.MadeAt != nil && !u.MadeAt.IsZero()
}

// Another reports whether have, whom the desk shows under the id of a's user, is somebody
// else by what is known of that user: made at another time; or, where that is not told,
// active and without the address, the userName and any name of the person, as they are
// and as the desk had confirmed them. Who carries our mark is nobody else, and about
// whom a person has said so.
func Another(a *provision.Account, have *provision.DeskUser) bool {
	if have.ID != a.DeskUser || a.Origin == provision.OriginNone || have.ExternalID == string(a.ID) {
		return false
	}
	if bothTell(a.Evidence, have) {
		return MadeAnew(a.Evidence, have)
	}
	agreed := a.Evidence.User == have.ID && a.Evidence.Agreed
	return !agreed && a.Names != (provision.DeskNames{}) && have.Active && !calledSo(a, have)
}

// calledSo reports whether have goes by anything that the person is called, or that
// the desk had confirmed.
func calledSo(a *provision.Account, have *provision.DeskUser) bool {
	for _, pair := range [][2]string{{have.Email, a.Names.Email}, {have.UserName, a.Names.UserName}, {have.UserName, a.UserName}, {have.UserName, a.Profile.Email}} {
		if pair[0] != "" && provision.Fold(pair[0]) == provision.Fold(pair[1]) {
			return true
		}
	}
	return have.Names(a)
}

// Question is what a person is asked about have, who is [Another] on a desk: in words
// for them, and without addresses for the logs. The code is "" where there is nothing to ask:
// access had ended before, and who has the id by now is nobody's business here.
func Question(a *provision.Account, desk string, have *provision.DeskUser) (code provision.ReasonCode, said, logged string) {
	code, then := provision.ReasonAdoption, "Deskbridge then looks for this person's user anew"
	if a.Desired.Status != provision.AccessActive {
		if !a.HasAccess() {
			return "", "", ""
		}
		code, then = provision.ReasonResidual, "make sure first that this person has no access under another id: Deskbridge then looks by mark and address only"
	}
	why := "who shows neither the address nor a name of theirs"
	if MadeAnew(a.Evidence, have) {
		why = "who was made there at " + have.MadeAt.UTC().Format(time.RFC3339) + ", and theirs at " + a.Evidence.MadeAt.UTC().Format(time.RFC3339)
	}
	const text = "%s shows somebody else under the id of this person's user by now: desk user %s%s, %s. Nothing is written to that user. " +
		"If it is this person all the same, run `deskbridge retry --adopt %s`; if it is not, run `deskbridge retry %s`: %s"
	named := ""
	if have.Email != "" {
		named = " (" + have.Email + ")"
	}
	return code, fmt.Sprintf(text, desk, have.ID, named, why, a.ID, a.ID, then), fmt.Sprintf(text, desk, have.ID, "", why, a.ID, a.ID, then)
}
