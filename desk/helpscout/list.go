package helpscout

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"strconv"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

const (
	maxPages = 1000
	maxTries = 5 // of a list that shrinks while it is read
)

// readPage returns the elements of page n of the list at path, and the page
// itself.
func readPage[T any](ctx context.Context, c *client, path, name string, query url.Values, n int) ([]T, *kit.HALPage, error) {
	asked := maps.Clone(query)
	if asked == nil {
		asked = url.Values{}
	}
	asked.Set("page", strconv.Itoa(n))
	var raw json.RawMessage
	if err := c.get(ctx, path, asked, &raw); err != nil {
		return nil, nil, err
	}
	return kit.ReadHAL[T](vendor, raw, name, n)
}

// walked is what was seen of a list.
type walked struct {
	pages  int
	shrank bool // it had fewer elements at a page than at the one before
}

// walk calls each with every element of the list at path, until each returns
// false. A list that shows fewer than it says it has is an error: who is deleted loses
// what was not seen to be theirs.
func walk[T any](ctx context.Context, c *client, path, name string, query url.Values, each func(T) bool) (walked, error) {
	var w walked
	total, seen := 0, 0
	for n := 1; n <= maxPages; n++ {
		items, p, err := readPage[T](ctx, c, path, name, query, n)
		if err != nil {
			return w, err
		}
		w.pages, w.shrank = n, w.shrank || p.TotalElements < total
		total, seen = p.TotalElements, seen+len(items)
		for _, item := range items {
			if !each(item) {
				return w, nil
			}
		}
		if n >= p.TotalPages || len(items) == 0 {
			if seen < total {
				return w, desk.Errorf(desk.Retryable, "Help Scout shows %d %s fewer than it says there are", total-seen, name)
			}
			return w, nil
		}
	}
	return w, desk.Errorf(desk.Permanent, "a list has more than %d pages", maxPages)
}

// numbered is an element of a list that is one of its kind.
type numbered interface{ number() int64 }

// list returns all elements of the list at path, each once. When one is removed
// while we read, the rest moves up and another slips from a page that we have
// yet to read to one that we have read; so a list that has shrunk is read again.
//
// One that was removed and one that was added leave the list as long as it was,
// so the pages are read a second time, from the last to the first: whoever
// slipped by is on one that is yet to come.
func list[T numbered](ctx context.Context, c *client, path, name string, query url.Values) ([]T, error) {
	for range maxTries {
		var all []T
		seen := map[int64]bool{}
		take := func(item T) bool {
			if !seen[item.number()] {
				seen[item.number()] = true
				all = append(all, item)
			}
			return true
		}
		w, err := walk(ctx, c, path, name, query, take)
		if err != nil {
			return nil, err
		}
		if w.shrank {
			continue
		}
		for n := w.pages - 1; n > 0; n-- {
			items, _, err := readPage[T](ctx, c, path, name, query, n)
			if err != nil {
				return nil, err
			}
			for _, item := range items {
				take(item)
			}
		}
		return all, nil
	}
	return nil, errShrinks
}

var errShrinks = desk.Errorf(desk.Retryable, "a list shrinks while it is read")
