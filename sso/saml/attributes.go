package saml

import "github.com/beevik/etree"

// attributes reads the attributes, as they were sent.
func (r *reader) attributes(e *etree.Element) error {
	for _, statement := range children(e, attributeName) {
		for _, child := range statement.ChildElements() {
			if nameOf(child) != (name{nsAssertion, "Attribute"}) {
				return refuse(ReasonAttribute, "an attribute that is encrypted, or none of SAML; encrypt the whole assertion instead")
			}
			a := Attribute{attribute(child, "Name"), attribute(child, "NameFormat"), attribute(child, "FriendlyName"), nil}
			if a.Name == "" {
				return refuse(ReasonAttribute, "an attribute without a name")
			}
			for _, v := range children(child, name{nsAssertion, "AttributeValue"}) {
				if s, ok := valueOf(v); ok {
					a.Values = append(a.Values, s)
				}
			}
			r.assertion.Attributes = append(r.assertion.Attributes, a)
		}
	}
	return nil
}

// valueOf returns the text of an AttributeValue. It reports false for one that
// is nil, and for one with elements of its own in it, which has no text. A
// lone NameID is taken for its text: eduPersonTargetedID has such a value.
func valueOf(e *etree.Element) (string, bool) {
	if isNil(e) {
		return "", false
	}
	if id := only(e, nameIDName); id != nil && len(e.ChildElements()) == 1 {
		return trimmed(id), true
	}
	return text(e)
}

// isNil reports whether e is marked as having no value (XML Schema part 1 §2.6.2).
func isNil(e *etree.Element) bool {
	for _, a := range e.Attr {
		if a.Key == "nil" && a.NamespaceURI() == nsInstance && (a.Value == "true" || a.Value == "1") {
			return true
		}
	}
	return false
}
