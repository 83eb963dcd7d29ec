package listing

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// Offset is a list of which a page may begin anywhere, after so many items, as its query says by
// limit and offset: {"KEY": […], "total_count": …}. A list without a count comes whole.
type Offset[E any] struct {
	Client *kit.Client
	Vendor kit.Vendor
	Path   string
	Key    string // under which a page has its items, such as "users"
	Query  url.Values
	Size   int // items on a page
	Most   int // pages that are read
}

// Page reads the page that begins after so many items.
func (o Offset[E]) Page(ctx context.Context, after int) (p Page[E], _ error) {
	asked := url.Values{}
	maps.Copy(asked, o.Query)
	asked.Set("limit", strconv.Itoa(o.Size))
	asked.Set("offset", strconv.Itoa(after))
	var answer map[string]json.RawMessage
	if err := o.Client.Get(ctx, o.Path, asked, &answer); err != nil {
		return p, err
	}
	if raw, shown := answer[o.Key]; !shown || json.Unmarshal(raw, &p.Items) != nil || p.Items == nil {
		return p, o.Vendor.NoList(o.Key)
	}
	p.Total = len(p.Items)
	if raw, counted := answer["total_count"]; counted && json.Unmarshal(raw, &p.Total) != nil {
		return p, desk.Errorf(desk.Retryable, "%s's answer does not say how many %s there are; is a proxy in the way?", o.Vendor.Name, o.Key)
	}
	return p, nil
}

// List is the list from its beginning.
func (o Offset[E]) List() List[E] {
	return List[E]{Vendor: o.Vendor, What: o.Key, Most: o.Most, Read: func(ctx context.Context, _, after int) (Page[E], error) { return o.Page(ctx, after) }}
}

// All returns all items.
func (o Offset[E]) All(ctx context.Context) ([]E, error) { return o.List().All(ctx) }

// Chain is what a desk shows as several lists, one after the other, such as its users by state.
type Chain[E any] []Offset[E]

// All returns the items of all lists.
func (c Chain[E]) All(ctx context.Context) (all []E, _ error) {
	for _, l := range c {
		some, err := l.All(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// Page returns the page that a cursor of [desk.Lister] stands for, on which list it is, and the
// cursor for what follows; "" when nothing does.
func (c Chain[E]) Page(ctx context.Context, cursor string) (items []E, at int, next string, _ error) {
	after := 0
	if cursor != "" {
		first, second, _ := strings.Cut(cursor, ":")
		list, err1 := strconv.Atoi(first)
		items, err2 := strconv.Atoi(second)
		if err1 != nil || err2 != nil || list < 0 || list >= len(c) || items < 0 {
			return nil, 0, "", desk.NoCursor()
		}
		at, after = list, items
	}
	p, err := c[at].Page(ctx, after)
	if err != nil {
		return nil, 0, "", err
	}
	switch after += len(p.Items); {
	case len(p.Items) > 0 && after < p.Total:
		next = strconv.Itoa(at) + ":" + strconv.Itoa(after)
	case at+1 < len(c):
		next = strconv.Itoa(at+1) + ":0"
	}
	return p.Items, at, next, nil
}
