package expiry

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/internal/backoff"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/validity"
)

// Grant is what an identity provider gave with a sign-in, by which it is asked whether it
// still vouches for the person: a refresh token (RFC 6749 §1.5). A provider may replace
// the token with each use, and refuse the one before.
type Grant struct {
	Login      provision.LoginKey // whose it is; FoundBy and the times are empty
	Client     string             // the client id that it was given to
	Token      string
	Generation int64      // one more with each token and each use
	AskedAt    *time.Time // when a use of the token began whose end is not known; nil: none did
	VouchedAt  time.Time  // when the identity provider last vouched for the person
	NextAt     time.Time
	Attempts   int    // that have failed since
	Problem    string // of the last one; "" for none
}

const (
	// claimFor is how long a use of a token may take before another process tries.
	claimFor = 2 * time.Minute
	// lapses is after how long without an answer a refused token may only have run out:
	// providers have tokens that nobody uses run out, and we are at fault then.
	lapses = 7 * day
	// unansweredLate is after how long without an answer an admin is told.
	unansweredLate = 6 * time.Hour
)

// again is how waits grow between attempts without an answer.
var again = backoff.Policy{First: time.Minute, Most: time.Hour}

// Why the identity provider can be asked about somebody no more.
const (
	unaskedDoubt  = "the token was refused, and a use of it may have had no end: that the identity provider revoked it is not certain"
	unaskedLapsed = "the token was refused after a long time without an answer: it may have run out"
	unaskedElse   = "the identity provider answered for somebody else, or as somebody else"
	unaskedClient = "the token was given to another client id, or by another issuer"
	unaskedPerson = "the identity provider wants to see the person"
)

// Claim takes the grant of a connection that is due to be asked about, for one use. That
// the use has begun is noted before it does: see [Service.Revoked]. NotFound when none is
// due. Of a person who is not to be asked about any more the grant is dropped.
func (s *Service) Claim(ctx context.Context, conn provision.ConnectionID) (Grant, error) {
	for {
		g, err := s.store.NextGrant(ctx, conn, s.now())
		if err != nil {
			return g, err
		}
		person, err := s.store.AnyIdentity(ctx, g.Login.Identity)
		if err != nil {
			return g, err
		}
		if person.SCIMManaged() || !person.Active() || person.Terms.SignInExpired != nil {
			if err := s.store.DeleteGrant(ctx, g); err != nil && !provision.IsNotFound(err) {
				return g, err
			}
			continue
		}
		claimed := g
		claimed.NextAt = s.now().Add(claimFor)
		if claimed.AskedAt == nil {
			claimed.AskedAt = new(s.now())
		}
		err = s.store.UpdateGrant(ctx, claimed)
		if provision.IsNotFound(err) { // another process has it
			continue
		}
		g.Generation++ // AskedAt as it was before: that of an earlier use
		return g, err
	}
}

// Replaced keeps the token that the provider gave in place of the one that was used, at
// once: that one may serve no more. An empty one leaves the token as it is. It returns the
// grant as it is now; NotFound when the person has signed in anew meanwhile.
func (s *Service) Replaced(ctx context.Context, g Grant, token string) (Grant, error) {
	if token != "" {
		g.Token = token
	}
	g.AskedAt, g.NextAt = nil, s.now().Add(claimFor)
	err := s.store.UpdateGrant(ctx, g)
	g.Generation++
	return g, err
}

// Vouched notes that the identity provider still vouches for the person.
func (s *Service) Vouched(ctx context.Context, g Grant, every time.Duration) error {
	now := s.now()
	g.AskedAt, g.VouchedAt, g.NextAt, g.Attempts, g.Problem = nil, now, now.Add(backoff.Between(every*9/10, every*11/10)), 0, ""
	return passed(s.store.UpdateGrant(ctx, g))
}

// Unanswered notes that nothing is known: the provider did not answer, or not to the
// point. It is asked again later, and later each time. used says that it may have used
// up the token.
func (s *Service) Unanswered(ctx context.Context, g Grant, problem string, used bool) error {
	now := s.now()
	if used && g.AskedAt == nil {
		g.AskedAt = &now
	}
	g.Attempts++
	g.NextAt, g.Problem = now.Add(again.After(g.Attempts)), problem
	return passed(s.store.UpdateGrant(ctx, g))
}

// Revoked notes that the provider refuses the token. It vouches for the person no more,
// and their access ends at once: but where an earlier use of the token has no known end,
// the provider may have replaced it then, and the one that is refused is only old; and
// where it has not answered for long, the token may have run out. Of that nobody loses
// access: the grant is dropped, and the expiry of the connection says how long the last
// sign-in serves.
func (s *Service) Revoked(ctx context.Context, g Grant) error {
	switch {
	case g.AskedAt != nil:
		return s.Unasked(ctx, g, unaskedDoubt)
	case s.now().Sub(g.VouchedAt) > lapses:
		return s.Unasked(ctx, g, unaskedLapsed)
	}
	person, err := s.store.AnyIdentity(ctx, g.Login.Identity)
	if err != nil {
		return err
	}
	_, err = s.expire(ctx, person, validity.ExpiryRevoked, func(tx Store) (bool, error) {
		err := tx.DeleteGrant(ctx, g)
		if provision.IsNotFound(err) { // they have signed in anew
			return false, nil
		}
		return err == nil, err
	})
	return err
}

// Else drops a grant by which the provider answered for somebody else, or as somebody
// else: whose the token is by now, nobody knows.
func (s *Service) Else(ctx context.Context, g Grant) error { return s.Unasked(ctx, g, unaskedElse) }

// OtherClient drops a grant that was given to another client, or by another issuer.
func (s *Service) OtherClient(ctx context.Context, g Grant) error {
	return s.Unasked(ctx, g, unaskedClient)
}

// WantsPerson drops a grant for which the provider wants to see the person: for a second
// factor, a new password or a consent.
func (s *Service) WantsPerson(ctx context.Context, g Grant) error {
	return s.Unasked(ctx, g, unaskedPerson)
}

// Unasked drops a grant, and notes why the provider can be asked about the person no more.
func (s *Service) Unasked(ctx context.Context, g Grant, why string) error {
	return s.inTx(ctx, func(tx Store) error {
		err := tx.DeleteGrant(ctx, g)
		if err != nil {
			return passed(err)
		}
		entry := s.audit.Entry(byClock, g.Login.Connection, audit.PersonUnasked, string(g.Login.Identity))
		entry.Detail = map[string]any{"why": why}
		return s.audit.Record(ctx, tx, entry)
	})
}

// passed returns err, but for a grant that is another one by now: what came of the old
// one does not count.
func passed(err error) error {
	if provision.IsNotFound(err) {
		return nil
	}
	return err
}
