package saml

import (
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
)

// logoutLife is how long our own requests are good.
const logoutLife = 5 * time.Minute

var (
	logoutRequestName  = name{nsProtocol, "LogoutRequest"}
	logoutResponseName = name{nsProtocol, "LogoutResponse"}
	sessionIndexName   = name{nsProtocol, "SessionIndex"}
)

// Logout is a request of the identity provider to end sessions. It was signed.
type Logout struct {
	ID             string // remember it until NotOnOrAfter and refuse it the second time
	Issuer         string
	Issued         time.Time
	NameID         NameID
	SessionIndexes []string  // which sessions of NameID; none: all
	NotOnOrAfter   time.Time // from here on the request would be refused as expired; the skew is added already
}

// LogoutRequest judges a LogoutRequest of the identity provider. It must be
// signed: in the query for a redirect, in the XML for a post. Every error is a
// [Refusal].
func (sp *ServiceProvider) LogoutRequest(in Incoming) (logout *Logout, err error) {
	defer recovered(&err)
	e, err := sp.open(in, logoutRequestName)
	if err != nil {
		return nil, err
	}
	if err := sp.checkHeader(e, header{signed: true, address: sp.config.SLOURL}); err != nil {
		return nil, err
	}
	return sp.readLogout(e)
}

func (sp *ServiceProvider) readLogout(e *etree.Element) (*Logout, error) {
	id, err := readNameID(e)
	if err != nil {
		return nil, err
	}
	err = parts(e, map[name]int{issuerName: 1, signatureName: 1, extensionsName: 1, nameIDName: 1, sessionIndexName: 0})
	if err != nil {
		return nil, err
	}
	until, err := sp.checkOrigin(e)
	if err != nil {
		return nil, err
	}
	if attribute(e, "NotOnOrAfter") != "" {
		end, ok := instant(e, "NotOnOrAfter")
		if !ok || !sp.config.Now().Add(-sp.config.Skew).Before(end) {
			return nil, refuse(ReasonTime, "the logout request is no longer valid: compare the clocks")
		}
		if end.Before(until) {
			until = end
		}
	}
	issued, _ := instant(e, "IssueInstant") // it is there
	logout := &Logout{ID: attribute(e, "ID"), Issued: issued, Issuer: sp.idp.EntityID, NameID: id, NotOnOrAfter: until.Add(sp.config.Skew)}
	for _, index := range children(e, sessionIndexName) {
		value := trimmed(index)
		if value == "" {
			return nil, refuse(ReasonShape, "an empty SessionIndex")
		}
		logout.SessionIndexes = append(logout.SessionIndexes, value)
	}
	return logout, nil
}

// LogoutStatus is what we answer to a [Logout].
type LogoutStatus string

// The outcomes of a logout (SAML core §3.2.2.2).
const (
	LogoutSuccess LogoutStatus = "urn:oasis:names:tc:SAML:2.0:status:Success"
	LogoutFailed  LogoutStatus = "urn:oasis:names:tc:SAML:2.0:status:Responder" // by our own fault
	LogoutDenied  LogoutStatus = "urn:oasis:names:tc:SAML:2.0:status:Requester" // the request was refused
)

// LogoutResponse returns the signed answer to the request with the ID
// inResponseTo. It refuses with [ReasonEndpoint] if the identity provider has
// no address for it.
func (sp *ServiceProvider) LogoutResponse(inResponseTo, relayState string, status LogoutStatus) (Request, error) {
	to, ok := endpoint(sp.idp.SLO, sp.preferred(sp.idp.SLO))
	if !ok {
		return Request{}, noLogout()
	}
	if to.ResponseLocation != "" {
		to.Location = to.ResponseLocation
	}
	id, now := newID(), sp.instant()
	message := saml.LogoutResponse{
		ID:           id,
		InResponseTo: inResponseTo,
		Version:      "2.0",
		IssueInstant: now,
		Destination:  to.Location,
		Issuer:       sp.issuer(),
		Status:       saml.Status{StatusCode: saml.StatusCode{Value: string(status)}},
	}
	return sp.send(outgoing{id, now, parameterResponse, message.Element(), to.Binding, to.Location, relayState})
}

// SendLogoutRequest returns a signed request of ours to end the session at the
// identity provider from which ours was made. It refuses with
// [ReasonEndpoint] if the identity provider has no address for it; ours is to
// end all the same.
func (sp *ServiceProvider) SendLogoutRequest(id NameID, sessionIndex, relayState string) (Request, error) {
	to, ok := endpoint(sp.idp.SLO, sp.preferred(sp.idp.SLO))
	if !ok || sp.config.SLOURL == "" {
		return Request{}, noLogout()
	}
	now := sp.instant()
	until := now.Add(logoutLife)
	message := saml.LogoutRequest{
		ID:           newID(),
		Version:      "2.0",
		IssueInstant: now,
		NotOnOrAfter: &until,
		Destination:  to.Location,
		Issuer:       sp.issuer(),
		NameID:       &saml.NameID{Value: id.Value, Format: id.Format, NameQualifier: id.NameQualifier, SPNameQualifier: id.SPNameQualifier},
	}
	if sessionIndex != "" {
		message.SessionIndex = &saml.SessionIndex{Value: sessionIndex}
	}
	return sp.send(outgoing{message.ID, now, parameterRequest, message.Element(), to.Binding, to.Location, relayState})
}

func noLogout() error {
	return refuse(ReasonEndpoint, "single logout is not set up, or the identity provider has no address for it")
}

// LogoutAnswer judges the LogoutResponse to the request of ours with the ID
// requestID. It must be signed. nil means that the identity provider has ended
// its session; [ReasonStatus], that it has not, or not all. Every error is a
// [Refusal].
func (sp *ServiceProvider) LogoutAnswer(in Incoming, requestID string) (err error) {
	defer recovered(&err)
	if requestID == "" {
		return refuse(ReasonInResponseTo, "no logout request is pending")
	}
	e, err := sp.open(in, logoutResponseName)
	if err != nil {
		return err
	}
	if err := sp.checkHeader(e, header{signed: true, address: sp.config.SLOURL, requestID: requestID}); err != nil {
		return err
	}
	if err := parts(e, map[name]int{issuerName: 1, signatureName: 1, extensionsName: 1, statusName: 1}); err != nil {
		return err
	}
	return checkStatus(e)
}
