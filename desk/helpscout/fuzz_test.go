package helpscout

import (
	"net/http"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// FuzzPage checks that no answer is taken for a list that it is not: either it
// names its page and every element decodes, or it is an error that can be
// tried again.
func FuzzPage(f *testing.F) {
	f.Add([]byte(page1("users", adaBody).body), 1)
	f.Add([]byte(`{"page":{"number":1}}`), 1)
	f.Add([]byte(`{"_embedded":{"users":null},"page":{"number":2}}`), 2)
	f.Add([]byte(`{"_embedded":{"users":{}},"page":null}`), 0)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		users, p, err := kit.ReadHAL[user](vendor, data, "users", n)
		if err != nil {
			if desk.KindOf(err) != desk.Retryable || users != nil || p != nil {
				t.Errorf("ReadHAL = %v, %v, %v", users, p, err)
			}
			return
		}
		if p == nil || p.Number != n {
			t.Errorf("page %d was taken from %q", n, data)
		}
		for i := range users {
			got, err := users[i].common(nil)
			if (got == nil) == (err == nil) || err != nil && desk.KindOf(err) != desk.Permanent {
				t.Errorf("user %+v is %+v, %v", users[i], got, err)
			}
		}
	})
}

// FuzzRefusal checks that a refusal tells an administrator something, and
// repeats nothing that could be a name, an address or a secret.
func FuzzRefusal(f *testing.F) {
	f.Add(400, "application/vnd.error+json", "c0ffee", []byte(`{"logRef":"1","_embedded":{"errors":[{"path":"role","message":"ada@example.test"}]}}`))
	f.Add(404, "text/html", "", []byte(`<p>`))
	f.Add(201, "", "a b", []byte(`[]`))
	f.Fuzz(func(t *testing.T, status int, contentType, correlation string, body []byte) {
		a := &kit.Answer{Status: status, Header: http.Header{"Content-Type": {contentType}, "Correlation-Id": {correlation}}, Body: body}
		e := vendor.Refusal(a)
		explain(a, e)
		if e.Kind == "" || e.Detail == "" {
			t.Fatalf("HTTP %d is %#v", status, e)
		}
		if text := e.Error(); strings.ContainsAny(text, "@<\n\x00") || len(text) > 3000 {
			t.Errorf("the error tells too much: %q", text)
		}
	})
}
