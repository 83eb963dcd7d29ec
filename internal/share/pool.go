package share

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// Why nothing could be had.
var (
	ErrEach = errors.New("share: as much as each may have is in use") // by the same key
	ErrAll  = errors.New("share: all of it is in use")
)

// Pool is something that is shared. It is safe for concurrent use. A nil Pool has
// enough for everybody.
type Pool[K comparable] struct {
	each  int64
	most  int64 // that one take may be
	all   *semaphore.Weighted
	mu    sync.Mutex
	parts map[K]*part
}

// part is what a key has. It is forgotten when nobody has any of it, or waits.
type part struct {
	left  *semaphore.Weighted
	users int
}

// New returns a Pool of all, of which each key may have so many. An all of zero
// is no limit.
func New[K comparable](each, all int64) *Pool[K] {
	p := &Pool[K]{each: each, most: each, parts: map[K]*part{}}
	if all > 0 {
		p.all, p.most = semaphore.NewWeighted(all), min(each, all)
	}
	return p
}

// Take waits until n are free for key, and takes them until they are given back.
// An n beyond what a key may have takes all of that. After wait it is [ErrEach]
// or [ErrAll], and the error of ctx when that ends first.
func (p *Pool[K]) Take(ctx context.Context, key K, n int64, wait time.Duration) (*Taken, error) {
	if p == nil {
		return nil, nil
	}
	n = min(n, p.most)
	bounded, stop := context.WithTimeout(ctx, wait)
	defer stop()
	own := p.use(key)
	if own.left.Acquire(bounded, n) != nil {
		p.leave(key, own)
		return nil, cause(ctx, ErrEach)
	}
	if p.all != nil && p.all.Acquire(bounded, n) != nil {
		own.left.Release(n)
		p.leave(key, own)
		return nil, cause(ctx, ErrAll)
	}
	return &Taken{n: n, release: func(n int64, done bool) {
		if p.all != nil {
			p.all.Release(n)
		}
		own.left.Release(n)
		if done {
			p.leave(key, own)
		}
	}}, nil
}

func cause(ctx context.Context, otherwise error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return otherwise
}

func (p *Pool[K]) use(key K) *part {
	p.mu.Lock()
	defer p.mu.Unlock()
	own := p.parts[key]
	if own == nil {
		own = &part{left: semaphore.NewWeighted(p.each)}
		p.parts[key] = own
	}
	own.users++
	return own
}

func (p *Pool[K]) leave(key K, own *part) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if own.users--; own.users == 0 {
		delete(p.parts, key)
	}
}

// Taken is what somebody has of a [Pool], for one goroutine. Of a nil one nothing
// has to be given back.
type Taken struct {
	n       int64
	done    bool
	release func(n int64, done bool)
}

// Keep gives back all but n.
func (t *Taken) Keep(n int64) {
	if t == nil || t.done || n >= t.n {
		return
	}
	t.release(t.n-n, false)
	t.n = n
}

// GiveBack gives back what is left, once.
func (t *Taken) GiveBack() {
	if t == nil || t.done {
		return
	}
	t.done = true
	t.release(t.n, true)
}
