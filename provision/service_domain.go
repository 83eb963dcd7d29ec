package provision

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
)

// connectionLister is what looking for the owner of a domain needs.
type connectionLister interface {
	Connections(ctx context.Context) ([]Connection, error)
}

// connectionOfDomain returns the connection that owns an e-mail domain.
func connectionOfDomain(ctx context.Context, store connectionLister, domain string) (Connection, error) {
	all, err := store.Connections(ctx)
	if err != nil {
		return Connection{}, err
	}
	for _, c := range all {
		if slices.Contains(c.Domains, Fold(domain)) {
			return c, nil
		}
	}
	return Connection{}, Errorf(NotFound, "domain", "no connection owns this domain")
}

// ConnectionOfEmail returns the connection whose people have addresses like
// this one: NotFound where there is none.
func (s *Service) ConnectionOfEmail(ctx context.Context, email string) (Connection, error) {
	plain, ok := plainEmail(strings.TrimSpace(email))
	if !ok {
		return Connection{}, Errorf(NotFound, "domain", "no connection owns this domain")
	}
	return connectionOfDomain(ctx, s.store, domainOf(plain))
}

// freeDomains returns a Conflict when another connection owns one of conn's
// domains. Rules or connections are locked by the caller where two could try
// at once.
func freeDomains(ctx context.Context, store Store, conn Connection) error {
	for _, domain := range conn.Domains {
		owner, err := connectionOfDomain(ctx, store, domain)
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return err
		}
		if owner.ID != conn.ID {
			return Errorf(Conflict, "domains", "the domain %s belongs to connection %s; a domain has one connection, where its people sign in", domain, owner.Name)
		}
	}
	return nil
}

// ClaimDomain notes that a connection says a domain is its own, and returns
// the record that proves it.
func (s *Service) ClaimDomain(ctx context.Context, c Cause, conn ConnectionID, domain string) (claim DomainClaim, _ error) {
	plain, err := normalDomain(domain)
	if err != nil {
		return claim, err
	}
	err = s.inTx(ctx, func(tx Store) error {
		have, err := tx.LockConnection(ctx, conn)
		if err != nil {
			return err
		}
		if slices.Contains(have.Domains, plain) {
			return Errorf(Conflict, "domains", "%s is a verified domain of this connection already", plain)
		}
		claims, err := tx.DomainClaims(ctx, conn)
		if err != nil {
			return err
		}
		for _, known := range claims {
			if known.Domain == plain {
				claim = known
				return nil
			}
		}
		claim = DomainClaim{Connection: conn, Domain: plain, Token: strings.ToLower(rand.Text()), CreatedAt: s.now()}
		if err := tx.SaveDomainClaim(ctx, claim); err != nil {
			return err
		}
		return s.record(ctx, tx, s.domainEntry(c, conn, "domain.claimed", plain, nil))
	})
	return claim, err
}

// LookupTXT returns the TXT records of a name.
type LookupTXT func(ctx context.Context, name string) ([]string, error)

// VerifyDomain makes a claimed domain the connection's own, when its TXT
// record says so. With a nil lookup somebody who may says so; that is noted.
func (s *Service) VerifyDomain(ctx context.Context, c Cause, conn ConnectionID, domain string, lookup LookupTXT) error {
	claim, err := s.ClaimDomainOf(ctx, conn, domain)
	if err != nil {
		return err
	}
	if lookup != nil {
		texts, err := lookup(ctx, claim.DomainRecord())
		if err != nil || !slices.Contains(texts, claim.DomainText()) {
			return &Error{Code: Invalid, Field: "domains", Err: err,
				Detail: "there is no TXT record " + claim.DomainRecord() + " that says " + claim.DomainText() + "; new records may take an hour to be seen"}
		}
	}
	return s.inTx(ctx, func(tx Store) error {
		if err := tx.LockRules(ctx); err != nil { // one at a time: a domain has one owner
			return err
		}
		have, err := tx.LockConnection(ctx, conn)
		if err != nil {
			return err
		}
		have.Domains = sorted(append(slices.Clone(have.Domains), claim.Domain))
		if err := freeDomains(ctx, tx, have); err != nil {
			return err
		}
		if err := tx.SaveConnection(ctx, have); err != nil {
			return err
		}
		if err := tx.DeleteDomainClaim(ctx, conn, claim.Domain); err != nil {
			return err
		}
		how := map[string]any{"by": "TXT record"}
		if lookup == nil {
			how["by"] = "say-so"
		}
		return s.record(ctx, tx, s.domainEntry(c, conn, "domain.verified", claim.Domain, how))
	})
}

// ClaimDomainOf returns the claim of a connection on a domain.
func (s *Service) ClaimDomainOf(ctx context.Context, conn ConnectionID, domain string) (DomainClaim, error) {
	plain, err := normalDomain(domain)
	if err != nil {
		return DomainClaim{}, err
	}
	return claimOf(ctx, s.store, conn, plain)
}

func claimOf(ctx context.Context, store Store, conn ConnectionID, plain string) (DomainClaim, error) {
	claims, err := store.DomainClaims(ctx, conn)
	if err != nil {
		return DomainClaim{}, err
	}
	for _, claim := range claims {
		if claim.Domain == plain {
			return claim, nil
		}
	}
	return DomainClaim{}, Errorf(NotFound, "domains", "%s is not waiting to be verified; `deskbridge domain add` first", plain)
}

// DomainClaims returns the domains that wait to be verified; "" for those of
// all connections.
func (s *Service) DomainClaims(ctx context.Context, conn ConnectionID) ([]DomainClaim, error) {
	return s.store.DomainClaims(ctx, conn)
}

// RemoveDomain takes a domain from a connection, verified or not.
func (s *Service) RemoveDomain(ctx context.Context, c Cause, conn ConnectionID, domain string) error {
	plain, err := normalDomain(domain)
	if err != nil {
		return err
	}
	return s.inTx(ctx, func(tx Store) error {
		have, err := tx.LockConnection(ctx, conn)
		if err != nil {
			return err
		}
		at := slices.Index(have.Domains, plain)
		if at >= 0 {
			have.Domains = slices.Delete(slices.Clone(have.Domains), at, at+1)
			if err := tx.SaveConnection(ctx, have); err != nil {
				return err
			}
		} else if _, err := claimOf(ctx, tx, conn, plain); err != nil {
			return err
		}
		if err := tx.DeleteDomainClaim(ctx, conn, plain); err != nil {
			return err
		}
		return s.record(ctx, tx, s.domainEntry(c, conn, "domain.removed", plain, nil))
	})
}

func (s *Service) domainEntry(c Cause, conn ConnectionID, action, domain string, detail map[string]any) Entry {
	e := s.entry(c, conn, action, string(conn))
	e.Detail = map[string]any{"domain": domain}
	for k, v := range detail {
		e.Detail[k] = v
	}
	return e
}
