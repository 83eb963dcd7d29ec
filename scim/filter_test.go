package scim_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/elimity-com/scim/filter"
	"github.com/elimity-com/scim/schema"
	"pgregory.net/rapid"

	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestFiltersMeanWhatTheLibrarySays compares the answers of the databases with
// github.com/elimity-com/scim's own evaluation of the same filters on the same
// resources. What the library is known to get wrong is not asked: sub-attributes
// of multi-valued attributes outside brackets (never match), comparisons with a
// complex attribute (panic), escapes in strings (compared unread), null, more
// than two comparisons in brackets (refused), attributes of two schemas in one
// filter (refused), and primary, which counts as false where it is absent.
func TestFiltersMeanWhatTheLibrarySays(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		texts := []string{"", "a", "A", "ab", "Éa", "éA b", "b"}
		for i := range 30 {
			pick := func(step int) string { return texts[(i*step+i/7)%len(texts)] }
			body := map[string]any{"userName": fmt.Sprintf("%s%d", pick(1), i), "active": i%3 > 0, "title": pick(2), "displayName": pick(3),
				"name": map[string]any{"givenName": pick(5)}}
			if i%4 > 0 {
				body["emails"] = []any{map[string]any{"value": pick(1) + "@x", "type": pick(4)}, map[string]any{"value": pick(3) + "@y"}}
			}
			raw, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			s.want(201, "POST", "/Users", string(raw))
		}
		resources := s.want(200, "GET", "/Users", "").body["Resources"].([]any)
		rapid.Check(t, func(t *rapid.T) {
			text := drawFilter(t, texts, 2)
			validator, err := filter.NewValidator(text, schema.CoreUserSchema())
			if err != nil {
				t.Fatalf("%s: the library cannot read it: %v", text, err)
			}
			want := []string{}
			for _, resource := range resources {
				user := resource.(map[string]any)
				if validator.PassesFilter(user) == nil {
					want = append(want, user["userName"].(string))
				}
			}
			if got := s.find("/Users", text).names(); !slices.Equal(got, want) {
				t.Fatalf("%s: got %q, the library says %q", text, got, want)
			}
		})
	})
}

// drawFilter draws a filter that both sides understand.
func drawFilter(t *rapid.T, texts []string, depth int) string {
	if depth > 0 {
		switch rapid.IntRange(0, 4).Draw(t, "shape") {
		case 0:
			return drawFilter(t, texts, depth-1) + " and " + drawFilter(t, texts, depth-1)
		case 1:
			return "(" + drawFilter(t, texts, depth-1) + " or " + drawFilter(t, texts, depth-1) + ")"
		case 2:
			return "not (" + drawFilter(t, texts, depth-1) + ")"
		}
	}
	switch rapid.IntRange(0, 4).Draw(t, "kind") {
	case 0:
		return "active " + rapid.SampledFrom([]string{"eq true", "eq false", "ne true", "pr"}).Draw(t, "active")
	case 1:
		first := drawCompare(t, texts, "type", "value")
		if rapid.Bool().Draw(t, "two") {
			first += rapid.SampledFrom([]string{" and ", " or "}).Draw(t, "join") + drawCompare(t, texts, "type", "value")
		}
		return "emails[" + first + "]"
	}
	return drawCompare(t, texts, "userName", "title", "displayName", "name.givenName")
}

func drawCompare(t *rapid.T, texts []string, names ...string) string {
	name := rapid.SampledFrom(names).Draw(t, "name")
	if rapid.Bool().Draw(t, "other case") {
		name = strings.ToUpper(name)
	}
	op := rapid.SampledFrom([]string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"}).Draw(t, "op")
	if op == "pr" {
		return name + " pr"
	}
	return fmt.Sprintf("%s %s %q", name, op, rapid.SampledFrom(texts).Draw(t, "text"))
}
