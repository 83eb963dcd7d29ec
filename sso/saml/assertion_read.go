package saml

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/beevik/etree"
)

const bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"

var (
	subjectName   = name{nsAssertion, "Subject"}
	nameIDName    = name{nsAssertion, "NameID"}
	authnName     = name{nsAssertion, "AuthnStatement"}
	attributeName = name{nsAssertion, "AttributeStatement"}
)

// reader reads an assertion that a signature covers, and checks what it says
// (SAML profiles §4.1.4.3).
type reader struct {
	sp        *ServiceProvider
	now       time.Time
	requestID string
	assertion Assertion
}

func (r *reader) read(e *etree.Element) (*Assertion, error) {
	err := parts(e, map[name]int{
		issuerName: 1, signatureName: 1, subjectName: 1, conditionsName: 1,
		authnName: 0, attributeName: 0, {nsAssertion, "AuthzDecisionStatement"}: 0,
	})
	if err != nil {
		return nil, err
	}
	until, err := r.sp.checkOrigin(e)
	if err != nil {
		return nil, err
	}
	r.assertion.Issued, _ = instant(e, "IssueInstant") // it is there
	r.limit(until)
	r.assertion.ID, r.assertion.Issuer = attribute(e, "ID"), r.sp.idp.EntityID
	for _, step := range []func(*etree.Element) error{r.subject, r.conditions, r.authn, r.attributes} {
		if err := step(e); err != nil {
			return nil, err
		}
	}
	return &r.assertion, nil
}

// subject reads who it is about, and that it was made for us to be shown by
// whoever bears it.
func (r *reader) subject(e *etree.Element) error {
	subject := only(e, subjectName)
	if subject == nil {
		return refuse(ReasonSubject, "the assertion has no Subject")
	}
	id, err := readNameID(subject)
	if err != nil {
		return err
	}
	r.assertion.NameID = id
	confirmationName := name{nsAssertion, "SubjectConfirmation"}
	if err := parts(subject, map[name]int{nameIDName: 1, confirmationName: 0}); err != nil {
		return err
	}
	var first error
	for _, confirmation := range children(subject, confirmationName) {
		if attribute(confirmation, "Method") != bearer {
			continue
		}
		until, err := r.confirmation(confirmation)
		if err == nil {
			r.limit(until)
			return nil
		}
		if first == nil {
			first = err
		}
	}
	if first == nil {
		first = refuse(ReasonConfirmation, "the assertion has no bearer confirmation")
	}
	return first
}

// readNameID returns the one NameID in e.
func readNameID(e *etree.Element) (NameID, error) {
	id := only(e, nameIDName)
	if id == nil {
		return NameID{}, refuse(ReasonNameID, "%s has no NameID, an encrypted one, or more than one", e.Tag)
	}
	value := trimmed(id)
	if value == "" {
		return NameID{}, refuse(ReasonNameID, "an empty NameID: see which attribute the identity provider sends as NameID")
	}
	read := NameID{value, attribute(id, "Format"), attribute(id, "NameQualifier"), attribute(id, "SPNameQualifier")}
	if strings.ContainsFunc(read.Value+read.NameQualifier+read.SPNameQualifier, unicode.IsControl) {
		// No name has any, and whoever puts name and qualifiers together parts
		// them with one.
		return NameID{}, refuse(ReasonNameID, "a NameID or a qualifier with line breaks or other control characters in it")
	}
	return read, nil
}

// confirmation checks a bearer confirmation, and returns when it ends.
func (r *reader) confirmation(e *etree.Element) (until time.Time, _ error) {
	data := only(e, name{nsAssertion, "SubjectConfirmationData"})
	if data == nil {
		return until, refuse(ReasonConfirmation, "a bearer confirmation without data")
	}
	if attribute(data, "Recipient") != r.sp.config.ACSURL {
		return until, refuse(ReasonRecipient, "the assertion is not for %s: enter that address at the identity provider", r.sp.config.ACSURL)
	}
	if attribute(data, "InResponseTo") != r.requestID {
		return until, refuse(ReasonInResponseTo, "the assertion answers another request than the one that is pending in this browser, or none")
	}
	if attribute(data, "NotOnOrAfter") == "" {
		return until, refuse(ReasonConfirmation, "a bearer confirmation without an end")
	}
	return r.period(data)
}

// period checks NotBefore and NotOnOrAfter, as far as they are there, and
// returns the latter; zero when it is not.
func (r *reader) period(e *etree.Element) (until time.Time, _ error) {
	skew := r.sp.config.Skew
	if attribute(e, "NotBefore") != "" {
		from, ok := instant(e, "NotBefore")
		if !ok || r.now.Add(skew).Before(from) {
			return until, refuse(ReasonTime, "the assertion is not valid yet: compare the clocks")
		}
	}
	if attribute(e, "NotOnOrAfter") != "" {
		var ok bool
		if until, ok = instant(e, "NotOnOrAfter"); !ok || !r.now.Add(-skew).Before(until) {
			return until, refuse(ReasonTime, "the assertion is no longer valid: compare the clocks, or sign in again")
		}
	}
	return until, nil
}

// limit takes note that the answer is refused from until on.
func (r *reader) limit(until time.Time) {
	until = until.Add(r.sp.config.Skew)
	if end := r.assertion.NotOnOrAfter; end.IsZero() || until.Before(end) {
		r.assertion.NotOnOrAfter = until
	}
}

// authn reads when and how the person signed in.
func (r *reader) authn(e *etree.Element) error {
	statements := children(e, authnName)
	if len(statements) == 0 {
		return refuse(ReasonAuthn, "the assertion does not say that anybody signed in (no AuthnStatement)")
	}
	for i, statement := range statements {
		at, ok := instant(statement, "AuthnInstant")
		if !ok || at.After(r.now.Add(r.sp.config.Skew)) {
			return refuse(ReasonAuthn, "an AuthnStatement without a time, or one in the future: compare the clocks")
		}
		if err := r.sessionEnd(statement); err != nil {
			return err
		}
		if i == 0 {
			r.assertion.AuthnInstant, r.assertion.SessionIndex = at, attribute(statement, "SessionIndex")
			if context := only(statement, name{nsAssertion, "AuthnContext"}); context != nil {
				r.assertion.AuthnContext = trimmed(only(context, name{nsAssertion, "AuthnContextClassRef"}))
			}
		}
	}
	if demanded := r.sp.config.AuthnContexts; len(demanded) > 0 && !slices.Contains(demanded, r.assertion.AuthnContext) {
		return refuse(ReasonContext, "signed in by other means than the connection demands; see the authentication contexts that it lists")
	}
	return nil
}

// sessionEnd keeps the earliest end of the session at the identity provider.
func (r *reader) sessionEnd(statement *etree.Element) error {
	if attribute(statement, "SessionNotOnOrAfter") == "" {
		return nil
	}
	end, ok := instant(statement, "SessionNotOnOrAfter")
	if !ok || !r.now.Add(-r.sp.config.Skew).Before(end) {
		return refuse(ReasonSessionTime, "the session at the identity provider has ended")
	}
	if known := r.assertion.SessionNotOnOrAfter; known == nil || end.Before(*known) {
		r.assertion.SessionNotOnOrAfter = &end
	}
	return nil
}
