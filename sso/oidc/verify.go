package oidc

import (
	"context"
	"errors"
	"slices"
	"strings"

	gooidc "github.com/coreos/go-oidc/v3/oidc"
	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/go-jose/go-jose/v4"
)

// maxTokenBytes is how long a token may be; package fetch has the same limit.
// An ID token with 300 groups by id takes about 16 kB.
const maxTokenBytes = 64 << 10

// envelope is the part of a token that can be judged before its signature.
type envelope struct{ typ string }

// openEnvelope refuses what is no JWT in compact serialization with an accepted
// algorithm. The libraries would read JSON serialization as well, with headers
// that nobody signed, and skip white space.
func openEnvelope(raw string) (envelope, error) {
	if len(raw) > maxTokenBytes {
		return envelope{}, refuse(string(fetch.TooLarge), "the token is longer than %d kB; send fewer groups", maxTokenBytes>>10)
	}
	if strings.Count(raw, ".") != 2 || strings.ContainsFunc(raw, func(r rune) bool { return r != '.' && !base64URL(r) }) {
		return envelope{}, refuse(ReasonMalformed, "this is no signed JWT")
	}
	var algorithms []jose.SignatureAlgorithm
	for _, a := range Algorithms() {
		algorithms = append(algorithms, jose.SignatureAlgorithm(a))
	}
	jws, err := jose.ParseSignedCompact(raw, algorithms)
	if _, is := errors.AsType[*jose.ErrUnexpectedSignatureAlgorithm](err); is {
		return envelope{}, refuse(ReasonAlgorithm, "the token is not signed with one of %s; set the provider to one of them", strings.Join(Algorithms(), ", "))
	}
	if err != nil || len(jws.Signatures) != 1 {
		return envelope{}, refuse(ReasonMalformed, "this is no signed JWT")
	}
	header := jws.Signatures[0].Protected
	for _, name := range []jose.HeaderKey{"crit", "b64"} {
		if _, has := header.ExtraHeaders[name]; has {
			return envelope{}, refuse(ReasonMalformed, "the token's header has %s, which a JWT has no use for", name)
		}
	}
	typ, _ := header.ExtraHeaders[jose.HeaderType].(string)
	return envelope{typ: strings.TrimPrefix(strings.ToLower(typ), "application/")}, nil
}

func base64URL(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
}

// is reports whether the header allows a token of one of the kinds. A type
// that ends in +jwt is a kind of its own (RFC 8725 §3.11); every other may be
// anything.
func (e envelope) is(kinds ...string) bool {
	return !strings.HasSuffix(e.typ, "+jwt") || slices.Contains(kinds, e.typ)
}

// witness sees what the library's verifier sees, of which it tells too little.
type witness struct {
	payload []byte // signed by the provider
	err     error  // of the key set, which the library makes a text of
}

type witnessKey struct{}

// withWitness returns a context in which witnessed key sets testify to it.
func withWitness(ctx context.Context) (context.Context, *witness) {
	w := new(witness)
	return context.WithValue(ctx, witnessKey{}, w), w
}

// witnessed is a key set that testifies.
type witnessed struct{ gooidc.KeySet }

// VerifySignature implements [gooidc.KeySet].
func (k witnessed) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := k.KeySet.VerifySignature(ctx, token)
	if w, is := ctx.Value(witnessKey{}).(*witness); is {
		w.payload, w.err = payload, err
	}
	return payload, err
}

// claims returns what was signed; a refusal if nothing was.
func (w *witness) claims() (claims, error) {
	if w.err != nil {
		if errors.Is(w.err, fetch.ErrSignature) {
			return nil, refuse(ReasonSignature, "none of the provider's keys signed this token")
		}
		return nil, unfetched(w.err, ReasonSignature, "the provider's keys could not be fetched")
	}
	c, err := readClaims(w.payload)
	if err != nil {
		return nil, refuse(ReasonMalformed, "the claims are no JSON object, or have a name twice")
	}
	return c, nil
}
