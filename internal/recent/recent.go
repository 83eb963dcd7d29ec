// Package recent remembers what was found lately, in bounded memory. What it says
// is a guess of what will be found again: it decides nothing, and whoever acts on
// it looks again before anything comes of that.
package recent

import (
	"sync"
	"time"
)

// Finds are what was found lately, by key. They are safe for concurrent use.
type Finds[V any] struct {
	most int
	life time.Duration
	now  func() time.Time

	mu    sync.Mutex
	items map[string]item[V]
}

type item[V any] struct {
	value V
	at    time.Time
}

// New returns Finds that remember up to most values, each for life. When there
// are more, all are forgotten.
func New[V any](most int, life time.Duration, now func() time.Time) *Finds[V] {
	return &Finds[V]{most: most, life: life, now: now, items: map[string]item[V]{}}
}

// Note remembers what was found now.
func (f *Finds[V]) Note(key string, value V) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.items) >= f.most {
		clear(f.items)
	}
	f.items[key] = item[V]{value, f.now()}
}

// Last returns what was found last, if that is no longer ago than life.
func (f *Finds[V]) Last(key string) (V, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	last, ok := f.items[key]
	return last.value, ok && f.now().Sub(last.at) <= f.life
}

// Forget forgets what was found.
func (f *Finds[V]) Forget(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.items, key)
}
