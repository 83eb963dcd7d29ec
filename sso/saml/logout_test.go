package saml_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
)

var session = samltest.Session{NameID: "mallory@corp.example.test", NameIDFormat: "urn:x:format", SessionIndex: "_s1", SLOURL: sloURL}

// incoming reads a message as it came: a query, or an encoded form.
func incoming(t testing.TB, raw string, post bool) (saml.Incoming, error) {
	t.Helper()
	if !post {
		return saml.IncomingQuery(raw)
	}
	form, err := url.ParseQuery(raw)
	if err != nil {
		t.Fatal(err)
	}
	return saml.IncomingForm(form)
}

func TestLogoutRequest(t *testing.T) {
	idp := samltest.New(idpID)
	sp := provider(t, idp)
	for _, tt := range samltest.LogoutCases {
		t.Run(tt.ID+" "+tt.Title, func(t *testing.T) {
			raw := tt.Build(idp, session)
			start := time.Now()
			in, err := incoming(t, raw, tt.Post)
			if err != nil {
				t.Fatal(err)
			}
			got, err := sp.LogoutRequest(in)
			if took := time.Since(start); took > slow {
				t.Errorf("took %s", took)
			}
			if r := reason(t, err); r != tt.Reason || (got != nil) != tt.Accept {
				t.Fatalf("LogoutRequest = %v, refused for %q, want %q: %v", got, r, tt.Reason, err)
			}
			if got == nil {
				return
			}
			if !in.IsRequest || !tt.Post && in.RelayState != "state & more" {
				t.Errorf("read as %+v", in)
			}
			want := &saml.Logout{ID: got.ID, Issuer: idpID, Issued: got.Issued, NotOnOrAfter: got.NotOnOrAfter, SessionIndexes: []string{"_s1"},
				NameID: saml.NameID{Value: session.NameID, Format: session.NameIDFormat}}
			if diff := cmp.Diff(want, got); diff != "" || got.ID == "" {
				t.Errorf("LogoutRequest (-want +got):\n%s", diff)
			}
			if ago := time.Since(got.Issued); ago < -time.Minute || ago > 10*time.Minute {
				t.Errorf("issued %s ago", ago)
			}
			if left := time.Until(got.NotOnOrAfter); left < 5*time.Minute || left > 8*time.Minute {
				t.Errorf("to be remembered for %s; want 5 minutes and the skew", left)
			}
		})
	}
}

func TestIncomingIsUnambiguous(t *testing.T) {
	for _, tt := range []struct {
		name, query string
		post        bool
		want        saml.Reason
	}{
		{"nothing", "", false, saml.ReasonEncoding},
		{"request and answer", "SAMLRequest=a&SAMLResponse=b", false, saml.ReasonEncoding},
		{"two requests", "SAMLRequest=a&SAMLRequest=b", false, saml.ReasonEncoding},
		{"two signatures", "SAMLRequest=a&Signature=b&Signature=c", false, saml.ReasonEncoding},
		{"another encoding", "SAMLRequest=a&SAMLEncoding=urn:x", false, saml.ReasonEncoding},
		{"bad escapes", "SAMLRequest=%zz", false, saml.ReasonEncoding},
		{"two requests in a form", "SAMLRequest=a&SAMLRequest=b", true, saml.ReasonEncoding},
		{"request and answer in a form", "SAMLRequest=a&SAMLResponse=b", true, saml.ReasonEncoding},
		{"other parameters do not matter", "x=1&SAMLRequest=a&x=2&%zz=3", false, ""},
		{"the usual encoding", "SAMLRequest=a&SAMLEncoding=urn%3Aoasis%3Anames%3Atc%3ASAML%3A2.0%3Abindings%3AURL-Encoding%3ADEFLATE", false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var err error
			if tt.post {
				form, _ := url.ParseQuery(tt.query)
				_, err = saml.IncomingForm(form)
			} else {
				_, err = saml.IncomingQuery(tt.query)
			}
			if got := reason(t, err); got != tt.want {
				t.Errorf("refused for %q, want %q", got, tt.want)
			}
		})
	}
}

