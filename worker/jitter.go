package worker

import (
	"math/rand/v2"
	"time"
)

// between returns a time from least to less than most: what waits for the same
// thing must not come back at the same moment.
func between(least, most time.Duration) time.Duration { return least + rand.N(most-least) }
