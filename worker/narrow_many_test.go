//go:build !race

// Without the race detector: it is the play of narrow_test.go with many more people.

package worker_test

import "testing"

// TestFiveThousandOnANarrowDesk: a company of five thousand joins. What is done for each is no
// more than for hundreds.
func TestFiveThousandOnANarrowDesk(t *testing.T) { joinAtOnce(t, 5000) }
