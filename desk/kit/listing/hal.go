package listing

import (
	"context"
	"net/url"

	"github.com/deskbridge/deskbridge/desk/kit"
)

// HAL is the list of things of some name at path, as APIs in HAL show it page by page.
func HAL[E any](c *kit.Client, v kit.Vendor, path, name string, query url.Values, most int) List[E] {
	return List[E]{Vendor: v, What: name, Most: most, Read: func(ctx context.Context, n, _ int) (Page[E], error) {
		items, of, err := kit.GetHAL[E](ctx, c, path, name, query, n)
		if err != nil {
			return Page[E]{}, err
		}
		return Page[E]{Items: items, Total: of.TotalElements, Pages: of.TotalPages}, nil
	}}
}
