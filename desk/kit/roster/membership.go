package roster

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// Membership is who is in which team and mailbox.
type Membership struct {
	began time.Time // when it was begun to be read
	anew  bool      // nothing in it is older
	of    [len(kinds)]map[string]map[int64]bool
}

// Names returns the places of a kind that a user is in, sorted; none of a nil Membership.
func (m *Membership) Names(k Kind, user int64) (names []string) {
	if m == nil {
		return nil
	}
	for name, members := range m.of[k] {
		if members[user] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Membership returns who is in which place, read after the call began; on a desk so large that
// this takes its time, as long before as reading all of it takes, and yet after what was told by
// Changed. One user costs as many requests as all: those who ask while somebody reads wait, and
// share what one of them reads then. What was read before a call was cut short is not read again
// by the next.
func (d *Directory) Membership(ctx context.Context) (*Membership, error) {
	return d.membership(ctx, false)
}

// Anew is Membership for those who need it no older than the call: which places there are is asked
// as well, and who is in each of them, however long that takes. [desk.Lister] asks for its
// beginning so.
func (d *Directory) Anew(ctx context.Context) (*Membership, error) { return d.membership(ctx, true) }

func (d *Directory) membership(ctx context.Context, anew bool) (*Membership, error) {
	asked := time.Now()
	done, err := d.wait(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	if d.last != nil && d.last.began.After(asked) && (d.last.anew || !anew) {
		return d.last, nil
	}
	m := &Membership{began: time.Now(), anew: anew}
	since := d.rosters.begin()
	if anew {
		since = m.began
	}
	for _, k := range kinds {
		places := d.catalogues[k].List
		if anew {
			places = d.catalogues[k].Reread
		}
		if m.of[k], err = d.readAll(ctx, k, places, since); err != nil {
			return nil, err
		}
	}
	d.rosters.end()
	d.last = m
	return m, nil
}

// wait returns when nobody else reads memberships. Whoever would wait long gives its place to
// others and comes again.
func (d *Directory) wait(ctx context.Context) (done func(), _ error) {
	waiting, cancel := context.WithTimeout(ctx, d.config.Longest)
	defer cancel()
	done, err := d.turn.Take(waiting)
	if err == nil || ctx.Err() != nil {
		return done, err
	}
	words := slices.DeleteFunc([]string{d.config.Teams.Word, d.config.Mailboxes.Word}, func(word string) bool { return word == "" })
	return nil, &desk.Error{Kind: desk.Retryable, RetryAfter: d.config.Longest, Err: desk.ErrNotAsked,
		Detail: "who is in which of the " + strings.Join(words, " and ") + " is being read for others, which takes long on this account; Deskbridge goes on by itself"}
}

// readAll returns the members of all places of a kind, by the places' names. What was read after
// since is not read again.
func (d *Directory) readAll(ctx context.Context, k Kind, list func(context.Context) ([]kit.Entry, error), since time.Time) (map[string]map[int64]bool, error) {
	places, err := list(ctx)
	if err != nil {
		return nil, err
	}
	members := make([]map[int64]bool, len(places))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(d.config.Parallel)
	for i, e := range places {
		if members[i] = d.rosters.get(place{k, e.ID}, since); members[i] != nil {
			continue
		}
		group.Go(func() error {
			began := time.Now()
			found, err := d.source(k).Members(ctx, e.ID)
			if err != nil && desk.KindOf(err) == desk.NotFound {
				return nil // it was removed a moment ago
			}
			if err != nil {
				return err
			}
			members[i] = make(map[int64]bool, len(found))
			for _, user := range found {
				members[i][user] = true
			}
			d.rosters.put(place{k, e.ID}, members[i], began)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	of := make(map[string]map[int64]bool, len(places))
	for i, e := range places {
		if of[e.Name] == nil {
			of[e.Name] = map[int64]bool{}
		}
		maps.Copy(of[e.Name], members[i])
	}
	return of, nil
}

// Changed says that we have changed who is in a place, or may have.
func (d *Directory) Changed(k Kind, id int64) { d.rosters.change(place{k, id}) }

// Excludes reports whether a user was not in a place when that was last read. Of a place that was
// never read, or that we have changed since, it says no.
func (d *Directory) Excludes(k Kind, id, user int64) bool {
	return d.rosters.excludes(place{k, id}, user)
}
