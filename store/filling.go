package store

import (
	"context"
	"errors"
)

// errFull ends the reading of rows when there are enough bytes of them.
var errFull = errors.New("store: enough bytes are read")

// filling counts the bytes of documents that are read, up to a limit.
type filling struct {
	most int // 0: no limit
	have int
	is   bool   // there are enough
	stop func() // ends the query, so that the rest is not even sent
}

// newFilling returns a count up to most, and the context of the query that it
// ends. Its stop must be called.
func newFilling(ctx context.Context, most int) (context.Context, *filling) {
	f := &filling{most: most, stop: func() {}}
	if most > 0 {
		ctx, f.stop = context.WithCancel(ctx)
	}
	return ctx, f
}

// add counts a document, and returns errFull when there are enough.
func (f *filling) add(bytes int) error {
	if f.have += bytes; f.most == 0 || f.have < f.most {
		return nil
	}
	f.is = true
	f.stop()
	return errFull
}

// unless returns err, and nil when there are enough: what the query that was
// ended says then means nothing.
func (f *filling) unless(err error) error {
	if f.is {
		return nil
	}
	return err
}
