package credential

import (
	"errors"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Refusal says, for the log alone, why somebody was not let in. It is the cause
// of the Denied error, which says the same of all of them: nothing can be
// probed.
type Refusal struct {
	Reason     string // in a few words, such as "expired token"; holds no secret
	Token      string // name of the token that was shown; "" when it is none of ours
	Connection string // name of that token's connection
}

// Error implements error.
func (r *Refusal) Error() string { return r.Reason }

// Refuse returns the Denied error of whoever may not in, for a reason.
func Refuse(reason string) error { return refuse(&Refusal{Reason: reason}) }

func refuse(r *Refusal) error {
	return &provision.Error{Code: provision.Denied, Detail: "the bearer token is missing, unknown, expired or not valid for this URL", Err: r}
}

// RefusalOf returns why somebody was not let in; of an error that does not say,
// and of none, it has no reason.
func RefusalOf(err error) Refusal {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return *r
	}
	return Refusal{}
}

// refused returns why the token is not accepted at now for a request to the
// connection called nameOrID; "" when it is.
func (t *Token) refused(now time.Time, conn provision.Connection, nameOrID string) string {
	switch {
	case t.RevokedAt != nil:
		return "revoked token"
	case !t.Usable(now) && t.ReplacedAt != nil:
		return "replaced token, whose overlap is over"
	case !t.Usable(now):
		return "expired token"
	case conn.Name != nameOrID && string(conn.ID) != nameOrID:
		return "token of another connection"
	}
	return ""
}
