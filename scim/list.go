package scim

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/meaning"
	"github.com/deskbridge/deskbridge/scim/resource"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

const listURN = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

// listing is a request for a page of resources: of a list (RFC 7644 §3.4.2),
// a search (§3.4.3), or either at the root, where it is for both types.
type listing struct {
	kinds      []listed
	sorted     bool
	descending bool
	count      int
	startIndex int // from 1; counts unless walk

	walk   bool                // pages by cursor (RFC 9865)
	after  *provision.Position // where the page begins; nil: at the start
	digest []byte              // of what a cursor belongs to; see [listing.bind]
}

// listed is what a listing asks of one resource type.
type listed struct {
	t *resource.Type
	provision.Selection
	selection resource.Selection
}

// parseListing reads the parameters of a listing of one type or several.
func (h *handler) parseListing(r *request, params url.Values, types []*resource.Type) (listing, error) {
	l := listing{startIndex: 1, walk: params.Has("cursor")}
	var err error
	if l.count, err = pageSize(params, h.limits, l.walk); err != nil {
		return l, err
	}
	for _, t := range types {
		k := listed{t: t}
		if k.selection, err = t.ParseSelection(params); err != nil {
			return l, err
		}
		if k.Where, err = parseCondition(t, params, h.limits, types); err != nil {
			return l, err
		}
		l.kinds = append(l.kinds, k)
	}
	if err := l.parseSort(params, h.limits); err != nil {
		return l, err
	}
	if l.walk {
		l.bind(r.conn.ID, params)
		l.after, err = h.readCursor(params.Get("cursor"), l.digest)
		return l, err
	}
	if l.startIndex, err = wholeNumber(params, "startIndex", 1); err != nil {
		return l, err
	}
	l.startIndex = max(l.startIndex, 1)
	return l, nil
}

// pageSize reads count. RFC 9865 has a keyword of its own for one that cannot
// be read.
func pageSize(params url.Values, limits Limits, walk bool) (int, error) {
	n, err := wholeNumber(params, "count", defaultCount)
	if err != nil && walk {
		return 0, scimerr.BadRequest(scimTypeInvalidCount, "count: takes a whole number")
	}
	return min(max(n, 0), limits.MaxResults), err
}

// parseCondition reads the filter on resources of type t; nil is none.
func parseCondition(t *resource.Type, params url.Values, limits Limits, types []*resource.Type) (provision.Expr, error) {
	filters, ok := params["filter"]
	if !ok {
		return nil, nil
	}
	if len(filters) != 1 || resource.IsBlank(filters[0]) {
		return nil, scimerr.InvalidFilter("The filter is empty or given twice.")
	}
	return t.ParseFilter(strings.TrimSpace(filters[0]), limits.filter(), types...)
}

func wholeNumber(params url.Values, name string, def int) (int, error) {
	text := strings.TrimSpace(params.Get(name))
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil && !errors.Is(err, strconv.ErrRange) { // n is the nearest number then
		return 0, scimerr.InvalidValue(name, "takes a whole number")
	}
	const largest = 1<<31 - 1 // what both databases take as an offset
	return min(n, largest), nil
}

// parseSort reads sortBy and sortOrder. Where only one of several types has the
// attribute, resources of the other count as having no value of it
// (RFC 7644 §3.4.2.3).
func (l *listing) parseSort(params url.Values, limits Limits) error {
	text := strings.TrimSpace(params.Get("sortBy"))
	if text == "" {
		return nil
	}
	l.descending = strings.EqualFold(params.Get("sortOrder"), "descending")
	var first error
	for i, k := range l.kinds {
		path, err := k.t.SortPath(text, limits.filter())
		if err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		l.sorted = true
		l.kinds[i].SortBy = path
	}
	if !l.sorted {
		return first
	}
	return nil
}

