package offboarding

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// Algorithm is how records are signed: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518
// §3.3), over the record as canonical JSON: no spaces, keys sorted by code point,
// every character as it is but for those that JSON must escape.
const Algorithm = "RS256"

// Signed is a record as it is kept: as JSON, indented by two spaces or in one line.
type Signed struct {
	Record    json.RawMessage `json:"record"` // canonical
	Signature Signature       `json:"signature"`
}

// Signature is over the record beside it.
type Signature struct {
	Algorithm   string `json:"algorithm"`
	Certificate string `json:"certificate_sha256"` // hex, of the certificate of the key
	Value       string `json:"value"`              // base64 (RFC 4648 §4)
}

// Certificate is one by which a signature can be checked.
type Certificate struct {
	Key     provision.KeyID
	DER     []byte
	Retired bool // its key signs no more; what it has signed is as good as ever
}

// Sign signs r together with the head of the audit log, which it has sealed before.
// The first call ever makes a key, by makeKey.
func (s *Service) Sign(ctx context.Context, r Record, makeKey settings.MakeKey) (Signed, error) {
	keys, err := s.keys.Keys(ctx, settings.KeyRecord, makeKey)
	if err != nil {
		return Signed{}, err
	}
	if _, err := s.audit.Seal(ctx); err != nil {
		return Signed{}, err
	}
	head, err := s.audit.Head(ctx)
	if err != nil {
		return Signed{}, err
	}
	r.Head = head.String()
	text, err := canonical(r)
	if err != nil {
		return Signed{}, err
	}
	private, err := x509.ParsePKCS8PrivateKey(keys[0].Private)
	if err != nil {
		return Signed{}, fmt.Errorf("offboarding: key %s: %w", keys[0].ID, err)
	}
	signer, ok := private.(*rsa.PrivateKey)
	if !ok {
		return Signed{}, fmt.Errorf("offboarding: key %s is no RSA key", keys[0].ID)
	}
	sum := sha256.Sum256(text)
	value, err := signer.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return Signed{}, err
	}
	return Signed{text, Signature{Algorithm, fingerprint(keys[0].Certificate), base64.StdEncoding.EncodeToString(value)}}, nil
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// canonical returns v as canonical JSON; see [Algorithm].
func canonical(v any) ([]byte, error) {
	text, err := encoded(v)
	if err != nil {
		return nil, err
	}
	var plain any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&plain); err != nil {
		return nil, err
	}
	return encoded(plain) // a map comes with its keys in order
}

func encoded(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// Read reads a record that was kept, and refuses, as Invalid, every file that is
// not to the byte as one is written: nothing can be changed in it unseen. Whether
// the signature is good, [Signed.Check] says.
func Read(text []byte) (Signed, Record, error) {
	var signed Signed
	var r Record
	malformed := func(err error) (Signed, Record, error) {
		return Signed{}, Record{}, provision.Errorf(provision.Invalid, "file", "this is no offboarding record as Deskbridge writes it: %v", err)
	}
	if err := strict(text, &signed); err != nil {
		return malformed(err)
	}
	if err := strict(signed.Record, &r); err != nil {
		return malformed(err)
	}
	if r.Format != Format {
		return malformed(fmt.Errorf("its format is %q, and not %q", provision.Clip(r.Format), Format))
	}
	again, err := canonical(r)
	if err != nil {
		return malformed(err)
	}
	line, err := encoded(Signed{again, signed.Signature})
	if err != nil {
		return malformed(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, line, "", "  "); err != nil {
		return malformed(err)
	}
	text = bytes.TrimSuffix(text, []byte("\n"))
	if !bytes.Equal(text, line) && !bytes.Equal(text, indented.Bytes()) {
		return malformed(errors.New("it was changed after it was written"))
	}
	signed.Record = again
	return signed, r, nil
}

// strict reads JSON that has nothing but what v has.
func strict(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows it")
	}
	return nil
}

// Check checks the signature by the certificate that it names. An Invalid error
// says that none of these made it.
func (s *Signed) Check(by []Certificate) error {
	for _, c := range by {
		if fingerprint(c.DER) != s.Signature.Certificate {
			continue
		}
		certificate, err := x509.ParseCertificate(c.DER)
		if err != nil {
			return err
		}
		value, err := base64.StdEncoding.Strict().DecodeString(s.Signature.Value)
		if err == nil && s.Signature.Algorithm == Algorithm && certificate.CheckSignature(x509.SHA256WithRSA, s.Record, value) == nil {
			return nil
		}
		return provision.Errorf(provision.Invalid, "signature", "the signature does not fit the record: it was changed, or never signed")
	}
	return provision.Errorf(provision.Invalid, "signature", "it names a certificate that is not among these, %s: another Deskbridge signed it, or nobody did", provision.Clip(s.Signature.Certificate))
}

// Certificates returns those of the keys that sign records, or did, the newest
// first; none before the first record was signed.
func (s *Service) Certificates(ctx context.Context) ([]Certificate, error) {
	keys, err := s.store.Keys(ctx, settings.KeyRecord)
	if err != nil {
		return nil, err
	}
	out := make([]Certificate, len(keys))
	for i, k := range keys {
		out[i] = Certificate{Key: k.ID, DER: k.Certificate, Retired: k.RetiredAt != nil}
	}
	return out, nil
}

// Verify checks a record that was kept against this installation: that a key of
// ours signed it, and that the audit log is whole, still has the head that the
// record rests on, and every entry that it names. Otherwise it is an Invalid error.
func (s *Service) Verify(ctx context.Context, signed Signed, r Record) (audit.Report, error) {
	certificates, err := s.Certificates(ctx)
	if err != nil {
		return audit.Report{}, err
	}
	if err := signed.Check(certificates); err != nil {
		return audit.Report{}, err
	}
	head, err := audit.ParseHead(r.Head)
	if err != nil {
		return audit.Report{}, err
	}
	report, err := s.audit.Verify(ctx, head)
	if err != nil {
		return report, err
	}
	there := make(map[int64]provision.Entry)
	err = s.audit.Find(ctx, audit.Filter{Subject: string(r.Person.ID)}, func(e provision.Entry) error { there[e.ID] = e; return nil })
	if err != nil {
		return report, err
	}
	for _, want := range r.Entries {
		if e, ok := there[want.ID]; !ok || e.Action != want.Action || !e.At.Equal(want.At) {
			return report, provision.Errorf(provision.Invalid, "audit", "the audit log has no entry %d as the record names it", want.ID)
		}
	}
	return report, nil
}
