package helpy

import (
	"net/http"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/desk/desktest/outcometest"
)

func TestConnector(t *testing.T) { desktest.Run(t, newFake(t).harness()) }

// TestConnectorBehindFaults runs the suite with every call made twice.
func TestConnectorBehindFaults(t *testing.T) { desktest.RunBehindFaults(t, newFake(t).harness()) }

// TestOutcomes: whatever befalls an answer, people are in or out as is told of them.
func TestOutcomes(t *testing.T) {
	f := newFake(t)
	f.lazy = 1
	outcometest.Run(t, outcometest.Harness{
		Harness: f.harness(),
		Server:  f.URL,
		Connect: func(t *testing.T, address string) desk.Desk { return connect(t, address) },
		Yes: func(method string) (int, string) {
			if method == http.MethodPatch {
				return http.StatusOK, "{}"
			}
			return 0, ""
		},
	})
}
