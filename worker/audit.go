package worker

import (
	"context"
	"errors"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// headEvery is how often the head of the audit log goes to the log, where it
// outlives the database.
const headEvery = time.Hour

// keepAudit looks at the end of the audit log, before anything is sealed and
// then every hour, and seals it every second, until ctx ends.
func (w *Worker) keepAudit(ctx context.Context) {
	w.checkAudit(ctx)
	checked := time.Now()
	w.every(ctx, sealEvery, "sealing the audit log", func(ctx context.Context) error {
		if time.Since(checked) > headEvery {
			w.checkAudit(ctx)
			checked = time.Now()
		}
		return w.seal(ctx)
	})
}

// checkAudit logs the head of the audit log, and what is wrong with it.
func (w *Worker) checkAudit(ctx context.Context) {
	report, err := w.core.Audit.Check(ctx)
	problem, _ := errors.AsType[*provision.Error](err)
	switch {
	case ctx.Err() != nil:
	case problem != nil && problem.Code == provision.Invalid:
		w.log.ErrorContext(ctx, "the audit log is not as it was written; run `deskbridge audit verify`, and keep a copy of the database", "problem", problem.Detail, "head", report.Last())
	case err != nil:
		w.log.ErrorContext(ctx, "looking at the audit log failed", "err", err)
	case report.Head != "":
		w.log.InfoContext(ctx, "head of the audit log", "head", report.Last())
	}
}
