package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"
)

// readyTimeout is how long a server may take to start.
const readyTimeout = 30 * time.Second

// target is a server that is measured.
type target struct {
	name    string
	address string // host:port
	base    string // path of the SCIM endpoint
	token   string
	cookies string // in place of the token
	dsn     string // of its database; "" is none
	process *process

	people  []string     // ids, by number of creation
	created atomic.Int64 // numbers given so far
}

const referenceToken = "bench-reference-token"

// startAll starts the servers, each with a database of its own.
func (b *bench) startAll(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if b.plain, err = b.database.make(ctx, "plain"); err != nil {
		return err
	}
	plain, err := url.Parse(b.plain)
	if err != nil {
		return err
	}
	if err := b.database.exec(ctx, plain, `CREATE TABLE plain (id uuid PRIMARY KEY, name text NOT NULL, document text NOT NULL)`); err != nil {
		return err
	}
	if b.bare, err = b.startReference(ctx, self, "bare", ""); err != nil {
		return err
	}
	dsn, err := b.database.make(ctx, "lean")
	if err != nil {
		return err
	}
	if b.lean, err = b.startReference(ctx, self, "lean", dsn); err != nil {
		return err
	}
	b.bridge, err = b.startBridge(ctx)
	return err
}

func (b *bench) startReference(ctx context.Context, self, name, dsn string) (*target, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	t := &target{name: name, address: address, base: "/v2", token: referenceToken, dsn: dsn}
	log := filepath.Join(b.dir, name+".log")
	if t.process, err = start(ctx, log, []string{"BENCH_DSN=" + dsn}, self, "reference", name, address); err != nil {
		return nil, err
	}
	_, err = await(ctx, t, "/v2/ServiceProviderConfig", log)
	return t, err
}

// environment is that of Deskbridge: as it comes, but for the address, the
// database, and the limit of requests a second, which would be measured.
func (b *bench) environment(address, dsn string) []string {
	return []string{
		"DESKBRIDGE_LISTEN=" + address, "DESKBRIDGE_DATABASE_URL=" + dsn, "DESKBRIDGE_DATA_DIR=" + filepath.Join(b.dir, "data"),
		"DESKBRIDGE_PUBLIC_URL=http://" + address, "DESKBRIDGE_SCIM_RATE=-1",
	}
}

// startBridge starts Deskbridge with a desk and with rules: one on a group that
// nobody is in, and one on an attribute that nobody has, so that every change
// of a person is evaluated.
func (b *bench) startBridge(ctx context.Context) (*target, error) {
	dsn, err := b.database.make(ctx, "deskbridge")
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	environ := b.environment(address, dsn)
	raw, err := b.command(ctx, environ, "connection", "add", "bench", "--json")
	if err != nil {
		return nil, err
	}
	var made struct{ Token string }
	if err := json.Unmarshal(raw, &made); err != nil {
		return nil, err
	}
	for _, args := range [][]string{
		{"desk", "add", "support", "--setting", "teams=Tier 1", "--setting", "mailboxes=Help"},
		{"rule", "add", "--connection", "bench", "--group", "Agents", "--desk", "support", "--role", "agent", "--team", "Tier 1", "--mailbox", "Help"},
		{"rule", "add", "--connection", "bench", "--attribute", "roles", "--equals", "desk-admin", "--desk", "support", "--role", "admin"},
	} {
		if _, err := b.command(ctx, environ, args...); err != nil {
			return nil, err
		}
	}
	t := &target{name: "deskbridge", address: address, base: "/scim/bench/v2", token: made.Token, dsn: dsn}
	log := filepath.Join(b.dir, "deskbridge.log")
	if t.process, err = start(ctx, log, environ, b.binary, "serve"); err != nil {
		return nil, err
	}
	_, err = await(ctx, t, "/readyz", log)
	return t, err
}

// command runs a command of Deskbridge and returns what it prints.
func (b *bench) command(ctx context.Context, environ []string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, b.binary, args...)
	cmd.Env = append(os.Environ(), environ...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("deskbridge %v: %w: %s", args, err, complaint.Bytes())
	}
	return out, nil
}

// await waits until a server answers path with 200, and returns how long that
// took.
func await(ctx context.Context, t *target, path, log string) (time.Duration, error) {
	began := time.Now()
	for {
		err := probe(t, path)
		if err == nil {
			return time.Since(began), nil
		}
		if ctx.Err() != nil || time.Since(began) > readyTimeout {
			return 0, errors.Join(fmt.Errorf("%s does not get ready: %w; its log ends with %s", t.name, err, tail(log)), ctx.Err())
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func probe(t *target, path string) error {
	c, err := dial(t)
	if err != nil {
		return err
	}
	defer c.close()
	_, err = c.do("", request{method: "GET", path: path, want: 200})
	return err
}

// freeAddress returns a loopback address that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