func TestLogoutAnswer(t *testing.T) {
	idp := samltest.New(idpID)
	sp := provider(t, idp)
	answer := idp.LogoutResponse("_ours", sloURL)
	failed := answer.Copy()
	failed.FindElement(".//samlp:StatusCode").CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")
	signed := answer.Copy()
	idp.Sign(signed, samltest.Signature{})
	for _, tt := range []struct {
		name, raw string
		post      bool
		requestID string
		want      saml.Reason
	}{
		{"signed, by redirect", samltest.Query("SAMLResponse", answer, "x", idp.First), false, "_ours", ""},
		{"signed, by post", samltest.PostForm("SAMLResponse", signed), true, "_ours", ""},
		{"unsigned", samltest.Query("SAMLResponse", answer, "", samltest.Signer{}), false, "_ours", saml.ReasonUnsigned},
		{"signed by the attacker", samltest.Query("SAMLResponse", answer, "", idp.Attacker), false, "_ours", saml.ReasonSignature},
		{"to another request", samltest.Query("SAMLResponse", answer, "", idp.First), false, "_other", saml.ReasonInResponseTo},
		{"to none", samltest.Query("SAMLResponse", answer, "", idp.First), false, "", saml.ReasonInResponseTo},
		{"for another address", samltest.Query("SAMLResponse", idp.LogoutResponse("_ours", acsURL), "", idp.First), false, "_ours", saml.ReasonDestination},
		{"a failure", samltest.Query("SAMLResponse", failed, "", idp.First), false, "_ours", saml.ReasonStatus},
		{"a request", samltest.Query("SAMLResponse", idp.LogoutRequest(session), "", idp.First), false, "_ours", saml.ReasonMessage},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in, err := incoming(t, tt.raw, tt.post)
			if err != nil {
				t.Fatal(err)
			}
			if got := reason(t, sp.LogoutAnswer(in, tt.requestID)); got != tt.want {
				t.Errorf("refused for %q, want %q", got, tt.want)
			}
		})
	}
}

// TestLogoutBetweenTwo sends what we make for the identity provider through
// what reads it, with the roles changed.
func TestLogoutBetweenTwo(t *testing.T) {
	us, them := pair(t)
	name := saml.NameID{Value: "ada@example.test", Format: "urn:f", NameQualifier: "q", SPNameQualifier: "s"}
	sent, err := us.SendLogoutRequest(name, "_s7", "handle & more")
	if err != nil {
		t.Fatal(err)
	}
	in, err := saml.IncomingQuery(queryOf(t, sent.URL))
	if err != nil {
		t.Fatal(err)
	}
	got, err := them.LogoutRequest(in)
	if err != nil {
		t.Fatal(err)
	}
	want := &saml.Logout{ID: sent.ID, Issuer: entityID, Issued: sent.Issued, NameID: name, SessionIndexes: []string{"_s7"}, NotOnOrAfter: got.NotOnOrAfter}
	if diff := cmp.Diff(want, got); diff != "" || in.RelayState != "handle & more" {
		t.Errorf("LogoutRequest (-want +got):\n%s", diff)
	}
	for status, refused := range map[saml.LogoutStatus]saml.Reason{
		saml.LogoutSuccess: "", saml.LogoutFailed: saml.ReasonStatus, saml.LogoutDenied: saml.ReasonStatus,
	} {
		answer, err := them.LogoutResponse(got.ID, in.RelayState, status)
		if err != nil {
			t.Fatal(err)
		}
		form := make(url.Values)
		for key, value := range answer.Fields {
			form.Set(key, value)
		}
		back, err := saml.IncomingForm(form)
		if err != nil {
			t.Fatal(err)
		}
		if r := reason(t, us.LogoutAnswer(back, sent.ID)); r != refused || back.RelayState != "handle & more" {
			t.Errorf("an answer of %s is refused for %q, want %q", status, r, refused)
		}
	}
}

func TestLogoutNeedsAnAddress(t *testing.T) {
	idp := samltest.New(idpID)
	fields, err := saml.FieldsMetadata(saml.Fields{EntityID: idpID, SSOURL: idp.SSOURL, Certificates: []string{pemOf(idp.First)}})
	if err != nil {
		t.Fatal(err)
	}
	sp := provider(t, idp, func(c *saml.Config) { c.Metadata = fields })
	_, err = sp.SendLogoutRequest(saml.NameID{Value: "x"}, "", "")
	if got := reason(t, err); got != saml.ReasonEndpoint {
		t.Errorf("a request is refused for %q", got)
	}
	if _, err = sp.LogoutResponse("_x", "", saml.LogoutSuccess); reason(t, err) != saml.ReasonEndpoint {
		t.Errorf("an answer is not refused: %v", err)
	}
	sp = provider(t, idp, func(c *saml.Config) { c.SLOURL = "" })
	in, err := saml.IncomingQuery(samltest.Query("SAMLRequest", idp.LogoutRequest(session), "", idp.First))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sp.LogoutRequest(in); reason(t, err) != saml.ReasonSetting {
		t.Errorf("a logout that is not set up is not refused: %v", err)
	}
}
