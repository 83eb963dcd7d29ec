package store

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/deskbridge/deskbridge/provision"
)

// ticketKey derives the key that seals tickets from an encryption key. It is
// another one, and of a cipher whose nonces are long, because strangers have us
// seal as many as they like: random nonces of AES-GCM are good for 2^32.
func ticketKey(key []byte) (cipher.AEAD, error) {
	derived, err := hkdf.Key(sha256.New, key, nil, "deskbridge tickets", chacha20poly1305.KeySize)
	if err != nil {
		return nil, err
	}
	return chacha20poly1305.NewX(derived)
}

// SealTicket implements [session.Store]. The result is the name of the key and
// the box in base64, with a dot between.
func (s *Store) SealTicket(purpose string, text []byte) (string, error) {
	if s.keys.first == "" {
		return "", errNoKey
	}
	nonce := make([]byte, chacha20poly1305.NonceSizeX, chacha20poly1305.NonceSizeX+len(text)+chacha20poly1305.Overhead)
	_, _ = rand.Read(nonce) // never fails
	box := s.keys.tickets[s.keys.first].Seal(nonce, nonce, text, []byte(purpose))
	return s.keys.first + "." + base64.RawURLEncoding.EncodeToString(box), nil
}

// OpenTicket implements [session.Store].
func (s *Store) OpenTicket(purpose, sealed string) ([]byte, error) {
	none := provision.Errorf(provision.NotFound, "", "no such ticket")
	id, text, _ := strings.Cut(sealed, ".")
	box, err := base64.RawURLEncoding.Strict().DecodeString(text)
	key := s.keys.tickets[id]
	if err != nil || key == nil || len(box) < chacha20poly1305.NonceSizeX {
		return nil, none
	}
	opened, err := key.Open(nil, box[:chacha20poly1305.NonceSizeX], box[chacha20poly1305.NonceSizeX:], []byte(purpose))
	if err != nil {
		return nil, none
	}
	return opened, nil
}
