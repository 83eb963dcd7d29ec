package outcometest

import (
	"regexp"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest"
)

// Harness is a desk under test.
type Harness struct {
	desktest.Harness

	// Server is the address of the desk's server, as a desk's URL is written
	// down, and Connect returns a connector that reaches it at another one.
	// Empty: the desk has no server.
	Server  string
	Connect func(t *testing.T, address string) desk.Desk

	// Slow says that a request takes a twentieth of a second: fewer rows are played,
	// with less that happens to somebody.
	Slow bool

	// Record is where the server shows a known user; nil: at an address that ends in
	// users or agents and a number.
	Record *regexp.Regexp

	// Reads says which requests other than GET change nothing; nil: none.
	Reads func(method, path string) bool
	// Yes is what the desk answers to a write that it did; status 0, or nil: 201
	// and an empty object to a POST, 204 to anything else.
	Yes func(method string) (status int, body string)
}

// Run plays the table.
func Run(t *testing.T, h Harness) {
	w := newWorld(t, h)
	for _, f := range table {
		if h.Server == "" && f.wire != nil && f.call == nil {
			continue
		}
		if h.Slow && !f.few {
			continue
		}
		t.Run("a desk that "+f.name, func(t *testing.T) { w.within(t, func() { w.life(f) }) })
	}
	for _, s := range states {
		t.Run(s.name, func(t *testing.T) { w.within(t, func() { s.play(w) }) })
	}
}
