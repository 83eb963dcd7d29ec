package store_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestQueriesMeanTheSameEverywhere asks any question of any people: both
// databases must give the answer of the model.
func TestQueriesMeanTheSameEverywhere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		groups := []provision.Group{group(c.ID, "Support"), group(c.ID, "édité")}
		for _, g := range groups {
			must(t, s.InsertGroup(ctx, g))
		}
		rapid.Check(t, func(rt *rapid.T) {
			subjects := drawSubjects(rt, c.ID, groups)
			err := s.InTx(ctx, func(tx *store.Store) error {
				for _, p := range subjects {
					insertSubject(rt, tx, p)
				}
				for range 12 {
					ask(rt, tx, c.ID, subjects, drawQuery(rt, groups))
				}
				return errRollback
			})
			if err != errRollback {
				rt.Fatal(err)
			}
		})
	})
}

func insertSubject(t *rapid.T, tx *store.Store, p subject) {
	if err := tx.InsertIdentity(t.Context(), p.Identity); err != nil {
		t.Fatal(err)
	}
	for _, g := range p.groups {
		if _, err := tx.AddMembers(t.Context(), p.Connection, g.ID, []provision.Member{person(p.Identity)}); err != nil {
			t.Fatal(err)
		}
	}
}

func ask(t *rapid.T, tx *store.Store, c provision.ConnectionID, subjects []subject, q provision.Query) {
	page, err := tx.Identities(t.Context(), c, q)
	if err != nil {
		t.Fatalf("%s: %v", show(q), err)
	}
	want, total := answer(subjects, q)
	if diff := cmp.Diff(want, idsOf(page.Items), cmpopts.EquateEmpty()); diff != "" || page.Total != total {
		t.Fatalf("%s\ntotal %d, want %d; ids (-want +got):\n%s", show(q), page.Total, total, diff)
	}
}

func show(q provision.Query) string {
	text, _ := json.Marshal(q)
	return fmt.Sprintf("%s\n%#v", text, q.Where)
}

// letters are chosen to meet: in two cases, in one word, as special characters
// of LIKE, JSON and SQL, and where folding is odd (final sigma, dotted I).
var letters = rapid.SampledFrom([]rune{'a', 'A', 'b', 'é', 'É', 'ß', 'ς', 'Σ', 'İ', 'K', '日', '🙂', '%', '_', '\\', '"', '\'', '?', '$', '@', ' '})

func drawText(t *rapid.T, label string) string {
	return string(rapid.SliceOfN(letters, 0, 3).Draw(t, label))
}

var moments = []string{"2026-03-04T12:00:00Z", "2026-03-04T13:00:00+01:00", "2026-03-04T12:00:00.5Z", "2026-03-04t12:00:00.500z", "2026-03-04T12:00:01", "2026-13-04T12:00:00Z", "yesterday"}

// drawJSON returns any JSON value, most often of a kind that SCIM has.
func drawJSON(t *rapid.T, depth int) any {
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2:
		return json.Number(rapid.SampledFrom([]string{"0", "1", "-1", "1.5", "1.50", "2", "10"}).Draw(t, "number"))
	case 3:
		return rapid.SampledFrom(moments).Draw(t, "moment")
	case 4, 5:
		if depth == 0 {
			return ""
		}
		list := make([]any, rapid.IntRange(0, 3).Draw(t, "elements"))
		for i := range list {
			list[i] = drawJSON(t, depth-1)
		}
		return list
	case 6, 7:
		if depth == 0 {
			return map[string]any{}
		}
		object := map[string]any{}
		for _, key := range rapid.SliceOfDistinct(rapid.SampledFrom([]string{"value", "type", "primary", "x"}), rapid.ID).Draw(t, "keys") {
			object[key] = drawJSON(t, depth-1)
		}
		return object
	}
	return drawText(t, "text")
}

const urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

