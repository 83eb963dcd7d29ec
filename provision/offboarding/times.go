package offboarding

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// The spans that [Service.Times] looks back.
const (
	Week  = 7 * 24 * time.Hour
	Month = 30 * 24 * time.Hour
)

// readEvery is how old what is known of endings may be: metrics are asked for
// every few seconds, and a month of endings may be many.
const readEvery = time.Minute

// Times is how long it took from when access was to end until a desk was read back
// and showed that it had. Access that has not ended is not in it.
type Times struct {
	Count    int           // endings
	P50, P95 time.Duration // nearest rank; 0 when there are none
	Sum      time.Duration
}

// Figures is what [Service.Times] says of one span.
type Figures struct {
	Over  time.Duration // how far back
	All   Times         // of all desks
	Desks map[provision.DeskID]Times
}

// Times returns the time to no access of the last week and the last month. It reads
// the entries of endings alone, by index, and no more often than once a minute.
func (s *Service) Times(ctx context.Context) ([]Figures, error) {
	endings, now, err := s.endings(ctx)
	if err != nil {
		return nil, err
	}
	var out []Figures
	for _, over := range []time.Duration{Week, Month} {
		of := make(map[provision.DeskID][]time.Duration)
		var all []time.Duration
		for _, e := range endings {
			if e.At.Before(now.Add(-over)) {
				continue
			}
			took := max(e.At.Sub(e.Since), 0)
			of[e.Desk] = append(of[e.Desk], took)
			all = append(all, took)
		}
		f := Figures{Over: over, All: timesOf(all), Desks: make(map[provision.DeskID]Times)}
		for desk, list := range of {
			f.Desks[desk] = timesOf(list)
		}
		out = append(out, f)
	}
	return out, nil
}

func (s *Service) endings(ctx context.Context) ([]Ending, time.Time, error) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.read.IsZero() && now.Sub(s.read).Abs() < readEvery {
		return s.recent, now, nil
	}
	recent, err := s.store.Endings(ctx, now.Add(-Month))
	if err == nil {
		s.recent, s.read = recent, now
	}
	return recent, now, err
}

func timesOf(took []time.Duration) Times {
	if len(took) == 0 {
		return Times{}
	}
	slices.Sort(took)
	rank := func(q float64) time.Duration { return took[int(math.Ceil(q*float64(len(took))))-1] }
	t := Times{Count: len(took), P50: rank(0.5), P95: rank(0.95)}
	for _, d := range took {
		t.Sum += d
	}
	return t
}
