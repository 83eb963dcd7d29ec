package settings

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// DomainClaim is an e-mail domain that a connection says is its own, and that
// is not verified yet. Verified ones stand in [provision.Connection.Domains].
type DomainClaim struct {
	Connection provision.ConnectionID
	Domain     string
	Token      string // what a TXT record of the domain must say
	CreatedAt  time.Time
}

// DomainRecord is where the TXT record of a claim is looked for.
func (d *DomainClaim) DomainRecord() string { return "_deskbridge." + d.Domain }

// DomainText is what that record must say.
func (d *DomainClaim) DomainText() string { return "deskbridge-verification=" + d.Token }

// ConnectionOfEmail returns the connection whose people have addresses like
// this one: NotFound where there is none.
func (s *Service) ConnectionOfEmail(ctx context.Context, email string) (provision.Connection, error) {
	plain, ok := provision.PlainEmail(strings.TrimSpace(email))
	if !ok {
		return provision.Connection{}, provision.Errorf(provision.NotFound, "domain", "no connection owns this domain")
	}
	return provision.ConnectionOfDomain(ctx, s.store, provision.DomainOf(plain))
}

// FreeDomains returns a Conflict when another connection owns one of conn's
// domains. Rules or connections are locked by the caller where two could try
// at once.
func FreeDomains(ctx context.Context, store Store, conn provision.Connection) error {
	for _, domain := range conn.Domains {
		owner, err := provision.ConnectionOfDomain(ctx, store, domain)
		if provision.IsNotFound(err) {
			continue
		}
		if err != nil {
			return err
		}
		if owner.ID != conn.ID {
			return provision.Errorf(provision.Conflict, "domains", "the domain %s belongs to connection %s; a domain has one connection, where its people sign in", domain, owner.Name)
		}
	}
	return nil
}

// ClaimDomain notes that a connection says a domain is its own, and returns
// the record that proves it.
func (s *Service) ClaimDomain(ctx context.Context, c provision.Cause, conn provision.ConnectionID, domain string) (claim DomainClaim, _ error) {
	plain, err := ownDomain(domain)
	if err != nil {
		return claim, err
	}
	err = s.inTx(ctx, func(tx Store) error {
		have, err := provision.LockStaying(ctx, tx.LockConnection, conn)
		if err != nil {
			return err
		}
		if slices.Contains(have.Domains, plain) {
			return provision.Errorf(provision.Conflict, "domains", "%s is a verified domain of this connection already", plain)
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
		return s.audit.Record(ctx, tx, domainEntry(s.audit, c, conn, audit.DomainClaimed, plain, nil))
	})
	return claim, err
}

// LookupTXT returns the TXT records of a name.
type LookupTXT func(ctx context.Context, name string) ([]string, error)

// VerifyDomain makes a claimed domain the connection's own, when its TXT
// record says so. With a nil lookup somebody who may says so; that is noted.
func (s *Service) VerifyDomain(ctx context.Context, c provision.Cause, conn provision.ConnectionID, domain string, lookup LookupTXT) error {
	claim, err := s.ClaimDomainOf(ctx, conn, domain)
	if err != nil {
		return err
	}
	if _, err := ownDomain(claim.Domain); err != nil { // claimed before it was on the list
		return err
	}
	if lookup != nil {
		texts, err := lookup(ctx, claim.DomainRecord())
		if err != nil || !slices.Contains(texts, claim.DomainText()) {
			return &provision.Error{Code: provision.Invalid, Field: "domains", Err: err,
				Detail: "there is no TXT record " + claim.DomainRecord() + " that says " + claim.DomainText() + "; new records may take an hour to be seen"}
		}
	}
	return s.inTx(ctx, func(tx Store) error {
		if err := tx.LockRules(ctx); err != nil { // one at a time: a domain has one owner
			return err
		}
		have, err := provision.LockStaying(ctx, tx.LockConnection, conn)
		if err != nil {
			return err
		}
		have.Domains = provision.Sorted(append(slices.Clone(have.Domains), claim.Domain))
		if err := FreeDomains(ctx, tx, have); err != nil {
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
		return s.audit.Record(ctx, tx, domainEntry(s.audit, c, conn, audit.DomainVerified, claim.Domain, how))
	})
}

// ClaimDomainOf returns the claim of a connection on a domain.
func (s *Service) ClaimDomainOf(ctx context.Context, conn provision.ConnectionID, domain string) (DomainClaim, error) {
	plain, err := provision.NormalDomain(domain)
	if err != nil {
		return DomainClaim{}, err
	}
	return claimOf(ctx, s.store, conn, plain)
}

func claimOf(ctx context.Context, store Store, conn provision.ConnectionID, plain string) (DomainClaim, error) {
	claims, err := store.DomainClaims(ctx, conn)
	if err != nil {
		return DomainClaim{}, err
	}
	for _, claim := range claims {
		if claim.Domain == plain {
			return claim, nil
		}
	}
	return DomainClaim{}, provision.Errorf(provision.NotFound, "domains", "%s is not waiting to be verified; `deskbridge domain add` first", plain)
}

// DomainClaims returns the domains that wait to be verified; "" for those of
// all connections.
func (s *Service) DomainClaims(ctx context.Context, conn provision.ConnectionID) ([]DomainClaim, error) {
	return s.store.DomainClaims(ctx, conn)
}

// RemoveDomain takes a domain from a connection, verified or not.
func (s *Service) RemoveDomain(ctx context.Context, c provision.Cause, conn provision.ConnectionID, domain string) error {
	plain, err := provision.NormalDomain(domain)
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
		return s.audit.Record(ctx, tx, domainEntry(s.audit, c, conn, audit.DomainRemoved, plain, nil))
	})
}

func domainEntry(log *audit.Service, c provision.Cause, conn provision.ConnectionID, action provision.Action, domain string, detail map[string]any) provision.Entry {
	e := log.Entry(c, conn, action, string(conn))
	e.Detail = map[string]any{"domain": domain}
	for k, v := range detail {
		e.Detail[k] = v
	}
	return e
}
