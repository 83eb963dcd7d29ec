package named

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

func defaults() Roles {
	return Roles{{provision.RoleAdmin, "admin_role", "Boss"}, {provision.RoleNone, "customer_role", "Customer"}, {provision.RoleLimited, "limited_role", ""}}
}

func TestSettings(t *testing.T) {
	for _, tt := range []struct {
		name string
		said map[string]string
		want map[provision.Role]string
		says string // what is wrong; "": nothing
	}{
		{"defaults", nil, map[provision.Role]string{provision.RoleAdmin: "Boss", provision.RoleNone: "Customer"}, ""},
		{"other names", map[string]string{"limited_role": "Reader", "admin_role": "Chief"},
			map[provision.Role]string{provision.RoleAdmin: "Chief", provision.RoleNone: "Customer", provision.RoleLimited: "Reader"}, ""},
		{"none is nothing to leave empty", map[string]string{"limited_role": ""}, map[provision.Role]string{provision.RoleAdmin: "Boss", provision.RoleNone: "Customer"}, ""},
		{"a default is", map[string]string{"admin_role": ""}, nil, "settings.admin_role: give the name of a role, or leave the setting out"},
		{"one for two", map[string]string{"customer_role": "BOSS"}, nil, "settings: admin_role, customer_role and limited_role must be different roles"},
		{"the last one for two", map[string]string{"limited_role": "customer"}, nil, "settings: admin_role, customer_role and limited_role must be different roles"},
	} {
		var wrong desk.Mistakes
		r := defaults()
		kit.ReadSettings(tt.said, r.Settings("role"), &wrong)
		r.CheckDiffer("role", &wrong)
		err := wrong.Err()
		if tt.says != "" {
			if err == nil || !strings.HasSuffix(err.Error(), tt.says) {
				t.Errorf("%s: %v, want %s", tt.name, err, tt.says)
			}
			continue
		}
		if diff := cmp.Diff(tt.want, r.Names()); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", tt.name, err, diff)
		}
	}
	r := defaults()
	if r.Ours("customer") != provision.RoleNone || r.Ours("") != "" || r.Ours("Agent") != "" || r.Of("") != "Customer" || r.Of(provision.RoleLimited) != "" || r.Of(provision.RoleAgent) != "" {
		t.Error("names and roles are mixed up")
	}
	if diff := cmp.Diff([]string{"Boss"}, r.Others(provision.RoleNone)); diff != "" {
		t.Errorf("others (-want +got):\n%s", diff)
	}
}

func TestFind(t *testing.T) {
	f := Finder[kit.Entry]{Vendor: kit.Vendor{Name: "Desk"}, What: "active role", At: "Roles", Not: func(e *kit.Entry) bool { return e.ID < 0 },
		Among: Catalogue(func(e kit.Entry) string { return e.Name }, func(context.Context) ([]kit.Entry, error) {
			return []kit.Entry{{ID: 1, Name: "boss"}, {ID: -2, Name: "Customer"}}, nil
		})}
	if e, err := f.Find(t.Context(), defaults(), provision.RoleAdmin); err != nil || e.ID != 1 {
		t.Errorf("%v, %v", e, err)
	}
	for role, says := range map[provision.Role]string{
		"":                    `Desk has no active role "Customer"; make it at Roles, or correct the setting customer_role`,
		provision.RoleLimited: "no role of Desk stands for limited here", provision.RoleAgent: "no role of Desk stands for agent here",
	} {
		if _, err := f.Find(t.Context(), defaults(), role); err == nil || desk.KindOf(err) != desk.Permanent || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", role, err)
		}
	}
}

func TestGroups(t *testing.T) {
	g := Groups(kit.Vendor{Name: "Desk"}, "open group", "Groups > New", func(context.Context) ([]kit.Entry, error) { return []kit.Entry{{ID: 1, Name: "Support"}}, nil })
	if e, err := g.Get(t.Context(), desk.NotFound, "SUPPORT"); err != nil || e.ID != 1 {
		t.Errorf("%v, %v", e, err)
	}
	_, err := g.Get(t.Context(), desk.NotFound, "Sales")
	if err == nil || desk.KindOf(err) != desk.NotFound || !strings.Contains(err.Error(), `Desk has no open group "Sales"; make it at Groups > New, or correct the rule`) {
		t.Errorf("%v", err)
	}
}

// TestCheck: each role that a setting names is there, and makes of somebody what it stands for.
func TestCheck(t *testing.T) {
	f := Finder[kit.Entry]{Vendor: kit.Vendor{Name: "Desk"}, What: "active role", At: "Roles", Not: func(e *kit.Entry) bool { return e.ID < 0 },
		Among: Catalogue(func(e kit.Entry) string { return e.Name }, nil)}
	wrong := func(r Role, e *kit.Entry) string {
		if r.Ours == provision.RoleAdmin && e.ID == 1 {
			return "makes nobody an admin: tick ADMIN"
		}
		return ""
	}
	for name, tt := range map[string]struct {
		all  []kit.Entry
		want []string
	}{
		"all is well":       {[]kit.Entry{{ID: 2, Name: "boss"}, {ID: 1, Name: "Customer"}}, nil},
		"one makes nothing": {[]kit.Entry{{ID: 1, Name: "Boss"}, {ID: 1, Name: "Customer"}}, []string{`the role "Boss" makes nobody an admin: tick ADMIN at Roles > Boss`}},
		"one is off, and one is not there": {[]kit.Entry{{ID: -1, Name: "Customer"}}, []string{
			`Desk has no active role "Boss"; make it at Roles, or correct the setting admin_role`, `Desk has no active role "Customer"; make it at Roles, or correct the setting customer_role`}},
	} {
		var p desk.Profile
		if err := f.Check(&p, defaults(), tt.all, wrong); err != nil || cmp.Diff(tt.want, p.Problems) != "" {
			t.Errorf("%s: %q, %v", name, p.Problems, err)
		}
	}
	f.Among.Several = kit.Vendor{Name: "Desk"}.Namesakes("role")
	if err := f.Check(new(desk.Profile), defaults(), []kit.Entry{{ID: 1, Name: "Boss"}, {ID: 2, Name: "boss"}}, nil); err == nil {
		t.Error("one of two is chosen")
	}
}
