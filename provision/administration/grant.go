package administration

import (
	"context"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// GrantID is the id of a [Grant].
type GrantID string

// Grant gives everybody in a group of a connection a role here.
type Grant struct {
	ID         GrantID
	Connection provision.ConnectionID
	// Group is the group that is meant, whatever it is called by now: one that is
	// made anew under the name of a group that has gone is another. It is empty of
	// a group that the identity provider names at sign-in only.
	Group     provision.GroupID
	GroupName string // displayName when it was granted, or the name as sign-ins have it
	Role      Role
	Reach     []Reach // of a [MailboxManager]
	CreatedBy string  // actor
	CreatedAt time.Time
}

// Claimed reports whether the group is one that the identity provider names at
// sign-in only.
func (g *Grant) Claimed() bool { return g.Group == "" }

// isTo reports whether a membership is one in the group that is meant.
func (g *Grant) isTo(m provision.Membership) bool {
	if m.Claimed != g.Claimed() {
		return false
	}
	if m.Claimed {
		return provision.SameWord(g.GroupName, m.Name)
	}
	return g.Group == m.Group
}

// is reports whether text means the grant: its id, or the name or id of its group.
func (g *Grant) is(text string) bool {
	return string(g.ID) == text || string(g.Group) == text && text != "" || provision.SameWord(g.GroupName, text)
}

// GrantDraft is what a new grant is to be.
type GrantDraft struct {
	Connection provision.ConnectionID
	Group      string // displayName or id; with Claimed the name as sign-ins have it
	// Claimed says that the identity provider names the group at sign-in, and pushes
	// none. Whoever is signed in keeps the role until they sign in again.
	Claimed bool
	Role    Role
	Reach   []Reach
}

// Grant gives the people of a group a role. A group has one role: another takes
// the place of the one before, but a mailbox manager's desks are added to, or
// replaced desk by desk.
func (s *Service) Grant(ctx context.Context, c provision.Cause, draft GrantDraft) (g Grant, _ error) {
	if _, err := ParseRole(string(draft.Role)); err != nil {
		return g, err
	}
	reach, err := checkReach(draft.Role, draft.Reach)
	if err != nil {
		return g, err
	}
	err = s.inTx(ctx, func(tx Store) error {
		if _, err := provision.LockStaying(ctx, tx.LockConnection, draft.Connection); err != nil {
			return err
		}
		g = Grant{ID: provision.NewID[GrantID](), Connection: draft.Connection, Role: draft.Role, Reach: reach, CreatedBy: c.Actor, CreatedAt: s.now()}
		if err := g.find(ctx, tx, draft); err != nil {
			return err
		}
		for _, r := range reach {
			if _, err := tx.Desk(ctx, string(r.Desk)); err != nil {
				return err
			}
		}
		have, err := tx.ConsoleGrants(ctx, draft.Connection)
		if err != nil {
			return err
		}
		for _, old := range have {
			if old.Group != g.Group || g.Claimed() && provision.Fold(old.GroupName) != provision.Fold(g.GroupName) {
				continue
			}
			g.ID = old.ID
			if old.Role == g.Role {
				g.Reach = append(slices.DeleteFunc(old.Reach, func(r Reach) bool {
					return slices.ContainsFunc(reach, func(n Reach) bool { return n.Desk == r.Desk })
				}), reach...)
			}
		}
		if err := tx.SaveConsoleGrant(ctx, g); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, s.grantEntry(c, g, audit.AdminGranted))
	})
	return g, err
}

// find sets the group that draft means.
func (g *Grant) find(ctx context.Context, tx Store, draft GrantDraft) error {
	if draft.Claimed {
		g.GroupName = draft.Group
		if draft.Group == "" {
			return provision.Errorf(provision.Invalid, "group", "name the group, as the identity provider does at sign-in")
		}
		return provision.CheckVisible("group", draft.Group)
	}
	found, err := tx.Group(ctx, draft.Connection, provision.GroupID(draft.Group))
	if provision.IsNotFound(err) {
		found, err = tx.GroupByName(ctx, draft.Connection, draft.Group)
	}
	if provision.IsNotFound(err) {
		return provision.Errorf(provision.NotFound, "group", "the identity provider has pushed no group %q to this connection; `deskbridge group list` shows those that there are", provision.Clip(draft.Group))
	}
	g.Group, g.GroupName = found.ID, found.DisplayName
	return err
}

// Revoke takes the role away that a group of a connection has, by the name or id
// of the group.
func (s *Service) Revoke(ctx context.Context, c provision.Cause, conn provision.ConnectionID, group string) (g Grant, _ error) {
	err := s.inTx(ctx, func(tx Store) error {
		if _, err := tx.LockConnection(ctx, conn); err != nil {
			return err
		}
		have, err := tx.ConsoleGrants(ctx, conn)
		if err != nil {
			return err
		}
		found := slices.DeleteFunc(have, func(g Grant) bool { return !g.is(group) })
		switch exact := slices.IndexFunc(found, func(g Grant) bool { return string(g.ID) == group || string(g.Group) == group }); {
		case len(found) == 0:
			return provision.Errorf(provision.NotFound, "group", "no group %q of this connection has a role here; `deskbridge admin list` shows those that have", provision.Clip(group))
		case exact >= 0:
			g = found[exact]
		case len(found) > 1:
			return provision.Errorf(provision.Invalid, "group", "several groups with a role are or were called %q; give the id that `deskbridge admin list --json` shows", provision.Clip(group))
		default:
			g = found[0]
		}
		if err := tx.DeleteConsoleGrant(ctx, g.ID); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, s.grantEntry(c, g, audit.AdminRevoked))
	})
	return g, err
}

func (s *Service) grantEntry(c provision.Cause, g Grant, action provision.Action) provision.Entry {
	subject := string(g.Group)
	if g.Claimed() {
		subject = string(g.ID)
	}
	e := s.audit.Entry(c, g.Connection, action, subject)
	e.Detail = map[string]any{"role": g.Role, "group": g.GroupName}
	if len(g.Reach) > 0 {
		e.Detail["reach"] = g.Reach
	}
	return e
}

// Grants returns which groups have which role: of a connection, or with "" of all.
func (s *Service) Grants(ctx context.Context, conn provision.ConnectionID) ([]Grant, error) {
	return s.store.ConsoleGrants(ctx, conn)
}
