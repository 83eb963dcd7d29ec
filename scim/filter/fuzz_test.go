package filter_test

import (
	"errors"
	"testing"
	"time"

	scimerrors "github.com/elimity-com/scim/errors"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/resource"
)

// FuzzFilter checks that any text is either a condition whose values have the
// type that it says, or invalidFilter; and that it never takes long.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		`userName eq "ada"`, `emails[type eq "work" and value co "@x"] or not (title pr)`, `emails[type eq "work"].value eq "x"`,
		`meta.lastModified gt "2026-01-02T03:04:05Z"`, `active eq "True"`, `a.b.c eq 1.5e3`, `((((`, `emails[`, `"`, `x--v0 pr`,
		resource.EnterpriseURN + `:manager.value eq "9" and schemas eq "x"`, `title eq "\ud800\u0041"`, `title EQ NULL`, "userName eq \"\xff\"",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []*resource.Type{resource.User, resource.Group} {
			start := time.Now()
			where, err := kind.ParseFilter(text, limits)
			if took := time.Since(start); took > 5*time.Second {
				t.Fatalf("took %v", took)
			}
			if err != nil {
				if e, ok := errors.AsType[scimerrors.ScimError](err); !ok || e.ScimType != "invalidFilter" {
					t.Fatalf("%v is not invalidFilter", err)
				}
				continue
			}
			checkTypes(t, where)
		}
	})
}

// checkTypes fails unless every comparison in where has a value of its type.
func checkTypes(t *testing.T, where provision.Expr) {
	switch where := where.(type) {
	case provision.And:
		checkTypes(t, where.Left)
		checkTypes(t, where.Right)
	case provision.Or:
		checkTypes(t, where.Left)
		checkTypes(t, where.Right)
	case provision.Not:
		checkTypes(t, where.Expr)
	case provision.Element:
		checkTypes(t, where.Where)
	case provision.Compare:
		ok := where.Value == nil
		switch where.Value.(type) {
		case string:
			ok = where.Type == provision.TypeString
		case bool:
			ok = where.Type == provision.TypeBoolean
		case time.Time:
			ok = where.Type == provision.TypeDateTime
		}
		if !ok || len(where.Path) == 0 || where.Type == provision.TypeComplex && where.Op != provision.OpPresent {
			t.Fatalf("%+v", where)
		}
	case provision.Constant:
	default:
		t.Fatalf("%T", where)
	}
}
