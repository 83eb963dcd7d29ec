package saml

import (
	"time"

	"github.com/beevik/etree"
)

// maxAge is how old a message may be. Its own times are usually shorter; this
// bounds for how long used IDs must be remembered.
const maxAge = time.Hour

// header is what the outer element of a message must say.
type header struct {
	signed    bool   // then it must name its destination (SAML bindings §3.4.5.2, §3.5.5.2)
	address   string // ours
	requestID string // of our request; "": the message is no answer
}

// checkHeader checks what all messages have in common.
func (sp *ServiceProvider) checkHeader(e *etree.Element, h header) error {
	if _, err := sp.checkOrigin(e); err != nil {
		return err
	}
	if to := attribute(e, "Destination"); to != h.address && (h.signed || to != "") {
		return refuse(ReasonDestination, "%s is not sent to %s: enter that address at the identity provider", e.Tag, h.address)
	}
	if h.requestID != "" && attribute(e, "InResponseTo") != h.requestID {
		return refuse(ReasonInResponseTo, "%s answers another request than the one that is pending in this browser, or none: start the sign-in from here", e.Tag)
	}
	return nil
}

// checkOrigin checks what messages and assertions have in common: version,
// issuer and time. It returns when e becomes too old, by a clock that is right.
func (sp *ServiceProvider) checkOrigin(e *etree.Element) (until time.Time, _ error) {
	if attribute(e, "Version") != "2.0" {
		return until, refuse(ReasonVersion, "%s is not of SAML 2.0", e.Tag)
	}
	issuer := only(e, issuerName)
	if issuer == nil || trimmed(issuer) != sp.idp.EntityID {
		return until, refuse(ReasonIssuer, "%s is not from %s, as the metadata names the identity provider", e.Tag, sp.idp.EntityID)
	}
	issued, ok := instant(e, "IssueInstant")
	if !ok {
		return until, refuse(ReasonInstant, "%s does not say when it was issued", e.Tag)
	}
	now := sp.config.Now()
	if issued.After(now.Add(sp.config.Skew)) {
		return until, refuse(ReasonInstant, "%s was issued in the future: compare the clocks", e.Tag)
	}
	until = issued.Add(maxAge)
	if !now.Add(-sp.config.Skew).Before(until) {
		return until, refuse(ReasonInstant, "%s was issued more than %s ago: compare the clocks", e.Tag, maxAge)
	}
	return until, nil
}
