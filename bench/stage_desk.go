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

const (
	// confirmTimeout bounds how long a desk may take to show all changes.
	confirmTimeout = 5 * time.Minute
	// pacedRate is how many calls a second the desk with a limit takes: some
	// forty times what Help Scout does.
	pacedRate = 300
	// callsARun is what a reconcile run that makes a user asks of its desk; see [makeUser].
	callsARun = 3
)

// desk gives many people access at once, and compares how long it takes until
// the built-in desk has confirmed them all with how long that desk takes by
// itself, asked by as many callers as there are workers for what a run asks;
// and then the same for a desk that limits calls, as those across a network do.
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
	rate, err := b.converge(ctx, "support", "Agents", b.bridge.people[first:])
	if err != nil {
		return err
	}
	b.report.value(fmt.Sprintf("%d accounts confirmed by the built-in desk", b.changes), "/s", rate, 0)
	b.report.ratio("… over what that desk takes by itself, in one process", rate/alone, 0.9)

	environ := b.environment(b.bridge.address, b.bridge.dsn)
	for _, args := range [][]string{
		{"desk", "add", "paced", "--rate", fmt.Sprint(pacedRate), "--setting", "teams=Tier 1", "--setting", "mailboxes=Help"},
		{"rule", "add", "--connection", "bench", "--group", "Paced agents", "--desk", "paced", "--role", "agent", "--team", "Tier 1", "--mailbox", "Help"},
	} {
		if _, err := b.command(ctx, environ, args...); err != nil {
			return err
		}
	}
	if rate, err = b.converge(ctx, "paced", "Paced agents", b.bridge.people[first:]); err != nil {
		return err
	}
	b.report.value(fmt.Sprintf("%d accounts confirmed by a desk that takes %d calls a second", b.changes, pacedRate), "/s", rate, 0)
	b.report.ratio("… over that desk's limit", rate*callsARun/pacedRate, 0.9)
	return nil
}

// converge gives people access to a desk, by the group that its rule is about,
// and returns how many of them a second the desk confirmed.
func (b *bench) converge(ctx context.Context, on, group string, people []string) (float64, error) {
	db, err := sql.Open("pgx", b.bridge.dsn)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	began := time.Now()
	if err := b.giveAccess(group, people); err != nil {
		return 0, err
	}
	for last := -1; ; pause(ctx, 50*time.Millisecond) {
		var ready int
		if err := db.QueryRowContext(ctx, `SELECT count(*) FROM accounts WHERE state = 'ready' AND desk_id = (SELECT id FROM desks WHERE name = $1)`, on).Scan(&ready); err != nil {
			return 0, err
		}
		if ready/1000 != last/1000 {
			b.say("%d of %d accounts are confirmed by %s", ready, len(people), on)
			last = ready
		}
		if ready >= len(people) {
			return float64(len(people)) / time.Since(began).Seconds(), nil
		}
		if time.Since(began) > confirmTimeout {
			return 0, fmt.Errorf("only %d of %d accounts were confirmed within %v", ready, len(people), confirmTimeout)
		}
	}
}

// giveAccess puts people into a new group.
func (b *bench) giveAccess(group string, people []string) error {
	c, err := dial(b.bridge)
	if err != nil {
		return err
	}
	defer c.close()
	answer, err := c.do(b.bridge.base, request{"POST", "/Groups", `{"displayName":"` + group + `"}`, 201})
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
				errs[w] = makeUser(ctx, d, n)
			}
		})
	}
	group.Wait()
	return float64(b.changes) / time.Since(began).Seconds(), errors.Join(errs...)
}

// makeUser asks a desk for what Deskbridge asks when it makes a user.
func makeUser(ctx context.Context, d desk.Desk, n int) error {
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
