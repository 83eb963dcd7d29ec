package scim

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/internal/share"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/resource"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// turns are what connections share, lest the requests of one keep the others
// waiting. All are of one process.
type turns struct {
	requests *share.Pool[provision.ConnectionID] // under way
	searches *share.Pool[provision.ConnectionID] // that look at many resources; fewer than the database takes at once
	memory   *share.Pool[provision.ConnectionID] // bytes, of large requests and answers
}

func newTurns(l Limits) turns {
	return turns{
		requests: share.New[provision.ConnectionID](int64(l.RequestsAtOnce), 0),
		searches: share.New[provision.ConnectionID](int64(l.SearchesAtOnce), 2*int64(l.SearchesAtOnce)),
		memory:   share.New[provision.ConnectionID](l.Memory/4, l.Memory),
	}
}

const (
	// smallBody is up to which size a body counts as none, in bytes.
	smallBody = 64 << 10
	// bodyWeight is how many times its size a body takes once it is read.
	bodyWeight = 4
	// pageWeight is the same of a page of resources.
	pageWeight = 2
)

// take takes n of a pool for the connection of a request. Who waits for too long
// is told to come again: for others of the same connection by 429, for those of
// all by 503.
func (h *handler) take(r *request, from *share.Pool[provision.ConnectionID], n int64) (*share.Taken, error) {
	taken, err := from.Take(r.Context(), r.conn.ID, n, h.limits.Wait)
	switch {
	case errors.Is(err, share.ErrEach):
		return nil, scimerr.New(http.StatusTooManyRequests, "Too many requests of this connection are under way; try again after the time in Retry-After.")
	case errors.Is(err, share.ErrAll):
		return nil, scimerr.New(http.StatusServiceUnavailable, "Too many large requests are under way; try again after the time in Retry-After.")
	}
	return taken, err
}

// takeBody takes the memory for the body of a request, which [handler.checkRequest]
// has passed.
func (h *handler) takeBody(r *request, most int64) error {
	n := r.ContentLength
	if n < 0 {
		n = most
	}
	if n <= smallBody {
		return nil
	}
	body, err := h.take(r, h.turns.memory, n*bodyWeight)
	r.held = append(r.held, body)
	return err
}

// takePage takes the memory for a page of resources, which it gives back when the
// answer is sent.
func (h *handler) takePage(r *request, l listing) (*share.Taken, error) {
	if l.count == 0 || l.isBare() || !l.walk && len(l.kinds) == 1 && l.kinds[0].Where != nil && provision.Indexed(l.kinds[0].Where) {
		return nil, nil
	}
	page, err := h.take(r, h.turns.memory, pageWeight*int64(min(l.count*resource.MaxDocument, h.limits.PageBytes)))
	r.held = append(r.held, page)
	return page, err
}

// sizeOf returns what the resources of a page take.
func sizeOf(items []provision.Found) (n int64) {
	for _, item := range items {
		if item.Identity != nil {
			n += int64(len(item.Identity.Document))
		} else {
			n += int64(len(item.Group.Document))
		}
	}
	return pageWeight * n
}

// isBare reports whether a listing needs no documents of people.
func (l listing) isBare() bool {
	return len(l.kinds) == 1 && l.kinds[0].t == resource.User && l.kinds[0].selection.IsBare()
}

// giveBack gives back what the request holds until it is answered.
func (r *request) giveBack() {
	for _, taken := range r.held {
		taken.GiveBack()
	}
}

// find looks up a page, and keeps a search that has to look at many resources
// within its time and its share of the database.
func (h *handler) find(r *request, l listing) (provision.Finding, error) {
	if !l.scans() {
		return h.lookUp(r.Context(), r, l)
	}
	turn, err := h.take(r, h.turns.searches, 1)
	if err != nil {
		return provision.Finding{}, err
	}
	defer turn.GiveBack()
	ctx, stop := context.WithTimeout(r.Context(), h.limits.QueryTime)
	defer stop()
	found, err := h.lookUp(ctx, r, l)
	if err != nil && ctx.Err() != nil && r.Context().Err() == nil {
		return found, scimerr.BadRequest("tooMany", "The %s looks at too many resources and was given up after %s. "+
			"Add \"and\" with an eq on userName, externalId, id or emails.value, which are found by index, or ask for fewer comparisons at a time, and leave sortBy out.", l.asked(), h.limits.QueryTime.Round(time.Millisecond))
	}
	return found, err
}

// scans reports whether a listing may look at every resource.
func (l listing) scans() bool {
	for _, k := range l.kinds {
		if k.Where != nil && !provision.Indexed(k.Where) || len(k.SortBy) > 0 {
			return true
		}
	}
	return false
}

// asked names what a listing looks for resources by.
func (l listing) asked() string {
	for _, k := range l.kinds {
		if k.Where != nil {
			return "filter"
		}
	}
	return "sortBy"
}
