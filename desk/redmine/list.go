package redmine

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

const (
	pageSize = 100 // Redmine's maximum
	maxPages = 10_000
)

// page is one page of a list.
type page[T any] struct {
	items []T
	total int // of all pages
}

// pageAt reads the page of the list at path that begins at offset. The items are
// under the list's name in the answer.
func pageAt[T any](ctx context.Context, c *kit.Client, path, name string, query url.Values, offset int) (page[T], error) {
	query.Set("limit", strconv.Itoa(pageSize))
	query.Set("offset", strconv.Itoa(offset))
	var answer map[string]json.RawMessage
	if err := c.Get(ctx, path, query, &answer); err != nil {
		return page[T]{}, err
	}
	var p page[T]
	raw, present := answer[name]
	if !present || json.Unmarshal(raw, &p.items) != nil {
		return p, desk.Errorf(desk.Retryable, "Redmine's answer holds no list of %s; is a proxy in the way?", name)
	}
	p.total = len(p.items) // some lists come whole, without a count
	if raw, counted := answer["total_count"]; counted && json.Unmarshal(raw, &p.total) != nil {
		return p, desk.Errorf(desk.Retryable, "Redmine's answer does not say how many %s there are; is a proxy in the way?", name)
	}
	return p, nil
}

// each calls do with the items of a list, page by page, until do returns false.
func each[T any](ctx context.Context, c *kit.Client, path, name string, query url.Values, do func(item T) (more bool)) error {
	offset := 0
	for range maxPages {
		p, err := pageAt[T](ctx, c, path, name, query, offset)
		if err != nil {
			return err
		}
		for _, item := range p.items {
			if !do(item) {
				return nil
			}
		}
		offset += len(p.items)
		if offset >= p.total {
			return nil
		}
		if len(p.items) == 0 { // what is not shown is not to be taken for what is not there
			return desk.Errorf(desk.Retryable, "Redmine shows %d %s fewer than it says there are", p.total-offset, name)
		}
	}
	return desk.Errorf(desk.Permanent, "the list of %s has more than %d pages", name, maxPages)
}

// list reads all of a list.
func list[T any](ctx context.Context, c *kit.Client, path, name string, query url.Values) ([]T, error) {
	var all []T
	err := each(ctx, c, path, name, query, func(item T) bool {
		all = append(all, item)
		return true
	})
	return all, err
}
