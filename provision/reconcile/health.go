package reconcile

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// DeskHealth is what is known of a desk beyond its accounts.
type DeskHealth struct {
	Sweep   *Sweep // nil: never swept, and no turn yet
	Drifted int    // accounts with a reported difference
	Pause   *Pause // nil: it is called as needed
}

// DeskHealth returns what is known of each desk.
func (s *Service) DeskHealth(ctx context.Context) (map[provision.DeskID]DeskHealth, error) {
	health := make(map[provision.DeskID]DeskHealth)
	sweeps, err := s.store.Sweeps(ctx)
	if err != nil {
		return nil, err
	}
	for _, sw := range sweeps {
		health[sw.Desk] = DeskHealth{Sweep: &sw}
	}
	counts, err := s.store.CountDrifts(ctx)
	if err != nil {
		return nil, err
	}
	for desk, n := range counts {
		h := health[desk]
		h.Drifted = n
		health[desk] = h
	}
	pauses, err := s.store.Pauses(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range pauses {
		if s.fresh(p) {
			h := health[p.Desk]
			h.Pause = &p
			health[p.Desk] = h
		}
	}
	return health, nil
}
