package edit

import (
	"context"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// Bring brings a record to what is desired: it reads it, has write write the fields in which
// it is not as desired, and reads it back. What differs then is the error that not returns;
// where that says NotShown, it names the fields.
func Bring[ID ~string, R any](ctx context.Context, id ID, read func(context.Context, ID) (R, error), differs func(R) kit.Fields,
	write func(ctx context.Context, before R, fields kit.Fields) error, not func(now R, left kit.Fields) error) error {
	before, err := read(ctx, id)
	if err != nil {
		return err
	}
	fields := differs(before)
	if len(fields) == 0 {
		return nil
	}
	if err := write(ctx, before, fields); err != nil {
		return err
	}
	return kit.ReadBack(ctx, id, read, func(now R) error {
		left := differs(now)
		if len(left) == 0 {
			return nil
		}
		err := not(now, left)
		if e := desk.AcceptedOnly(err); e != nil {
			e.Field = left.String()
		}
		return err
	})
}

// Remove has remove end a record for good, and looks whether it is gone, also where remove
// says that it was gone already. One that is gone is no error; for one that is still there it
// is what stays returns.
func Remove[ID ~string, R any](ctx context.Context, id ID, read func(context.Context, ID) (R, error), remove func() error, stays func() error) error {
	err := Gone(remove())
	if err == nil {
		if _, err = read(ctx, id); err == nil {
			return stays()
		}
	}
	return Gone(err)
}

// Gone returns err, but that there is no such record is no error.
func Gone(err error) error {
	if err != nil && desk.KindOf(err) == desk.NotFound {
		return nil
	}
	return err
}
