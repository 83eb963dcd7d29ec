// Package quietlog passes on what a library logs, the same thing once in a while.
//
// It decides when a message may be said again. It knows nothing of who says it.
package quietlog

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// every is how often the same may be said: while the database is away, each queue
// of a library would say so several times a second.
const every = 10 * time.Second

// mostSayings bounds what is remembered of what was said.
const mostSayings = 1000

// Handler is a [slog.Handler] that passes on messages from warnings up, each with
// its cause once in ten seconds, with how often it would have been there since.
type Handler struct {
	slog.Handler
	said *said
}

// said is when each message was passed on last.
type said struct {
	mu  sync.Mutex
	now func() time.Time
	by  map[string]*saying
}

type saying struct {
	at   time.Time
	kept int // not passed on since
}

// New returns a handler that passes on to h.
func New(h slog.Handler) Handler {
	return Handler{h, &said{now: time.Now, by: make(map[string]*saying)}}
}

// Enabled is part of [slog.Handler].
func (l Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && l.Handler.Enabled(ctx, level)
}

// Handle is part of [slog.Handler].
func (l Handler) Handle(ctx context.Context, r slog.Record) error {
	pass, kept := l.said.passes(saidOf(r))
	if !pass {
		return nil
	}
	if kept > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("repeated", kept))
	}
	return l.Handler.Handle(ctx, r)
}

// WithAttrs is part of [slog.Handler].
func (l Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return Handler{l.Handler.WithAttrs(attrs), l.said}
}

// WithGroup is part of [slog.Handler].
func (l Handler) WithGroup(name string) slog.Handler {
	return Handler{l.Handler.WithGroup(name), l.said}
}

// saidOf returns what makes a record another one than those before: its message,
// the kind of job and the cause. Words with digits in them, such as ids and ports,
// are different each time and tell nothing.
func saidOf(r slog.Record) string {
	said := r.Message
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "err", "error", "job_kind":
			for word := range strings.FieldsSeq(a.Value.String()) {
				if !strings.ContainsAny(word, "0123456789") {
					said += " " + word
				}
			}
		}
		return true
	})
	return said
}

// passes reports whether a message may be said now, and how often it was kept
// back before.
func (s *said) passes(message string) (bool, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, have := s.now(), s.by[message]
	if have == nil {
		if len(s.by) >= mostSayings {
			clear(s.by)
		}
		s.by[message] = &saying{at: now}
		return true, 0
	}
	if now.Sub(have.at) < every {
		have.kept++
		return false, 0
	}
	kept := have.kept
	have.at, have.kept = now, 0
	return true, kept
}
