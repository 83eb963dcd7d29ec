//go:build !race

// Without the race detector, as play_test.go.

package worker_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// lossPlay is a connection in which people lose access and get it back by
// chance, and an admin decides by chance. It knows what must have become of each.
type lossPlay struct {
	*harness
	chance *rand.Rand
	cast   []*loser
	acts   []string
}

// loser is somebody in a [lossPlay].
type loser struct {
	provision.Identity
	granted   bool // by a rule
	suspended bool
	since     time.Time // of the suspension
	released  bool      // the loss that is now, by an admin
	rejected  bool
}

func (l *loser) active() bool { return l.granted && !l.suspended }

// anew says that the identity provider has said something else of them.
func (l *loser) anew() { l.released, l.rejected = false, false }

// TestLossesByChance: nobody on hold loses access, nobody who is suspended keeps
// it unless too many are, and no loss is forgotten after a release.
func TestLossesByChance(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			each(t, func(s *settings) { s.policy.Brake = reconcile.Brake{People: 3} }, func(h *harness) {
				p := &lossPlay{harness: h, chance: rand.New(rand.NewPCG(seed, 25))}
				h.agents()
				for _, id := range h.crowd(10) {
					p.cast = append(p.cast, &loser{Identity: id, granted: true})
				}
				for range 40 {
					for range 1 + p.chance.IntN(4) {
						p.act()
					}
					h.drain()
					h.pass([]time.Duration{time.Second, grace, 11 * time.Minute}[p.chance.IntN(3)])
					p.check()
				}
				_, err := h.release()
				h.must(err)
				h.drain()
				h.pass(time.Minute)
				for _, l := range p.cast {
					l.released = !l.active() && !l.rejected
				}
				p.check()
			})
		})
	}
}

func (p *lossPlay) act() {
	l := p.cast[p.chance.IntN(len(p.cast))]
	note := func(what string) { p.acts = append(p.acts, what+" "+l.UserName) }
	was := l.active()
	switch p.chance.IntN(9) {
	case 0, 1, 2:
		note("lose")
		p.lose(l.Identity)
		l.granted = false
	case 3:
		note("grant")
		p.update(l.ID, roles("agent"))
		l.granted = true
	case 4:
		if l.suspended {
			return
		}
		note("suspend")
		p.suspend(l.ID)
		if l.suspended, l.since = true, p.now(); !was && !l.released {
			l.anew() // decided anew, even where it was rejected
		}
	case 5:
		note("restore")
		p.restore(l.ID)
		l.suspended = false
	case 6:
		note("release")
		if n, err := p.release(l.UserName); err == nil && n > 0 {
			l.released, l.rejected = true, false
		}
	case 7:
		note("reject")
		if n, err := p.reject(l.UserName); err == nil && n > 0 {
			l.released, l.rejected = false, true
		}
	case 8:
		if p.chance.IntN(3) > 0 {
			return
		}
		note("reject all, not")
		if _, err := p.reject(); err != nil {
			p.Error(err)
		}
		for _, l := range p.cast {
			l.rejected = p.account(l.ID).Loss.Verdict == provision.VerdictRejected
		}
	}
	if l.active() {
		l.anew()
	}
}

func (p *lossPlay) check() {
	p.Helper()
	explicit, passed, onHold := 0, 0, false
	for _, l := range p.cast {
		if l.suspended && p.now().Sub(l.since) < 10*time.Minute && !l.rejected {
			explicit++
		}
	}
	for _, l := range p.cast {
		a := p.account(l.ID)
		u := p.user(l.Profile.Email)
		in := u != nil && u.Active
		wrong := func(what string) {
			p.Helper()
			p.Errorf("%s: %s (%s, revision %d of %d, lease %v, retry %v, ending %v, loss %+v, in: %v) after %v", l.UserName, what, a.State, a.Reconciled, a.Revision, a.LeaseUntil, a.RetryAt, a.EndingSince, a.Loss, in, p.acts[max(0, len(p.acts)-20):])
		}
		if a.Loss.Verdict == provision.VerdictPassed && !a.Loss.Explicit() && p.now().Sub(*a.Loss.Since) < 10*time.Minute {
			passed++
		}
		undecided := a.State == provision.AccountOnHold && a.ReasonCode == provision.ReasonMassChange
		onHold = onHold || undecided
		switch {
		case l.active():
			if a.State != provision.AccountReady || !in {
				wrong("has no access")
			}
		case a.State == provision.AccountWaiting: // within the grace
			if l.suspended || a.EndingSince == nil || p.now().Sub(*a.EndingSince) > time.Minute {
				wrong("is still to be ended")
			}
		case undecided:
			if !in || a.Loss.Verdict != provision.VerdictOnHold || a.Loss.Since == nil {
				wrong("is on hold, and has lost access")
			}
			if l.released || l.rejected {
				wrong("is on hold, and was decided about")
			}
			if l.suspended && explicit <= 3 && p.now().Sub(l.since) < time.Second {
				wrong("was suspended, and kept access")
			}
		case l.rejected && a.State != provision.AccountEnded:
			if !in || a.ReasonCode != provision.ReasonRejected {
				wrong("was to keep access")
			}
		case a.State != provision.AccountEnded || in:
			wrong("kept access")
		case l.rejected && slices.Contains(p.acts, "reject "+l.UserName) && !l.suspended && a.Loss.Verdict == provision.VerdictRejected:
			wrong("lost access that was to be kept")
		}
	}
	if passed > 3 {
		p.Errorf("%d losses passed, of 3", passed)
	}
	if p.onHold() != onHold {
		p.Errorf("the connection is on hold: %v, accounts are: %v", p.onHold(), onHold)
	}
}
