package protocol_test

import (
	"encoding/json"
	"testing"

	"github.com/deskbridge/deskbridge/provision/protocol"
)

// TestOptionsThatAreNotUnderstood says of which kept options nobody may make
// use, and that they stay as they are.
func TestOptionsThatAreNotUnderstood(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		readable   bool
	}{
		{"what is known", `{"issuer":"https://i.test","client_id":"c"}`, true},
		{"an option of a newer release", `{"issuer":"https://i.test","client_id":"c","strict":true}`, false},
		{"an option of another kind", `{"issuer":["https://i.test"],"client_id":"c"}`, false},
		{"no object", `"https://i.test"`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var o protocol.OIDC
			if err := json.Unmarshal([]byte(tt.text), &o); err != nil {
				t.Fatal(err)
			}
			if (o.Readable() == nil) != tt.readable {
				t.Errorf("Readable = %v", o.Readable())
			}
			if (o.Issuer != "") != tt.readable {
				t.Errorf("the issuer is %q", o.Issuer)
			}
			if text, err := json.Marshal(o); err != nil || string(text) != tt.text {
				t.Errorf("kept again as %s, %v", text, err)
			}
		})
	}
	if (*protocol.SAML)(nil).Readable() == nil || (*protocol.OIDC)(nil).Readable() == nil {
		t.Error("where there are no options, nobody can read any")
	}
}

func TestEqualOptions(t *testing.T) {
	kept := func(text string) *protocol.SAML {
		s := new(protocol.SAML)
		if err := json.Unmarshal([]byte(text), s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	none := (*protocol.SAML)(nil)
	for _, tt := range []struct {
		name string
		a, b *protocol.SAML
		want bool
	}{
		{"none", none, none, true},
		{"none and some", none, &protocol.SAML{}, false},
		{"the same", &protocol.SAML{EntityID: "a", Claims: protocol.Claims{"email": "x", "name": "y"}}, kept(`{"claims":{"name":"y","email":"x"},"entity_id":"a"}`), true},
		{"an empty list, which is not kept", &protocol.SAML{EntityID: "a", Certificates: []string{}}, kept(`{"entity_id":"a"}`), true},
		{"another", &protocol.SAML{EntityID: "a"}, &protocol.SAML{EntityID: "b"}, false},
		{"one that cannot be read", &protocol.SAML{EntityID: "a"}, kept(`{"entity_id":"a","new":1}`), false},
		{"two that cannot be read", kept(`{"entity_id":"a","new":1}`), kept(`{"entity_id":"a","new":2}`), false},
	} {
		if got := tt.a.Equal(tt.b); got != tt.want {
			t.Errorf("%s: Equal = %v", tt.name, got)
		}
	}
}
