package api

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/deskbridge/deskbridge/admin/api/problem"
	"github.com/deskbridge/deskbridge/internal/requestlog"
)

// toProblem is what an error is here. One that the core does not tell apart is logged.
func (a *API) toProblem(ctx context.Context, err error) *problem.Problem {
	p, known := problem.Of(err)
	if !known {
		a.options.Log.ErrorContext(ctx, "a request of the admin API failed", "request", a.options.RequestID(ctx), "err", err)
	}
	return a.referring(ctx, p)
}

// referring adds by what the log has the request, and tells the log why it was
// refused.
func (a *API) referring(ctx context.Context, p *problem.Problem) *problem.Problem {
	p.Instance = a.options.RequestID(ctx)
	requestlog.Of(ctx).Set("reason", p.Code)
	return p
}

// problem answers with a problem.
func (a *API) problem(w http.ResponseWriter, ctx context.Context, p *problem.Problem) { //nolint:revive // the writer comes first, as in net/http
	p.Instance = a.options.RequestID(ctx)
	for name, values := range p.Headers {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p) //nolint:errcheck // the client may be gone
}
