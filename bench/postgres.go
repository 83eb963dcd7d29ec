package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// database is the PostgreSQL that all servers share.
type database struct {
	url        *url.URL
	postmaster int // process id
	pgbench    string
	made       []string
}

func newDatabase(ctx context.Context, o options) (*database, error) {
	u, err := url.Parse(o.postgres)
	if err != nil || o.postgres == "" {
		return nil, fmt.Errorf("--postgres: a URL is needed; `make bench` starts a PostgreSQL and gives it")
	}
	d := &database{url: u, pgbench: filepath.Join(o.bindir, "pgbench")}
	var backend int
	if err := d.query(ctx, `SELECT pg_backend_pid()`, &backend); err != nil {
		return nil, err
	}
	return d, nil
}

// query runs a statement that gives one value.
func (d *database) query(ctx context.Context, statement string, into any) error {
	conn, err := pgx.Connect(ctx, d.url.String())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if d.postmaster == 0 {
		fields, err := statusOf(int(conn.PgConn().PID()), "PPid:")
		if err != nil {
			return fmt.Errorf("the PostgreSQL must run on this machine: %w", err)
		}
		if d.postmaster, err = strconv.Atoi(fields[0]); err != nil {
			return err
		}
	}
	return conn.QueryRow(ctx, statement).Scan(into)
}

func (d *database) exec(ctx context.Context, on *url.URL, statement string) error {
	conn, err := pgx.Connect(ctx, on.String())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

// make makes an empty database and returns its URL.
func (d *database) make(ctx context.Context, name string) (string, error) {
	name = fmt.Sprintf("deskbridge_bench_%s_%d", name, os.Getpid())
	if err := d.exec(ctx, d.url, `CREATE DATABASE `+name); err != nil {
		return "", err
	}
	d.made = append(d.made, name)
	out := *d.url
	out.Path = "/" + name
	return out.String(), nil
}

// drop drops the databases that were made.
func (d *database) drop(ctx context.Context) {
	for _, name := range d.made {
		if err := d.exec(ctx, d.url, `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
	}
}

// cpu returns the CPU time of the database so far.
func (d *database) cpu() time.Duration { return family(d.postmaster) }

// insertScript has no colon before a letter or a quote: pgbench would take that
// for a variable.
const insertScript = `\set id random(1, 1000000000)
INSERT INTO plain (id, name, document) VALUES (gen_random_uuid(), 'user-' || :id, '{"userName": "somebody", "active": true, "emails": [{"value": "somebody@bench.example"}]}');
`

var pgbenchRate = regexp.MustCompile(`tps = ([0-9.]+)`)

// singleRows returns how many single-row inserts a second pgbench gets
// committed over conns connections: the limit of every create.
func (d *database) singleRows(ctx context.Context, dir, on string, conns int, length time.Duration) (float64, error) {
	script := filepath.Join(dir, "insert.sql")
	if err := os.WriteFile(script, []byte(insertScript), 0o600); err != nil {
		return 0, err
	}
	seconds := strconv.Itoa(max(1, int(length.Round(time.Second)/time.Second)))
	out, err := exec.CommandContext(ctx, d.pgbench, "-n", "-M", "prepared", "-c", strconv.Itoa(conns), "-j", "2", "-T", seconds, "-f", script, on).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench: %w: %s", err, out)
	}
	m := pgbenchRate.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("pgbench said %s", out)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}
