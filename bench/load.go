package main

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// sample is what one run of an operation on one server came to.
type sample struct {
	Rate float64       `json:"per_second"`
	CPU  time.Duration `json:"cpu_ns"`          // of server and database, a request
	DB   time.Duration `json:"database_cpu_ns"` // of the database alone
	P50  time.Duration `json:"p50_ns"`
	P95  time.Duration `json:"p95_ns"`
	P99  time.Duration `json:"p99_ns"`
	N    int           `json:"requests"`
}

// maker returns the n-th request of a worker.
type maker func(worker, n int) request

// closed sends requests over conns connections for length, each as soon as the
// one before it is answered, and at most most of them where that is not 0.
func (b *bench) closed(ctx context.Context, t *target, conns int, length time.Duration, most int, next maker) (sample, error) {
	var left atomic.Int64
	left.Store(int64(most))
	began := time.Now()
	return b.drive(ctx, t, conns, func(c *client, worker int) ([]time.Duration, error) {
		var took []time.Duration
		for n := 0; ctx.Err() == nil && time.Since(began) < length; n++ {
			if most > 0 && left.Add(-1) < 0 {
				break
			}
			r := next(worker, n)
			start := time.Now()
			if _, err := c.do(t.base, r); err != nil {
				return nil, err
			}
			took = append(took, time.Since(start))
		}
		return took, ctx.Err()
	})
}

// open sends rate requests a second for length, whether the ones before are
// answered or not: what waits for a free connection counts as latency.
func (b *bench) open(ctx context.Context, t *target, conns int, rate float64, length time.Duration, next maker) (sample, error) {
	began := time.Now()
	var sent atomic.Int64
	return b.drive(ctx, t, conns, func(c *client, worker int) ([]time.Duration, error) {
		var took []time.Duration
		for n := 0; ; n++ {
			due := began.Add(time.Duration(float64(sent.Add(1)-1) / rate * float64(time.Second)))
			if due.Sub(began) >= length || ctx.Err() != nil {
				return took, ctx.Err()
			}
			time.Sleep(time.Until(due))
			if _, err := c.do(t.base, next(worker, n)); err != nil {
				return nil, err
			}
			took = append(took, time.Since(due))
		}
	})
}

// drive runs one worker a connection and measures them all together.
func (b *bench) drive(ctx context.Context, t *target, conns int, work func(c *client, worker int) ([]time.Duration, error)) (sample, error) {
	clients := make([]*client, conns)
	for i := range clients {
		c, err := dial(t)
		if err != nil {
			return sample{}, err
		}
		defer c.close()
		clients[i] = c
	}
	before, err := b.cpu(t)
	if err != nil {
		return sample{}, err
	}
	var group sync.WaitGroup
	took := make([][]time.Duration, conns)
	errs := make([]error, conns)
	began := time.Now()
	for i, c := range clients {
		group.Go(func() { took[i], errs[i] = work(c, i) })
	}
	group.Wait()
	length := time.Since(began)
	after, err := b.cpu(t)
	if err != nil {
		return sample{}, err
	}
	for _, err := range errs {
		if err != nil {
			return sample{}, err
		}
	}
	return summary(slices.Concat(took...), length, before, after), ctx.Err()
}

// used is the CPU time of a server and of the database so far.
type used struct{ server, database time.Duration }

func (b *bench) cpu(t *target) (used, error) {
	own, err := t.process.cpu()
	return used{own, b.database.cpu()}, err
}

// each returns the CPU time that each of n requests took since before.
func (u used) each(before used, n int) (all, database time.Duration) {
	database = u.database - before.database
	return (u.server - before.server + database) / time.Duration(n), database / time.Duration(n)
}

func summary(took []time.Duration, length time.Duration, before, after used) sample {
	if len(took) == 0 {
		return sample{}
	}
	slices.Sort(took)
	s := sample{N: len(took), Rate: float64(len(took)) / length.Seconds(), P50: took[len(took)/2], P95: took[len(took)*95/100], P99: took[len(took)*99/100]}
	s.CPU, s.DB = after.each(before, len(took))
	return s
}

// median returns the sample that is in the middle by each measure.
func median(samples []sample) sample {
	out := sample{}
	pick := func(value func(sample) float64) float64 {
		values := make([]float64, len(samples))
		for i, s := range samples {
			values[i] = value(s)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	out.Rate = pick(func(s sample) float64 { return s.Rate })
	out.CPU = time.Duration(pick(func(s sample) float64 { return float64(s.CPU) }))
	out.DB = time.Duration(pick(func(s sample) float64 { return float64(s.DB) }))
	out.P50 = time.Duration(pick(func(s sample) float64 { return float64(s.P50) }))
	out.P95 = time.Duration(pick(func(s sample) float64 { return float64(s.P95) }))
	out.P99 = time.Duration(pick(func(s sample) float64 { return float64(s.P99) }))
	for _, s := range samples {
		out.N += s.N
	}
	return out
}
