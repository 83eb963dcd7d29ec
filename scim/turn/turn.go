package turn

import (
	"context"
	"errors"
	"time"

	"github.com/deskbridge/deskbridge/internal/share"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

const (
	// smallBody is up to which size a body counts as none, in bytes.
	smallBody = 64 << 10
	// bodyWeight is how many times its size a body takes once it is read.
	bodyWeight = 4
	// pageWeight is the same of a page of resources.
	pageWeight = 2
	// memoryShare is which part of the memory a connection may have.
	memoryShare = 4
	// searchers is how many connections may search as much as they may.
	searchers = 2
)

// Limits say how much there is. All fields must be set.
type Limits struct {
	Requests int           // of a connection, under way
	Searches int           // of which those that look at many resources
	Memory   int64         // bytes, of all connections
	Wait     time.Duration // how long a request waits for each
}

// Turns are what the connections of one process share. They are safe for
// concurrent use.
type Turns struct {
	requests, searches, memory *share.Pool[provision.ConnectionID]
	wait                       time.Duration
}

// New returns what there is to share.
func New(l Limits) *Turns {
	return &Turns{
		requests: share.New[provision.ConnectionID](int64(l.Requests), 0),
		searches: share.New[provision.ConnectionID](int64(l.Searches), searchers*int64(l.Searches)),
		memory:   share.New[provision.ConnectionID](max(l.Memory/memoryShare, 1), l.Memory),
		wait:     l.Wait,
	}
}

// Turn is what one request has, for one goroutine. What it waits for in vain is
// an error with status 429, or 503 when other connections have it all.
type Turn struct {
	of   *Turns
	conn provision.ConnectionID
	held []*share.Taken
}

// Begin waits until a request of the connection may begin. What it has, then and
// later, it has until End.
func (t *Turns) Begin(ctx context.Context, conn provision.ConnectionID) (*Turn, error) {
	out := &Turn{of: t, conn: conn}
	_, err := out.take(ctx, t.requests, 1)
	return out, err
}

// End gives back what the request has. Of a nil Turn that is nothing.
func (t *Turn) End() {
	if t == nil {
		return
	}
	for _, taken := range t.held {
		taken.GiveBack()
	}
}

// Body waits for the memory of a body of so many bytes; where length is negative,
// of most.
func (t *Turn) Body(ctx context.Context, length, most int64) error {
	if length < 0 {
		length = most
	}
	if length <= smallBody {
		return nil
	}
	_, err := t.take(ctx, t.of.memory, length*bodyWeight)
	return err
}

// Page waits for the memory of resources that come to most bytes. keep, which is
// called with what they come to, gives back the rest.
func (t *Turn) Page(ctx context.Context, most int) (keep func(bytes int), _ error) {
	taken, err := t.take(ctx, t.of.memory, pageWeight*int64(most))
	return func(bytes int) { taken.Keep(pageWeight * int64(bytes)) }, err
}

// Search waits until the request may look at many resources; done ends that. It
// counts as a search from then on and no more among the requests under way:
// those that change something do not wait behind searches that wait.
func (t *Turn) Search(ctx context.Context) (done func(), _ error) {
	t.held[0].GiveBack()
	taken, err := t.take(ctx, t.of.searches, 1)
	return taken.GiveBack, err
}

func (t *Turn) take(ctx context.Context, from *share.Pool[provision.ConnectionID], n int64) (*share.Taken, error) {
	taken, err := from.Take(ctx, t.conn, n, t.of.wait)
	switch {
	case errors.Is(err, share.ErrEach):
		return nil, scimerr.New(429, "Too many requests of this connection are under way; try again after the time in Retry-After.")
	case errors.Is(err, share.ErrAll):
		return nil, scimerr.New(503, "Too many large requests are under way; try again after the time in Retry-After.")
	case err != nil:
		return nil, err
	}
	t.held = append(t.held, taken)
	return taken, nil
}
