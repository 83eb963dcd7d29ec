package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// small measures everything with a thousand people.
func (b *bench) small(ctx context.Context) error {
	for _, t := range []*target{b.bare, b.lean, b.bridge} {
		if _, err := b.populate(ctx, t, b.few); err != nil {
			return fmt.Errorf("people for %s: %w", t.name, err)
		}
	}
	if err := b.settle(ctx); err != nil {
		return err
	}
	if err := b.measure(ctx, b.few, b.bare, b.lean, b.bridge); err != nil {
		return err
	}
	return b.creates(ctx)
}

// creates measures creation beside single-row inserts. It comes last, because
// it adds people.
func (b *bench) creates(ctx context.Context) error {
	var rates []sample
	got, err := b.inTurn(ctx, "create user", b.few, func(t *target) (sample, error) {
		if t == b.bare {
			rate, err := b.database.singleRows(ctx, b.dir, b.plain, conns, b.length)
			if err != nil {
				return sample{}, err
			}
			rates = append(rates, sample{Rate: rate})
			b.say("single-row inserts: %.0f/s", rate)
		}
		return b.create(ctx, t, 0, b.length)
	}, b.bare, b.lean, b.bridge)
	if err != nil {
		return err
	}
	got["pgbench"] = median(rates)
	b.report.add("create user", b.few, got)
	return nil
}

func (b *bench) measure(ctx context.Context, n int, targets ...*target) error {
	for _, op := range operations {
		got, err := b.inTurn(ctx, op.name, n, func(t *target) (sample, error) {
			return b.closed(ctx, t, conns, b.length, 0, op.make(b, t))
		}, targets...)
		if err != nil {
			return err
		}
		b.report.add(op.name, n, got)
	}
	return nil
}

// settle writes out what earlier runs have left to write, so that no server pays
// for another. The planner learns of the tables when PostgreSQL has it learn: an
// identity provider's first synchronisation comes before that.
func (b *bench) settle(ctx context.Context) error {
	return b.database.exec(ctx, b.database.url, `CHECKPOINT`)
}

// large grows the small company a hundredfold and measures it again.
func (b *bench) large(ctx context.Context) error {
	if err := b.grow(ctx); err != nil {
		return err
	}
	if err := b.settle(ctx); err != nil {
		return err
	}
	if err := b.measure(ctx, b.many, b.lean, b.bridge); err != nil {
		return err
	}
	if err := b.pages(ctx); err != nil {
		return err
	}
	return b.service(ctx)
}

// grow makes people in steps, each server in turn, so that the last steps tell
// what creation costs in a large company.
func (b *bench) grow(ctx context.Context) error {
	const steps = 10
	last := map[string][]sample{}
	for step := 1; step <= steps; step++ {
		for _, t := range []*target{b.lean, b.bridge} {
			upTo := max(b.few+(b.many-b.few)*step/steps, len(t.people)+1)
			s, err := b.populate(ctx, t, upTo)
			if err != nil {
				return fmt.Errorf("people for %s: %w", t.name, err)
			}
			b.say("%s has %d people: %.0f/s, %v CPU", t.name, len(t.people), s.Rate, s.CPU)
			if step > steps-3 {
				last[t.name] = append(last[t.name], s)
			}
		}
	}
	b.report.add("create user", b.many, map[string]sample{b.lean.name: median(last[b.lean.name]), b.bridge.name: median(last[b.bridge.name])})
	return nil
}

// pages measures pages of 100 through the whole list.
func (b *bench) pages(ctx context.Context) error {
	if err := b.settle(ctx); err != nil {
		return err
	}
	at := func(share float64) func(*bench, *target) maker {
		return reading(func(t *target, _ int) string {
			return "/Users?count=100&startIndex=" + strconv.Itoa(1+int(share*float64(len(t.people)-100)))
		})
	}
	for _, op := range []operation{{"page of 100, middle", at(0.5)}, {"page of 100, last", at(1)}} {
		got, err := b.inTurn(ctx, op.name, b.many, func(t *target) (sample, error) {
			return b.closed(ctx, t, conns, b.length, 0, op.make(b, t))
		}, b.lean, b.bridge)
		if err != nil {
			return err
		}
		b.report.add(op.name, b.many, got)
	}
	for _, order := range []string{"", "userName"} {
		if err := b.cursors(ctx, order); err != nil {
			return err
		}
	}
	return nil
}

