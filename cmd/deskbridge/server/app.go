package server

import (
	"context"
	"errors"

	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/store"
)

// CreateApp makes credentials for the API of a built-in desk. When that cannot be
// entered in the audit log, there are none.
func (s *System) CreateApp(ctx context.Context, d provision.Desk) (builtin.App, error) {
	app, err := s.Builtin.CreateApp(ctx, d.ID, "")
	if err != nil {
		return app, err
	}
	if err := s.recordApp(ctx, d, audit.DeskAppCreated, app.ID); err != nil {
		return builtin.App{}, errors.Join(err, s.Builtin.RemoveApp(context.WithoutCancel(ctx), d.ID, app.ID))
	}
	return app, nil
}

// RemoveApp ends credentials for the API of a built-in desk, with their tokens.
func (s *System) RemoveApp(ctx context.Context, d provision.Desk, id string) error {
	if err := s.Builtin.RemoveApp(ctx, d.ID, id); err != nil {
		return DeskError(d, err)
	}
	return s.recordApp(context.WithoutCancel(ctx), d, audit.DeskAppRemoved, id) // they have ended, whoever waits for that
}

// recordApp enters what became of credentials, after it did: a built-in desk keeps
// them in tables of its own.
func (s *System) recordApp(ctx context.Context, d provision.Desk, action provision.Action, app string) error {
	e := s.Core.Audit.Entry(s.Cause, "", action, app)
	e.Desk = d.ID
	return s.Store.InTx(ctx, func(tx *store.Store) error { return s.Core.Audit.Record(ctx, tx, e) })
}

// OpenBuiltins makes the built-in desks of a draft that was applied ready for use.
func (s *System) OpenBuiltins(ctx context.Context, of plan.Draft) error {
	for _, named := range of.Desks {
		d, err := s.Core.Settings.Desk(ctx, named.Name)
		if err != nil {
			return err
		}
		if d.Kind == builtin.Kind {
			if err := s.Builtin.Open(ctx, d); err != nil {
				return err
			}
		}
	}
	return nil
}
