package seats

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/seat"
	"github.com/deskbridge/deskbridge/worker/guard"
)

const (
	// askedAnew is how old the word of a desk about a user may be whose list does not tell.
	askedAnew = 24 * time.Hour
	// askAtOnce is how many users are asked for by one sweep.
	askAtOnce = 200
)

// Reader reads what one sweep of a desk shows. The nil Reader reads nothing.
type Reader struct {
	seats *seat.Service
	d     *guard.Session
	desk  provision.Desk

	listed bool // every user that the desk shows was seen
	used   int
}

// New returns a Reader for a sweep of a desk; nil where nobody keeps seats.
func New(seats *seat.Service, d *guard.Session, of provision.Desk) *Reader {
	if seats == nil {
		return nil
	}
	return &Reader{seats: seats, d: d, desk: of}
}

// Page takes in a page of the desk's list. held are the accounts of users on it.
func (r *Reader) Page(ctx context.Context, users []provision.DeskUser, held map[provision.DeskUserID]provision.AccountID) error {
	if r == nil {
		return nil
	}
	r.listed = true
	var told []seat.Activity
	for i := range users {
		u := &users[i]
		if u.Active && u.Role.Rank() > 0 {
			r.used++
		}
		if id, ours := held[u.ID]; ours && r.d.Capabilities().Logins == desk.LoginsListed {
			told = append(told, of(id, u))
		}
	}
	return r.seats.Told(ctx, r.desk.ID, told)
}

// of is what a user shows.
func of(id provision.AccountID, u *provision.DeskUser) seat.Activity {
	a := seat.Activity{Account: id, Last: u.LastLogin}
	if u.LastActive.After(a.Last) {
		a.Last = u.LastActive
	}
	return a
}

// Finish notes what was counted, asks for those of whom lists do not tell, and has the
// policy act. It returns of how many people the policy took the seat.
func (r *Reader) Finish(ctx context.Context) (taken int, _ error) {
	if r == nil {
		return 0, nil
	}
	counted := seat.Counted{Used: r.used}
	if r.listed {
		counted.By = seat.ByList
	}
	if counter, ok := r.d.Desk.(desk.Seats); ok {
		own, err := guard.Ask(ctx, r.d, func(ctx context.Context) (c seat.Counted, err error) {
			c.By = seat.ByDesk
			c.Used, c.Limit, err = counter.Seats(ctx)
			return c, err
		})
		switch {
		case guard.IsPaused(err), guard.Failed(err):
			return 0, err
		case err == nil: // else it may not tell us, and a sweep is for more than that
			counted = own
		}
	}
	if counted.By != "" {
		if err := r.seats.Counted(ctx, r.desk.ID, counted); err != nil {
			return 0, err
		}
	}
	if r.d.Capabilities().Logins == desk.LoginsFound {
		if err := r.ask(ctx); err != nil {
			return 0, err
		}
	}
	return r.seats.Act(ctx, r.desk)
}

// ask asks the desk for users of whom it has not told for a while.
func (r *Reader) ask(ctx context.Context) error {
	old, err := r.seats.Untold(ctx, r.desk.ID, askedAnew, askAtOnce)
	if err != nil {
		return err
	}
	var told []seat.Activity
	for _, a := range old {
		u, err := r.d.Find(ctx, desk.Key{ID: a.DeskUser})
		if guard.IsPaused(err) || guard.Failed(err) {
			return err
		}
		if err == nil && u != nil && u.ID == a.DeskUser {
			told = append(told, of(a.ID, u))
		}
	}
	return r.seats.Told(ctx, r.desk.ID, told)
}
