package patch

import (
	"time"

	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// What one PATCH may cost. On SQLite nobody else writes meanwhile.
const (
	// maxWork is in steps: looks at one value, for one term of a filter or to
	// see whether it is there already. A thousand operations on a thousand
	// values are within it, and take a tenth of a second.
	maxWork = 2_000_000
	// maxTime is for what steps do not tell, such as very long values.
	maxTime = time.Second
)

// budget is what a PATCH has cost so far.
type budget struct {
	work  int
	began time.Time // of the first step
}

// spend notes that so many steps are about to be done, and refuses what goes
// beyond the budget. A step may be long: who takes many asks for 0 between them.
func (b *budget) spend(steps int) error {
	if b.began.IsZero() {
		b.began = time.Now()
	}
	if b.work += steps; b.work > maxWork || time.Since(b.began) > maxTime {
		return scimerr.TooLarge("The operations take too long: they look at too many values, or too long ones. Send them in several requests.")
	}
	return nil
}
