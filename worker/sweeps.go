package worker

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/deskbridge/deskbridge/internal/backoff"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

const (
	sweepsAtOnce = 4 // desks; one that is slow must not keep the others waiting
	sweepAgain   = 5 * time.Minute
	lookForWork  = 10 * time.Second
)

// sweepDue begins to sweep the desks whose turn it is, each at about every
// interval. Every replica looks: the lease lets one sweep. A desk for which
// group has no room waits for the next look. ctx bounds the look, sweeping the
// sweeps.
func (w *Worker) sweepDue(ctx, sweeping context.Context, group *errgroup.Group, interval time.Duration) error {
	due, err := w.core.DeskHealth.DueSweeps(ctx, interval)
	if err != nil {
		return err
	}
	for _, d := range due {
		group.TryGo(func() error {
			w.sweepOne(sweeping, d, interval)
			return nil
		})
	}
	return nil
}

// keepSweeping looks for desks to sweep until ctx ends, and returns when the
// last sweep has.
func (w *Worker) keepSweeping(ctx context.Context, interval time.Duration) {
	var group errgroup.Group
	group.SetLimit(sweepsAtOnce)
	w.every(ctx, min(lookForWork, interval/4+time.Millisecond), "looking for desks to sweep", func(bounded context.Context) error {
		return w.sweepDue(bounded, ctx, &group, interval)
	})
	group.Wait() //nolint:errcheck // none of them returns one
}

func (w *Worker) sweepOne(ctx context.Context, d provision.Desk, interval time.Duration) {
	start := time.Now()
	report, err := w.Sweep(ctx, d, SweepOptions{
		Cause: provision.Cause{Actor: "worker", Action: "sweep"},
		next: func(failure error) time.Duration {
			if failure != nil {
				return around(min(interval, sweepAgain))
			}
			return around(interval)
		},
	})
	switch {
	case errors.Is(err, reconcile.ErrBusy), errors.Is(err, reconcile.ErrNotDue), ctx.Err() != nil:
	case err != nil:
		w.log.WarnContext(ctx, "sweep failed", "desk", d.Name, "checked", report.Checked, "err", err)
	default:
		w.log.InfoContext(ctx, "sweep", "desk", d.Name, "checked", report.Checked, "drifted", len(report.Drifts), "repaired", report.Repaired,
			"skipped", len(report.Skipped), "ms", time.Since(start).Milliseconds())
	}
}

// around returns about d: replicas and desks that begin together drift apart.
func around(d time.Duration) time.Duration { return backoff.Between(d*9/10, d*11/10) }
