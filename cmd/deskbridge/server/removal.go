package server

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/removal"
)

const (
	// removalsEvery is how often a server looks what is left of connections and
	// desks that were removed.
	removalsEvery = 2 * time.Second
	// removalsTime is how long it may work on that at once.
	removalsTime = time.Minute
)

// hosting are the desks that are kept in our own database.
func (s *System) hosting() removal.Hosting {
	return removal.Hosting{
		Hosts: func(kind provision.DeskKind) bool { return kind == builtin.Kind },
		Drop:  func(ctx context.Context, d provision.Desk) error { return s.Builtin.Drop(ctx, d.ID) },
	}
}

// keepRemoving finishes removals until ctx ends. Every replica may do it: twice
// is as good as once.
func (s *System) keepRemoving(ctx context.Context) {
	tick := time.NewTicker(removalsEvery)
	defer tick.Stop()
	for {
		bounded, cancel := context.WithTimeout(ctx, removalsTime)
		err := s.Core.Removal.Finish(bounded)
		cancel()
		if err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "finishing a removal failed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
