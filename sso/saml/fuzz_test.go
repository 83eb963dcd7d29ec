package saml_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
)

// base is a case whose answer the fuzzer changes. It is signed anew in each
// process, so the fuzzer says what to change, and where.
type base struct {
	raw  string
	want *saml.Assertion // nil: it is refused as it is
}

// bases are the answers of all cases that are of a usual size.
var bases = sync.OnceValues(func() (*saml.ServiceProvider, []base) {
	idp := samltest.New(idpID)
	sp, err := saml.New(settings(idp))
	if err != nil {
		panic(err)
	}
	var made []base
	for _, tt := range samltest.Cases {
		posted := tt.Build(idp, pending()).Get("SAMLResponse")
		if raw, err := base64.StdEncoding.DecodeString(posted); err == nil && len(raw) < 32<<10 {
			want, _ := sp.Answer(posted, "_pending")
			made = append(made, base{string(raw), want})
		}
	}
	return sp, made
})

// mutated returns s with the bytes from at to at+cut replaced.
func mutated(s string, at, cut uint32, by []byte) string {
	from := int(at) % (len(s) + 1)
	to := min(from+int(cut), len(s))
	return s[:from] + string(by) + s[to:]
}

// FuzzAnswer checks what must hold for any change to any answer: it is refused
// for a reason, or says what the identity provider has signed and nothing else.
func FuzzAnswer(f *testing.F) {
	_, made := bases()
	for i := range made {
		f.Add(uint16(i), uint32(300), uint32(0), []byte("<!-- -->"))
	}
	for _, by := range []string{"</saml:NameID>", "<![CDATA[", "&#0;", "&lt;", "<a b='c'/>", " ID='x'", "\x00", "<?a?>", "<!DOCTYPE a>"} {
		f.Add(uint16(0), uint32(900), uint32(5), []byte(by))
	}
	f.Add(uint16(0), uint32(0), uint32(1<<20), []byte("<a/>"))
	f.Fuzz(func(t *testing.T, which uint16, at, cut uint32, by []byte) {
		sp, made := bases()
		from := made[int(which)%len(made)]
		raw := mutated(from.raw, at, cut, by)
		got, err := sp.Answer(base64.StdEncoding.EncodeToString([]byte(raw)), "_pending")
		if r := reason(t, err); r == saml.ReasonInternal {
			t.Fatalf("a library failed on %q", raw)
		}
		switch {
		case err != nil:
		case from.want != nil && cmp.Diff(from.want, got) != "":
			t.Errorf("not what was signed (-want +got):\n%s", cmp.Diff(from.want, got))
		case from.want == nil && got.NameID.Value != "mallory@corp.example.test":
			t.Errorf("signs in %q", got.NameID.Value)
		}
	})
}

// FuzzMetadata checks that metadata which is taken can be used.
func FuzzMetadata(f *testing.F) {
	good := string(samltest.New(idpID).Metadata())
	f.Add([]byte(good), "")
	f.Add([]byte(`<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">`+good+`</md:EntitiesDescriptor>`), idpID)
	f.Add([]byte(strings.Replace(good, "entityID=", `validUntil="2099-01-01" cacheDuration="P99999999999Y" entityID=`, 1)), idpID)
	f.Fuzz(func(t *testing.T, raw []byte, entityID string) {
		got, err := saml.ParseMetadata(raw, entityID, time.Now())
		if reason(t, err); err != nil {
			return
		}
		if got.EntityID == "" || entityID != "" && got.EntityID != entityID || len(got.Certificates) == 0 || got.CacheDuration < 0 {
			t.Errorf("taken: %+v", got)
		}
		for _, e := range append(got.SSO, got.SLO...) {
			if !strings.HasPrefix(strings.ToLower(e.Location), "http") {
				t.Errorf("an address %q", e.Location)
			}
		}
	})
}

// FuzzLogout checks that no changed logout request ends other sessions than
// the identity provider has said.
func FuzzLogout(f *testing.F) {
	idp := samltest.New(idpID)
	sp, err := saml.New(settings(idp))
	if err != nil {
		f.Fatal(err)
	}
	var made []string
	for i, tt := range samltest.LogoutCases {
		made = append(made, tt.Build(idp, session))
		f.Add(uint16(i), uint32(40), uint32(1), []byte("x"))
		f.Add(uint16(i), uint32(1<<20), uint32(0), []byte("&RelayState=x"))
	}
	f.Fuzz(func(t *testing.T, which uint16, at, cut uint32, by []byte) {
		tt := samltest.LogoutCases[int(which)%len(made)]
		raw := mutated(made[int(which)%len(made)], at, cut, by)
		in, err := saml.IncomingQuery(raw)
		if tt.Post {
			form, _ := url.ParseQuery(raw) // a server sees what can be read of it
			in, err = saml.IncomingForm(form)
		}
		if reason(t, err); err != nil {
			return
		}
		got, err := sp.LogoutRequest(in)
		if r := reason(t, err); r == saml.ReasonInternal {
			t.Fatalf("a library failed on %q", raw)
		}
		if err == nil && (got.NameID.Value != session.NameID || len(got.SessionIndexes) != 1 || got.SessionIndexes[0] != session.SessionIndex) {
			t.Errorf("ends the sessions of %+v", got)
		}
	})
}