// cursors measures the first and the last page by cursor; only Deskbridge has
// these.
func (b *bench) cursors(ctx context.Context, order string) error {
	query, name := "/Users?count=100&cursor=", "page of 100 by cursor"
	if order != "" {
		query, name = "/Users?count=100&sortBy="+order+"&cursor=", name+", sorted by "+order
	}
	last, err := b.lastCursor(order)
	if err != nil {
		return err
	}
	for _, end := range []struct{ name, cursor string }{{"first", ""}, {"last", last}} {
		got, err := b.inTurn(ctx, name+", "+end.name, b.many, func(t *target) (sample, error) {
			return b.closed(ctx, t, conns, b.length, 0, reading(func(*target, int) string { return query + end.cursor })(b, t))
		}, b.bridge)
		if err != nil {
			return err
		}
		b.report.add(name+", "+end.name, b.many, got)
	}
	return nil
}

// service measures what the process is like in a large company: memory,
// latency at a steady rate, and starting.
func (b *bench) service(ctx context.Context) error {
	before, err := b.bridge.process.resident()
	if err != nil {
		return err
	}
	s, err := b.open(ctx, b.bridge, 4*conns, 100, b.steady, mixed(b, b.bridge))
	if err != nil {
		return err
	}
	b.report.add("100 requests/s, mixed", b.many, map[string]sample{b.bridge.name: s})
	if _, err := b.closed(ctx, b.bridge, conns, 2*b.length, 0, mixed(b, b.bridge)); err != nil {
		return err
	}
	after, err := b.bridge.process.resident()
	if err != nil {
		return err
	}
	lean, err := b.lean.process.resident()
	if err != nil {
		return err
	}
	b.report.value("resident memory", "MiB", float64(before)/(1<<20), 64)
	b.report.value("resident memory after more work, over before", "×", float64(after)/float64(before), 1.1)
	b.report.note("lean has %.0f MiB", float64(lean)/(1<<20))
	pages := func(_, n int) request {
		return request{"GET", fmt.Sprintf("/Users?count=1000&startIndex=%d", 1+n*1000%b.many), "", 200}
	}
	if _, err := b.closed(ctx, b.bridge, conns, 2*b.length, 0, pages); err != nil {
		return err
	}
	paged, err := b.bridge.process.resident()
	if err != nil {
		return err
	}
	b.report.value(fmt.Sprintf("resident memory after pages of 1,000 people, %d at once", conns), "MiB", float64(paged)/(1<<20), 0)
	return b.starts(ctx)
}

// mixed is a day of an identity provider in short.
func mixed(b *bench, t *target) maker {
	var makers []maker
	for i, share := range []int{10, 3, 1, 1, 1, 1, 2, 1} { // in the order of operations
		for range share {
			makers = append(makers, operations[i].make(b, t))
		}
	}
	return func(worker, n int) request { return makers[(n*7+worker)%len(makers)](worker%conns, n) }
}

// starts measures a second replica from its start until it is ready, and the
// program itself.
func (b *bench) starts(ctx context.Context) error {
	var took []sample
	for range b.rounds {
		address, err := freeAddress()
		if err != nil {
			return err
		}
		t := &target{name: "second replica", address: address}
		log := filepath.Join(b.dir, "second.log")
		if t.process, err = start(ctx, log, b.environment(address, b.bridge.dsn), b.binary, "serve"); err != nil {
			return err
		}
		length, err := await(ctx, t, "/readyz", log)
		t.process.stop()
		if err != nil {
			return err
		}
		took = append(took, sample{P50: length})
	}
	b.report.value("start on an existing database", "s", median(took).P50.Seconds(), 0.3)
	info, err := os.Stat(b.binary)
	if err != nil {
		return err
	}
	b.report.value("stripped binary", "MB", float64(info.Size())/1e6, 42)
	return nil
}

// lastCursor walks to the last 100 people and returns the cursor of that page.
func (b *bench) lastCursor(order string) (string, error) {
	c, err := dial(b.bridge)
	if err != nil {
		return "", err
	}
	defer c.close()
	left, cursor := len(b.bridge.people)-100, ""
	for left > 0 {
		count := min(left, 1000)
		query := url.Values{"count": {strconv.Itoa(count)}, "cursor": {cursor}, "attributes": {"userName"}}
		if order != "" {
			query.Set("sortBy", order)
		}
		answer, err := c.do(b.bridge.base, request{"GET", "/Users?" + query.Encode(), "", 200})
		if err != nil {
			return "", err
		}
		if cursor, err = stringIn(answer, "nextCursor"); err != nil {
			return "", err
		}
		left -= count
	}
	return url.QueryEscape(cursor), nil
}

// pause lets background work of a server end before the next is measured.
func pause(ctx context.Context, length time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(length):
	}
}