func drawSubjects(t *rapid.T, c provision.ConnectionID, groups []provision.Group) []subject {
	subjects := make([]subject, rapid.IntRange(1, 5).Draw(t, "people"))
	for i := range subjects {
		id := provision.Identity{
			ID:         provision.NewID[provision.IdentityID](),
			Connection: c,
			UserName:   fmt.Sprint(drawText(t, "userName"), i),
			Status:     rapid.SampledFrom([]provision.Status{provision.StatusActive, provision.StatusSuspended}).Draw(t, "status"),
			CreatedAt:  noon.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "created")) * time.Second),
			UpdatedAt:  noon.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "updated")) * time.Microsecond),
		}
		if rapid.Bool().Draw(t, "has externalId") {
			id.ExternalID = fmt.Sprint(drawText(t, "externalId"), i)
		}
		id.Profile.DisplayName = drawText(t, "profile")
		for range rapid.IntRange(0, 2).Draw(t, "emails") {
			id.Emails = append(id.Emails, provision.Email{Value: drawText(t, "email"),
				Type: rapid.SampledFrom([]string{"", "work", "Home"}).Draw(t, "type"), Primary: rapid.Bool().Draw(t, "primary")})
		}
		if rapid.IntRange(0, 5).Draw(t, "has document") > 0 {
			doc := map[string]any{urn: map[string]any{"x": drawJSON(t, 2), "value": drawJSON(t, 2)}}
			for _, key := range []string{"displayName", "x", "value"} {
				doc[key] = drawJSON(t, 2)
			}
			id.Document, _ = json.Marshal(doc)
		}
		subjects[i] = newSubject(id)
		for _, g := range groups {
			if rapid.Bool().Draw(t, "member") {
				subjects[i].groups = append(subjects[i].groups, g)
			}
		}
	}
	return subjects
}

func drawQuery(t *rapid.T, groups []provision.Group) provision.Query {
	q := provision.Query{
		Descending: rapid.Bool().Draw(t, "descending"),
		Offset:     rapid.IntRange(0, 1).Draw(t, "offset"),
		Limit:      rapid.IntRange(0, 6).Draw(t, "limit"),
	}
	if rapid.IntRange(0, 9).Draw(t, "has filter") > 0 {
		q.Where = drawExpr(t, groups, 2)
	}
	if rapid.Bool().Draw(t, "sorted") {
		q.SortBy = rapid.SampledFrom([]provision.Path{{"id"}, {"userName"}, {"externalId"}, {"displayName"}, {"active"}, {"meta", "created"},
			{"meta", "lastModified"}, {"emails"}, {"emails", "value"}, {"groups"}, {"x"}, {"x", "value"}, {urn, "x"}, {urn, "x", "type"}}).Draw(t, "sortBy")
	}
	return q
}

func drawExpr(t *rapid.T, groups []provision.Group, depth int) provision.Expr {
	kind := rapid.IntRange(0, 7).Draw(t, "expression")
	if depth == 0 {
		kind = 7
	}
	switch kind {
	case 0:
		return provision.And{Left: drawExpr(t, groups, depth-1), Right: drawExpr(t, groups, depth-1)}
	case 1:
		return provision.Or{Left: drawExpr(t, groups, depth-1), Right: drawExpr(t, groups, depth-1)}
	case 2:
		return provision.Not{Expr: drawExpr(t, groups, depth-1)}
	case 3:
		path := rapid.SampledFrom([]provision.Path{{"x"}, {urn, "x"}, {"value"}, {"emails"}}).Draw(t, "of")
		return provision.Element{Path: path, Where: drawElementExpr(t, path[0] == "emails", depth-1)}
	}
	switch rapid.IntRange(0, 4).Draw(t, "attribute") {
	case 0:
		path := rapid.SampledFrom([]provision.Path{{"userName"}, {"externalId"}, {"displayName"}, {"id"}, {"emails"}, {"emails", "value"}, {"emails", "type"}, {"groups", "display"}}).Draw(t, "path")
		return drawCompare(t, path, provision.TypeString)
	case 1:
		g := rapid.SampledFrom(groups).Draw(t, "group")
		return provision.Compare{Path: provision.Path{"groups", "value"}, Many: true, Type: provision.TypeString, CaseExact: true,
			Op: rapid.SampledFrom([]provision.Op{provision.OpEqual, provision.OpNotEqual}).Draw(t, "op"), Value: string(g.ID)}
	case 2:
		path := rapid.SampledFrom([]provision.Path{{"active"}, {"emails", "primary"}}).Draw(t, "path")
		return drawCompare(t, path, provision.TypeBoolean)
	case 3:
		path := rapid.SampledFrom([]provision.Path{{"meta", "created"}, {"meta", "lastModified"}}).Draw(t, "path")
		return drawCompare(t, path, provision.TypeDateTime)
	}
	path := rapid.SampledFrom([]provision.Path{{"x"}, {"x", "value"}, {"value"}, {"value", "type"}, {urn, "x"}, {urn, "x", "value"}, {urn, "value"}, {"absent"}, {"x", "x"}}).Draw(t, "path")
	return drawCompare(t, path, drawType(t))
}

