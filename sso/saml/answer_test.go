package saml_test

import (
	"crypto"
	"crypto/rsa"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
)

const (
	entityID = "https://bridge.example.test/sso/1/saml/metadata"
	acsURL   = "https://bridge.example.test/sso/1/saml/acs"
	sloURL   = "https://bridge.example.test/sso/1/saml/slo"
	idpID    = "https://idp.example.test"
)

// ourKeys are two keys of ours, made once.
var ourKeys = sync.OnceValue(func() []saml.Key {
	var keys []saml.Key
	for range 2 {
		key, err := saml.NewKey("Deskbridge", time.Now())
		if err != nil {
			panic(err)
		}
		keys = append(keys, key)
	}
	return keys
})

// settings returns a good configuration for p.
func settings(p *samltest.IdP) saml.Config {
	return saml.Config{EntityID: entityID, ACSURL: acsURL, SLOURL: sloURL, Metadata: p.Metadata(), Keys: ourKeys(), Now: p.Now}
}

// provider returns a service provider for p, with a changed configuration.
func provider(t testing.TB, p *samltest.IdP, change ...func(*saml.Config)) *saml.ServiceProvider {
	t.Helper()
	c := settings(p)
	for _, f := range change {
		f(&c)
	}
	sp, err := saml.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return sp
}

// pending is a sign-in that waits for its answer.
func pending() samltest.Request {
	return samltest.Request{ID: "_pending", EntityID: entityID, ACSURL: acsURL, Encrypt: ourKeys()[0].Certificate}
}

// reason returns why err is a refusal; every error must be one.
func reason(t testing.TB, err error) saml.Reason {
	t.Helper()
	if err == nil {
		return ""
	}
	r, ok := errors.AsType[*saml.Refusal](err)
	if !ok {
		t.Fatalf("not a Refusal: %v", err)
	}
	if r.Detail == "" {
		t.Errorf("the refusal for %s says nothing", r.Reason)
	}
	return r.Reason
}

// slow is far more than any message may cost, on any machine.
const slow = 5 * time.Second

func TestAnswer(t *testing.T) {
	idp := samltest.New(idpID)
	sp := provider(t, idp)
	for _, tt := range samltest.Cases {
		t.Run(tt.ID+" "+tt.Title, func(t *testing.T) {
			posted := tt.Build(idp, pending()).Get("SAMLResponse")
			start := time.Now()
			got, err := sp.Answer(posted, "_pending")
			if took := time.Since(start); took > slow {
				t.Errorf("took %s", took)
			}
			if r := reason(t, err); r != tt.Reason {
				t.Fatalf("refused for %q, want %q: %v", r, tt.Reason, err)
			}
			if (err == nil) != tt.Accept || (got != nil) != tt.Accept {
				t.Fatalf("Answer = %v, %v; want accepted: %t", got, err, tt.Accept)
			}
			if err != nil {
				for _, secret := range []string{idp.Victim, idp.Person, "<", samltest.Markup} {
					if strings.Contains(err.Error(), secret) {
						t.Errorf("the refusal tells %q: %v", secret, err)
					}
				}
				return
			}
			if want := tt.SignsIn(idp); got.NameID.Value != want || len(got.Values("mail")) != 1 || got.Values("mail")[0] != want {
				t.Errorf("signs in %q with mail %q, want %q", got.NameID.Value, got.Values("mail"), want)
			}
		})
	}
}

func TestUnsolicited(t *testing.T) {
	idp := samltest.New(idpID)
	sp := provider(t, idp)
	want := map[string]saml.Reason{"SF04": "", "SI00": saml.ReasonInResponseTo, "SF03": saml.ReasonInResponseTo, "SF05": saml.ReasonInResponseTo, "SS01": saml.ReasonInResponseTo}
	for _, tt := range samltest.Cases {
		if r, chosen := want[tt.ID]; chosen {
			if _, err := sp.Unsolicited(tt.Build(idp, pending()).Get("SAMLResponse")); reason(t, err) != r {
				t.Errorf("%s %s is refused by %v, want %q", tt.ID, tt.Title, err, r)
			}
		}
	}
}

// counted counts what is done with a private key.
type counted struct {
	*rsa.PrivateKey
	decrypted *int
}

// Decrypt implements [crypto.Decrypter].
func (c counted) Decrypt(random io.Reader, message []byte, o crypto.DecrypterOpts) ([]byte, error) {
	*c.decrypted++
	return c.PrivateKey.Decrypt(random, message, o)
}

// TestWhatAStrangerMakesUsDecrypt sends an answer that nobody has signed, with
// as many keys as are read, none of them for us.
func TestWhatAStrangerMakesUsDecrypt(t *testing.T) {
	idp, decrypted := samltest.New(idpID), 0
	sp := provider(t, idp, func(c *saml.Config) {
		c.Keys = nil
		for _, key := range ourKeys() {
			private, ok := key.Private.(*rsa.PrivateKey)
			if !ok {
				t.Fatal("our keys are RSA keys")
			}
			c.Keys = append(c.Keys, saml.Key{Private: counted{private, &decrypted}, Certificate: key.Certificate})
		}
	})
	m := idp.Message(pending(), idp.Person)
	m.Encrypt(idp.First.Certificate, samltest.Encryption{Hash: crypto.SHA256, Beside: true})
	sealed := m.Response.FindElement("//saml:EncryptedAssertion")
	for range 7 {
		sealed.AddChild(sealed.SelectElement("xenc:EncryptedKey").Copy())
	}
	_, err := sp.Answer(m.Form().Get("SAMLResponse"), "_pending")
	if reason(t, err) != saml.ReasonDecryption || decrypted == 0 || decrypted > 8 {
		t.Errorf("%d operations with our keys (%v), want no more than 8", decrypted, err)
	}
}
