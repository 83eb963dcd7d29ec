package edit

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// Bring brings a record to what is desired: it reads it, has write write the fields in which
// it is not as desired, and reads it back. What differs then is the error that not returns;
// where that says NotShown, it names the fields.
func Bring[ID ~string, R any](ctx context.Context, id ID, read func(context.Context, ID) (R, error), differs func(R) kit.Fields,
	write func(ctx context.Context, before R, fields kit.Fields) error, not func(now R, left kit.Fields) error) error {
	_, err := bring(ctx, id, read, func(r R) (kit.Fields, error) { return differs(r), nil }, write, not)
	return err
}

// bring is Bring with fields of any kind; it returns the record as it is shown in the end.
func bring[ID ~string, R any, V any, F interface {
	~map[string]V
	String() string
}](ctx context.Context, id ID, read func(context.Context, ID) (R, error), differs func(R) (F, error), write func(context.Context, R, F) error, not func(R, F) error) (r R, _ error) {
	r, err := read(ctx, id)
	if err != nil {
		return r, err
	}
	fields, err := differs(r)
	if err != nil || len(fields) == 0 {
		return r, err
	}
	if err := write(ctx, r, fields); err != nil {
		return r, err
	}
	if r, err = read(ctx, id); err != nil {
		return r, err
	}
	left, err := differs(r)
	if err != nil || len(left) == 0 {
		return r, err
	}
	err = not(r, left)
	if e := desk.AcceptedOnly(err); e != nil {
		e.Field = left.String()
	}
	return r, err
}

// Values are the fields in which a record is not as desired, with the desired values, for desks
// that keep other things than text.
type Values map[string]any

// Want adds a text unless the record has it, or none is desired: what is empty stays as it is
// on the desk.
func (v Values) Want(field, have, want string) {
	if want != "" && want != have {
		v[field] = want
	}
}

// String returns the names of the fields, sorted. Values may be personal data.
func (v Values) String() string { return strings.Join(slices.Sorted(maps.Keys(v)), ", ") }

// Writer changes the fields of records R, such as users.
type Writer[ID ~string, R any] struct {
	Vendor kit.Vendor
	What   string // the desk's word for such a record, such as "user"
	Read   func(context.Context, ID) (R, error)
	// Write writes some fields, and no others. what says for people what is done, such as
	// "suspend user 7". Its success is not believed.
	Write func(ctx context.Context, r R, what string, fields Values) error
}

// Change has the fields written in which a record is not as desired, and reads back whether it
// is, which it returns. what says what is done to the record, such as "suspend". What does not
// show is NotShown.
func (w Writer[ID, R]) Change(ctx context.Context, id ID, what string, differs func(R) (Values, error)) (R, error) {
	what += " " + w.What + " " + string(id)
	return bring(ctx, id, w.Read, differs,
		func(ctx context.Context, r R, fields Values) error { return w.Write(ctx, r, what, fields) },
		func(R, Values) error { return w.Vendor.Disobeyed("%s", what) })
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

// Unless returns err, but one with a cause that says nothing is no error: whether a write was done
// is read back.
func Unless(err, cause error) error {
	if errors.Is(err, cause) {
		return nil
	}
	return err
}

// Gone returns err, but that there is no such record is no error.
func Gone(err error) error {
	if err != nil && desk.KindOf(err) == desk.NotFound {
		return nil
	}
	return err
}
