package scim

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/deskbridge/deskbridge/scim/resource"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

const searchURN = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

func (h *handler) listUsers(r *request) (answer, error)  { return h.list(r, r.query, resource.User) }
func (h *handler) listGroups(r *request) (answer, error) { return h.list(r, r.query, resource.Group) }

// listAll answers a query at the server root: resources of both types in one
// list (RFC 7644 §3.4.2.1).
func (h *handler) listAll(r *request) (answer, error) {
	return h.list(r, r.query, resource.User, resource.Group)
}

// search answers a query by POST, which keeps filters out of addresses and
// logs (RFC 7644 §3.4.3).
func (h *handler) search(types ...*resource.Type) func(*request) (answer, error) {
	return func(r *request) (answer, error) {
		body, err := r.body()
		if err != nil {
			return answer{}, err
		}
		params, err := searchParameters(body)
		if err != nil {
			return answer{}, err
		}
		return h.list(r, params, types...)
	}
}

// searchParameters returns what a SearchRequest holds, as the query string of
// a GET would have it. What is unassigned is left out, but for cursor, which is
// empty on the first page (RFC 9865 §2).
func searchParameters(body resource.Object) (url.Values, error) {
	if !resource.NamesSchema(body[resource.Key(body, "schemas")], searchURN) {
		return nil, scimerr.InvalidSyntax("schemas must hold %s.", searchURN)
	}
	out := url.Values{}
	for _, name := range parameterNames {
		value, ok := body[resource.Key(body, name)]
		if !ok || value == nil {
			continue
		}
		text, ok := parameterText(name, value)
		if !ok {
			return nil, scimerr.InvalidValue(name, "does not have the type that a SearchRequest gives it")
		}
		if name == "cursor" || !resource.IsBlank(text) {
			out.Set(name, text)
		}
	}
	return out, nil
}

// parameterText returns a value of a SearchRequest as it would stand in a query
// string: lists of attributes joined by commas, numbers in digits.
func parameterText(name string, value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case json.Number:
		return value.String(), name == "startIndex" || name == "count"
	case []any:
		names := make([]string, 0, len(value))
		for _, element := range value {
			s, ok := element.(string)
			if !ok {
				return "", false
			}
			names = append(names, s)
		}
		return strings.Join(names, ","), name == "attributes" || name == "excludedAttributes"
	}
	return "", false
}
