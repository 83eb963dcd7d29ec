package scim

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	scimerrors "github.com/elimity-com/scim/errors"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/resource"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// codes reads the core's error codes from its source, so that a new one
// cannot be forgotten.
func codes(t *testing.T) []provision.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../provision/error.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []provision.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Code" {
			value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, provision.Code(value))
		}
		return true
	})
	return out
}

func TestToSCIMMapsEveryCode(t *testing.T) {
	want := map[provision.Code]scimerrors.ScimError{
		provision.NotFound: {Status: 404},
		provision.Conflict: {Status: 409, ScimType: "uniqueness"},
		provision.Invalid:  {Status: 400, ScimType: "invalidValue"},
		provision.Stale:    {Status: 412},
		provision.Denied:   {Status: 403},
		provision.Limited:  {Status: 403},
	}
	all := codes(t)
	if len(all) < 6 {
		t.Fatalf("found only %v", all)
	}
	for _, code := range all {
		if code == provision.Unavailable { // ours, so it is logged, and says nothing of the cause
			continue
		}
		expected, ok := want[code]
		if !ok {
			t.Errorf("nothing is said about %s", code)
			continue
		}
		wrapped := fmt.Errorf("wrapped: %w", &provision.Error{Code: code, Field: "userName", Detail: "is taken", Err: errors.New("SECRET")})
		got, internal := toSCIM(wrapped)
		expected.Detail = "userName: is taken"
		if internal || got != expected {
			t.Errorf("%s: got %+v, want %+v", code, got, expected)
		}
	}
}

func TestToSCIM(t *testing.T) {
	for _, tt := range []struct {
		name     string
		err      error
		want     scimerrors.ScimError
		internal bool
	}{
		{"an unknown error says nothing", errors.New("pq: SECRET"), scimerrors.ScimError{Status: 500, Detail: "Internal error."}, true},
		{"an unknown code neither", &provision.Error{Code: "new", Detail: "SECRET"}, scimerrors.ScimError{Status: 500, Detail: "Internal error."}, true},
		{"a database that does not answer", &provision.Error{Code: provision.Unavailable, Detail: "SECRET"},
			scimerrors.ScimError{Status: 503, Detail: "Deskbridge cannot answer now, and changed nothing; try again after the time in Retry-After."}, true},
		{"our own error", fmt.Errorf("x: %w", scimerr.InvalidPath("p")), scimerrors.ScimError{Status: 400, ScimType: "invalidPath", Detail: "p"}, false},
		{"a query that cannot be answered", provision.Unusable(provision.ParameterFilter, "no"), scimerrors.ScimError{Status: 400, ScimType: "invalidFilter", Detail: "no"}, false},
		{"a detail that names the field", provision.Errorf(provision.Invalid, "userName", "userName is required"), scimerrors.ScimError{Status: 400, ScimType: "invalidValue", Detail: "userName is required"}, false},
		{"no detail", provision.Errorf(provision.NotFound, "", ""), scimerrors.ScimError{Status: 404, Detail: "Not Found"}, false},
		{"a body that is too large", fmt.Errorf("x: %w", &http.MaxBytesError{Limit: 7}), scimerrors.ScimError{Status: 413, Detail: "The request body is larger than 7 bytes."}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, internal := toSCIM(tt.err); got != tt.want || internal != tt.internal {
				t.Errorf("got %+v %v", got, internal)
			}
		})
	}
}

// TestErrorsUseTheKeywordsOfTheRFC checks the forms of our own errors against
// RFC 7644 §3.12.
func TestErrorsUseTheKeywordsOfTheRFC(t *testing.T) {
	keywords := []string{"invalidFilter", "tooMany", "uniqueness", "mutability", "invalidSyntax", "invalidPath", "noTarget", "invalidValue", "invalidVers", "sensitive"}
	for _, err := range []error{scimerr.InvalidFilter("x"), scimerr.InvalidPath("x"), scimerr.InvalidSyntax("x"), scimerr.InvalidValue("p", "x"), scimerr.NoTarget("x"), scimerr.Immutable("p", "x")} {
		e, _ := toSCIM(err)
		if e.Status != 400 || !slices.Contains(keywords, string(e.ScimType)) {
			t.Errorf("%+v", e)
		}
		encoded, err := resource.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		raw := string(encoded)
		if !strings.Contains(raw, `"status":"400"`) || !strings.Contains(raw, `"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"]`) {
			t.Errorf("%s", raw)
		}
	}
}
