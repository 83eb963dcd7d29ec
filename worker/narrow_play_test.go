//go:build !race

package worker_test

import "testing"

// TestFiveThousandOnANarrowDesk is a night's work, in which the clock goes as fast as the
// processor. test/run.sh plays it by itself.
func TestFiveThousandOnANarrowDesk(t *testing.T) { playCrowd(t, 5000) }
