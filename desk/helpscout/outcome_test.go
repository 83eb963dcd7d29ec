//go:build !race

// Without the race detector: a life is one request after the other, and there are
// many. test/run.sh plays them by themselves.

package helpscout

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest/outcometest"
)

// TestOutcomes plays the table of faults.
func TestOutcomes(t *testing.T) {
	f := newFake(t)
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	outcometest.Run(t, outcometest.Harness{
		Harness: f.harness(srv.URL + "/api/"),
		Server:  srv.URL + "/api/",
		Connect: func(t *testing.T, address string) desk.Desk { return Hurried(connect(t, address, nil)) },
		Reads:   func(_, path string) bool { return strings.HasSuffix(path, "/oauth2/token") },
	})
}

// TestLeaverWithMany: two hundred conversations, two deaths, and a desk that fails.
func TestLeaverWithMany(t *testing.T) {
	f := newFake(t)
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	outcometest.RunLeaver(t, outcometest.Harness{Harness: f.harness(srv.URL + "/api/")})
}

// TestLeaverInTwoMailboxes: by rules of mailboxes, a death, and a desk that fails.
func TestLeaverInTwoMailboxes(t *testing.T) {
	f := newFake(t)
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	outcometest.RunMailboxes(t, outcometest.Harness{Harness: f.harness(srv.URL + "/api/")})
}
