package scimtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const (
	listURN  = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	errorURN = "urn:ietf:params:scim:api:messages:2.0:Error"
)

// response is an answer of the server.
type response struct {
	status int
	header http.Header
	raw    []byte
	body   any // decoded; absent{} when raw is no JSON
}

// judge returns "" when res is as e wants it, else the first difference.
func (e *expectation) judge(res response, vars variables) string {
	if len(e.AnyOf) > 0 {
		var first string
		for _, option := range e.AnyOf {
			bad := option.judge(res, vars)
			if bad == "" {
				return ""
			}
			if first == "" {
				first = bad
			}
		}
		return fmt.Sprintf("none of the %d allowed outcomes (first: %s)", len(e.AnyOf), first)
	}
	if e.Status != nil && !slices.Contains(e.Status, res.status) {
		return fmt.Sprintf("status should be one of %v, got %d: %s", e.Status, res.status, cut(res.raw))
	}
	if e.NoBody && len(res.raw) > 0 {
		return "body should be empty, got " + cut(res.raw)
	}
	if bad := e.judgeHeaders(res, vars); bad != "" {
		return bad
	}
	if bad := judgeBody(e.BodyMatches, res, vars); bad != "" {
		return bad
	}
	if by, ok := e.ByStatus[strconv.Itoa(res.status)]; ok {
		if by.NoBody && len(res.raw) > 0 {
			return fmt.Sprintf("body should be empty with %d, got %s", res.status, cut(res.raw))
		}
		return judgeBody(by.BodyMatches, res, vars)
	}
	return ""
}

func (e *expectation) judgeHeaders(res response, vars variables) string {
	if e.Headers == nil {
		return ""
	}
	want, err := vars.json(e.Headers)
	if err != nil {
		return err.Error()
	}
	o, _ := want.(members)
	for _, m := range o {
		var got any = absent{}
		if values := res.header.Values(m.name); len(values) > 0 {
			got = strings.Join(values, ", ")
		}
		if bad := match(m.value, got, "header "+m.name); bad != "" {
			return bad
		}
	}
	return ""
}

func judgeBody(raw json.RawMessage, res response, vars variables) string {
	if raw == nil {
		return ""
	}
	want, err := vars.json(raw)
	if err != nil {
		return err.Error()
	}
	if res.body == any(absent{}) {
		return "a JSON body is expected, got " + cut(res.raw)
	}
	if bad := match(want, res.body, ""); bad != "" {
		return "body " + bad
	}
	return ""
}

func cut(raw []byte) string {
	const longest = 300
	if len(raw) > longest {
		return string(raw[:longest]) + "..."
	}
	return string(raw)
}

// checkStrict returns "" when an answer keeps the rules that hold for all of
// them, whatever the scenario asks for.
func checkStrict(s step, res response) string {
	switch {
	case res.status == http.StatusNoContent && len(res.raw) > 0:
		return "204 with a body"
	case res.status == http.StatusNoContent:
		return ""
	case len(res.raw) == 0:
		return fmt.Sprintf("%d without a body", res.status)
	}
	kind, _, _ := strings.Cut(strings.ToLower(res.header.Get("Content-Type")), ";")
	if kind = strings.TrimSpace(kind); kind != "application/scim+json" && kind != "application/json" {
		return "Content-Type should be application/scim+json, got " + kind
	}
	if res.body == any(absent{}) {
		return "body is not JSON"
	}
	if res.status >= 400 {
		want := members{{"schemas", []any{errorURN}}, {"status", strconv.Itoa(res.status)}}
		if bad := match(want, res.body, ""); bad != "" {
			return "error body " + bad
		}
		return ""
	}
	if bad := checkList(res.body); bad != "" {
		return bad
	}
	if bad := checkResources(s, res.body); bad != "" {
		return bad
	}
	if res.status == http.StatusCreated && res.header.Get("Location") == "" {
		return "201 without a Location header"
	}
	return ""
}

// checkList checks a ListResponse; anything else passes.
func checkList(body any) string {
	o, _ := body.(map[string]any)
	if names, _ := o["schemas"].([]any); !slices.Contains(names, any(listURN)) {
		return ""
	}
	for _, name := range []string{"totalResults", "startIndex", "itemsPerPage"} {
		if value, there := o[name]; there && typeOf(value) != "integer" {
			return name + " should be an integer, got " + show(value)
		}
	}
	if o["totalResults"] == nil {
		return "ListResponse without totalResults"
	}
	resources, ok := o["Resources"].([]any)
	if !ok {
		return "ListResponse without a Resources array"
	}
	if n, there := o["itemsPerPage"]; there && int(number(n)) != len(resources) {
		return fmt.Sprintf("itemsPerPage %s but %d Resources", show(n), len(resources))
	}
	return ""
}

// checkResources checks every user or group in an answer.
func checkResources(s step, body any) string {
	if _, ok := collection(s.Path); !ok {
		return ""
	}
	o, _ := body.(map[string]any)
	resources, ok := o["Resources"].([]any)
	if !ok {
		resources = []any{body}
	}
	for _, resource := range resources {
		r, _ := resource.(map[string]any)
		schemas, _ := r["schemas"].([]any)
		id, _ := r["id"].(string)
		_, password := r["password"]
		switch {
		case strings.Contains(show(schemas), "api:messages"):
		case id == "":
			return "resource without a string id: " + show(resource)
		case len(schemas) == 0:
			return "resource without schemas"
		case password:
			return "password returned"
		}
	}
	return ""
}

// collection returns Users or Groups when the path leads there.
func collection(path string) (string, bool) {
	name := strings.TrimPrefix(path, "/")
	if at := strings.IndexAny(name, "/?"); at >= 0 {
		name = name[:at]
	}
	return name, name == "Users" || name == "Groups"
}
