package directory

import (
	"cmp"
	"context"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/validity"
)

// effects is what a change of a person comes to, decided from what was loaded.
// Whatever is written of people is written by [Service.apply]; the zero write
// writes nothing.
type effects struct {
	person provision.Identity // as they are then
	write  write

	takesUp provision.IdentityID // whose accounts they take up; "": nobody's
	leaves  bool                 // every group

	action provision.Action // of the audit entry
	detail map[string]any

	ends          provision.SessionEnd // why their sessions end; "": they go on
	forgetsLogins bool                 // all of theirs
	pushed        *validity.Pushed     // the end that the identity provider gives, when that is news
	dropsGrants   bool                 // the identity provider is asked about their sign-ins no more
	renamed       *provision.Identity  // as they were, when they lose a name that a login may rest on; nil: no
	endsElsewhere bool                 // their sessions end if another connection owns their domains now
}

// write says how a person is written.
type write int

const (
	writeNothing write = iota
	writeNew
	writeChanged
)

// facts are what decides on a person's access, as far as it was read on the way.
type facts struct {
	rules    []provision.Rule
	complete bool // accounts, which are locked, and groups are known
	accounts []provision.Account
	groups   map[provision.IdentityID][]provision.Membership
}

// apply carries out e in tx, notes it in the audit log, and evaluates what
// follows.
func (s *Service) apply(ctx context.Context, tx Store, c provision.Cause, f facts, e effects) error {
	if e.write == writeNothing {
		return nil
	}
	entry := s.audit.Entry(c, e.person.Connection, e.action, string(e.person.ID))
	entry.Detail = e.detail
	if e.leaves {
		left, err := tx.RemoveMemberships(ctx, provision.MemberID(e.person.ID), e.person.UpdatedAt)
		if err != nil {
			return err
		}
		if len(left) > 0 {
			entry.Detail = map[string]any{"left_groups": left}
		}
	}
	write := tx.SaveIdentity
	if e.write == writeNew {
		write = tx.InsertIdentity
	}
	if err := write(ctx, e.person); err != nil {
		return err
	}
	if e.takesUp != "" {
		n, err := tx.MoveAccounts(ctx, e.takesUp, e.person.ID)
		if err != nil {
			return err
		}
		if n > 0 {
			entry.Detail = map[string]any{"was": e.takesUp, "accounts_taken_up": n}
		}
	}
	entries := []provision.Entry{entry}
	if e.pushed != nil {
		end := s.audit.Entry(c, e.person.Connection, audit.PersonEndSet, string(e.person.ID))
		end.Detail = map[string]any{"until": cmp.Or(provision.FormatUntil(e.pushed.At), "none"), "attribute": e.pushed.By, "unread": e.pushed.Unread}
		entries = append(entries, end)
		if e.person.Terms.Ended(e.person.UpdatedAt) { // before it was said
			ended := s.audit.Entry(c, e.person.Connection, audit.PersonEnded, string(e.person.ID))
			ended.Detail = map[string]any{"until": e.person.Terms.End().At, "set_by": e.person.Terms.End().By}
			entries = append(entries, ended)
		}
	}
	if err := s.audit.Record(ctx, tx, entries...); err != nil {
		return err
	}
	if err := s.endSessions(ctx, tx, c, e); err != nil {
		return err
	}
	if err := s.forgetLogins(ctx, tx, c, e); err != nil {
		return err
	}
	if e.dropsGrants {
		if err := tx.DropGrants(ctx, e.person.ID); err != nil {
			return err
		}
	}
	if f.complete || e.write == writeNew && e.takesUp == "" { // who is new has no accounts, and no groups yet
		return s.entitlement.Update(ctx, tx, c, e.person.Connection, f.rules, []provision.Identity{e.person}, f.accounts, f.groups)
	}
	return s.entitlement.EvaluateIn(ctx, tx, c, e.person.Connection, f.rules, []provision.Identity{e.person})
}

func (s *Service) endSessions(ctx context.Context, tx Store, c provision.Cause, e effects) error {
	why := e.ends
	if e.endsElsewhere {
		all, err := tx.Connections(ctx)
		if err != nil {
			return err
		}
		if provision.BelongsElsewhere(&e.person, all) {
			why = provision.EndedByDomain
		}
	}
	if why == "" {
		return nil
	}
	return s.sessions.EndIn(ctx, tx, c, provision.SessionFilter{Identity: e.person.ID}, why)
}
