package fetch

import (
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// FuzzOnlyTheSignedTokenIsAccepted checks that of all texts the one that was
// signed is accepted, and no other: not even one that means the same.
func FuzzOnlyTheSignedTokenIsAccepted(f *testing.F) {
	keys := []jose.JSONWebKey{publicKey("k", edKey)}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: edKey, KeyID: "k"}}, nil)
	if err != nil {
		f.Fatal(err)
	}
	signed, err := signer.Sign([]byte(`{"sub":"ada"}`))
	if err != nil {
		f.Fatal(err)
	}
	good, err := signed.CompactSerialize()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good + "=")
	f.Add(good + "\n")
	f.Add(" " + good)
	f.Add(good[:len(good)-1])
	f.Add(good[:len(good)-1] + "B") // the last character has bits that mean nothing
	f.Add(good[:len(good)-1] + "h")
	f.Add(strings.Replace(good, ".", "\n.", 1))
	f.Add(strings.Replace(good, ".", "..", 1))
	f.Add(good + "." + good)
	f.Add("eyJhbGciOiJub25lIn0." + strings.Split(good, ".")[1] + ".")
	f.Fuzz(func(t *testing.T, text string) {
		read, err := parse(text)
		accepted := false
		if err == nil {
			_, accepted = read.verify(keys)
		}
		if accepted != (text == good) {
			t.Errorf("%q: accepted %v", text, accepted)
		}
	})
}