// list answers a listing of types, with the parameters of the query string or
// of a SearchRequest.
func (h *handler) list(r *request, params url.Values, types ...*resource.Type) (answer, error) {
	r.line.Did(requestlog.List, "")
	if params.Has("filter") {
		r.line.Did(requestlog.Find, "")
	}
	l, err := h.parseListing(r, params, types)
	if err != nil {
		return answer{}, err
	}
	for _, k := range l.kinds {
		if names := meaning.OfFilter(k.Where); names != "" {
			r.line.Did(requestlog.Find, "by "+names)
		}
	}
	keep, err := r.turn.Page(r.Context(), l.pageBytes(h.limits))
	if err != nil {
		return answer{}, err
	}
	found, err := h.find(r, l)
	if err != nil {
		return answer{}, err
	}
	keep(sizeOf(found.Items))
	resources, err := h.represent(r, l, found.Items)
	if err != nil {
		return answer{}, err
	}
	if !l.walk {
		return listResponse(found.Total, l.startIndex, resources), nil
	}
	body := resource.Object{"schemas": []string{listURN}, "totalResults": found.Total, "itemsPerPage": len(resources), "Resources": resources}
	if found.Next != nil {
		if body["nextCursor"], err = writeCursor(*found.Next, l.digest, h.now()); err != nil {
			return answer{}, err
		}
	}
	return answer{status: http.StatusOK, body: body}, nil
}

// lookUp looks up a page. A page of one type by index needs no sort keys and so
// one statement less.
func (h *handler) lookUp(ctx context.Context, r *request, l listing) (provision.Finding, error) {
	if !l.walk && len(l.kinds) == 1 {
		k := l.kinds[0]
		q := provision.Query{Where: k.Where, SortBy: k.SortBy, Descending: l.descending, Offset: l.startIndex - 1, Limit: l.count, Brief: true, Bare: l.isBare(), Bytes: h.limits.PageBytes}
		if k.t == resource.Group {
			page, err := h.core.Directory.Groups(ctx, r.conn.ID, q)
			return finding(page, func(g *provision.Group) provision.Found { return provision.Found{Group: g} }), err
		}
		return h.findUsers(ctx, r, q)
	}
	q := provision.Search{Sorted: l.sorted, Descending: l.descending, After: l.after, Offset: l.startIndex - 1, Limit: l.count, Brief: true, Bare: l.isBare(), Bytes: h.limits.PageBytes}
	for _, k := range l.kinds {
		if k.t == resource.Group {
			q.Groups = &k.Selection
		} else {
			q.People = &k.Selection
		}
	}
	return h.core.Directory.Search(ctx, r.conn.ID, q)
}

// findUsers looks up people, a second time where nobody has the name as it was
// sent; see [resource.DecodedTwice].
func (h *handler) findUsers(ctx context.Context, r *request, q provision.Query) (provision.Finding, error) {
	page, err := h.core.Directory.Identities(ctx, r.conn.ID, q)
	if again, ok := resource.DecodedTwice(q.Where); ok && err == nil && page.Total == 0 {
		q.Where = again
		page, err = h.core.Directory.Identities(ctx, r.conn.ID, q)
	}
	return finding(page, func(id *provision.Identity) provision.Found { return provision.Found{Identity: id} }), err
}

func finding[T any](page provision.Page[T], found func(*T) provision.Found) provision.Finding {
	out := provision.Finding{Total: page.Total, Items: make([]provision.Found, len(page.Items))}
	for i := range page.Items {
		out.Items[i] = found(&page.Items[i])
	}
	return out
}

// represent makes the resources of a page, with what they need read in one go
// a type.
func (h *handler) represent(r *request, l listing, items []provision.Found) ([]any, error) {
	var people []provision.Identity
	var groups []provision.Group
	for _, item := range items {
		if item.Identity != nil {
			people = append(people, *item.Identity)
		} else {
			groups = append(groups, *item.Group)
		}
	}
	var users, others []any
	var err error
	for _, k := range l.kinds {
		if k.t == resource.Group {
			others, err = h.groups(r, groups, k.selection)
		} else {
			users, err = h.users(r, people, k.selection)
		}
		if err != nil {
			return nil, err
		}
	}
	out := make([]any, 0, len(items))
	for _, item := range items {
		from := &users
		if item.Group != nil {
			from = &others
		}
		out = append(out, (*from)[0])
		*from = (*from)[1:]
	}
	return out, nil
}

// listResponse makes the answer to a list request.
func listResponse(total, startIndex int, resources []any) answer {
	if resources == nil {
		resources = []any{}
	}
	return answer{status: http.StatusOK, body: resource.Object{
		"schemas":      []string{listURN},
		"totalResults": total,
		"startIndex":   startIndex,
		"itemsPerPage": len(resources),
		"Resources":    resources,
	}}
}
