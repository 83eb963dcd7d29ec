package provision

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision/protocol"
)

// SignIn says how the people of a connection sign in, and what a first sign-in
// may do. SAML and OIDC are for those who speak the protocols: the core keeps
// them and looks no further. They may hold secrets: the store seals them.
type SignIn struct {
	Disabled bool           `json:"disabled,omitempty"` // nobody signs in, and no session is good any more
	JIT      *JIT           `json:"jit,omitempty"`
	Match    Match          `json:"match,omitzero"`
	SAML     *protocol.SAML `json:"saml,omitempty"` // nil: nobody signs in by SAML
	OIDC     *protocol.OIDC `json:"oidc,omitempty"` // nil: nobody signs in by OpenID Connect

	// Expiry is for how long a sign-in vouches for somebody known by nothing else; 0: for
	// ever. Recheck is how often the identity provider is asked whether it still does, by
	// a refresh token (OpenID Connect Core §12); 0: never.
	Expiry  time.Duration `json:"sign_in_expiry,omitempty"`
	Recheck time.Duration `json:"sign_in_recheck,omitempty"`
}

// The limits of [SignIn.Expiry] and [SignIn.Recheck].
const (
	LeastSignInExpiry  = 7 * 24 * time.Hour
	MostSignInExpiry   = 2 * 365 * 24 * time.Hour
	LeastSignInRecheck = 15 * time.Minute
	MostSignInRecheck  = 24 * time.Hour
)

// JIT says whom a first sign-in may make. A connection without it makes people
// as long as nobody pushes them over SCIM.
type JIT struct {
	Create bool     `json:"create"`
	Groups []string `json:"groups,omitempty"` // only those whom the IdP says to be in one of these; empty: anybody
	// NoGroups says what becomes of somebody of whose groups the IdP tells
	// nothing.
	NoGroups NoGroups `json:"no_groups,omitempty"`
}

// NoGroups says what a sign-in without a group claim does.
type NoGroups string

// What can be done without a group claim.
const (
	NoGroupsKeep   NoGroups = "keep"   // the default: what was known before stays
	NoGroupsEmpty  NoGroups = "empty"  // in no group
	NoGroupsRefuse NoGroups = "refuse" // no sign-in
)

// Match says by what a first sign-in finds somebody who is known already.
type Match struct {
	// Email lets a verified address of an owned domain find the only person
	// with that address.
	Email bool `json:"email,omitempty"`
}

// Empty reports whether nothing is set.
func (s *SignIn) Empty() bool {
	return !s.Disabled && s.JIT == nil && s.Match == Match{} && s.SAML == nil && s.OIDC == nil && s.Expiry == 0 && s.Recheck == 0
}

// Clone returns what is kept of s, so that it shares nothing with s.
func (s *SignIn) Clone() (c SignIn, err error) {
	text, err := json.Marshal(s)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	return c, err
}

// SameAs reports whether s and other say the same.
func (s *SignIn) SameAs(other *SignIn) bool {
	a, err1 := json.Marshal(s)
	b, err2 := json.Marshal(other)
	return err1 == nil && err2 == nil && bytes.Equal(a, b)
}

// Differences names the parts in which other is different: names only, for
// they may hold secrets.
func (s *SignIn) Differences(other *SignIn) (fields []string) {
	for _, part := range []struct {
		name string
		same bool
	}{
		{"disabled", s.Disabled == other.Disabled},
		{"jit", reflect.DeepEqual(s.JIT, other.JIT)},
		{"match", s.Match == other.Match},
		{"saml", s.SAML.Equal(other.SAML)},
		{"oidc", s.OIDC.Equal(other.OIDC)},
		{"sign_in_expiry", s.Expiry == other.Expiry},
		{"sign_in_recheck", s.Recheck == other.Recheck},
	} {
		if !part.same {
			fields = append(fields, part.name)
		}
	}
	return fields
}

// Lost returns the protocols by which people signed in with s and cannot with
// after.
func (s *SignIn) Lost(after *SignIn) (lost []Protocol) {
	if s.Disabled {
		return nil
	}
	if s.SAML != nil && (after.SAML == nil || after.Disabled) {
		lost = append(lost, ProtocolSAML)
	}
	if s.OIDC != nil && (after.OIDC == nil || after.Disabled) {
		lost = append(lost, ProtocolOIDC)
	}
	return lost
}

// Validate returns an Invalid error when s cannot be used.
func (s *SignIn) Validate() error {
	switch {
	case s.Expiry != 0 && (s.Expiry < LeastSignInExpiry || s.Expiry > MostSignInExpiry):
		return Errorf(Invalid, "sign_in_expiry", "sign_in_expiry is from 7d to 730d, or is left out")
	case s.Recheck != 0 && (s.Recheck < LeastSignInRecheck || s.Recheck > MostSignInRecheck):
		return Errorf(Invalid, "sign_in_recheck", "sign_in_recheck is from 15m to 24h, or is left out")
	case s.Recheck != 0 && s.Expiry == 0:
		return Errorf(Invalid, "sign_in_recheck", "sign_in_recheck needs sign_in_expiry: it is for whom the identity provider cannot be asked about")
	case s.Recheck != 0 && s.OIDC == nil:
		return Errorf(Invalid, "sign_in_recheck", "sign_in_recheck needs oidc: SAML has nothing to ask by")
	}
	if s.JIT == nil {
		return nil
	}
	if len(s.JIT.Groups) > 0 && !s.JIT.Create {
		return Errorf(Invalid, "jit", "groups go with create: true")
	}
	if !slices.Contains([]NoGroups{"", NoGroupsKeep, NoGroupsEmpty, NoGroupsRefuse}, s.JIT.NoGroups) {
		return Errorf(Invalid, "jit", "no_groups is one of keep, empty, refuse")
	}
	return nil
}
