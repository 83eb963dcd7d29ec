package listing

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// Known keeps records R of a desk whose list shows less of them, L. Each that is not known, or
// not as it was, is read by itself; what was read is kept also when another read fails. It is
// safe for concurrent use: one caller at a time reads.
type Known[ID comparable, L, R any] struct {
	Parallel int           // records that are read at once
	Age      time.Duration // how long one is taken for true that shows no change

	// List reads the list, and a word for what else a record rests on, such as the teams that
	// there are: with another word no record is as it was.
	List func(context.Context) (listed []L, word string, err error)
	ID   func(L) ID
	Same func(R, L) bool // the list shows no change of a record
	// Read reads a record; NotFound is one that was deleted a moment ago. settled reports that
	// it was not being changed: only such a record is kept.
	Read func(context.Context, L) (r R, settled bool, err error)

	turn kit.Turn
	kept map[ID]known[R]
}

type known[R any] struct {
	record R
	at     time.Time // when it was read; zero: it was being changed
	word   string
	there  bool
}

// All returns all records, in the order of the list. With an error it returns those that were
// read.
func (k *Known[ID, L, R]) All(ctx context.Context) ([]R, error) {
	done, err := k.turn.Take(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	listed, word, err := k.List(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]known[R], len(listed))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(k.Parallel)
	for i, l := range listed {
		if was := k.kept[k.ID(l)]; was.there && was.word == word && time.Since(was.at) < k.Age && k.Same(was.record, l) {
			all[i] = was
			continue
		}
		group.Go(func() error {
			now := known[R]{at: time.Now(), word: word, there: true}
			r, settled, err := k.Read(ctx, l)
			switch {
			case err != nil && desk.KindOf(err) == desk.NotFound:
				return nil
			case err != nil:
				return err
			case !settled:
				now.at = time.Time{}
			}
			now.record = r
			all[i] = now
			return nil
		})
	}
	err = group.Wait()
	k.kept = make(map[ID]known[R], len(all))
	records := make([]R, 0, len(all))
	for i, one := range all {
		if one.there {
			k.kept[k.ID(listed[i])] = one
			records = append(records, one.record)
		}
	}
	return records, err
}
