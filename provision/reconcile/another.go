package reconcile

import (
	"fmt"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Another reports whether have, whom the desk shows under the id of the account's user,
// is somebody else by what is known of that user: made at another time; or, where the
// desk tells no such time, active and without the address, the userName and any name of
// the person, as they are and as the desk had confirmed them. Who carries our mark is
// nobody else, and about whom a person has said so.
func (r *Run) Another(have *provision.DeskUser) bool {
	a := &r.Account
	if have.ID != a.DeskUser || a.Origin == provision.OriginNone || have.ExternalID == string(a.ID) {
		return false
	}
	if a.Evidence.MadeAnew(have) {
		return true
	}
	told := a.Evidence.User == have.ID && a.Evidence.MadeAt != nil && !have.MadeAt.IsZero()
	agreed := a.Evidence.User == have.ID && a.Evidence.Agreed
	return !told && !agreed && a.Names != (provision.DeskNames{}) && have.Active && !r.calledSo(have)
}

// calledSo reports whether have goes by anything that the person is called, or that
// the desk had confirmed.
func (r *Run) calledSo(have *provision.DeskUser) bool {
	a := &r.Account
	for _, pair := range [][2]string{{have.Email, a.Names.Email}, {have.UserName, a.Names.UserName}, {have.UserName, a.UserName}, {have.UserName, a.Profile.Email}} {
		if pair[0] != "" && provision.Fold(pair[0]) == provision.Fold(pair[1]) {
			return true
		}
	}
	return have.Names(a)
}

// Doubt asks a person about have, who is [Run.Another]: nothing is written to them, and
// what they have or have not proves nothing of the person. ok is false where there is
// nothing to ask: access had ended before, and who has the id by now is nobody's
// business here.
func (r *Run) Doubt(have *provision.DeskUser) (question *AttentionError, ok bool) {
	a := &r.Account
	if r.Ending() && !a.HasAccess() {
		return nil, false
	}
	r.doubted = true
	code, then := provision.ReasonAdoption, "Deskbridge then looks for this person's user anew"
	if r.Ending() {
		code, then = provision.ReasonResidual, "make sure first that this person has no access under another id: Deskbridge then looks by address only"
	}
	why := "who shows neither the address nor a name of theirs"
	if a.Evidence.MadeAnew(have) {
		why = "who was made there at " + have.MadeAt.UTC().Format(time.RFC3339) + ", and theirs at " + a.Evidence.MadeAt.UTC().Format(time.RFC3339)
	}
	const said = "%s shows somebody else under the id of this person's user by now: desk user %s%s, %s. Nothing is written to that user. " +
		"If it is this person all the same, run `deskbridge retry --adopt %s`; if it is not, run `deskbridge retry %s`: %s"
	named := ""
	if have.Email != "" {
		named = " (" + have.Email + ")"
	}
	return &AttentionError{Code: code, Recheck: true,
		Reason: fmt.Sprintf(said, r.Desk.Name, have.ID, named, why, a.ID, a.ID, then),
		Logged: fmt.Sprintf(said, r.Desk.Name, have.ID, "", why, a.ID, a.ID, then)}, true
}

// answerDoubt notes on a what a person says about the user whom a run doubted: adopt
// that it is the account's, else that it is somebody else's, whose id is forgotten.
func answerDoubt(a *provision.Account, adopt bool) {
	if adopt {
		a.Origin, a.Evidence = provision.OriginAdopted, provision.Evidence{User: a.DeskUser, Agreed: true}
		return
	}
	a.DeskUser, a.Origin, a.Evidence = "", provision.OriginNone, provision.Evidence{}
}
