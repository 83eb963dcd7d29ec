package kit_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/desk/kit"
)

// TestReadHALRefusal: fields, codes and references are told, and no words: those may be somebody's
// name or address.
func TestReadHALRefusal(t *testing.T) {
	const refused = `{"logRef":"5c0e-1","message":"ada@example.test is taken","_embedded":{"errors":[
		{"path":"role","message":"ada@example.test","_links":{"about":{"href":"https://developer.example.test/#EnumValue"}}},
		{"path":"ada@example.test"},{"path":"lastName","_links":{"about":{"href":"https://developer.example.test/#Ada Byron"}}}]}}`
	for _, tt := range []struct{ body, correlation, want, fields string }{
		{refused, "c0ffee", "HTTP 400 logRef=5c0e-1 Correlation-ID=c0ffee", "role (EnumValue), lastName"},
		{`{"logRef":"ada@example.test"}`, "Ada Byron", "HTTP 400", ""},
		{`["ada@example.test"]`, "", "HTTP 400", ""},
		{`{"_embedded":{"errors":[` + strings.Repeat(`{"path":"a"},`, 20) + `{"path":"b"}]}}`, "", "HTTP 400", strings.Repeat("a, ", 9) + "a"},
	} {
		r := kit.ReadHALRefusal(&kit.Answer{Status: 400, Header: http.Header{"Correlation-Id": {tt.correlation}}, Body: []byte(tt.body)})
		if r.Error() != tt.want || r.Fields != tt.fields || r.Unwrap() != nil {
			t.Errorf("%s: %q, fields %q, cause %v", tt.body, r.Error(), r.Fields, r.Unwrap())
		}
	}
}
