package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
)

// patience bounds how long the desk may take to show all changes.
const patience = 5 * time.Minute

// desk gives many people access at once, and compares how long it takes until
// the built-in desk has confirmed them all with how long that desk takes by
// itself, asked by as many callers as there are workers for what a visit asks.
func (b *bench) desk(ctx context.Context) error {
	first := len(b.bridge.people) // of those before, some are deactivated
	if _, err := b.populate(ctx, b.bridge, first+b.changes); err != nil {
		return err
	}
	alone, err := b.deskAlone(ctx)
	if err != nil {
		return err
	}
	b.say("the desk by itself makes %.0f users/s", alone)
	db, err := sql.Open("pgx", b.bridge.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	began := time.Now()
	if err := b.giveAccess(b.bridge.people[first:]); err != nil {
		return err
	}
	for last := -1; ; pause(ctx, 50*time.Millisecond) {
		var ready int
		if err := db.QueryRowContext(ctx, `SELECT count(*) FROM accounts WHERE state = 'ready'`).Scan(&ready); err != nil {
			return err
		}
		if ready/1000 != last/1000 {
			b.say("%d of %d accounts are confirmed", ready, b.changes)
			last = ready
		}
		if ready >= b.changes {
			break
		}
		if time.Since(began) > patience {
			return fmt.Errorf("only %d of %d accounts were confirmed within %v", ready, b.changes, patience)
		}
	}
	rate := float64(b.changes) / time.Since(began).Seconds()
	b.report.value(fmt.Sprintf("%d accounts confirmed by the desk", b.changes), "/s", rate, 0)
	b.report.ratio("… over what the desk itself takes", rate/alone, 0.9)
	return nil
}

// giveAccess puts people into the group that the rule is about.
func (b *bench) giveAccess(people []string) error {
	c, err := dial(b.bridge)
	if err != nil {
		return err
	}
	defer c.close()
	answer, err := c.do(b.bridge.base, request{"POST", "/Groups", `{"displayName":"Agents"}`, 201})
	if err != nil {
		return err
	}
	id, err := idIn(answer)
	for batch := range slices.Chunk(people, chunk) {
		if err == nil {
			_, err = c.do(b.bridge.base, add(id, batch))
		}
	}
	return err
}

// deskAlone returns how many users a second a built-in desk of its own makes
// when nothing but the desk is asked: look, make, look again.
func (b *bench) deskAlone(ctx context.Context) (float64, error) {
	dsn, err := b.database.make(ctx, "desk")
	if err != nil {
		return 0, err
	}
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	db.SetMaxOpenConns(2 * conns)
	db.SetMaxIdleConns(2 * conns)
	desks, err := builtin.New(db, builtin.Postgres)
	if err != nil {
		return 0, err
	}
	if err := desks.Migrate(ctx); err != nil {
		return 0, err
	}
	d, err := desks.Connector(provision.Desk{ID: "bench", Name: "bench", Kind: builtin.Kind, Settings: map[string]string{"teams": "Tier 1", "mailboxes": "Help"}})
	if err != nil {
		return 0, err
	}
	if _, err := d.Check(ctx); err != nil {
		return 0, err
	}
	var next atomic.Int64
	var group sync.WaitGroup
	errs := make([]error, conns)
	began := time.Now()
	for w := range conns {
		group.Go(func() {
			for n := int(next.Add(1)); n <= b.changes && errs[w] == nil; n = int(next.Add(1)) {
				errs[w] = visit(ctx, d, n)
			}
		})
	}
	group.Wait()
	return float64(b.changes) / time.Since(began).Seconds(), errors.Join(errs...)
}

// visit asks a desk for what Deskbridge asks when it makes a user.
func visit(ctx context.Context, d desk.Desk, n int) error {
	want := provision.DeskUser{
		ExternalID: externalID(n), Email: strings.Replace(userName(n), "@", "@desk.", 1), GivenName: "Person", FamilyName: "Number",
		Active: true, Role: provision.RoleAgent, Teams: []string{"Tier 1"}, Mailboxes: []string{"Help"},
	}
	key := desk.Key{ExternalID: want.ExternalID, Email: want.Email}
	if _, err := d.Find(ctx, key); err != nil {
		return err
	}
	made, err := d.Create(ctx, want)
	if err != nil {
		return err
	}
	_, err = d.Find(ctx, desk.Key{ID: made.ID})
	return err
}
