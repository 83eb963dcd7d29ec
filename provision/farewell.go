package provision

import (
	"context"
	"time"
)

// Farewell is a message of an identity provider that ends sessions, once.
type Farewell struct {
	Key     string    // names the message; see [Service.Remember]
	Expires time.Time // until when the message is remembered
	Issued  time.Time // by the clock of the identity provider
	// Names says which sessions it means, in the provider's own words: Protocol
	// and Issuer, with the Index of one session or the Subject of all.
	Names []SessionFilter
}

// RefusedEnded is why an answer is refused that says less than a farewell since.
const RefusedEnded = "ended"

// farewellLife is how long a farewell holds against answers that were issued
// before it and come in after it. None is good for as long.
const farewellLife = 15 * time.Minute

// overtakes has f end sessions that have not begun yet: an answer may be on its
// way while the farewell comes in (SAML core §3.7.3.2). Clocks that count
// seconds must not keep out somebody who comes back within the same one.
func (s *Service) overtakes(ctx context.Context, tx Store, conn ConnectionID, f Farewell) error {
	until := f.Issued.Truncate(time.Second).Add(farewellLife)
	if f.Issued.IsZero() || !until.After(s.now()) {
		return nil
	}
	for _, name := range f.Names {
		if err := tx.RememberLonger(ctx, memory(conn, farewellKey(name)), until); err != nil {
			return err
		}
	}
	return nil
}

// overtaken refuses an answer that was issued before a farewell to its session.
func (s *Service) overtaken(ctx context.Context, tx Store, conn ConnectionID, login Login, index string, issued time.Time) error {
	if issued.IsZero() {
		return nil
	}
	names := []SessionFilter{{Protocol: login.Protocol, Issuer: login.Issuer, Subject: login.Subject}}
	if index != "" {
		names = append(names, SessionFilter{Protocol: login.Protocol, Issuer: login.Issuer, Index: index})
	}
	for _, name := range names {
		ended, err := tx.Remembered(ctx, memory(conn, farewellKey(name)), issued.Add(farewellLife+time.Microsecond))
		if err != nil {
			return err
		}
		if ended {
			return refuse(RefusedEnded, "you have signed out at the identity provider since it sent this; sign in again")
		}
	}
	return nil
}

func farewellKey(name SessionFilter) string {
	if name.Index != "" {
		return "farewell to session " + string(name.Protocol) + " " + name.Issuer + " " + name.Index
	}
	return "farewell to " + string(name.Protocol) + " " + name.Issuer + " " + name.Subject
}
