package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/auditlog"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/offboarding"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/remote"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
	"github.com/deskbridge/deskbridge/test/servicetest"
)

// bridge is a whole server under test, with its commands.
type bridge struct {
	t       *testing.T
	environ []string
	url     string
	sys     *server.System
	log     *lockedBuffer
	stop    func() // the server ends; at the end of the test it does so by itself
}

// lockedBuffer is a log that a server writes and a test reads.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// The built-in desk's tables are there before a server begins.
func init() { storetest.Also("builtin", builtinTables) }

func builtinTables(ctx context.Context, s *store.Store) error {
	desks, err := builtin.New(s.DB(), builtin.Dialect(s.Dialect()))
	if err != nil {
		return err
	}
	return desks.Migrate(ctx)
}

// eachBridge runs test with a server on each database.
func eachBridge(t *testing.T, test func(t *testing.T, b *bridge), settings ...string) {
	t.Run("sqlite", func(t *testing.T) { test(t, newBridge(t, settings...)) })
	if servicetest.Wanted {
		t.Run("postgres", func(t *testing.T) {
			url, _ := storetest.Postgres(t)
			test(t, newBridge(t, append(slices.Clone(settings), "DESKBRIDGE_DATABASE_URL="+url)...))
		})
	}
}

// newBridge starts a server that ends with the test.
func newBridge(t *testing.T, settings ...string) *bridge {
	t.Helper()
	address, dir := reserveAddress(t), t.TempDir()
	storetest.Fill(t, dir)
	return serveOn(t, address, append([]string{"DESKBRIDGE_DATA_DIR=" + dir, "DESKBRIDGE_LISTEN=" + address, "DESKBRIDGE_GRACE=300ms"}, settings...))
}

// serveOn starts a server with these settings, that listens on address.
func serveOn(t *testing.T, address string, environ []string) *bridge {
	t.Helper()
	b := &bridge{t: t, url: "http://" + address, log: &lockedBuffer{}, environ: environ}
	a := &command.App{Environ: b.environ, Stdout: b.log, Stderr: b.log}
	s, err := a.Settings()
	if err != nil {
		t.Fatal(err)
	}
	if b.sys, err = server.Open(t.Context(), s, server.NewLogger(s, b.log)); err != nil {
		t.Fatal(err)
	}
	b.sys.MountConsole(auditlog.Console, offboarding.Console)
	remote.Mount(b.sys, runWith)
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() { ended <- b.sys.Serve(ctx, ready) }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	b.stop = sync.OnceFunc(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
		b.sys.Close()
	})
	t.Cleanup(func() {
		b.stop()
		if t.Failed() {
			t.Logf("the server's log:\n%s", b.log)
		}
	})
	return b
}

func reserveAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// command runs one of our commands beside the server.
func (b *bridge) command(args ...string) string {
	b.t.Helper()
	out, err := b.try(args...)
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

func (b *bridge) try(args ...string) (string, error) {
	var out, problems bytes.Buffer
	if status := run(context.Background(), args, b.environ, &out, &problems); status != exitDone {
		return out.String(), fmt.Errorf("deskbridge %s: exit status %d: %s", strings.Join(args, " "), status, problems.String())
	}
	return out.String(), nil
}

// commandJSON is command with --json, decoded.
func commandJSON[T any](b *bridge, args ...string) (v T) {
	b.t.Helper()
	if err := json.Unmarshal([]byte(b.command(append(args, "--json")...)), &v); err != nil {
		b.t.Fatalf("deskbridge %s: %v", strings.Join(args, " "), err)
	}
	return v
}

// connect adds a connection and returns an IdP that pushes to it.
func (b *bridge) connect(name string) idp {
	b.t.Helper()
	urls := commandJSON[server.ConnectionURLs](b, "connection", "add", name, "--idp", "okta")
	return idp{simulated.NewIdP(urls.SCIMURL, urls.Token)}
}

// apply applies an access.yaml.
func (b *bridge) apply(yaml string) {
	b.t.Helper()
	file := b.t.TempDir() + "/access.yaml"
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.command("apply", "-f", file)
}

// idp is a simulated identity provider whose failures end the test.
type idp struct{ simulated.IdP }

// mustPush creates a user or group and returns its id.
func (i idp) mustPush(t *testing.T, resource string, body map[string]any) string {
	t.Helper()
	made, err := i.Do(t.Context(), "POST", "/"+resource, body, 201)
	if err != nil {
		t.Fatal(err)
	}
	return made["id"].(string)
}

func (i idp) mustDo(t *testing.T, method, path string, body any, want ...int) map[string]any {
	t.Helper()
	out, err := i.Do(t.Context(), method, path, body, want...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (i idp) mustPatch(t *testing.T, path string, ops ...map[string]any) {
	t.Helper()
	if err := i.Patch(t.Context(), path, ops...); err != nil {
		t.Fatal(err)
	}
}

// group creates a group with members.
func (i idp) group(t *testing.T, name string, ids ...string) string {
	t.Helper()
	return i.mustPush(t, "Groups", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": name, "members": simulated.Members(ids...)})
}

func addMembers(ids ...string) map[string]any {
	return map[string]any{"op": "add", "path": "members", "value": simulated.Members(ids...)}
}

func removeMember(id string) map[string]any {
	return map[string]any{"op": "remove", "path": fmt.Sprintf("members[value eq %q]", id)}
}

func setActive(active bool) map[string]any {
	return map[string]any{"op": "replace", "value": map[string]any{"active": active}}
}

// eventually waits for ok, and fails when it does not come about.
func (b *bridge) eventually(what string, ok func() bool) {
	b.t.Helper()
	for end := time.Now().Add(90 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ok() {
			return
		}
	}
	b.t.Fatalf("did not come about: %s\n%s", what, b.command("status"))
}

// synced waits until no account waits for a run.
func (b *bridge) synced() {
	b.t.Helper()
	b.eventually("no account waits for a run", func() bool {
		due, err := b.sys.Store.AccountsWhere(context.Background(), provision.AccountFilter{State: provision.AccountWaiting}, 1)
		if err != nil {
			b.t.Fatal(err)
		}
		return len(due) == 0
	})
}

// entries returns the audit entries about subject, or all.
func (b *bridge) entries(subject string) (out []provision.Entry) {
	b.t.Helper()
	err := b.sys.Core.Audit.EachEntry(context.Background(), func(e provision.Entry) error {
		if subject == "" || e.Subject == subject {
			out = append(out, e)
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

func actions(entries []provision.Entry) (out []string) {
	for _, e := range entries {
		out = append(out, string(e.Action))
	}
	return out
}

// needEnv returns a variable that make test sets.
func needEnv(t *testing.T, name string) string {
	t.Helper()
	servicetest.Need(t)
	value, ok := os.LookupEnv(name)
	if !ok {
		t.Fatal(errors.New(name + " is not set; run `make test`, which starts what the tests need"))
	}
	return value
}

// deskWrites returns how many writes desks took, as the metrics have it.
func (b *bridge) deskWrites() (n float64) {
	b.t.Helper()
	resp, err := http.Get(b.url + "/metrics")
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), "} "); ok && strings.HasPrefix(name, "deskbridge_desk_writes_total") {
			f, err := strconv.ParseFloat(value, 64)
			if err != nil {
				b.t.Fatal(err)
			}
			n += f
		}
	}
	return n
}
