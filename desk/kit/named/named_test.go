package named

import (
	"context"
	"errors"
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

// TestCheckThose: each role that a setting names is there, and makes of somebody what it stands for.
func TestCheckThose(t *testing.T) {
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
		if err := f.CheckThose(&p, defaults(), tt.all, wrong); err != nil || cmp.Diff(tt.want, p.Problems) != "" {
			t.Errorf("%s: %q, %v", name, p.Problems, err)
		}
	}
	f.Among.Several = kit.Vendor{Name: "Desk"}.Namesakes("role")
	if err := f.CheckThose(new(desk.Profile), defaults(), []kit.Entry{{ID: 1, Name: "Boss"}, {ID: 2, Name: "boss"}}, nil); err == nil {
		t.Error("one of two is chosen")
	}
}

// TestPlaces: what stands for a role is no place to be in, and yet what a setting names.
func TestPlaces(t *testing.T) {
	groups := Roles{{provision.RoleLimited, "limited_group", "Readers"}}
	p := Places[kit.Entry]{Stands: groups.Ours, Finder: Finder[kit.Entry]{Vendor: kit.Vendor{Name: "Desk"}, What: "group", At: "Groups",
		Among: Catalogue(func(e kit.Entry) string { return e.Name }, func(context.Context) ([]kit.Entry, error) {
			return []kit.Entry{{ID: 1, Name: "Support"}, {ID: 2, Name: "Readers"}}, nil
		})}}
	find := func(_ desk.Kind, name string) (*kit.Entry, error) { return p.Find(t.Context(), name) }
	get := func(kind desk.Kind, name string) (*kit.Entry, error) { return p.Get(t.Context(), kind, name) }
	whatever := func(kind desk.Kind, name string) (*kit.Entry, error) { return p.Finder.Get(t.Context(), kind, name) }
	setting := func(desk.Kind, string) (*kit.Entry, error) {
		return p.Finder.Find(t.Context(), groups, provision.RoleLimited)
	}
	const refused, none = `the group "readers" stands for the role limited and is no team; let the rule grant the role`, `Desk has no group "Sales"; make it at Groups, or correct the rule`
	for _, tt := range []struct {
		what string
		by   func(desk.Kind, string) (*kit.Entry, error)
		name string
		want int64 // 0: nothing
		kind desk.Kind
		says string
	}{
		{"found", find, "SUPPORT", 1, "", ""},
		{"not there", find, "Sales", 0, "", ""},
		{"standing for a role", find, "readers", 0, desk.Permanent, refused},
		{"got", get, "Support", 1, "", ""},
		{"to be got, and not there", get, "Sales", 0, desk.NotFound, none},
		{"to be got, standing for a role", get, "readers", 0, desk.Permanent, refused},
		{"whatever it stands for", whatever, "readers", 2, "", ""},
		{"whatever it stands for, and not there", whatever, "Sales", 0, desk.NotFound, none},
		{"named by a setting", setting, "", 2, "", ""},
	} {
		e, err := tt.by(desk.NotFound, tt.name)
		if (e == nil) != (tt.want == 0) || e != nil && e.ID != tt.want || (err == nil) != (tt.says == "") || err != nil && (desk.KindOf(err) != tt.kind || desk.DetailOf(err) != tt.says) {
			t.Errorf("%s: %v, %v", tt.what, e, err)
		}
	}
	if err := p.NoneToJoin("Sales"); desk.KindOf(err) != desk.Permanent || desk.DetailOf(err) != none {
		t.Errorf("to be joined, and not there: %v", err)
	}
	p.Stands = nil
	if e, err := p.Find(t.Context(), "Readers"); err != nil || e == nil || e.ID != 2 {
		t.Errorf("where nothing stands for a role: %v, %v", e, err)
	}
}

// TestCheck: each setting that names what is not there is a problem, and a desk that is busy is none.
func TestCheck(t *testing.T) {
	var busy error
	f := Finder[kit.Entry]{Vendor: kit.Vendor{Name: "Desk"}, What: "role", At: "Roles", Among: &kit.Catalogue[kit.Entry]{
		Name: func(e kit.Entry) string { return e.Name }, Fold: provision.Fold, Read: func(context.Context) ([]kit.Entry, error) { return []kit.Entry{{ID: 1, Name: "Boss"}}, busy },
	}}
	var p desk.Profile
	err := f.Check(t.Context(), &p, defaults())
	if diff := cmp.Diff([]string{`Desk has no role "Customer"; make it at Roles, or correct the setting customer_role`}, p.Problems); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	busy = desk.Errorf(desk.Retryable, "busy")
	if err := f.Check(t.Context(), &p, defaults()); !errors.Is(err, busy) || len(p.Problems) != 1 {
		t.Errorf("%v, %v", p.Problems, err)
	}
}
