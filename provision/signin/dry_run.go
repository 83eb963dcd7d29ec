package signin

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/entitlement"
)

// DryRun is what a sign-in would come to.
type DryRun struct {
	SignedIn
	Access []DryRunAccess // by desk name
}

// DryRunAccess is what a sign-in would give on one desk.
type DryRunAccess struct {
	Desk   string
	Access provision.Access
}

// errDryRun takes back what a dry run has done.
var errDryRun = errors.New("provision: a dry run changes nothing")

// DryRun is SignIn, and takes everything back: for an admin who wants to see
// what a sign-in would do. It passes where sign-in is switched off.
func (s *Service) DryRun(ctx context.Context, conn provision.ConnectionID, c provision.Cause, l provision.Login) (t DryRun, _ error) {
	var not provision.IdentityID
	err := s.again(func() error { return s.dryRun(ctx, conn, c, l, &not, &t) })
	if errors.Is(err, errDryRun) {
		err = nil
	}
	return t, err
}

func (s *Service) dryRun(ctx context.Context, conn provision.ConnectionID, c provision.Cause, l provision.Login, not *provision.IdentityID, t *DryRun) error {
	return s.inTx(ctx, func(tx Store) error {
		*t = DryRun{}
		loaded, err := tx.LoadSignIn(ctx, question(conn, l, *not))
		if err != nil {
			return err
		}
		d := signInTx{Service: s, tx: tx, cause: c, login: l, dry: true, not: not}
		if t.SignedIn, err = d.run(ctx, loaded); err != nil {
			return err
		}
		groups, err := entitlement.Memberships(ctx, tx, conn, []provision.IdentityID{t.Person.ID})
		if err != nil {
			return err
		}
		for _, id := range entitlement.DesksOf(d.rules, nil) {
			desk, err := tx.Desk(ctx, string(id))
			if err != nil {
				return err
			}
			t.Access = append(t.Access, DryRunAccess{desk.Name, provision.Evaluate(d.rules, t.Person, groups[t.Person.ID], id, s.now())})
		}
		slices.SortFunc(t.Access, func(a, b DryRunAccess) int { return strings.Compare(a.Desk, b.Desk) })
		return errDryRun
	})
}
