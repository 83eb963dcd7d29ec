package saml

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"io"
	"net/url"
	"strings"

	"github.com/beevik/etree"
)

const (
	parameterRequest  = "SAMLRequest"
	parameterResponse = "SAMLResponse"
	deflateEncoding   = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
)

// Incoming is a logout message as a browser brought it. Nothing in it has been
// checked; RelayState is to be handed back with the answer, and for nothing else.
type Incoming struct {
	Binding    Binding
	IsRequest  bool // SAMLRequest, for [ServiceProvider.LogoutRequest]; else SAMLResponse, for [ServiceProvider.LogoutAnswer]
	RelayState string

	message   string // base64
	algorithm string // SigAlg
	signature string // base64
	signed    string // what the signature of a query covers
}

// IncomingQuery reads a logout message from the raw query of a GET.
func IncomingQuery(rawQuery string) (Incoming, error) {
	if len(rawQuery) > messageLimits.bytes {
		return Incoming{}, refuse(ReasonSize, "more than %d bytes", messageLimits.bytes)
	}
	raw, values := make(map[string]string), make(map[string]string)
	for pair := range strings.SplitSeq(rawQuery, "&") {
		key, value, _ := strings.Cut(pair, "=")
		switch key {
		case parameterRequest, parameterResponse, "RelayState", "SigAlg", "Signature", "SAMLEncoding":
		default:
			continue
		}
		decoded, err := url.QueryUnescape(value)
		if _, twice := raw[key]; twice || err != nil {
			return Incoming{}, refuse(ReasonEncoding, "the parameter %s is there twice, or badly escaped", key)
		}
		raw[key], values[key] = value, decoded
	}
	if encoding, there := values["SAMLEncoding"]; there && encoding != deflateEncoding {
		return Incoming{}, refuse(ReasonEncoding, "the message is not in DEFLATE encoding")
	}
	in, parameter, err := incoming(values)
	in.Binding = Redirect
	in.algorithm, in.signature = values["SigAlg"], values["Signature"]
	// The signature covers the parameters in this order, escaped as the sender
	// did it (SAML bindings §3.4.4.1).
	in.signed = parameter + "=" + raw[parameter]
	if relayState, there := raw["RelayState"]; there {
		in.signed += "&RelayState=" + relayState
	}
	in.signed += "&SigAlg=" + raw["SigAlg"]
	return in, err
}

// IncomingForm reads a logout message from the posted form (not from the query).
func IncomingForm(form url.Values) (Incoming, error) {
	values := make(map[string]string)
	for _, key := range []string{parameterRequest, parameterResponse, "RelayState"} {
		if len(form[key]) > 1 {
			return Incoming{}, refuse(ReasonEncoding, "the parameter %s is there twice", key)
		}
		if form.Has(key) {
			values[key] = form.Get(key)
		}
	}
	in, _, err := incoming(values)
	in.Binding = Post
	return in, err
}

func incoming(values map[string]string) (in Incoming, parameter string, _ error) {
	request, isRequest := values[parameterRequest]
	response, isResponse := values[parameterResponse]
	if isRequest == isResponse {
		return in, "", refuse(ReasonEncoding, "neither a request nor an answer, or both")
	}
	in = Incoming{IsRequest: isRequest, RelayState: values["RelayState"], message: response}
	if isRequest {
		in.message = request
		return in, parameterRequest, nil
	}
	return in, parameterResponse, nil
}

// tree returns the message, which must be called n, as a tree. Nothing in it
// has been checked but its size and its form.
func (in Incoming) tree(n name) (*etree.Element, error) {
	raw, err := decode(in.message)
	if err != nil {
		return nil, err
	}
	if in.Binding == Redirect {
		if raw, err = inflate(raw); err != nil {
			return nil, err
		}
	}
	root, err := read(raw, messageLimits, nil)
	if err == nil && nameOf(root) != n {
		return nil, refuse(ReasonMessage, "not a SAML 2.0 %s", n.local)
	}
	return root, err
}

// open verifies the signature of a message that must be called n, and returns
// what it covers.
func (sp *ServiceProvider) open(in Incoming, n name) (*etree.Element, error) {
	if sp.config.SLOURL == "" {
		return nil, refuse(ReasonSetting, "single logout is not set up")
	}
	root, err := in.tree(n)
	if err != nil {
		return nil, err
	}
	s := shape{allowSHA1: sp.config.AllowSHA1}
	found, err := s.check(root)
	if err != nil {
		return nil, err
	}
	if len(found) > 0 {
		return nil, refuse(ReasonShape, "an assertion in a logout message")
	}
	if in.Binding != Redirect {
		return sp.trust().verify(root)
	}
	return root, sp.trust().verifyQuery(in, sp.config.AllowSHA1)
}

// verifyQuery checks the signature in a query. One inside the message, where
// this binding has none, does not count: it would leave RelayState open.
func (t trust) verifyQuery(in Incoming, allowSHA1 bool) error {
	if in.signature == "" || in.algorithm == "" {
		return refuse(ReasonUnsigned, "the query is not signed: switch on the signing of logout messages at the identity provider")
	}
	method, known := signings[in.algorithm]
	if !known || method.weak && !allowSHA1 {
		return refuse(ReasonAlgorithm, "the query is signed by an algorithm that is unknown or too weak; ask for SHA-256")
	}
	value, err := base64.StdEncoding.DecodeString(withoutSpace(in.signature))
	if err != nil {
		return refuse(ReasonSignature, "a signature that is not base64")
	}
	return t.try(method.key, confirming(method.algorithm, []byte(in.signed), value))
}

// inflate undoes DEFLATE, up to the size of a message.
func inflate(raw []byte) ([]byte, error) {
	inflated, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(raw)), int64(messageLimits.bytes)+1))
	if len(inflated) > messageLimits.bytes {
		return nil, refuse(ReasonSize, "more than %d bytes when inflated", messageLimits.bytes)
	}
	if err != nil {
		return nil, refuse(ReasonEncoding, "not in DEFLATE encoding")
	}
	return inflated, nil
}
