package helpscout

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"

	"github.com/deskbridge/deskbridge/desk"
)

const (
	maxPages = 1000
	maxTries = 5 // of a list that shrinks while it is read
)

// page is one page of a list, counted from 1. The elements are in Embedded
// under the list's own name, which is absent when there are none.
type page struct {
	Embedded map[string]json.RawMessage `json:"_embedded"`
	Page     *struct {
		Number        int `json:"number"`
		TotalPages    int `json:"totalPages"`
		TotalElements int `json:"totalElements"`
	} `json:"page"`
}

// decodePage returns the elements of page n and the page itself. An answer that
// does not say which page it is, is no list: to take it for an empty one would
// mean that nobody is there.
func decodePage[T any](data []byte, name string, n int) ([]T, *page, error) {
	var p page
	if err := vendor.Decode(data, &p); err != nil {
		return nil, nil, err
	}
	if p.Page == nil || p.Page.Number != n {
		return nil, nil, desk.Errorf(desk.Retryable, "the answer is not page %d of a list, as the Inbox API sends it", n)
	}
	var items []T
	if raw, ok := p.Embedded[name]; ok {
		if err := vendor.Decode(raw, &items); err != nil {
			return nil, nil, err
		}
	}
	return items, &p, nil
}

// walk calls each with every element of the list at path, until each returns
// false. total is how many elements the list had, first and last.
func walk[T any](ctx context.Context, c *client, path, name string, query url.Values, each func(T) bool) (first, last int, _ error) {
	asked := url.Values{}
	for key, values := range query {
		asked[key] = values
	}
	for n := 1; n <= maxPages; n++ {
		asked.Set("page", strconv.Itoa(n))
		var raw json.RawMessage
		if err := c.get(ctx, path, asked, &raw); err != nil {
			return 0, 0, err
		}
		items, p, err := decodePage[T](raw, name, n)
		if err != nil {
			return 0, 0, err
		}
		if last = p.Page.TotalElements; n == 1 {
			first = last
		}
		for _, item := range items {
			if !each(item) {
				return first, last, nil
			}
		}
		if n >= p.Page.TotalPages || len(items) == 0 {
			return first, last, nil
		}
	}
	return 0, 0, desk.Errorf(desk.Permanent, "a list has more than %d pages", maxPages)
}

// list returns all elements of the list at path. When one is removed while we
// read, the rest moves up and another slips from a page that we have yet to
// read to one that we have read; so a list that has shrunk is read again. One
// that has grown may show an element twice.
func list[T any](ctx context.Context, c *client, path, name string, query url.Values) ([]T, error) {
	for range maxTries {
		var all []T
		first, last, err := walk(ctx, c, path, name, query, func(item T) bool {
			all = append(all, item)
			return true
		})
		if err != nil || last >= first {
			return all, err
		}
	}
	return nil, desk.Errorf(desk.Retryable, "a list shrinks while it is read")
}
