package resource

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
)

// storedDocuments are documents as a database may give them back: with escapes
// that [Encode] does not write, in an order of its own, and older than what the
// core knows.
var storedDocuments = []string{
	`{}`,
	`{"active":false,"externalId":"old","schemas":["x"],"userName":"old"}`,
	`{"displayName":"A \u003cb\u003e \u00f8 \u2028 \"q\" \\","emails":[{"primary":true,"type":"work","value":"a@x.test"},{"value":"b@x.test"}]}`,
	`{"userName":"z","name":{"familyName":"N","givenName":"G","odd":{"deep":[1,2.50,null,true]}},"aaa":1e2,"zzz":[]}`,
	`{"` + EnterpriseURN + `":{"department":"Support","manager":{"value":"9"}},"` + DeskURN + `":{"role":"agent","teams":["a","b"]},"urn:x:y":{"tag":"t","more":{"k":1}},"URN:Z":{"a":1},"urn:flat":"text"}`,
	`{"schemas":["` + UserURN + `"],"tit\u006ce":"Lead","phoneNumbers":[{"type":"work","value":"1"}],"id":"other","meta":{"version":"0"},"groups":[{"value":"g"}]}`,
}

var selections = []string{
	"", "attributes=userName", "attributes=displayName,emails.value", "attributes=" + EnterpriseURN, "attributes=department,groups",
	"attributes=groups.display,meta.version", "attributes=urn:x:y:tag,name.familyName", "attributes=nothing", "attributes=schemas,id",
	"excludedAttributes=groups", "excludedAttributes=emails,name.givenName,meta", "excludedAttributes=" + EnterpriseURN + ",active",
	"excludedAttributes=department,urn:x:y:tag,groups.display", "excludedAttributes=id,schemas,userName,externalId", "excludedAttributes=TITLE,URN:Z",
}

// TestStoredUserIsTheSame compares what is copied from documents with what is
// made by decoding them.
func TestStoredUserIsTheSame(t *testing.T) {
	for _, document := range storedDocuments {
		for _, query := range selections {
			compareStored(t, document, query, "Ada \"N\"")
		}
	}
}

// FuzzStoredUser looks for documents of which the two say different things.
func FuzzStoredUser(f *testing.F) {
	for _, document := range storedDocuments {
		for _, query := range selections {
			f.Add(document, query, "ada")
		}
	}
	f.Fuzz(func(t *testing.T, document, query, userName string) {
		doc, err := DecodeObject([]byte(document))
		if err != nil || !utf8.ValidString(userName) || strings.ContainsRune(userName, 0) || len(userName) > MaxKey {
			return
		}
		raw, err := json.Marshal(doc) // what the store makes of it
		if err != nil {
			return
		}
		compareStored(t, string(raw), query, userName)
	})
}

// decodedUser returns what [Representation.User] does, by decoding the document.
func decodedUser(r Representation, id provision.Identity, groups []provision.Membership) (Object, error) {
	out, err := UserDocument(id)
	if err != nil {
		return nil, err
	}
	out["schemas"] = schemasOf(User, out)
	out["id"] = string(id.ID)
	out["meta"] = r.meta(User, string(id.ID), id.Version, id.CreatedAt, id.UpdatedAt)
	if list := groupsOf(r, groups); list != nil {
		out["groups"] = list
	}
	return out, nil
}

// groupsOf lists the groups that a person is in. A group reached on several
// ways is listed once, as direct when one of them is.
func groupsOf(r Representation, memberships []provision.Membership) []any {
	var out []any
	at := map[provision.GroupID]Object{}
	for _, m := range memberships {
		entry, seen := at[m.Group]
		if !seen {
			entry = Object{
				"value":   string(m.Group),
				"$ref":    r.Location(Group, string(m.Group)),
				"display": m.Name,
				"type":    "indirect",
			}
			at[m.Group] = entry
			out = append(out, entry)
		}
		if m.Direct() {
			entry["type"] = "direct"
		}
	}
	return out
}

func compareStored(t *testing.T, document, query, userName string) {
	t.Helper()
	params, err := url.ParseQuery(query)
	if err != nil {
		return
	}
	s, err := User.ParseSelection(params)
	if err != nil {
		return
	}
	at := time.Date(2026, 11, 21, 20, 0, 0, 120_000, time.UTC)
	p := provision.Person{
		Identity: provision.Identity{ID: "0b5f", UserName: userName, ExternalID: "x-1", Status: provision.StatusActive,
			Document: json.RawMessage(document), Version: 3, CreatedAt: at, UpdatedAt: at.Add(time.Hour)},
		Groups: []provision.Membership{{Group: "g1", Name: "Støtte <1>"}, {Group: "g2", Name: "All", Via: []provision.GroupID{"g1"}}},
	}
	if strings.HasPrefix(userName, "no") {
		p.ExternalID, p.Status, p.Groups = "", provision.StatusSuspended, nil
	}
	as := Representation{Base: "https://bridge.example.test/scim/acme/v2"}
	general, err := decodedUser(as, p.Identity, p.Groups)
	if err != nil {
		t.Fatal(err)
	}
	want := sent(t, s.Apply(general))
	copied, err := as.User(p.Identity, p.Groups, s)
	if err != nil {
		t.Fatal(err)
	}
	got := sent(t, copied)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s of %s (-decoded +copied):\n%s", query, document, diff)
	}
}

// sent returns a resource as a client reads it: numbers as they were sent.
func sent(t *testing.T, resource any) Object {
	t.Helper()
	raw, err := EncodeBody(resource)
	if err != nil {
		t.Fatal(err)
	}
	out, err := decodeDocument(raw)
	if err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return out
}
