package settings

import (
	"context"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/seating"
)

// DeskByClientID returns the desk that is this OpenID Connect client.
func (s *Service) DeskByClientID(ctx context.Context, clientID string) (provision.Desk, error) {
	desks, err := s.store.Desks(ctx)
	if err != nil {
		return provision.Desk{}, err
	}
	for _, d := range desks {
		if o := d.SignIn.OIDC; o != nil && o.ClientID == clientID {
			return d, nil
		}
	}
	return provision.Desk{}, provision.Errorf(provision.NotFound, "client_id", "no desk has this client_id")
}

// FreeClientID refuses a desk with the client_id of another one: a code for
// one of them would be good for the other.
func FreeClientID(ctx context.Context, tx Store, desk provision.Desk) error {
	if desk.SignIn.OIDC == nil {
		return nil
	}
	desks, err := tx.Desks(ctx)
	if err != nil {
		return err
	}
	for _, d := range desks {
		if o := d.SignIn.OIDC; o != nil && d.ID != desk.ID && o.ClientID == desk.SignIn.OIDC.ClientID {
			return provision.Errorf(provision.Conflict, "sign_in.oidc.client_id", "desk %q has this client_id already; give each its own", d.Name)
		}
	}
	return nil
}

// AddDesk makes a desk.
func (s *Service) AddDesk(ctx context.Context, c provision.Cause, d provision.Desk) (provision.Desk, error) {
	if _, err := s.CheckDesk(d); err != nil {
		return provision.Desk{}, err
	}
	err := s.inTx(ctx, func(tx Store) error {
		if err := tx.LockRules(ctx); err != nil { // one at a time: a client_id has one owner
			return err
		}
		d.ID, d.CreatedAt = provision.NewID[provision.DeskID](), s.now()
		if err := FreeClientID(ctx, tx, d); err != nil {
			return err
		}
		if err := tx.SaveDesk(ctx, d); err != nil {
			return err
		}
		entry := s.audit.Entry(c, "", audit.DeskCreated, string(d.ID))
		entry.Desk = d.ID
		if err := s.audit.Record(ctx, tx, entry); err != nil {
			return err
		}
		return NotePrice(ctx, tx, s.audit, c, seating.Price{}, d)
	})
	return d, err
}

// Ignore has users of a desk be nobody for adoption, by a pattern of adopt_ignore, or,
// with ignored false, be somebody again as far as that pattern goes. What is so already is
// no change; a pattern that is mistaken is Invalid.
func (s *Service) Ignore(ctx context.Context, c provision.Cause, nameOrID, pattern string, ignored bool) (d provision.Desk, _ error) {
	err := s.inTx(ctx, func(tx Store) (err error) {
		if err := tx.LockRules(ctx); err != nil { // as whoever applies a configuration does
			return err
		}
		desks, err := tx.Desks(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(desks, func(d provision.Desk) bool { return d.Name == nameOrID || string(d.ID) == nameOrID })
		if i < 0 {
			return provision.Errorf(provision.NotFound, "desk", "there is no desk %q", provision.Clip(nameOrID))
		}
		d = desks[i]
		if slices.Contains(d.AdoptIgnore, pattern) == ignored {
			return nil
		}
		d.AdoptIgnore = slices.DeleteFunc(slices.Clone(d.AdoptIgnore), func(p string) bool { return p == pattern })
		if ignored {
			d.AdoptIgnore = append(d.AdoptIgnore, pattern)
		}
		if _, err := s.CheckDesk(d); err != nil {
			return err
		}
		if err := tx.SaveDesk(ctx, d); err != nil {
			return err
		}
		entry := s.audit.Entry(c, "", audit.DeskIgnores, string(d.ID))
		entry.Desk, entry.Detail = d.ID, map[string]any{"ignored": ignored, "patterns": len(d.AdoptIgnore)} // a pattern may be somebody's address
		return s.audit.Record(ctx, tx, entry)
	})
	return d, err
}

// NotePrice enters what a seat of a desk costs from now on, if it is another price than
// before: what seats saved is reckoned by it.
func NotePrice(ctx context.Context, tx audit.Appender, log *audit.Service, c provision.Cause, before seating.Price, d provision.Desk) error {
	if before.Same(d.Price) {
		return nil
	}
	entry := log.Entry(c, "", audit.SeatPriced, string(d.ID))
	entry.Desk = d.ID
	entry.Detail = map[string]any{"amount": d.Price.Amount, "limited": d.Price.Limited, "currency": d.Price.Currency, "per": d.Price.Per}
	return log.Record(ctx, tx, entry)
}

// Abilities returns what a desk can do, with its settings; false when nobody knows.
func (s *Service) Abilities(d provision.Desk) (Abilities, bool) {
	if s.checks.Desk == nil {
		return Abilities{}, false
	}
	can, err := s.checks.Desk(d)
	return can, err == nil
}

// Fit returns a user as a desk would keep it, by its connector; false when nobody knows.
// It does no I/O.
func (s *Service) Fit(d provision.Desk, want provision.DeskUser) (provision.DeskUser, bool) {
	if s.checks.Fit == nil {
		return want, false
	}
	return s.checks.Fit(d, want)
}

// Desk returns the desk with this name or id.
func (s *Service) Desk(ctx context.Context, nameOrID string) (provision.Desk, error) {
	return s.store.Desk(ctx, nameOrID)
}

// Desks returns all desks, by name.
func (s *Service) Desks(ctx context.Context) ([]provision.Desk, error) { return s.store.Desks(ctx) }
