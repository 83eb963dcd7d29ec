package patch

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	scimerrors "github.com/elimity-com/scim/errors"

	"github.com/deskbridge/deskbridge/scim/resource"
)

// list returns form n times, separated by commas, with # replaced by the number.
func list(n int, form string) string {
	out := make([]string, n)
	for i := range out {
		out[i] = strings.ReplaceAll(form, "#", strconv.Itoa(i))
	}
	return strings.Join(out, ",")
}

// TestNothingIsQuadratic checks that no body that the limits let pass keeps
// the server busy: each takes less than a second on a machine with other work.
func TestNothingIsQuadratic(t *testing.T) {
	const slow = 20 * time.Second
	emails := `{"op":"add","path":"emails","value":[` + list(1000, `{"value":"#"}`) + `]}`
	for name, ops := range map[string]string{
		"the same values again and again": strings.TrimSuffix(strings.Repeat(emails+",", 30), ","),
		"many operations on many values":  emails + "," + list(900, `{"op":"replace","path":"emails[value eq \"#\"].type","value":"x"}`),
		"a long unknown list":             `{"op":"add","path":"urn:x:User:l","value":[` + list(60000, `#`) + `]},{"op":"add","path":"urn:x:User:l","value":[` + list(60000, `1#`) + `]}`,
		"many unknown names":              `{"op":"add","value":{` + list(900, `"a#":1`) + `}},{"op":"add","value":{` + list(900, `"b#":1`) + `}}`,
		"many extensions":                 list(999, `{"op":"add","path":"urn:x:#:User:tag","value":"1"}`),
	} {
		start := time.Now()
		_, err := patched(t, `{"userName":"ada"}`, ops)
		if took := time.Since(start); took > slow {
			t.Errorf("%s took %v", name, took)
		}
		if e, ok := errors.AsType[scimerrors.ScimError](err); err != nil && (!ok || e.ScimType != "invalidValue") {
			t.Errorf("%s: %v", name, err)
		}
	}
	start := time.Now()
	if _, err := resource.DecodeObject([]byte(`{` + list(100000, `"a#":1`) + `}`)); err == nil || time.Since(start) > slow {
		t.Errorf("100,000 names: %v after %v", err, time.Since(start))
	}
}
