package secondadmin

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Kind says what is asked for.
type Kind string

// The kinds of requests.
const (
	KindRelease          Kind = "release"           // of what mass-change protection holds
	KindApply            Kind = "apply"             // of a plan that it would hold
	KindRemoveConnection Kind = "remove-connection" // with the access of its people
	KindRemoveDesk       Kind = "remove-desk"       // likewise
)

// RequestID is the id of a [Request].
type RequestID string

// Request is what one admin has asked for, and another has not confirmed yet. Nothing of
// it is done.
type Request struct {
	ID       RequestID
	Kind     Kind
	Key      string                 // what is asked for: whoever asks for the same confirms it
	Digest   string                 // of what it takes away: where that has changed, the request is void
	Subject  string                 // id of the connection or desk; hash of the plan
	People   []provision.IdentityID // of a release, who were named; none: all
	What     string                 // in words, without names of people: "release 59 accounts of connection acme"
	Accounts int                    // that it takes access from
	By       string                 // actor
	Behind   string                 // whose By is, where that is a token: an actor; "" else
	AskedAt  time.Time
	Until    time.Time
}

// Who says who asked, for people: the token, and whose it is.
func (r *Request) Who() string {
	who := provision.Cause{Actor: r.By}.Who()
	if r.Behind != "" {
		who += " (of " + provision.Cause{Actor: r.Behind}.Who() + ")"
	}
	return who
}

// AtOnce says of a plan that mass-change protection is not to hold whom it takes access from.
func (r *Request) AtOnce() bool {
	return r.Kind == KindApply && r.Digest == (&Wanted{Set: []string{r.Subject, atOnce}}).taking()
}

// atOnce stands in the Set of such a plan beside its hash.
const atOnce = "at once"

// Told says that the request waits; who is who asked.
func (r *Request) Told(who string) string {
	return fmt.Sprintf("To %s waits for a second admin until %s: %s asked for it.", r.What, moment(r.Until), who)
}

// Do says what to do about the request.
func (r *Request) Do() string {
	return "another admin does the same, or ends it: `deskbridge second-admin list` shows how"
}

// Wanted is what somebody wants done that needs two admins.
type Wanted struct {
	Kind     Kind
	Of       []string               // what it is about, whatever that takes away at the moment
	Subject  string                 // see [Request].Subject
	People   []provision.IdentityID // of a release that names people
	What     string                 // see [Request].What
	Accounts int
	Set      []string // what it takes away, in any order
}

// key names what is wanted: the same for whoever asks for the same.
func (w *Wanted) key() string {
	of := slices.Clone(w.Of)
	slices.Sort(of)
	return digest(append([]string{string(w.Kind)}, slices.Compact(of)...))
}

// taking returns a digest of what it takes away.
func (w *Wanted) taking() string { return digest(slices.Sorted(slices.Values(w.Set))) }

// digest returns a hash over parts, each with its length.
func digest(parts []string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:", len(p))
		io.WriteString(h, p) //nolint:errcheck // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Losses are losses of access that two admins are agreed on; nil: all, for one is enough.
type Losses map[string]bool

// Has reports whether the loss of an account is one of them.
func (l Losses) Has(a *provision.Account) bool { return l == nil || l[lossOf(a)] }

// lossOf names one loss of access: who has come back meanwhile and lost it again has lost
// something else.
func lossOf(a *provision.Account) string {
	since := ""
	if a.Loss.Since != nil {
		since = a.Loss.Since.UTC().Format(time.RFC3339Nano)
	}
	return string(a.ID) + " " + since
}
