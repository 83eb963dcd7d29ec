package helpy

import (
	"testing"

	"github.com/deskbridge/deskbridge/desk/desktest"
)

func TestConnector(t *testing.T) { desktest.Run(t, newFake(t).harness()) }

// TestConnectorBehindFaults runs the suite with every call made twice.
func TestConnectorBehindFaults(t *testing.T) { desktest.RunBehindFaults(t, newFake(t).harness()) }
