package patch

import (
	"cmp"
	"time"

	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// What one PATCH may cost. On SQLite nobody else writes meanwhile.
const (
	// maxWork is in steps: looks at one value, for one term of a filter or to
	// see whether it is there already. A thousand operations on a thousand
	// values are within it, and take a tenth of a second.
	maxWork = 2_000_000
	// usualTime is for what steps do not tell, such as very long values.
	usualTime = time.Second
)

// budget is what a PATCH has cost so far.
type budget struct {
	time  time.Duration // that it may take; 0 is usualTime
	work  int
	began time.Time // of the first step
}

// spend notes that so many steps are about to be done, and refuses what goes
// beyond the budget.
func (b *budget) spend(steps int) error {
	if b.began.IsZero() {
		b.began = time.Now()
	}
	if b.work += steps; b.work > maxWork || time.Since(b.began) > cmp.Or(b.time, usualTime) {
		return scimerr.TooLarge("The operations take too long: they look at too many values, or too long ones. Send them in several requests.")
	}
	return nil
}
