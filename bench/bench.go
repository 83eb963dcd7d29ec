package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// conns is over how many connections operations are measured: as many as an
// identity provider that pushes in parallel opens.
const conns = 8

// bench is one run.
type bench struct {
	options
	dir      string // for logs, scripts and Deskbridge's data
	database *database
	plain    string // URL of the database for pgbench

	bare, lean, bridge *target

	rounds   int           // how often each operation is run on each server
	length   time.Duration // of one run
	few      int           // people in the small stage
	many     int           // people in the large stage
	changes  int           // accounts in the desk stage
	steady   time.Duration // of the run at a fixed rate
	report   report
	sequence uint64 // makes each write differ from the one before
}

func newBench(ctx context.Context, o options) (_ *bench, err error) {
	if o.binary == "" {
		return nil, errors.New("--deskbridge: name the binary; `make bench` builds and gives it")
	}
	b := &bench{options: o, rounds: 3, length: 1500 * time.Millisecond, few: 1000, many: 100_000, changes: 5000, steady: 30 * time.Second}
	if o.quick {
		b.rounds, b.length, b.many, b.changes, b.steady = 2, 500*time.Millisecond, 10_000, 500, 5*time.Second
	}
	if b.database, err = newDatabase(ctx, o); err != nil {
		return nil, err
	}
	if b.dir, err = os.MkdirTemp("", "deskbridge-bench-"); err != nil {
		return nil, err
	}
	b.report.describe(ctx, b)
	if err := b.startAll(ctx); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) close() {
	for _, t := range []*target{b.bare, b.lean, b.bridge} {
		if t != nil {
			t.process.stop()
		}
	}
	b.database.drop(context.Background())
	if err := os.RemoveAll(b.dir); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
}

// stages runs what was asked for.
func (b *bench) stages(ctx context.Context) error {
	for _, stage := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"small", b.small},
		{"large", b.large},
		{"members", b.members},
		{"desk", b.desk},
		{"neighbours", b.neighbours},
		{"console", b.console},
	} {
		if b.only != "" && b.only != stage.name {
			continue
		}
		b.say("%s", stage.name)
		if err := stage.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", stage.name, err)
		}
	}
	return nil
}

// say reports progress, which is no result.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s  %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}

// inTurn runs an operation on each of targets in turn, and that several times.
func (b *bench) inTurn(ctx context.Context, name string, n int, run func(t *target) (sample, error), targets ...*target) (map[string]sample, error) {
	all := map[string][]sample{}
	for round := range b.rounds {
		for _, t := range targets {
			s, err := run(t)
			if err != nil {
				return nil, fmt.Errorf("%s on %s: %w", name, t.name, err)
			}
			b.say("%s at %d, round %d: %s %.0f/s, %v CPU, of it %v the database's", name, n, round+1, t.name, s.Rate, s.CPU, s.DB)
			all[t.name] = append(all[t.name], s)
		}
	}
	out := map[string]sample{}
	for name, samples := range all {
		out[name] = median(samples)
	}
	return out, nil
}
