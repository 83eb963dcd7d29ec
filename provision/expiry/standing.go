package expiry

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// Standing is how long the sign-in of one person still vouches for them.
type Standing struct {
	Seen  time.Time `json:"seen_at"`             // when they last signed in, or the identity provider last said that it vouches for them
	Ends  time.Time `json:"expires_at,omitzero"` // when it expires, unless they sign in; zero: never
	Held  bool      `json:"held"`                // it does not expire while nobody of the connection signs in
	Asked bool      `json:"rechecked"`           // the identity provider is asked about them
}

// Of returns how long the sign-in of a person still vouches for them; nil for somebody
// who is known by more, or not active, or of a connection where sign-ins do not expire,
// and for whom it has expired.
func (s *Service) Of(ctx context.Context, person provision.Identity) (*Standing, error) {
	if person.SCIMManaged() || !person.Active() || person.Terms.SignInExpired != nil {
		return nil, nil
	}
	conn, err := s.store.Connection(ctx, string(person.Connection))
	if err != nil || conn.SignIn.Expiry == 0 {
		return nil, err
	}
	w, err := s.known(ctx, conn)
	if err != nil {
		return nil, err
	}
	var st Standing
	if st.Seen, st.Asked, err = vouched(ctx, s.store, person.ID); err != nil {
		return nil, err
	}
	st.Ends, st.Held = w.ends(st.Seen), w.silent(conn, s.now())
	return &st, nil
}

// known returns what is kept of a connection, as a pass at this moment would have it.
func (s *Service) known(ctx context.Context, conn provision.Connection) (Watch, error) {
	w, err := s.store.Watch(ctx, conn.ID)
	if provision.IsNotFound(err) {
		w, err = Watch{Since: s.now()}, nil
	}
	if err != nil {
		return w, err
	}
	if conn.SignIn.Expiry < w.Expiry {
		w.Since = s.now()
	}
	w.Expiry = conn.SignIn.Expiry
	w.Last, err = s.store.LastSignIn(ctx, conn.ID)
	return w, err
}

// Soon is somebody whose sign-in expires soon.
type Soon struct {
	Person provision.Identity
	Ends   time.Time
}

// Outlook is what an admin should know of the sign-ins of a connection.
type Outlook struct {
	Soon       []Soon    // whose sign-in expires within [Notice]; the first comes first
	Held       bool      // none does: nobody of the connection has signed in since Last
	HeldBefore bool      // of those, some would have expired by now
	Last       time.Time // the newest sign-in of the connection; zero: none
	Counts     Counts    // how asking the identity provider goes
}

// mostSoon is how many people an [Outlook] names.
const mostSoon = 100

// Outlook returns what an admin should know of the sign-ins of a connection.
func (s *Service) Outlook(ctx context.Context, conn provision.Connection) (o Outlook, _ error) {
	if conn.SignIn.Expiry == 0 || conn.Removal != provision.RemovalNone {
		return o, nil
	}
	w, err := s.known(ctx, conn)
	if err != nil {
		return o, err
	}
	now, notice := s.now(), Notice(w.Expiry)
	people, err := s.store.SignInOnly(ctx, conn.ID, now.Add(notice-w.Expiry), mostSoon)
	if err != nil {
		return o, err
	}
	for _, p := range people {
		if at := w.ends(p.At); !at.After(now.Add(notice)) {
			o.Soon = append(o.Soon, Soon{p.Person, at}) // the order of when they were seen is that of their ends
		}
	}
	o.Last, o.Held = w.Last, len(o.Soon) > 0 && w.silent(conn, now)
	o.HeldBefore = o.Held && !o.Soon[0].Ends.After(now)
	if conn.SignIn.Recheck > 0 {
		o.Counts, err = s.store.CountGrants(ctx, conn.ID, now.Add(-unansweredLate-conn.SignIn.Recheck))
	}
	return o, err
}
