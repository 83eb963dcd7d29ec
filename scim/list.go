package scim

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
)

// listing is a request for a page of resources (RFC 7644 §3.4.2).
type listing struct {
	provision.Query
	startIndex int // from 1
	selection
}

// parseListing reads the query parameters of a list request. Unknown ones are
// ignored.
func (t *resourceType) parseListing(query url.Values, limits Limits) (listing, error) {
	l := listing{startIndex: 1}
	var err error
	if l.selection, err = t.parseSelection(query); err != nil {
		return l, err
	}
	if l.startIndex, err = wholeNumber(query, "startIndex", 1); err != nil {
		return l, err
	}
	l.startIndex = max(l.startIndex, 1)
	if l.Limit, err = wholeNumber(query, "count", defaultCount); err != nil {
		return l, err
	}
	l.Limit = min(max(l.Limit, 0), limits.MaxResults)
	l.Offset = l.startIndex - 1
	if l.SortBy, l.Descending, err = t.parseSort(query); err != nil {
		return l, err
	}
	if filters, ok := query["filter"]; ok {
		if len(filters) != 1 || isBlank(filters[0]) {
			return l, invalidFilter("The filter is empty or given twice.")
		}
		l.Where, err = t.parseQuery(strings.TrimSpace(filters[0]), limits)
	}
	return l, err
}

func wholeNumber(query url.Values, name string, def int) (int, error) {
	text := strings.TrimSpace(query.Get(name))
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, invalidValue(name, "takes a whole number")
	}
	const largest = 1<<31 - 1 // what both databases take as an offset
	return min(n, largest), nil
}

func (t *resourceType) parseSort(query url.Values) (provision.Path, bool, error) {
	descending := strings.EqualFold(query.Get("sortOrder"), "descending")
	text := strings.TrimSpace(query.Get("sortBy"))
	if text == "" {
		return nil, descending && query.Has("sortBy"), nil
	}
	at, err := t.parseTarget(text, Limits{}.withDefaults())
	if err != nil || at.where != nil || at.unknown != nil || at.extension != "" {
		return nil, false, invalidValue("sortBy", "names no attribute")
	}
	path := fullPath(at.attribute)
	leaf := at.def
	if at.sub == nil && isComplex(at.def) { // RFC 7644 §3.4.2.3: the primary value
		if value, ok := subAttribute(at.def, "value"); ok {
			at.sub = &value
		}
	}
	if at.sub != nil {
		leaf, path = *at.sub, append(path, at.sub.Name())
	}
	name := at.def.Name()
	timeOnly := name == "meta" && (at.sub == nil || at.sub.Name() != "created" && at.sub.Name() != "lastModified")
	if isComplex(leaf) || timeOnly || name == "groups" || name == "members" || name == "password" || name == "schemas" {
		return nil, false, invalidValue("sortBy", "%s cannot be sorted by", name)
	}
	return path, descending, nil
}

// listResponse makes the answer to a list request.
func listResponse(total, startIndex int, resources []any) answer {
	if resources == nil {
		resources = []any{}
	}
	return answer{status: 200, body: object{
		"schemas":      []string{listURN},
		"totalResults": total,
		"startIndex":   startIndex,
		"itemsPerPage": len(resources),
		"Resources":    resources,
	}}
}
