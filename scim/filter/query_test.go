package filter_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/internal/decimal"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/filter"
	"github.com/deskbridge/deskbridge/scim/resource"
)

// limits are those of the server.
var limits = filter.Limits{MaxLength: 4096, MaxDepth: 32}

func TestParse(t *testing.T) {
	type compare = provision.Compare
	str := func(path provision.Path, op provision.Op, value string) compare {
		return compare{Path: path, Op: op, Type: provision.TypeString, Value: value}
	}
	userName := str(provision.Path{"userName"}, "eq", "ada")
	workEmail := provision.Element{Path: provision.Path{"emails"}, Where: provision.And{
		Left: str(provision.Path{"type"}, "eq", "work"), Right: str(provision.Path{"value"}, "eq", "a@x")}}
	emails := compare{Path: provision.Path{"emails", "value"}, Op: "eq", Type: provision.TypeString, Many: true, Value: "a@x"}
	department := str(provision.Path{resource.EnterpriseURN, "department"}, "eq", "S")
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

	for _, tt := range []struct {
		filter string
		want   provision.Expr
	}{
		{`userName eq "ada"`, userName},
		{`USERNAME Eq "ada"`, userName},
		{`urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ada"`, userName},
		{`URN:IETF:params:scim:schemas:core:2.0:user:username eq "ada"`, userName},
		{`(userName eq "ada")`, userName},
		{`externalId eq "x"`, compare{Path: provision.Path{"externalId"}, Op: "eq", Type: provision.TypeString, CaseExact: true, Value: "x"}},
		{`id eq "x"`, compare{Path: provision.Path{"id"}, Op: "eq", Type: provision.TypeString, CaseExact: true, Value: "x"}},
		{`emails eq "a@x"`, emails},
		{`emails.value eq "a@x"`, emails},
		{`emails[type eq "work" and value eq "a@x"]`, workEmail},
		{`emails[type eq "work"].value eq "a@x"`, workEmail},
		{`emails [ type eq "work" ].value eq "a@x"`, workEmail},
		{`emails[type eq "work" and value eq "a@x" and primary eq "True"]`, provision.Element{Path: provision.Path{"emails"}, Where: provision.And{
			Left: workEmail.Where, Right: compare{Path: provision.Path{"primary"}, Op: "eq", Type: provision.TypeBoolean, Value: true}}}},
		{`emails[not (type eq "work")]`, provision.Element{Path: provision.Path{"emails"}, Where: provision.Not{Expr: str(provision.Path{"type"}, "eq", "work")}}},
		{`emails pr`, compare{Path: provision.Path{"emails"}, Op: "pr", Type: provision.TypeComplex, Many: true}},
		{`active eq true`, compare{Path: provision.Path{"active"}, Op: "eq", Type: provision.TypeBoolean, Value: true}},
		{`active eq "False"`, compare{Path: provision.Path{"active"}, Op: "eq", Type: provision.TypeBoolean, Value: false}},
		{`title eq null`, compare{Path: provision.Path{"title"}, Op: "eq", Type: provision.TypeString}},
		{`meta.lastModified gt "2026-01-02T13:00:00+01:00"`, compare{Path: provision.Path{"meta", "lastModified"}, Op: "gt", Type: provision.TypeDateTime, Value: noon}},
		{`meta.created ge "2026-01-02T12:00:00Z"`, compare{Path: provision.Path{"meta", "created"}, Op: "ge", Type: provision.TypeDateTime, Value: noon}},
		{`department eq "S"`, department},
		{resource.EnterpriseURN + `:department eq "S"`, department},
		{`userName eq "ada" and ` + resource.EnterpriseURN + `:department eq "S"`, provision.And{Left: userName, Right: department}},
		{`manager eq "9"`, str(provision.Path{resource.EnterpriseURN, "manager", "value"}, "eq", "9")},
		{resource.DeskURN + `:teams eq "T"`, compare{Path: provision.Path{resource.DeskURN, "teams"}, Op: "eq", Type: provision.TypeString, Many: true, Value: "T"}},
		{`not (title pr) or userName eq "ada" and title sw "L"`, provision.Or{
			Left:  provision.Not{Expr: compare{Path: provision.Path{"title"}, Op: "pr", Type: provision.TypeString}},
			Right: provision.And{Left: userName, Right: str(provision.Path{"title"}, "sw", "L")}}},
		{`title eq "a\"b\\c\u00e9\/[(x"`, str(provision.Path{"title"}, "eq", `a"b\cé/[(x`)},
		{`title eq "日本 \n"`, str(provision.Path{"title"}, "eq", "日本 \n")},
	} {
		t.Run(tt.filter, func(t *testing.T) {
			got, err := resource.User.ParseFilter(tt.filter, limits)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Parse (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, filter := range []string{
		``, ` `, `userName`, `userName eq`, `eq "x"`, `userName regex "a"`, `userName eq ada`, `userName eq 'ada'`,
		`userName eq "a" and`, `userName eq "a" foo`, `userName eq "a`, `userName eq "a\q"`, `userName eq "\u0000"`, `userName eq "\ud800"`,
		`(userName eq "a"`, `userName eq "a")`, `emails[type eq "work"`, `emails]type eq "work"[`, `emails[]`, `emails[(type eq "x"])`,
		`emails[type[value eq "x"] eq "y"]`, `emails[type eq "work"] eq "x"`, `emails[type eq "work"].nope eq "x"`,
		`shoeSize eq 4`, `name.nick eq "x"`, `urn:x:User:a eq "x"`, `password eq "x"`, `emails--v0 pr`,
		`active gt true`, `active co true`, `active eq "maybe"`, `active eq 1`, `emails.primary ge true`, `emails[primary lt "true"]`,
		`name eq "x"`, `addresses eq "x"`, `userName eq 5`, `userName gt null`, `userName eq true`,
		`meta.lastModified gt "yesterday"`, `meta.lastModified co "2026"`, `meta.version eq "W/\"1\""`, `meta.location pr`, `meta pr`,
		`groups.type eq "direct"`, `groups.$ref pr`, `groups[type eq "direct"]`, `groups[value eq "g"].type pr`,
		`x509Certificates.value gt "x"`, `title[value eq "x"]`, `manager[value eq "9"]`,
		"userName eq \"\xff\"", "userName eq \"a\"\x00",
		`userName eq "` + strings.Repeat("x", 5000) + `"`,
		strings.Repeat("(", 33) + `title pr` + strings.Repeat(")", 33),
	} {
		name := filter
		if len(name) > 60 {
			name = name[:60]
		}
		t.Run(name, func(t *testing.T) {
			got, err := resource.User.ParseFilter(filter, limits)
			if e, _ := errors.AsType[scimerrors.ScimError](err); err == nil || e.ScimType != "invalidFilter" || e.Status != 400 {
				t.Errorf("got %v, %v; want invalidFilter", got, err)
			}
		})
	}
}

func TestFiltersMayNestAsDeepAsTheLimit(t *testing.T) {
	filter := strings.Repeat("(", 32) + `title pr` + strings.Repeat(")", 32)
	if _, err := resource.User.ParseFilter(filter, limits); err != nil {
		t.Error(err)
	}
}

func TestGroupFilters(t *testing.T) {
	for filter, ok := range map[string]bool{
		`displayName eq "x"`: true, `members.value eq "x"`: true, `members eq "x"`: true, `externalId pr`: true,
		`members pr`: true, `members.display eq "x"`: true, `members[value eq "x" and type eq "User"]`: true,
		`members.$ref eq "x"`: false, `members[$ref pr]`: false, `members[value eq "x"].$ref pr`: false, `userName eq "x"`: false, `department eq "x"`: false,
	} {
		if _, err := resource.Group.ParseFilter(filter, limits); (err == nil) != ok {
			t.Errorf("%s: %v", filter, err)
		}
	}
}

// TestNumbersCompareExactly checks that numbers which can be stored are told apart
// however many digits they have, and are the same however they are written; others
// compare with nothing.
func TestNumbersCompareExactly(t *testing.T) {
	zeros := strings.Repeat("0", decimal.MaxDigits-10)
	for _, tt := range []struct{ have, where string }{
		{"1." + zeros + "1", "value gt 1." + zeros},
		{"1." + zeros + "1", "value lt 1." + zeros + "2"},
		{"0." + zeros + "3e-1000", "value lt 0." + zeros + "4e-1000"},
		{"0." + zeros + "30e-999", "value eq 0." + zeros + "3e-999"},
		{"0.10", "value eq 1e-1"},
		{"0." + strings.Repeat("3", decimal.MaxDigits), "not (value gt 0)"},
		{"1e-1001", "not (value gt 0)"},
	} {
		path, err := filter.ParsePath("urn:x:User:l["+tt.where+"]", limits)
		if err != nil {
			t.Fatal(err)
		}
		where, err := path.WhereUnknown()
		if err != nil {
			t.Fatal(err)
		}
		if !filter.HoldsUnknown(where, json.Number(tt.have)) {
			t.Errorf("%.20s... does not satisfy %.30s...", tt.have, tt.where)
		}
	}
}

func TestHolds(t *testing.T) {
	emails, _ := resource.User.Find("", "emails")
	element := resource.Object{"type": "work", "value": "Ada@x", "primary": true}
	for text, want := range map[string]bool{
		`type eq "WORK"`: true, `type ne "work"`: false, `value co "DA@"`: true, `value sw "ada"`: true, `value ew "@y"`: false,
		`primary eq true`: true, `primary eq "False"`: false, `primary ne false`: true, `display pr`: false, `value pr`: true,
		`display eq null`: true, `display ne null`: false, `value eq null`: false, `display eq "x"`: false, `display ne "x"`: false,
		`value gt "ada"`: true, `value lt "ada"`: false, `value ge "ada@x"`: true, `value le "ada@x"`: true,
		`not (type eq "work") or primary eq true`: true, `type eq "work" and display pr`: false,
	} {
		path, err := filter.ParsePath("emails["+text+"]", limits)
		if err != nil {
			t.Fatal(err)
		}
		where, err := path.Where(emails.Def)
		if err != nil {
			t.Fatal(err)
		}
		if got := filter.Holds(where, element); got != want {
			t.Errorf("%s: got %v", text, got)
		}
	}
}
