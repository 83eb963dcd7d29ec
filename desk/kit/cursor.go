package kit

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"

	"github.com/deskbridge/deskbridge/desk"
)

// PageAt returns the number of the page that a cursor of [desk.Lister] stands
// for, at most the last one; 1 for "".
func PageAt(cursor string, last int) (int, error) {
	if cursor == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(cursor)
	if err != nil || n < 2 || n > last {
		return 0, desk.NoCursor()
	}
	return n, nil
}

// Part returns the page of a whole list that a cursor stands for, and the cursor for what
// follows; "" when nothing does.
func Part[E any](whole []E, cursor string, size int) (page []E, next string, _ error) {
	n, err := PageAt(cursor, 1_000_000) // beyond the end is nothing
	if err != nil {
		return nil, "", err
	}
	from, to := min((n-1)*size, len(whole)), min(n*size, len(whole))
	if to < len(whole) {
		next = PageAfter(n)
	}
	return whole[from:to], next, nil
}

// PageAfter returns the cursor for what follows page n.
func PageAfter(n int) string { return strconv.Itoa(n + 1) }

// CursorList is a list of which each page says whether it goes on, and at which cursor:
// {"KEY": […], "meta": {"has_more": …, "after_cursor": …}}. Where the next page is, such an
// answer may say by an address, too: that is not followed, for the credentials go nowhere else.
type CursorList[E any] struct {
	Client *Client
	Path   string
	Key    string // under which a page has its items
	Query  url.Values
	Size   int // items on a page
	Most   int // pages that are read

	// Is reports whether an item is one of what was asked for, and all of it: an answer with
	// something else is Retryable. nil: it is not looked at.
	Is func(*E) bool
}

// Page reads the page at a cursor; "" is the first one. next is the cursor of what follows;
// "" when nothing does.
func (l CursorList[E]) Page(ctx context.Context, cursor string) (items []E, next string, _ error) {
	v := l.Client.config.Vendor
	asked := url.Values{}
	maps.Copy(asked, l.Query)
	asked.Set("page[size]", strconv.Itoa(l.Size))
	if cursor != "" {
		asked.Set("page[after]", cursor)
	}
	var answer map[string]json.RawMessage
	if err := l.Client.Get(ctx, l.Path, asked, &answer); err != nil {
		return nil, "", err
	}
	var meta struct {
		More  *bool  `json:"has_more"`
		After string `json:"after_cursor"`
	}
	if answer[l.Key] == nil || answer["meta"] == nil {
		return nil, "", v.NoList(l.Key)
	}
	if err := errors.Join(v.Decode(answer[l.Key], &items), v.Decode(answer["meta"], &meta)); err != nil {
		return nil, "", err
	}
	switch {
	case items == nil || meta.More == nil:
		return nil, "", v.NoList(l.Key)
	case *meta.More && (meta.After == "" || meta.After == cursor || len(items) == 0):
		return nil, "", desk.Errorf(desk.Retryable, "%s's list of %s says that it goes on, and not where", v.Name, l.Key)
	case l.Is != nil && slices.ContainsFunc(items, func(e E) bool { return !l.Is(&e) }):
		return nil, "", desk.Errorf(desk.Retryable, "%s answered a question about %s with something else; is a proxy in the way?", v.Name, l.Key)
	case *meta.More:
		next = meta.After
	}
	return items, next, nil
}

// Each calls do with the items of each page, and whether it is the last one, until it returns
// false or the list ends. A list without an end is a Permanent error.
func (l CursorList[E]) Each(ctx context.Context, do func(items []E, last bool) (more bool, err error)) error {
	cursor := ""
	for range l.Most {
		items, next, err := l.Page(ctx, cursor)
		if err != nil {
			return err
		}
		if more, err := do(items, next == ""); err != nil || !more || next == "" {
			return err
		}
		cursor = next
	}
	return desk.Errorf(desk.Permanent, "%s's list of %s has more than %d pages", l.Client.config.Vendor.Name, l.Key, l.Most)
}

// All reads a list to its end. It is empty, and not nil, where there is nothing.
func (l CursorList[E]) All(ctx context.Context) ([]E, error) {
	all := []E{}
	err := l.Each(ctx, func(items []E, _ bool) (bool, error) {
		all = append(all, items...)
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}
