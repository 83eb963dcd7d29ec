package limit

import (
	"net/netip"
	"time"

	"github.com/deskbridge/deskbridge/internal/ratelimit"
	"github.com/deskbridge/deskbridge/provision"
)

// Addresses is how many addresses are counted at once; the ones that were quiet
// for longest are forgotten first. 2 MiB hold them.
const Addresses = 10_000

// Limits bound what is asked of one process. A company of 5,000 may come from
// one address in the same minute at nine in the morning, and a sign-in is eight
// requests, so they are wide.
type Limits struct {
	PerSecond float64 // requests a second and address; default 400
	Burst     int     // at once; default 20,000

	// Of each kind of request that begins or ends a sign-in or a session, for
	// one connection, from all addresses. Beyond it an address has its modest
	// share.
	ConnectionPerSecond float64 // default 100: within the 15 minutes that they live, no more than 100,000 sign-ins wait for an answer
	ConnectionBurst     int     // default 10,000
}

const (
	// rememberedConnections is how many kinds of requests to connections are
	// counted at once.
	rememberedConnections = 10_000

	// modestPerSecond and modestBurst are what each address may go on with while a
	// connection is asked for more than anybody's employees would: whoever floods
	// it must not keep them out.
	modestPerSecond = 1
	modestBurst     = 20
)

func (l Limits) withDefaults() Limits {
	if l.PerSecond == 0 {
		l.PerSecond = 400
	}
	if l.Burst == 0 {
		l.Burst = 20_000
	}
	if l.ConnectionPerSecond == 0 {
		l.ConnectionPerSecond = 100
	}
	if l.ConnectionBurst == 0 {
		l.ConnectionBurst = 10_000
	}
	return l
}

// Requests counts requests by [Limits]. It is safe for concurrent use.
type Requests struct {
	byAddress    *ratelimit.Limiter[netip.Addr]
	byConnection *ratelimit.Limiter[demand]
	modest       *ratelimit.Limiter[netip.Addr] // of addresses, while a connection is asked for too much
}

// demand is one kind of request to one connection.
type demand struct {
	conn provision.ConnectionID
	kind string
}

// NewRequests returns Requests that count from nothing.
func NewRequests(l Limits, now func() time.Time) *Requests {
	l = l.withDefaults()
	return &Requests{
		byAddress:    ratelimit.New[netip.Addr](l.PerSecond, l.Burst, Addresses, now),
		byConnection: ratelimit.New[demand](l.ConnectionPerSecond, l.ConnectionBurst, rememberedConnections, now),
		modest:       ratelimit.New[netip.Addr](modestPerSecond, modestBurst, Addresses, now),
	}
}

// Address counts a request from an address, and reports whether it may be made.
func (c *Requests) Address(from netip.Addr) bool {
	return c.byAddress.Allow(ratelimit.Network(from, ratelimit.Household))
}

// Connection counts a request of one kind to a connection, and reports whether
// it may be made: when no more come than all its people together would send, or
// when the address has some of its modest share left.
func (c *Requests) Connection(conn provision.ConnectionID, kind string, from netip.Addr) bool {
	return c.byConnection.Allow(demand{conn, kind}) || c.modest.Allow(ratelimit.Network(from, ratelimit.Household))
}