func drawType(t *rapid.T) provision.ValueType {
	return rapid.SampledFrom([]provision.ValueType{provision.TypeString, provision.TypeString, provision.TypeBoolean,
		provision.TypeInteger, provision.TypeDecimal, provision.TypeDateTime, provision.TypeComplex}).Draw(t, "type")
}

func drawElementExpr(t *rapid.T, email bool, depth int) provision.Expr {
	if depth > 0 {
		switch rapid.IntRange(0, 4).Draw(t, "expression") {
		case 0:
			return provision.And{Left: drawElementExpr(t, email, depth-1), Right: drawElementExpr(t, email, depth-1)}
		case 1:
			return provision.Not{Expr: drawElementExpr(t, email, depth-1)}
		}
	}
	path := provision.Path{rapid.SampledFrom([]string{"value", "type", "primary"}).Draw(t, "sub")}
	kind := provision.TypeString
	if path[0] == "primary" {
		kind = provision.TypeBoolean
	} else if !email {
		kind = drawType(t)
	}
	return drawCompare(t, path, kind)
}

var (
	equality = []provision.Op{provision.OpEqual, provision.OpNotEqual}
	ordering = append(slices.Clone(equality), provision.OpGreater, provision.OpGreaterOrEqual, provision.OpLess, provision.OpLessOrEqual)
	textual  = append(slices.Clone(ordering), provision.OpContains, provision.OpStartsWith, provision.OpEndsWith)
)

func drawCompare(t *rapid.T, path provision.Path, kind provision.ValueType) provision.Expr {
	e := provision.Compare{Path: path, Type: kind, Many: true, CaseExact: rapid.Bool().Draw(t, "caseExact")}
	if kind == provision.TypeComplex || rapid.IntRange(0, 7).Draw(t, "pr") == 0 {
		e.Op = provision.OpPresent
		return e
	}
	if rapid.IntRange(0, 7).Draw(t, "null") == 0 {
		e.Op = rapid.SampledFrom(equality).Draw(t, "op")
		return e
	}
	switch kind {
	case provision.TypeString:
		e.Op, e.Value = rapid.SampledFrom(textual).Draw(t, "op"), drawText(t, "text")
	case provision.TypeBoolean:
		e.Op, e.Value = rapid.SampledFrom(equality).Draw(t, "op"), rapid.Bool().Draw(t, "bool")
	case provision.TypeInteger:
		e.Op, e.Value = rapid.SampledFrom(ordering).Draw(t, "op"), rapid.Int64Range(-1, 10).Draw(t, "integer")
	case provision.TypeDecimal:
		e.Op, e.Value = rapid.SampledFrom(ordering).Draw(t, "op"), rapid.SampledFrom([]float64{-1, 0, 1.5, 2.25}).Draw(t, "decimal")
	case provision.TypeDateTime:
		at := rapid.SampledFrom([]time.Time{noon, noon.Add(time.Microsecond), noon.Add(time.Second), noon.Truncate(time.Second)}).Draw(t, "time")
		e.Op, e.Value = rapid.SampledFrom(ordering).Draw(t, "op"), at
	}
	return e
}
