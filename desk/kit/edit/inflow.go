package edit

import "context"

// Inflow is what keeps new conversations from users R, as fields of theirs. A connector embeds it to
// be an InflowStopper of package desk.
type Inflow[ID ~string, R any] struct {
	Users *Writer[ID, R]
	// Stop returns what is written of somebody to whom nothing is to come; nothing where that is
	// so already. Stopping and Resuming say what is done, such as "set out of office".
	Stop               func(context.Context, R) (Values, error)
	Stopping, Resuming string
	// Resume returns what is written of somebody who is back; nothing of whoever is away by their
	// own doing.
	Resume func(R) Values
}

// StopInflow implements that of an InflowStopper.
func (i *Inflow[ID, R]) StopInflow(ctx context.Context, id ID) error {
	_, err := i.Users.Change(ctx, id, i.Stopping, func(r R) (Values, error) { return i.Stop(ctx, r) })
	return err
}

// SetAway implements that of an InflowStopper.
func (i *Inflow[ID, R]) SetAway(ctx context.Context, id ID, away bool) error {
	if away {
		return i.StopInflow(ctx, id)
	}
	_, err := i.Users.Change(ctx, id, i.Resuming, func(r R) (Values, error) { return i.Resume(r), nil })
	return err
}
