package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// crowded is of how many people a connection must be for its filters to be a
// burden.
const crowded = 10_000

// neighbours measures what one connection does to another: a steady day of one
// by itself, and beside the worst that the other may send.
func (b *bench) neighbours(ctx context.Context) error {
	if missing := crowded - len(b.bridge.people); missing > 0 {
		if _, err := b.populate(ctx, b.bridge, crowded); err != nil {
			return err
		}
	}
	raw, err := b.command(ctx, b.environment(b.bridge.address, b.bridge.dsn), "connection", "add", "neighbour", "--json")
	if err != nil {
		return err
	}
	var made struct{ Token string }
	if err := json.Unmarshal(raw, &made); err != nil {
		return err
	}
	quiet := &target{name: "deskbridge", address: b.bridge.address, base: "/scim/neighbour/v2", token: made.Token, dsn: b.bridge.dsn, process: b.bridge.process}
	if _, err := b.populate(ctx, quiet, b.few); err != nil {
		return err
	}
	if err := b.settle(ctx); err != nil {
		return err
	}
	alone, err := b.open(ctx, quiet, 4*conns, 50, b.steady, mixed(b, quiet))
	if err != nil {
		return err
	}
	end := b.attack(ctx)
	beside, err := b.open(ctx, quiet, 4*conns, 50, b.steady, mixed(b, quiet))
	answers := end()
	if err != nil {
		return err
	}
	b.report.value("p99 of a connection by itself, 50 requests/s", "ms", float64(alone.P99)/1e6, 0)
	b.report.value("… and more of it beside another's 22 filters of 50 comparisons and 2 large PATCHes", "ms", float64(beside.P99-alone.P99)/1e6, 250)
	b.report.note("the other connection's answers: %v", answers)
	return nil
}

// attack sends filters that no index answers and PATCHes of a thousand
// operations, until end is called, which tells the answers by status.
func (b *bench) attack(ctx context.Context) (end func() map[string]int) {
	ctx, stop := context.WithCancel(ctx)
	terms, operations := make([]string, 50), make([]string, 1000)
	for i := range terms {
		terms[i] = fmt.Sprintf(`title co "a%d"`, i)
	}
	for i := range operations {
		operations[i] = fmt.Sprintf(`{"op":"add","path":"urn:x:y:list","value":[%d]}`, i)
	}
	filter := "/Users?count=1&filter=" + url.QueryEscape(strings.Join(terms, " or "))
	patch := `{"schemas":["` + patchURN + `"],"Operations":[` + strings.Join(operations, ",") + `]}`
	var group sync.WaitGroup
	var mu sync.Mutex
	answers := map[string]int{}
	again := func(method, path, body string) {
		group.Go(func() {
			for ctx.Err() == nil {
				status, err := b.bridge.send(ctx, method, path, body)
				if err != nil {
					continue // it has ended, or the figures will tell
				}
				mu.Lock()
				answers[fmt.Sprint(method, " ", status)]++
				mu.Unlock()
			}
		})
	}
	for range 22 {
		again("GET", filter, "")
	}
	for i := range 2 {
		again("PATCH", "/Users/"+b.bridge.people[i], patch)
	}
	return func() map[string]int {
		stop()
		group.Wait()
		return answers
	}
}

// send sends one request, whatever the answer.
func (t *target) send(ctx context.Context, method, path, body string) (status int, _ error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+t.address+t.base+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+t.token)
	r.Header.Set("Content-Type", "application/scim+json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, err
}
