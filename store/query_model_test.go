package store_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// subject is a person as the model sees one.
type subject struct {
	provision.Identity
	doc    any
	groups []provision.Group // in order of joining
}

func newSubject(id provision.Identity, groups ...provision.Group) subject {
	s := subject{Identity: id, groups: groups}
	if len(id.Document) > 0 {
		s.doc = decode(id.Document)
	}
	return s
}

func decode(text []byte) any {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		panic(err)
	}
	return v
}

// displayName is the attribute of the resource; the profile stands in only for
// people without one.
func (s subject) displayName() string {
	if s.doc == nil {
		return s.Profile.DisplayName
	}
	name, _ := s.doc.(map[string]any)["displayName"].(string)
	return name
}

// matches is the meaning of e, as [provision.Expr] has it.
func (s subject) matches(e provision.Expr) bool {
	switch e := e.(type) {
	case provision.And:
		return s.matches(e.Left) && s.matches(e.Right)
	case provision.Or:
		return s.matches(e.Left) || s.matches(e.Right)
	case provision.Not:
		return !s.matches(e.Expr)
	case provision.Element:
		for _, v := range s.values(e.Path) {
			if elementMatches(v, e.Where) {
				return true
			}
		}
		return false
	case provision.Compare:
		if len(e.Path) == 1 && (e.Path[0] == "emails" || e.Path[0] == "groups") {
			e.Path = provision.Path{e.Path[0], "value"}
		}
		if key := strings.Join(e.Path, "."); key == "id" || key == "externalId" || key == "groups.value" {
			e.CaseExact = true
		}
		return some(s.values(e.Path), e)
	}
	panic("unknown expression")
}

func elementMatches(v any, e provision.Expr) bool {
	switch e := e.(type) {
	case provision.And:
		return elementMatches(v, e.Left) && elementMatches(v, e.Right)
	case provision.Or:
		return elementMatches(v, e.Left) || elementMatches(v, e.Right)
	case provision.Not:
		return !elementMatches(v, e.Expr)
	case provision.Compare:
		return some(walk(v, e.Path), e)
	}
	panic("unknown expression")
}

// values returns what is at path: of the columns and rows that the store
// answers from, and else of the document.
func (s subject) values(path provision.Path) []any {
	switch strings.Join(path, ".") {
	case "id":
		return []any{string(s.ID)}
	case "userName":
		return []any{s.UserName}
	case "externalId":
		return given(s.ExternalID)
	case "displayName":
		return given(s.displayName())
	case "active":
		return []any{s.Status == provision.StatusActive}
	case "meta.created":
		return []any{s.CreatedAt.Format(time.RFC3339Nano)}
	case "meta.lastModified":
		return []any{s.UpdatedAt.Format(time.RFC3339Nano)}
	}
	switch path[0] {
	case "emails":
		var list []any
		for _, e := range s.Emails {
			email := map[string]any{"primary": e.Primary}
			for key, text := range map[string]string{"value": e.Value, "type": e.Type} {
				if text != "" {
					email[key] = text
				}
			}
			list = append(list, email)
		}
		return walk(map[string]any{"emails": list}, path)
	case "groups":
		var list []any
		for _, g := range s.groups {
			list = append(list, map[string]any{"value": string(g.ID), "display": g.DisplayName})
		}
		return walk(map[string]any{"groups": list}, path)
	}
	return walk(s.doc, path)
}

// given returns the values of an attribute that is absent when it is "".
func given(text string) []any {
	if text == "" {
		return nil
	}
	return []any{text}
}

// walk returns the values at path below v. A list stands for its elements.
func walk(v any, path []string) []any {
	found := []any{v}
	for _, key := range path {
		var next []any
		for _, v := range found {
			if object, ok := v.(map[string]any); ok && object[key] != nil {
				if list, ok := object[key].([]any); ok {
					next = append(next, slices.DeleteFunc(slices.Clone(list), func(v any) bool { return v == nil })...)
				} else {
					next = append(next, object[key])
				}
			}
		}
		found = next
	}
	return found
}

// some reports whether one of values stands in relation e.Op to e.Value.
func some(values []any, e provision.Compare) bool {
	if e.Value == nil && e.Op == provision.OpEqual {
		return !slices.ContainsFunc(values, present)
	}
	if e.Op == provision.OpPresent || e.Value == nil && e.Op == provision.OpNotEqual {
		return slices.ContainsFunc(values, present)
	}
	return slices.ContainsFunc(values, func(v any) bool { return compares(v, e) })
}

func present(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return v != ""
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return true
}

