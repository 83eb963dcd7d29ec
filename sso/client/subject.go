package client

import (
	"strings"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/saml"
)

const (
	formatEmail       = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	formatUnspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
)

// Subject is the account key that a NameID of issuer's stands for: with its
// qualifiers, because two identity providers behind one proxy may use one name
// twice, but without those that are the default, which are the same whether
// they are said or not (SAML Core §8.3.7). An address is in lower case. Two
// NameIDs mean the same person when their keys are equal.
func (cs *Clients) Subject(conn provision.Connection, issuer string, n saml.NameID) string {
	ours := cs.at(conn, "/saml/metadata")
	if n.NameQualifier == issuer {
		n.NameQualifier = ""
	}
	if n.SPNameQualifier == ours {
		n.SPNameQualifier = ""
	}
	if address(n) {
		n.Value = lower(n.Value)
	}
	return subject(n)
}

// Spellings are the other account keys that the NameID may be kept under: as it
// was sent, and with the default qualifiers.
func (cs *Clients) Spellings(conn provision.Connection, issuer string, n saml.NameID) []string {
	qualified := n
	if n.NameQualifier == "" && n.SPNameQualifier == "" {
		qualified.NameQualifier, qualified.SPNameQualifier = issuer, cs.at(conn, "/saml/metadata")
	}
	return []string{subject(n), subject(qualified)}
}

func subject(n saml.NameID) string {
	parts := []string{n.Value}
	if n.NameQualifier != "" || n.SPNameQualifier != "" {
		parts = append(parts, n.NameQualifier, n.SPNameQualifier)
	}
	return strings.Join(parts, "\n")
}

// address reports whether a NameID is an e-mail address. A persistent one never
// is, whatever it looks like: letter case may be all that tells two apart.
func address(n saml.NameID) bool {
	switch n.Format {
	case formatEmail:
		return true
	case "", formatUnspecified:
		_, ok := provision.PlainEmail(n.Value)
		return ok
	}
	return false
}

// lower turns the capitals of ASCII into small letters, and leaves all else:
// Unicode folding makes one letter of several.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, s)
}
