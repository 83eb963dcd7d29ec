package saml

import (
	"regexp"
	"strings"

	"github.com/beevik/etree"
)

const maxID = 256 // bytes

// identifier is what an ID may look like: an NCName (XML Schema part 2 §3.3.8)
// of ASCII, and a bare GUID, which some identity providers take for one.
var identifier = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)

// shape checks a tree before any signature is looked at, so that there is one
// reading of what is signed: every ID is there once, every algorithm is on the
// list, each signature is that of the element it stands in, and nothing hides
// in elements that a schema leaves open.
type shape struct {
	allowSHA1 bool
	ids       map[string]bool
}

// check looks at root and all in it, and returns the assertions, encrypted
// ones too, wherever they are.
func (s *shape) check(root *etree.Element) (assertions []*etree.Element, _ error) {
	if s.ids == nil {
		s.ids = make(map[string]bool)
	}
	if id := attribute(root, "ID"); len(id) > maxID || !identifier.MatchString(id) {
		return nil, refuse(ReasonID, "%s has no ID, or one that is none", root.Tag)
	}
	for e := range walk(root) {
		if err := s.element(root, e); err != nil {
			return nil, err
		}
		if isAssertion(e) {
			assertions = append(assertions, e)
		}
	}
	return assertions, nil
}

// isAssertion reports whether e is an assertion. Its namespace does not count:
// one in a foreign namespace is no less suspicious.
func isAssertion(e *etree.Element) bool {
	return e.Tag == "Assertion" || e.Tag == "EncryptedAssertion"
}

func (s *shape) element(root, e *etree.Element) error {
	if err := s.unique(e); err != nil {
		return err
	}
	switch nameOf(e) {
	case name{nsSignature, "Object"}, name{nsSignature, "Manifest"}, name{nsAssertion, "Advice"}:
		return refuse(ReasonShape, "%s is not allowed anywhere: it can hold what is not meant to be read", e.Tag)
	case name{nsSignature, "Signature"}:
		if holder := e.Parent(); holder != root && (!isAssertion(holder) || holder.Parent() != root) || only(holder, nameOf(e)) == nil {
			return refuse(ReasonShape, "a signature in a place where none is expected, or more than one")
		}
	}
	return checkAlgorithm(e, s.allowSHA1)
}

// unique notes the IDs of e. The libraries find an ID attribute by its local
// name, so there must be none with a prefix.
func (s *shape) unique(e *etree.Element) error {
	for _, a := range e.Attr {
		if !strings.EqualFold(a.Key, "id") || a.Space == "xmlns" {
			continue
		}
		if a.Space != "" {
			return refuse(ReasonID, "an ID with a namespace")
		}
		if s.ids[a.Value] {
			return refuse(ReasonID, "an ID that occurs twice")
		}
		s.ids[a.Value] = true
	}
	return nil
}
