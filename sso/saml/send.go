package saml

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// outgoing is a message on its way.
type outgoing struct {
	id         string
	issued     time.Time
	parameter  string // SAMLRequest or SAMLResponse
	message    *etree.Element
	binding    Binding
	location   string
	relayState string
}

// send signs a message, and puts it into a form that a browser can carry.
func (sp *ServiceProvider) send(o outgoing) (r Request, err error) {
	r = Request{ID: o.id, Issued: o.issued}
	if o.binding == Redirect {
		r.URL, err = sp.redirect(o)
		return r, err
	}
	r.Action = o.location
	r.Fields, err = sp.form(o)
	return r, err
}

// redirect returns the address of a redirect. The signature is over the query
// as it stands there, and in that order (SAML bindings §3.4.4.1).
func (sp *ServiceProvider) redirect(o outgoing) (string, error) {
	raw, err := write(o.message)
	if err != nil {
		return "", err
	}
	deflated, err := deflate(raw)
	if err != nil {
		return "", err
	}
	query := o.parameter + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(deflated))
	if o.relayState != "" {
		query += "&RelayState=" + url.QueryEscape(o.relayState)
	}
	query += "&SigAlg=" + url.QueryEscape(dsig.RSASHA256SignatureMethod)
	digest := sha256.Sum256([]byte(query))
	signature, err := sp.config.Keys[0].Private.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("saml: sign a query: %w", err)
	}
	query += "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature))
	separator := "?"
	if strings.Contains(o.location, "?") {
		separator = "&"
	}
	return o.location + separator + query, nil
}

// deflaters are writers to use again: a new one takes a megabyte and more, for a
// message of one kilobyte.
var deflaters = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.BestCompression)
	if err != nil {
		panic(err) // there is such a level
	}
	return w
}}

func deflate(raw []byte) ([]byte, error) {
	var b bytes.Buffer
	w, _ := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	w.Reset(&b)
	if _, err := w.Write(raw); err != nil {
		return nil, fmt.Errorf("saml: deflate: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("saml: deflate: %w", err)
	}
	return b.Bytes(), nil
}

// form returns the fields of a form, with the signature inside the message,
// where the schema wants it: after the issuer.
func (sp *ServiceProvider) form(o outgoing) (map[string]string, error) {
	key := sp.config.Keys[0]
	context, err := dsig.NewSigningContext(key.Private, [][]byte{key.Certificate.Raw})
	if err != nil {
		return nil, fmt.Errorf("saml: sign: %w", err)
	}
	context.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := context.SetSignatureMethod(dsig.RSASHA256SignatureMethod); err != nil {
		return nil, fmt.Errorf("saml: sign: %w", err)
	}
	signature, err := context.ConstructSignature(o.message, true)
	if err != nil {
		return nil, fmt.Errorf("saml: sign: %w", err)
	}
	o.message.InsertChildAt(only(o.message, issuerName).Index()+1, signature)
	raw, err := write(o.message)
	if err != nil {
		return nil, err
	}
	fields := map[string]string{o.parameter: base64.StdEncoding.EncodeToString(raw)}
	if o.relayState != "" {
		fields["RelayState"] = o.relayState
	}
	return fields, nil
}