func compares(v any, e provision.Compare) bool {
	switch want := e.Value.(type) {
	case string:
		text, ok := v.(string)
		if !e.CaseExact {
			text, want = provision.Fold(text), provision.Fold(want)
		}
		return ok && relates(e.Op, strings.Compare(text, want), text, want)
	case bool:
		is, ok := v.(bool)
		return ok && (is == want) == (e.Op == provision.OpEqual)
	case time.Time:
		at, ok := moment(v)
		return ok && relates(e.Op, at.Compare(want), "", "")
	case int64:
		return compareNumber(v, e.Op, float64(want))
	case float64:
		return compareNumber(v, e.Op, want)
	}
	panic("unknown type")
}

func compareNumber(v any, op provision.Op, want float64) bool {
	n, ok := v.(json.Number)
	if !ok {
		return false
	}
	f, err := n.Float64()
	return err == nil && relates(op, cmp.Compare(f, want), "", "")
}

func relates(op provision.Op, order int, text, want string) bool {
	switch op {
	case provision.OpEqual:
		return order == 0
	case provision.OpNotEqual:
		return order != 0
	case provision.OpGreater:
		return order > 0
	case provision.OpGreaterOrEqual:
		return order >= 0
	case provision.OpLess:
		return order < 0
	case provision.OpLessOrEqual:
		return order <= 0
	case provision.OpContains:
		return strings.Contains(text, want)
	case provision.OpStartsWith:
		return strings.HasPrefix(text, want)
	case provision.OpEndsWith:
		return strings.HasSuffix(text, want)
	}
	panic("unknown operator")
}

var zone = regexp.MustCompile(`(?i)(Z|[+-]\d\d:\d\d)$`)

func moment(v any) (time.Time, bool) {
	text, _ := v.(string)
	text = strings.ToUpper(text)
	if !zone.MatchString(text) {
		text += "Z"
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	return at, err == nil
}

// sortText returns the text by which s is sorted on path; false: absent.
func (s subject) sortText(path provision.Path) (string, bool) {
	one := func(list []any) any {
		for _, v := range list {
			if object, ok := v.(map[string]any); ok && object["primary"] == true {
				return v
			}
		}
		if len(list) == 0 {
			return nil
		}
		return list[0]
	}
	var v any
	switch strings.Join(path, ".") {
	case "id", "userName", "externalId", "displayName", "active", "meta.created", "meta.lastModified":
		values := s.values(path)
		if len(values) == 0 {
			return "", false
		}
		v = values[0]
		if path[0] == "meta" {
			at, _ := moment(v)
			v = at.Format("2006-01-02T15:04:05.000000")
		}
		if path[0] == "id" || path[0] == "externalId" {
			return v.(string), true
		}
	case "emails", "emails.value":
		email, _ := one(s.values(provision.Path{"emails"})).(map[string]any)
		v = email["value"]
	case "groups", "groups.value":
		email, _ := one(s.values(provision.Path{"groups"})).(map[string]any)
		v = email["value"]
	default:
		v = s.doc
		for _, key := range path {
			if list, ok := v.([]any); ok {
				v = one(list)
			}
			object, _ := v.(map[string]any)
			v = object[key]
		}
		if list, ok := v.([]any); ok {
			v = one(list)
		}
		if object, ok := v.(map[string]any); ok {
			v = object["value"]
		}
	}
	text := ""
	switch v := v.(type) {
	case string:
		text = provision.Fold(v)
	case json.Number:
		text = provision.Fold(v.String())
	case bool:
		text = strconv.FormatBool(v)
	}
	return text, text != ""
}

// answer returns the ids of those of all that q asks for, in its order.
func answer(all []subject, q provision.Query) (ids []provision.IdentityID, total int) {
	var found []subject
	for _, s := range all {
		if q.Where == nil || s.matches(q.Where) {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, func(a, b subject) int {
		if len(q.SortBy) == 0 {
			if q.Descending {
				a, b = b, a
			}
			return cmp.Compare(a.ID, b.ID)
		}
		at, aok := a.sortText(q.SortBy)
		bt, bok := b.sortText(q.SortBy)
		order := 0
		switch {
		case aok && bok:
			order = strings.Compare(at, bt)
		case aok:
			order = -1 // absent ones are the greatest
		case bok:
			order = 1
		}
		if q.Descending {
			order = -order
		}
		return cmp.Or(order, cmp.Compare(a.ID, b.ID))
	})
	for i := q.Offset; i < min(len(found), q.Offset+q.Limit); i++ {
		ids = append(ids, found[i].ID)
	}
	return ids, len(found)
}
