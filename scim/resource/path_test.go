package resource

import (
	"errors"
	"strings"
	"testing"

	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/filter"
)

var limits = filter.Limits{MaxLength: 4096, MaxDepth: 32}

func TestParsePath(t *testing.T) {
	for path, want := range map[string]string{
		"USERNAME":                      "userName",
		"name.GIVENNAME":                "name.givenName",
		UserURN + ":name.givenName":     "name.givenName",
		"department":                    EnterpriseURN + ":department",
		EnterpriseURN + ":department":   EnterpriseURN + ":department",
		`manager[value eq "9"]`:         EnterpriseURN + ":manager",
		`emails[type eq "work"].value`:  "emails.value",
		"urn:x:2.0:User:tag":            "urn:x:2.0:User:tag",
		"urn:x:2.0:User:tag.sub":        "urn:x:2.0:User:tag:sub",
		strings.ToUpper(EnterpriseURN):  EnterpriseURN,
		DeskURN + `:teams[value pr]`:    DeskURN + ":teams",
		DeskURN + `:teams`:              DeskURN + ":teams",
		`groups[value eq "g"].$ref`:     "groups.$ref",
		`x509Certificates.value`:        "x509Certificates.value",
		`addresses[type pr].postalCode`: "addresses.postalCode",
	} {
		got, err := User.ParsePath(path, limits)
		if err != nil || got.String() != want || (got.Where != nil) != strings.Contains(path, "[") {
			t.Errorf("%s: got %s, %v; want %s", path, got, err, want)
		}
	}
	for path, kind := range map[string]scimerrors.ScimType{
		"shoeSize": "invalidPath", "name.nick": "invalidPath", "title[value pr]": "invalidPath", "name.": "invalidPath", "members": "invalidPath",
		EnterpriseURN + ":nope": "invalidPath", `urn:x:User:a[b pr]`: "invalidPath", "emails[colour pr]": "invalidFilter", "emails[primary gt true]": "invalidFilter",
	} {
		_, err := User.ParsePath(path, limits)
		if e, _ := errors.AsType[scimerrors.ScimError](err); e.ScimType != kind {
			t.Errorf("%s: got %v, want %s", path, err, kind)
		}
	}
}

func TestSortPath(t *testing.T) {
	for by, want := range map[string]provision.Path{
		"userName": {"userName"}, "EMAILS": {"emails", "value"}, "emails.type": {"emails", "type"}, "name.familyName": {"name", "familyName"},
		"manager": {EnterpriseURN, "manager", "value"}, "department": {EnterpriseURN, "department"}, "meta.created": {"meta", "created"},
		"active": {"active"}, "id": {"id"}, DeskURN + ":role": {DeskURN, "role"},
		"meta": nil, "meta.version": nil, "name": nil, "addresses": nil, "groups": nil, "groups.value": nil, "password": nil, "schemas": nil,
		"shoeSize": nil, "emails[type pr]": nil, "urn:x:User:a": nil, EnterpriseURN: nil, "a b": nil,
	} {
		got, err := User.SortPath(by, limits)
		if e, _ := errors.AsType[scimerrors.ScimError](err); want == nil && e.ScimType != "invalidValue" || want != nil && err != nil {
			t.Errorf("%s: %v", by, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", by, diff)
		}
	}
}
