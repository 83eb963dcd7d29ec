package resource

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
)

func TestDescribe(t *testing.T) {
	doc, err := User.Read(parse(t, `{
		"userName":"Ada@Example.test","externalId":"x1","active":true,"displayName":"Ada N","title":"Lead",
		"name":{"givenName":"Ada","familyName":"Nilsen"},"locale":"nb-NO","timezone":"Europe/Oslo","userType":"Employee",
		"emails":[{"value":"home@x.test","type":"home"},{"value":"work@x.test","type":"work"}],
		"phoneNumbers":[{"value":"1","type":"fax"},{"value":"2","primary":true}],
		"roles":[{"value":"{\"id\":\"1\",\"value\":\"Agent\",\"displayName\":\"The agent\"}"},{"value":"Lead","primary":true}],
		"entitlements":["e1"],
		"shoeSize":42, "desk.role":"admin",
		"urn:example:Ext":{"Badge":"B7","Tags":["a","b"]},
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Support","costCenter":"77","manager":{"value":"m1"}},
		"urn:deskbridge:params:scim:schemas:extension:desk:2.0:User":{"role":"agent","teams":["T1","T2"]}}`))
	if err != nil {
		t.Fatal(err)
	}
	var got provision.Identity
	if err := Describe(&got, doc); err != nil {
		t.Fatal(err)
	}
	got.Document = nil
	want := provision.Identity{
		UserName: "Ada@Example.test", ExternalID: "x1", Source: provision.SourceSCIM, Status: provision.StatusActive,
		Profile: provision.Profile{DisplayName: "Ada N", GivenName: "Ada", FamilyName: "Nilsen", Email: "work@x.test",
			Title: "Lead", Phone: "2", Timezone: "Europe/Oslo", Locale: "nb-NO"},
		Emails: []provision.Email{{Value: "home@x.test", Type: "home"}, {Value: "work@x.test", Type: "work"}},
		Attributes: provision.Attributes{
			"username": {"Ada@Example.test"}, "externalid": {"x1"}, "displayname": {"Ada N"}, "title": {"Lead"},
			"locale": {"nb-NO"}, "timezone": {"Europe/Oslo"}, "usertype": {"Employee"},
			"emails": {"home@x.test", "work@x.test"}, "phonenumbers": {"1", "2"},
			"roles": {"Agent", "Lead"}, "entitlements": {"e1"}, "shoesize": {"42"},
			"urn:example:ext:badge": {"B7"}, "urn:example:ext:tags": {"a", "b"},
			"department": {"Support"}, "costcenter": {"77"}, "manager": {"m1"},
		},
		Requested: provision.Requested{Roles: []string{"agent"}, Teams: []string{"T1", "T2"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("describe (-want +got):\n%s", diff)
	}
}

func TestBestEmail(t *testing.T) {
	for _, tt := range []struct {
		name     string
		userName string
		emails   []provision.Email
		want     string
	}{
		{"the primary one", "u", []provision.Email{{Value: "a", Type: "work"}, {Value: "b", Primary: true}}, "b"},
		{"else the one for work", "u", []provision.Email{{Value: "a", Type: "home"}, {Value: "b", Type: "Work"}, {Value: "c", Type: "work"}}, "b"},
		{"else the first", "u", []provision.Email{{Value: "a"}, {Value: "b"}}, "a"},
		{"else the userName when it is an address", "ada@example.test", nil, "ada@example.test"},
		{"else none", "ada", nil, ""},
		{"a userName with a name beside the address is none", "Ada <ada@example.test>", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := bestEmail(tt.emails, tt.userName); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNameOf(t *testing.T) {
	for name, want := range map[string][2]string{
		`{"givenName":"Ada","familyName":"Nilsen","formatted":"Dr. X"}`: {"Ada", "Nilsen"},
		`{"givenName":"Ada","formatted":"Ada Nilsen"}`:                  {"Ada", ""},
		`{"formatted":" Ada  Marie Nilsen "}`:                           {"Ada Marie", "Nilsen"},
		`{"formatted":"Ada"}`:                                           {"Ada", ""},
		`{}`:                                                            {"", ""},
	} {
		if given, family := nameOf(parse(t, `{"name":`+name+`}`)); given != want[0] || family != want[1] {
			t.Errorf("%s: got %q %q", name, given, family)
		}
	}
}

func TestDescribeRefusesKeysThatNoIndexTakes(t *testing.T) {
	long := strings.Repeat("x", MaxKey+1)
	for field, doc := range map[string]Object{
		"userName":     {"userName": long},
		"externalId":   {"userName": "a", "externalId": long},
		"emails.value": {"userName": "a", "emails": []any{Object{"value": long}}},
	} {
		err := Describe(&provision.Identity{}, doc)
		if e, _ := errors.AsType[scimerrors.ScimError](err); err == nil || e.ScimType != "invalidValue" || !strings.HasPrefix(e.Detail, field) {
			t.Errorf("%s: got %v", field, err)
		}
	}
}

func TestAnAbsentActiveLeavesTheStatus(t *testing.T) {
	for _, s := range []provision.Status{provision.StatusActive, provision.StatusSuspended} {
		id := provision.Identity{Status: s}
		if err := Describe(&id, Object{"userName": "ada"}); err != nil || id.Status != s {
			t.Errorf("%s became %s (%v)", s, id.Status, err)
		}
	}
}

// TestDocumentRoundTrip checks that the core's document and the representation
// hold the same, and that what the core knows better wins.
func TestDocumentRoundTrip(t *testing.T) {
	id := provision.Identity{ID: "1", UserName: "new", ExternalID: "", Status: provision.StatusSuspended,
		Document: json.RawMessage(`{"active":true,"externalId":"old","n":1.50,"userName":"old"}`)}
	doc, err := UserDocument(id)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := asJSON(t, doc), `{"active":false,"n":1.50,"userName":"new"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPeopleWithoutDocumentAreRepresented(t *testing.T) {
	id := provision.Identity{ID: "1", UserName: "ada", Status: provision.StatusActive, Version: 3,
		Profile: provision.Profile{DisplayName: "Ada", GivenName: "Ada", Title: "Lead", Phone: "1"},
		Emails:  []provision.Email{{Value: "a@x", Type: "work", Primary: true}}}
	got, err := Representation{Base: "https://b/scim/acme/v2"}.User(id, nil, Selection{})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"active":true,"displayName":"Ada","emails":[{"primary":true,"type":"work","value":"a@x"}],"id":"1",` +
		`"meta":{"created":"0001-01-01T00:00:00.000000Z","lastModified":"0001-01-01T00:00:00.000000Z","location":"https://b/scim/acme/v2/Users/1","resourceType":"User","version":"W/\"3\""},` +
		`"name":{"givenName":"Ada"},"phoneNumbers":[{"type":"work","value":"1"}],"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"title":"Lead","userName":"ada"}`
	raw, err := EncodeBody(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(raw)); diff != "" {
		t.Errorf("user (-want +got):\n%s", diff)
	}
}
