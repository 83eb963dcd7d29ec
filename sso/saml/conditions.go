package saml

import (
	"slices"

	"github.com/beevik/etree"
)

var (
	conditionsName = name{nsAssertion, "Conditions"}
	audienceName   = name{nsAssertion, "AudienceRestriction"}
)

// conditions checks under which conditions the assertion holds (SAML core
// §2.5): its time, and an audience restriction at least, each of which must
// name us. A condition that is not known cannot be met.
func (r *reader) conditions(e *etree.Element) error {
	conditions := only(e, conditionsName)
	if conditions == nil {
		return refuse(ReasonConditions, "the assertion has no Conditions")
	}
	until, err := r.period(conditions)
	if err != nil {
		return err
	}
	if !until.IsZero() {
		r.limit(until)
	}
	for _, condition := range conditions.ChildElements() {
		switch nameOf(condition) {
		case audienceName:
		case name{nsAssertion, "OneTimeUse"}: // every assertion is used once
		case name{nsAssertion, "ProxyRestriction"}: // we vouch for nobody to others
		default:
			return refuse(ReasonConditions, "the assertion has a condition that is not known")
		}
	}
	restrictions := children(conditions, audienceName)
	if len(restrictions) == 0 {
		return refuse(ReasonAudience, "the assertion does not say for which service it is")
	}
	for _, restriction := range restrictions {
		if !slices.ContainsFunc(children(restriction, name{nsAssertion, "Audience"}), r.isOurs) {
			return refuse(ReasonAudience, "the assertion is for another service: enter %s as the audience (entity ID) at the identity provider", r.sp.config.EntityID)
		}
	}
	return nil
}

func (r *reader) isOurs(audience *etree.Element) bool {
	return trimmed(audience) == r.sp.config.EntityID
}
