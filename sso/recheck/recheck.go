package recheck

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/internal/backoff"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/expiry"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/sso/client"
	"github.com/deskbridge/deskbridge/sso/oidc"
)

// Core is what this room asks of the core, and no more.
type Core struct {
	Expiry   *expiry.Service
	Settings *settings.Service
}

const (
	// lookEvery is how often it is looked who is to be asked about.
	lookEvery = 30 * time.Second
	// askEvery is the time between two requests to one provider: five a second.
	askEvery = 200 * time.Millisecond
	// askTime is how long a provider may take for an answer.
	askTime = 10 * time.Second
	// failures is after how many requests without an answer a provider is left alone
	// for a while.
	failures = 3
)

// aloneFor is how long a provider is left alone that does not answer.
var aloneFor = backoff.Policy{First: time.Minute, Most: 30 * time.Minute}

// Rechecker asks the providers of all connections. It is safe for concurrent use, by any
// number of processes on one database.
type Rechecker struct {
	core    Core
	clients *client.Clients
	log     *slog.Logger
	now     func() time.Time

	mu        sync.Mutex
	providers map[string]*provider // by issuer
}

// provider is how asking one goes.
type provider struct {
	asking   bool
	failed   int       // times that it was left alone since its last answer
	notUntil time.Time // it is asked again
}

// New returns a Rechecker of core's connections.
func New(core Core, clients *client.Clients, log *slog.Logger, now func() time.Time) *Rechecker {
	return &Rechecker{core: core, clients: clients, log: log, now: now, providers: make(map[string]*provider)}
}

// Run asks until ctx ends.
func (r *Rechecker) Run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := r.look(ctx, &all); err != nil && ctx.Err() == nil {
			r.log.ErrorContext(ctx, "asking identity providers whether they still vouch for people failed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Round asks about everybody who is due, and returns when it has.
func (r *Rechecker) Round(ctx context.Context) error {
	var all sync.WaitGroup
	err := r.look(ctx, &all)
	all.Wait()
	return err
}

// look begins to ask each provider that nobody asks already.
func (r *Rechecker) look(ctx context.Context, all *sync.WaitGroup) error {
	connections, err := r.core.Settings.Connections(ctx)
	if err != nil {
		return err
	}
	of := make(map[string][]provision.Connection)
	for _, c := range connections {
		if c.SignIn.Recheck > 0 && c.SignIn.OIDC.Readable() == nil && !c.SignIn.Disabled && c.Removal == provision.RemovalNone {
			of[c.SignIn.OIDC.Issuer] = append(of[c.SignIn.OIDC.Issuer], c)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for issuer, theirs := range of {
		p := r.providers[issuer]
		if p == nil {
			p = &provider{}
			r.providers[issuer] = p
		}
		if p.asking || r.now().Before(p.notUntil) {
			continue
		}
		p.asking = true
		all.Go(func() {
			answered, err := r.ask(ctx, theirs)
			if err != nil && ctx.Err() == nil {
				r.log.ErrorContext(ctx, "asking an identity provider whether it still vouches for people failed", "issuer", issuer, "err", err)
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			p.asking = false
			if answered {
				p.failed = 0
				return
			}
			p.failed++
			p.notUntil = r.now().Add(aloneFor.After(p.failed))
		})
	}
	for issuer, p := range r.providers {
		if of[issuer] == nil && !p.asking {
			delete(r.providers, issuer)
		}
	}
	return nil
}

// ask asks one provider about the people of its connections who are due, until it gives
// no more answers. It reports whether it gave answers to all.
func (r *Rechecker) ask(ctx context.Context, connections []provision.Connection) (answered bool, _ error) {
	var last time.Time // when it was last asked
	unanswered := 0
	for _, conn := range connections {
		rp, _, err := r.clients.OIDC(ctx, conn)
		if err != nil {
			r.log.WarnContext(ctx, "an identity provider cannot be asked whether it still vouches for people", "connection", conn.Name, "err", err)
			return false, nil
		}
		for {
			g, err := r.core.Expiry.Claim(ctx, conn.ID)
			if provision.IsNotFound(err) {
				break
			}
			if err != nil {
				return true, err
			}
			select {
			case <-ctx.Done():
				return true, ctx.Err()
			case <-time.After(askEvery - time.Since(last)):
			}
			last = time.Now()
			answer, err := r.one(ctx, conn, rp, g)
			if err != nil {
				return true, fmt.Errorf("person %s: %w", g.Login.Identity, err)
			}
			if answer != oidc.NoAnswer {
				unanswered = 0
			} else if unanswered++; unanswered == failures {
				return false, nil
			}
		}
	}
	return true, nil
}

// one asks about one person, and has the core take note of the answer.
func (r *Rechecker) one(ctx context.Context, conn provision.Connection, rp *oidc.RelyingParty, g expiry.Grant) (oidc.Answer, error) {
	if g.Client != conn.SignIn.OIDC.ClientID || g.Login.Issuer != rp.Issuer() {
		return oidc.Vouches, r.core.Expiry.OtherClient(ctx, g)
	}
	// What has begun is brought to its end: the token that comes must be kept.
	lasting, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTime)
	defer cancel()
	stale := false
	got, err := rp.Refresh(lasting, g.Token, g.Login.Subject, func(replaced string) (err error) {
		g, err = r.core.Expiry.Replaced(context.WithoutCancel(ctx), g, replaced)
		stale = provision.IsNotFound(err)
		return err
	})
	if stale { // the person has signed in anew
		return oidc.Vouches, nil
	}
	if err != nil {
		return got.Answer, errors.Join(err, r.core.Expiry.Unanswered(context.WithoutCancel(ctx), g, "the answer could not be kept", got.Used))
	}
	ctx = context.WithoutCancel(ctx)
	log := r.log.With("connection", conn.Name, "identity", g.Login.Identity)
	switch got.Answer {
	case oidc.Vouches:
		return got.Answer, r.core.Expiry.Vouched(ctx, g, conn.SignIn.Recheck)
	case oidc.Revoked:
		log.InfoContext(ctx, "the identity provider has revoked a sign-in")
		return got.Answer, r.core.Expiry.Revoked(ctx, g)
	case oidc.WantsPerson:
		return got.Answer, r.core.Expiry.WantsPerson(ctx, g)
	case oidc.SomebodyElse:
		log.WarnContext(ctx, "an identity provider answered for somebody else, or as somebody else", "problem", got.Problem)
		return got.Answer, r.core.Expiry.Else(ctx, g)
	case oidc.NoAnswer:
	}
	return got.Answer, r.core.Expiry.Unanswered(ctx, g, got.Problem, got.Used)
}
