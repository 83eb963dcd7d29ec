package saml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	validator "github.com/mattermost/xml-roundtrip-validator"
)

// limits bound what a document may cost before anything in it is trusted.
// Canonicalisation copies the namespaces in scope for each element, so those
// are bounded too, not only their product with the elements.
type limits struct {
	bytes, elements int
}

var (
	messageLimits  = limits{bytes: 512 << 10, elements: 10_000} // encoded, and again decoded and inflated
	metadataLimits = limits{bytes: 1 << 20, elements: 20_000}
)

const (
	maxDepth      = 40
	maxAttributes = 64  // of one element
	maxNamespaces = 128 // declared on an element and all around it
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// scan looks at the tokens of a document, before a tree is built of them, and
// refuses what no message of SAML needs: document types, processing
// instructions, excess; and whatever different parsers may read differently:
// what is not well-formed, namespaces included, and tokens that encoding/xml
// would not write as it has read them. around are prefixes that are declared
// around the document.
func scan(raw []byte, l limits, around map[string]string) error {
	if len(raw) > l.bytes {
		return refuse(ReasonSize, "more than %d bytes", l.bytes)
	}
	s := scanner{limits: l, prefixes: map[string]int{"xml": 1}}
	for prefix := range around {
		s.prefixes[prefix]++
	}
	decoder := xml.NewDecoder(bytes.NewReader(raw))
	for {
		start := decoder.InputOffset()
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return s.end()
		}
		if err != nil {
			return refuse(ReasonXML, "not well-formed near byte %d", start)
		}
		if err := s.token(token, start); err != nil {
			return err
		}
		if !settled(token) && validator.CheckToken(token) != nil {
			return refuse(ReasonXML, "ambiguous near byte %d", start)
		}
	}
}

// settled reports whether a token needs no check of how it would be written:
// an end has the name of a start that was checked. Checks are dear.
func settled(token xml.Token) bool {
	switch t := token.(type) {
	case xml.EndElement:
		return true
	case xml.CharData:
		return len(bytes.TrimSpace(t)) == 0
	}
	return false
}

// scanner is what scan remembers between tokens.
type scanner struct {
	limits   limits
	elements int
	roots    int
	open     []opened
	spaces   int            // namespaces declared by open elements
	prefixes map[string]int // how many open elements declare it
}

type opened struct {
	name     xml.Name
	declares []string
}

func (s *scanner) token(token xml.Token, offset int64) error {
	switch t := token.(type) {
	case xml.StartElement:
		return s.start(t)
	case xml.EndElement:
		return s.close(t)
	case xml.CharData:
		if len(s.open) == 0 && len(bytes.TrimSpace(t)) > 0 {
			return refuse(ReasonXML, "text outside the document element")
		}
	case xml.Directive:
		return refuse(ReasonDoctype, "a document type declaration: such messages are made to attack parsers")
	case xml.ProcInst:
		if t.Target != "xml" || offset != 0 {
			return refuse(ReasonInstruction, "a processing instruction")
		}
	}
	return nil
}

func (s *scanner) start(t xml.StartElement) error {
	s.elements++
	if len(s.open) == 0 {
		s.roots++
	}
	switch {
	case s.roots > 1:
		return refuse(ReasonXML, "more than one document element")
	case s.elements > s.limits.elements:
		return refuse(ReasonComplexity, "more than %d elements", s.limits.elements)
	case len(s.open) >= maxDepth:
		return refuse(ReasonComplexity, "elements nested deeper than %d", maxDepth)
	case len(t.Attr) > maxAttributes:
		return refuse(ReasonComplexity, "an element with more than %d attributes", maxAttributes)
	}
	declares, err := s.declarations(t.Attr)
	if err != nil {
		return err
	}
	s.open = append(s.open, opened{t.Name, declares})
	if s.spaces += len(declares); s.spaces > maxNamespaces {
		return refuse(ReasonComplexity, "more than %d namespaces at once", maxNamespaces)
	}
	return s.names(t)
}

// declarations returns the prefixes that an element declares.
func (s *scanner) declarations(attributes []xml.Attr) (prefixes []string, _ error) {
	for i, a := range attributes {
		for _, before := range attributes[:i] {
			if before.Name == a.Name {
				return nil, refuse(ReasonXML, "an attribute that occurs twice")
			}
		}
		switch {
		case a.Name.Space == "" && a.Name.Local == "xmlns":
			prefixes = append(prefixes, "") // counts as a namespace, and needs no look-up
		case a.Name.Space == "xmlns":
			if a.Name.Local == "xmlns" || a.Name.Local == "xml" || a.Value == "" {
				return nil, refuse(ReasonXML, "a namespace prefix that may not be declared so")
			}
			prefixes = append(prefixes, a.Name.Local)
		}
	}
	for _, prefix := range prefixes {
		s.prefixes[prefix]++
	}
	return prefixes, nil
}

// names refuses prefixes that are not declared, and names with two colons.
func (s *scanner) names(t xml.StartElement) error {
	known := func(n xml.Name) bool {
		return !strings.Contains(n.Local, ":") && (n.Space == "" || s.prefixes[n.Space] > 0)
	}
	if !known(t.Name) {
		return refuse(ReasonXML, "an element whose namespace is not declared")
	}
	for _, a := range t.Attr {
		if a.Name.Space != "xmlns" && !known(a.Name) {
			return refuse(ReasonXML, "an attribute whose namespace is not declared")
		}
	}
	return nil
}

func (s *scanner) close(t xml.EndElement) error {
	last := len(s.open) - 1
	if last < 0 || s.open[last].name != t.Name {
		return refuse(ReasonXML, "tags that do not match")
	}
	for _, prefix := range s.open[last].declares {
		s.prefixes[prefix]--
	}
	s.spaces -= len(s.open[last].declares)
	s.open = s.open[:last]
	return nil
}

func (s *scanner) end() error {
	if len(s.open) > 0 || s.roots == 0 {
		return refuse(ReasonXML, "the document ends too early")
	}
	return nil
}
