package admin

import (
	"time"

	"github.com/deskbridge/deskbridge/provision/administration"
)

// Someone returns an Actor for tests, at now.
func Someone(kind Kind, standing administration.Standing, verbs []string, since, now time.Time) *Actor {
	return &Actor{Kind: kind, Standing: standing, Verbs: verbs, FreshSince: since, now: func() time.Time { return now }}
}
