package session

import (
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Demand is what a desk asks of the sign-in of somebody whom it sends here
// (OpenID Connect Core §3.1.2.1: prompt and max_age; SAML core §3.4.1:
// ForceAuthn). The zero value asks for nothing.
type Demand struct {
	// Anew wants the person to prove once more who they are: prompt=login,
	// max_age=0, ForceAuthn.
	Anew bool `json:"anew,omitempty"`
	// Choose wants the person to be asked which account they mean:
	// prompt=select_account.
	Choose bool `json:"choose,omitempty"`
	// MaxAge is how long ago they may have proved who they are; 0: any time.
	// Whole seconds.
	MaxAge time.Duration `json:"max_age,omitempty"`
}

// demandSkew is how far the clock of an identity provider may be behind ours
// when it tells of a sign-in that we have asked for.
const demandSkew = 2 * time.Minute

// Met reports whether a session is as a desk asked for at asked. sent says that
// the person was sent to the identity provider for it since: before that, only a
// sign-in of before that is recent enough will do.
//
// The identity provider's own word counts, and not the beginning of the session:
// it may have answered without asking anybody. One that does not say when the
// person proved who they are meets no demand for that.
func (d Demand) Met(s provision.Session, asked time.Time, sent bool) bool {
	switch {
	case d == Demand{}:
		return true
	case !sent:
		return !d.Anew && !d.Choose && proved(s, asked.Add(-d.MaxAge))
	case (d.Anew || d.Choose) && s.CreatedAt.Before(asked):
		return false // nobody has signed in since
	case d.Anew, d.Choose && s.Protocol == provision.ProtocolSAML: // which can ask whom it is by ForceAuthn alone
		return proved(s, asked.Add(-demandSkew))
	case d.MaxAge > 0:
		return proved(s, asked.Add(-d.MaxAge-demandSkew))
	}
	return true
}

// proved reports whether the person is known to have proved who they are no
// earlier than oldest.
func proved(s provision.Session, oldest time.Time) bool {
	return !s.AuthnAt.IsZero() && !s.AuthnAt.Before(oldest)
}
