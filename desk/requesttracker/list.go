package requesttracker

import (
	"context"
	"net/url"
	"strconv"

	"github.com/deskbridge/deskbridge/desk"
)

const (
	pageSize = 100 // RT's maximum
	maxPages = 1000
)

// page is one page of a list. Total is "" when RT will not count for us; then
// pages may be short, or empty, because RT drops what we may not see.
type page[T any] struct {
	Total text `json:"total"`
	Items []T  `json:"items"`
}

// collect reads a list page by page, in order of id so that pages do not
// overlap, until want items are there or the list ends.
func collect[T any](ctx context.Context, query url.Values, want int, read func(ctx context.Context, query url.Values, answer any) error) ([]T, error) {
	var all []T
	size := min(want, pageSize)
	query.Set("per_page", strconv.Itoa(size))
	query.Set("orderby", "id")
	for n := 1; len(all) < want; n++ {
		if n > maxPages {
			return nil, desk.Errorf(desk.Permanent, "a list has more than %d pages", maxPages)
		}
		query.Set("page", strconv.Itoa(n))
		var p page[T]
		if err := read(ctx, query, &p); err != nil {
			return nil, err
		}
		all = append(all, p.Items...)
		total, err := strconv.Atoi(string(p.Total))
		if err == nil && n*size >= total || err != nil && len(p.Items) == 0 {
			if err == nil && len(all) < min(total, want) { // what is not shown is not to be taken for what is not there
				return nil, desk.Errorf(desk.Retryable, "RT shows %d records fewer than it says there are", min(total, want)-len(all))
			}
			break
		}
	}
	return all[:min(len(all), want)], nil
}

// list reads all of the list at path.
func list[T any](ctx context.Context, c *client, path string, query url.Values) ([]T, error) {
	return collect[T](ctx, query, pageSize*maxPages, func(ctx context.Context, query url.Values, answer any) error {
		return c.Get(ctx, path, query, answer)
	})
}

// search reads up to want records that meet all limits.
func search[T any](ctx context.Context, c *client, path string, query url.Values, want int, limits ...limit) ([]T, error) {
	return collect[T](ctx, query, want, func(ctx context.Context, query url.Values, answer any) error {
		return c.search(ctx, path, query, limits, answer)
	})
}
