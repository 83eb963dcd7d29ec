package store

import (
	"context"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// How long PostgreSQL may take. Whatever waits for it goes on after that, with
// an Unavailable error.
const (
	// statementLimit bounds a statement, waiting for locks included.
	statementLimit = 30 * time.Second
	// idleLimit bounds how long the server keeps a transaction, and its locks,
	// of a process that says nothing more.
	idleLimit = 60 * time.Second
	// silenceLimit bounds how long a connection may be silent while an answer
	// is due: the server would have given up by then, so it or the way to it is
	// gone, which nothing else says when a machine vanishes.
	silenceLimit = statementLimit + 5*time.Second
)

// limitTimes has the connections of config keep to the limits, except where the
// database's URL sets other ones.
func limitTimes(config *pgx.ConnConfig, silence time.Duration) {
	for name, limit := range map[string]time.Duration{
		"statement_timeout": statementLimit, "idle_in_transaction_session_timeout": idleLimit,
	} {
		if config.RuntimeParams[name] == "" {
			config.RuntimeParams[name] = strconv.FormatInt(limit.Milliseconds(), 10)
		}
	}
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &impatientConn{Conn: conn, limit: silence}, nil
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 10 * time.Second
	}
}

// impatientConn is a connection whose reads and writes fail after limit. A
// deadline that its owner sets goes before.
type impatientConn struct {
	net.Conn
	limit time.Duration

	mu          sync.Mutex
	read, write bool // the owner has set a deadline
}

// Read is part of [net.Conn].
func (c *impatientConn) Read(p []byte) (int, error) {
	if err := c.bound(&c.read, c.Conn.SetReadDeadline); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// Write is part of [net.Conn].
func (c *impatientConn) Write(p []byte) (int, error) {
	if err := c.bound(&c.write, c.Conn.SetWriteDeadline); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

func (c *impatientConn) bound(owned *bool, set func(time.Time) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if *owned {
		return nil
	}
	return set(time.Now().Add(c.limit))
}

// SetDeadline is part of [net.Conn].
func (c *impatientConn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read, c.write = !t.IsZero(), !t.IsZero()
	return c.Conn.SetDeadline(t)
}

// SetReadDeadline is part of [net.Conn].
func (c *impatientConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read = !t.IsZero()
	return c.Conn.SetReadDeadline(t)
}

// SetWriteDeadline is part of [net.Conn].
func (c *impatientConn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write = !t.IsZero()
	return c.Conn.SetWriteDeadline(t)
}
