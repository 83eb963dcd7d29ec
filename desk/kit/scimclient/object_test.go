package scimclient

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAttributesInAnyLetterCase(t *testing.T) {
	o := Object{"UserName": "ada", "ACTIVE": "True", "name": map[string]any{"givenName": "Ada"}, "roles": "agent"}
	active, said := o.Flag("active")
	if o.Text("userName") != "ada" || !active || !said || o.Sub("NAME").Text("givenname") != "Ada" || len(o.Objects("roles")) != 1 || o.Text("roles") != "agent" {
		t.Errorf("%v is read wrong", o)
	}
	o.Set("username", "grace")
	o.Set("roles", nil)
	if diff := cmp.Diff(Object{"UserName": "grace", "ACTIVE": "True", "name": map[string]any{"givenName": "Ada"}}, o); diff != "" {
		t.Errorf("after a change (-want +got):\n%s", diff)
	}
}

func TestWithPrimary(t *testing.T) {
	o := Object{"emails": []any{
		map[string]any{"value": "old@example.test"},
		map[string]any{"value": "ada@example.test", "type": "home", "display": "Ada", "primary": true},
		map[string]any{"value": "NEW@example.test"},
	}}
	want := []any{map[string]any{"value": "old@example.test"}, map[string]any{"value": "new@example.test", "type": "home", "primary": true}}
	if diff := cmp.Diff(want, o.WithPrimary("emails", "new@example.test", strings.EqualFold)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if o.Primary("emails").Text("value") != "ada@example.test" || o.Primary("phoneNumbers") != nil {
		t.Errorf("the primary one is %v", o.Primary("emails"))
	}
	if all := (Object{}).WithPrimary("emails", "new@example.test", strings.EqualFold); len(all) != 1 {
		t.Errorf("of none: %v", all)
	}
}

func TestParseAttribute(t *testing.T) {
	const urn = "urn:example:params:scim:schemas:extension:desk:2.0:User"
	for text, want := range map[string]Attribute{"userType": {Name: "userType"}, urn + ":tier": {Schema: urn, Name: "tier"}} {
		if got, ok := ParseAttribute(text); !ok || got != want || got.Path() != text {
			t.Errorf("%s: %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "7", "a b", urn + ":", "roles[primary eq true]"} {
		if _, ok := ParseAttribute(text); ok {
			t.Errorf("%q is taken", text)
		}
	}
}

// TestApply: what is not changed goes back as it came, but for what only the service provider
// writes, and the resource that was read stays as it is.
func TestApply(t *testing.T) {
	const urn = "urn:example:tier"
	was := Object{"schemas": []any{UserSchema}, "id": "7", "title": "Dr", "nickName": "A", "meta": map[string]any{}, "groups": []any{}}
	got := Edits{Simple("Title", nil), Simple("active", false), {Attribute{Schema: urn, Name: "level"}, "gold"}}.Apply(was)
	want := Object{"schemas": []any{UserSchema, urn}, "id": "7", "nickName": "A", "active": false, urn: map[string]any{"level": "gold"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(was) != 6 || was["title"] != "Dr" {
		t.Errorf("what was read is %v now", was)
	}
}

func TestIsID(t *testing.T) {
	for text, want := range map[string]bool{"7": true, "2819c223-7f76-453a": true, "": false, "..": false, "a/b": false, "a?b": false} {
		if IsID(text) != want {
			t.Errorf("IsID(%q) = %v", text, !want)
		}
	}
}
