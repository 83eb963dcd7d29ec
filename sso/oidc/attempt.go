package oidc

import (
	"crypto/rand"
	"encoding/base64"
	"log/slog"
)

// Attempt is the secret part of one sign-in. It stays on the server, serves
// once, and belongs to one browser and one connection.
type Attempt struct {
	State    string // comes back with the answer; ties it to the browser
	Nonce    string // comes back in the ID token; ties it to the attempt
	Verifier string // goes with the code; ties it to whoever asked for it (PKCE, RFC 7636)
}

// NewAttempt returns an attempt of three independent secrets of 256 bits.
func NewAttempt() Attempt { return Attempt{State: secret(), Nonce: secret(), Verifier: secret()} }

// secret returns 256 random bits in 43 characters, which is what RFC 7636 §4.1
// wants of a verifier.
func secret() string {
	var b [32]byte
	rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// LogValue keeps the secrets out of logs.
func (a Attempt) LogValue() slog.Value { return slog.StringValue("[attempt]") }

// String keeps the secrets out of messages.
func (a Attempt) String() string { return "[attempt]" }

// complete reports whether it was made by NewAttempt, or kept whole since.
func (a Attempt) complete() bool { return a.State != "" && a.Nonce != "" && a.Verifier != "" }
