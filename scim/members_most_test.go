//go:build !race

// Without the race detector: one request after the other, each as large as one may
// be. test/run.sh runs it.

package scim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestMembersFitTheBody names as many members as one request may, with all that
// identity providers say of them, and one more.
func TestMembersFitTheBody(t *testing.T) {
	st := storetest.SQLite(t)
	s := newServer(t, st, scim.Limits{RatePerSecond: -1})
	const most = 20_000
	crowd(t, st, s.conn.ID, most)
	var members strings.Builder
	err := st.EachIdentity(t.Context(), s.conn.ID, func(people []provision.Identity) error {
		for _, id := range people {
			fmt.Fprintf(&members, `,{"value":"%[1]s","$ref":"%[2]s/Users/%[1]s","display":"Somebody with a name of %[3]s","type":"User"}`, id.ID, s.url, id.UserName)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	list := members.String()[1:]
	group := s.want(201, "POST", "/Groups?excludedAttributes=members", `{"displayName":"all","members":[`+list+`]}`).id()
	patch := func(op, list string) string {
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"` + op + `","path":"members","value":[` + list + `]}]}`
	}
	s.want(204, "PATCH", "/Groups/"+group, patch("remove", list))
	s.want(204, "PATCH", "/Groups/"+group, patch("add", list))
	s.want(200, "PUT", "/Groups/"+group+"?excludedAttributes=members", `{"displayName":"all","members":[`+list+`]}`)
	s.want(413, "PATCH", "/Groups/"+group, patch("add", list+`,{"value":"x"}`))
	got := s.want(200, "GET", "/Groups/"+group, "")
	if all, _ := got.body["members"].([]any); len(all) != most {
		t.Errorf("%d members", len(all))
	}
	t.Logf("the list takes %d bytes", len(list))
}
