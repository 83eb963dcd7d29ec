package session

import (
	"context"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// LogoutMessage is a message of an identity provider that ends sessions, once.
type LogoutMessage struct {
	Key     string    // names the message; see [Service.Remember]
	Expires time.Time // until when the message is remembered
	Issued  time.Time // by the clock of the identity provider
	// Names says which sessions it means, in the provider's own words: Protocol
	// and Issuer, with the Index of one session or the Subject of all. Both: the
	// session of that Index, which may have begun without any.
	Names []provision.SessionFilter
}

// logoutLife is how long a logout message holds against answers that were issued
// before it and come in after it. None is good for as long.
const logoutLife = 15 * time.Minute

// overtakes has f end sessions that have not begun yet: an answer may be on its
// way while the logout message comes in (SAML core §3.7.3.2). Clocks that count
// seconds must not keep out somebody who comes back within the same one.
func (s *Service) overtakes(ctx context.Context, tx Store, conn provision.ConnectionID, f LogoutMessage) error {
	until := f.Issued.Truncate(time.Second).Add(logoutLife)
	if f.Issued.IsZero() || !until.After(s.now()) {
		return nil
	}
	names := f.Names
	for _, name := range f.Names {
		if name.Index != "" && name.Subject != "" { // it may be that of an answer that names no session
			names = append(names[:len(names):len(names)], withoutIndex(name))
		}
	}
	for _, name := range names {
		if err := tx.RememberLonger(ctx, ReplayKey(conn, logoutKey(name)), until); err != nil {
			return err
		}
	}
	return nil
}

// LogoutKeys returns what a logout message for the session of a login is
// remembered by, and until when at least where it is younger than an answer that
// was issued then; none when that is not known.
func LogoutKeys(conn provision.ConnectionID, login provision.Login, index string, issued time.Time) (keys []string, until time.Time) {
	if issued.IsZero() {
		return nil, issued
	}
	names := []provision.SessionFilter{{Protocol: login.Protocol, Issuer: login.Issuer, Subject: login.Subject}}
	if index == "" {
		names = append(names, withoutIndex(names[0]))
	} else {
		names = append(names, provision.SessionFilter{Protocol: login.Protocol, Issuer: login.Issuer, Index: index})
	}
	for _, name := range names {
		keys = append(keys, ReplayKey(conn, logoutKey(name)))
	}
	return keys, issued.Add(logoutLife + time.Microsecond)
}

// withoutIndex stands for the sessions of a person that the identity provider
// has given no index.
func withoutIndex(name provision.SessionFilter) provision.SessionFilter {
	return provision.SessionFilter{Protocol: name.Protocol, Issuer: name.Issuer, Index: "none, of " + subjectByValue(name)}
}

func logoutKey(name provision.SessionFilter) string {
	if name.Index != "" {
		return "farewell to session " + string(name.Protocol) + " " + name.Issuer + " " + name.Index
	}
	return "farewell to " + string(name.Protocol) + " " + name.Issuer + " " + subjectByValue(name)
}

// subjectByValue returns the words for a person that a sign-in and its logout
// have in common: in SAML the NameID without its qualifiers, which come in lines
// of their own, and without the letter case of an address.
func subjectByValue(name provision.SessionFilter) string {
	if name.Protocol != provision.ProtocolSAML {
		return name.Subject
	}
	value, _, _ := strings.Cut(name.Subject, "\n")
	if strings.Contains(value, "@") {
		return provision.Fold(value)
	}
	return value
}
