package worker_test

import (
	"github.com/deskbridge/deskbridge/internal/core"
	"github.com/deskbridge/deskbridge/worker"
)

// workerCore returns what worker asks of c.
func workerCore(c *core.Core) worker.Core {
	return worker.Core{Audit: c.Audit, Entitlement: c.Entitlement, Reconcile: c.Reconcile, DeskHealth: c.DeskHealth, Settings: c.Settings, ByHand: c.ByHand}
}
