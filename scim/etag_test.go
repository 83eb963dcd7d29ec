package scim_test

import (
	"net/http"
	"testing"

	"github.com/deskbridge/deskbridge/scim"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestPreconditions walks through what If-Match and If-None-Match do with each
// method, for people and groups alike (RFC 7644 §3.14, RFC 9110 §13).
func TestPreconditions(t *testing.T) {
	s := onSQLite(t)
	const patch = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"externalId","value":"x"}]}`
	for endpoint, body := range map[string]string{"/Users": `{"userName":"ada","displayName":"ada"}`, "/Groups": `{"displayName":"ada"}`} {
		made := s.want(201, "POST", endpoint, body, "If-None-Match", `*`)
		path, tag := endpoint+"/"+made.id(), made.header.Get("ETag")
		if version := made.body["meta"].(map[string]any)["version"]; version != tag || tag != `W/"1"` {
			t.Fatalf("%s: ETag is %q, meta.version is %v", endpoint, tag, version)
		}
		for _, tt := range []struct {
			name, method, header, value string
			want                        int
		}{
			{"the version at hand", "GET", "If-None-Match", `W/"1"`, 304},
			{"the version at hand, as a strong tag", "GET", "If-None-Match", `"1"`, 304},
			{"among others", "GET", "If-None-Match", `"0", W/"7" ,W/"1"`, 304},
			{"any version", "GET", "If-None-Match", `*`, 304},
			{"the version at hand, without the body", "HEAD", "If-None-Match", `W/"1"`, 304},
			{"another version", "GET", "If-None-Match", `W/"2"`, 200},
			{"no tag at all", "GET", "If-None-Match", `1`, 200},
			{"only this version", "GET", "If-Match", `W/"1"`, 200},
			{"only another version", "GET", "If-Match", `W/"2"`, 412},
			{"unless there is one", "PUT", "If-None-Match", `*`, 412},
			{"unless there is one", "PATCH", "If-None-Match", `*`, 412},
			{"unless it is this one", "DELETE", "If-None-Match", `W/"1"`, 412},
			{"only another version", "PUT", "If-Match", `W/"2"`, 412},
			{"only another version", "PATCH", "If-Match", `"2", "3"`, 412},
			{"only another version", "DELETE", "If-Match", `W/"12"`, 412},
			{"an empty list", "DELETE", "If-Match", ` `, 412},
			{"unless it is another one", "PUT", "If-None-Match", `W/"2"`, 200},
			{"any version", "PUT", "If-Match", `*`, 200},
			{"this version among others", "PUT", "If-Match", `W/"2",W/"1"`, 200},
		} {
			t.Run(endpoint+" "+tt.method+" "+tt.name, func(t *testing.T) {
				send := ""
				switch tt.method {
				case "PUT":
					send = body
				case "PATCH":
					send = patch
				}
				got := s.do(tt.method, path, send, tt.header, tt.value)
				if got.status != tt.want {
					t.Errorf("got %d %s, want %d", got.status, got.raw, tt.want)
				}
				if got.status < 400 && got.header.Get("ETag") != tag {
					t.Errorf("ETag is %q", got.header.Get("ETag"))
				}
			})
		}
		for _, resource := range s.want(200, "GET", endpoint, "").body["Resources"].([]any) {
			if version := resource.(map[string]any)["meta"].(map[string]any)["version"]; version != tag {
				t.Errorf("%s: meta.version in a list is %v", endpoint, version)
			}
		}
		s.want(404, "DELETE", endpoint+"/nobody", "", "If-Match", `*`)
		s.want(http.StatusNoContent, "DELETE", path, "", "If-Match", `W/"0", *`)
	}
}

// TestGroupsChangeWhenMembersAreDeleted checks that a group is another one
// after a member of it was deleted, a person or a group: whoever asks for it
// with If-None-Match gets it, and whoever writes it with If-Match does not.
func TestGroupsChangeWhenMembersAreDeleted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, st *store.Store) {
		s := newServer(t, st, scim.Limits{RatePerSecond: -1})
		ada, inner := s.user("ada"), s.group("inner")
		group, other := s.group("group", ada, inner), s.group("other")
		for _, member := range []string{"/Users/" + ada, "/Groups/" + inner} {
			before := s.want(200, "GET", "/Groups/"+group, "")
			tag := before.header.Get("ETag")
			s.want(304, "GET", "/Groups/"+group, "", "If-None-Match", tag)
			s.want(204, "DELETE", member, "")
			after := s.want(200, "GET", "/Groups/"+group, "", "If-None-Match", tag)
			if changed(after) == changed(before) {
				t.Errorf("%s: meta.lastModified stayed", member)
			}
			s.want(412, "PUT", "/Groups/"+group, `{"displayName":"group"}`, "If-Match", tag)
		}
		if got := s.want(200, "GET", "/Groups/"+group, ""); got.body["members"] != nil {
			t.Errorf("members are left: %s", got.raw)
		}
		if got := s.want(200, "GET", "/Groups/"+other, ""); got.header.Get("ETag") != `W/"1"` {
			t.Errorf("a group without them changed: %s", got.raw)
		}
	})
}

// changed returns when a resource last changed.
func changed(r reply) any {
	meta, _ := r.body["meta"].(map[string]any)
	return meta["lastModified"]
}
