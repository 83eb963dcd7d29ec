package offboarding_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/offboarding"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/store"
)

// oneKey makes a key once: it takes longer than all else here.
var oneKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func makeKey() (private, certificate []byte, err error) {
	key, err := oneKey()
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), NotAfter: time.Now().Add(time.Hour)}
	if certificate, err = x509.CreateCertificate(rand.Reader, template, template, key.Public(), key); err != nil {
		return nil, nil, err
	}
	private, err = x509.MarshalPKCS8PrivateKey(key)
	return private, certificate, err
}

// keep signs a record, and returns the file that is kept.
func keep(h *house, r offboarding.Record) []byte {
	h.Helper()
	signed, err := h.Core.Offboarding.Sign(h.Context(), r, makeKey)
	h.Must(err)
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	h.Must(enc.Encode(signed))
	return text.Bytes()
}

// verify checks a file as it was kept.
func verify(h *house, text []byte) error {
	signed, r, err := offboarding.Read(text)
	if err != nil {
		return err
	}
	_, err = h.Core.Offboarding.Verify(h.Context(), signed, r)
	return err
}

// TestSignedRecord: a record that was kept is good until a byte of it is changed,
// and as long as the audit log has what it rests on.
func TestSignedRecord(t *testing.T) {
	each(t, func(h *house) {
		ann := h.agent(`ann <"ä & 漢">`)
		h.SetStatus(ann.ID, provision.StatusSuspended)
		h.ReconcileAll()
		text := keep(h, h.records(ann.ID, 1)[0])
		h.Must(verify(h, text))

		signed, _, err := offboarding.Read(text)
		h.Must(err)
		own, err := h.Core.Offboarding.Certificates(h.Context())
		h.Must(err)
		elsewhere := []offboarding.Certificate{{DER: own[0].DER}}
		if len(own) != 1 || signed.Check(elsewhere) != nil {
			t.Fatalf("elsewhere: %v", signed.Check(elsewhere))
		}
		for at := range text {
			if h.Store.Dialect() == string(store.Postgres) {
				break // a file is the same, wherever it comes from
			}
			changed := bytes.Clone(text)
			changed[at] ^= 1
			if again, _, err := offboarding.Read(changed); err == nil && again.Check(elsewhere) == nil {
				t.Fatalf("byte %d changed, and it is good: …%s", at, changed[max(0, at-40):at+1])
			}
		}
		for name, changed := range map[string][]byte{"cut": text[:len(text)-2], "more": append(bytes.Clone(text), ' '), "twice": append(bytes.Clone(text), text...),
			"a second member": bytes.Replace(text, []byte(`"record": {`), []byte(`"record": {}, "record": {`), 1), "nothing": nil} {
			if again, _, err := offboarding.Read(changed); err == nil && again.Check(elsewhere) == nil {
				t.Errorf("%s: it is good", name)
			}
		}

		// As others check it: the record in canonical form, and the value.
		certificate, err := x509.ParseCertificate(own[0].DER)
		h.Must(err)
		sum := sha256.Sum256(signed.Record)
		var kept struct{ Signature struct{ Value []byte } }
		h.Must(json.Unmarshal(text, &kept))
		h.Must(rsa.VerifyPKCS1v15(certificate.PublicKey.(*rsa.PublicKey), crypto.SHA256, sum[:], kept.Signature.Value))
		if bytes.ContainsAny(signed.Record, "\n\t") || !bytes.Contains(signed.Record, []byte(`ann <\"ä & 漢\"> Test`)) {
			t.Errorf("canonical: %s", signed.Record)
		}

		// After the key was changed it is as good as before; another's key is not.
		_, err = h.Core.Settings.RotateKey(h.Context(), provisiontest.ByTest, settings.KeyRecord, 0, makeKey)
		h.Must(err)
		h.Must(h.Core.Settings.RetireKey(h.Context(), provisiontest.ByTest, settings.KeyRecord, own[0].Key))
		h.Must(verify(h, text))
		_, other, err := makeKey()
		h.Must(err)
		if err := signed.Check([]offboarding.Certificate{{DER: other}}); err == nil || !strings.Contains(err.Error(), "another Deskbridge") {
			t.Errorf("by another certificate: %v", err)
		}

		// Somebody changes the log behind our back.
		h.Behind(`UPDATE audit SET at = at + 1 WHERE action = 'account.ended'`)
		if err := verify(h, text); err == nil {
			t.Error("the log was changed, and the record is good")
		}
	})
}
