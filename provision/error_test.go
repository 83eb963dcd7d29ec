package provision_test

import (
	"errors"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
)

// fieldOf and codeOf return what an error of the core says; "" for others.
func fieldOf(err error) string {
	if e, ok := errors.AsType[*provision.Error](err); ok {
		return e.Field
	}
	return ""
}

func codeOf(err error) provision.Code {
	if e, ok := errors.AsType[*provision.Error](err); ok {
		return e.Code
	}
	return ""
}

func TestParseRole(t *testing.T) {
	for _, tt := range []struct {
		name string
		want provision.Role
		code provision.Code
	}{
		{"", provision.RoleNone, ""},
		{"Agent", provision.RoleAgent, ""},
		{"ADMIN", provision.RoleAdmin, ""},
		{"owner", provision.RoleNone, provision.Invalid},
		{"boss", provision.RoleNone, provision.Invalid},
	} {
		got, err := provision.ParseRole(tt.name)
		if got != tt.want || codeOf(err) != tt.code {
			t.Errorf("ParseRole(%q) = %q, %v; want %q, code %q", tt.name, got, err, tt.want, tt.code)
		}
	}
}

func TestValidateName(t *testing.T) {
	for name, ok := range map[string]bool{"acme": true, "a": true, "acme-eu-2": true, "": false, "Acme": false, "-a": false, "a-": false, "a b": false, "a/b": false} {
		if err := provision.ValidateName("name", name); (err == nil) != ok {
			t.Errorf("ValidateName(%q) = %v", name, err)
		}
	}
}
