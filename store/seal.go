package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// keyring seals secrets with its first key and opens them with any.
//
// A sealed secret reads "v1.KEYID.BASE64", where KEYID is the beginning of a
// hash of the key and BASE64 holds nonce and ciphertext of AES-256-GCM. The
// location it is stored in, table and row, is authenticated with it: a sealed
// secret that is copied to another row does not open there.
type keyring struct {
	first   string // id of the key that seals; "" when there is none
	keys    map[string]cipher.AEAD
	tickets map[string]cipher.AEAD // see [ticketKey]
}

const sealVersion = "v1"

func newKeyring(first []byte, old [][]byte) (*keyring, error) {
	k := &keyring{keys: map[string]cipher.AEAD{}, tickets: map[string]cipher.AEAD{}}
	for i, key := range append([][]byte{first}, old...) {
		if len(key) == 0 {
			continue
		}
		if len(key) != 32 {
			return nil, fmt.Errorf("store: an encryption key has %d bytes, and needs 32", len(key))
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, fmt.Errorf("store: encryption key: %w", err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("store: encryption key: %w", err)
		}
		id := keyID(key)
		k.keys[id] = aead
		if k.tickets[id], err = ticketKey(key); err != nil {
			return nil, fmt.Errorf("store: encryption key: %w", err)
		}
		if i == 0 {
			k.first = id
		}
	}
	return k, nil
}

// keyID names a key without giving anything of it away.
func keyID(key []byte) string {
	sum := sha256.Sum256(append([]byte("deskbridge key id\x00"), key...))
	return hex.EncodeToString(sum[:4])
}

var errNoKey = errors.New("store: no encryption key is set, so secrets cannot be saved; set DESKBRIDGE_SECRET_KEY or DESKBRIDGE_SECRET_KEY_FILE")

// seal returns secret as it is stored in the row with this id. "" stays "".
func (k *keyring) seal(secret, table, id string) (string, error) {
	if secret == "" {
		return "", nil
	}
	if k.first == "" {
		return "", errNoKey
	}
	box := k.keys[k.first].Seal(nil, nil, []byte(secret), location(table, id))
	return strings.Join([]string{sealVersion, k.first, base64.RawStdEncoding.EncodeToString(box)}, "."), nil
}

// open returns the secret that was sealed for the row with this id.
func (k *keyring) open(sealed, table, id string) (string, error) {
	if sealed == "" {
		return "", nil
	}
	parts := strings.Split(sealed, ".")
	if len(parts) != 3 || parts[0] != sealVersion {
		return "", fmt.Errorf("store: the sealed secret in %s %s has an unknown form; it was written by a newer release, or by hand", table, id)
	}
	aead, ok := k.keys[parts[1]]
	if !ok {
		return "", fmt.Errorf("store: the secret in %s %s was sealed with the key %s, which is not configured; give that key too, as an old one, or set the secret anew", table, id, parts[1])
	}
	box, err := base64.RawStdEncoding.DecodeString(parts[2])
	if err != nil {
		return "", fmt.Errorf("store: the sealed secret in %s %s is damaged; set the secret anew", table, id)
	}
	secret, err := aead.Open(nil, nil, box, location(table, id))
	if err != nil {
		return "", fmt.Errorf("store: the sealed secret in %s %s is damaged or was copied from elsewhere; set the secret anew", table, id)
	}
	return string(secret), nil
}

func location(table, id string) []byte { return []byte(table + "\x00" + id) }

// Reseal seals every secret with the first key, and returns how many there
// were. After it the old keys are needed no more.
func (s *Store) Reseal(ctx context.Context) (n int, _ error) {
	err := s.InTx(ctx, func(tx *Store) error {
		n = 0
		connections, err := tx.Connections(ctx)
		if err != nil {
			return err
		}
		for _, c := range connections {
			if c.SignIn.Empty() {
				continue
			}
			c, err := tx.LockConnection(ctx, c.ID)
			if err != nil {
				return err
			}
			if err := tx.SaveConnection(ctx, c); err != nil {
				return err
			}
			n++
		}
		desks, err := tx.Desks(ctx)
		if err != nil {
			return err
		}
		for _, d := range desks {
			if d.Secret == "" && d.SignIn.Empty() {
				continue
			}
			d, err := tx.LockDesk(ctx, d.ID)
			if err != nil {
				return err
			}
			if err := tx.SaveDesk(ctx, d); err != nil {
				return err
			}
			n++
		}
		grants, err := tx.resealGrants(ctx)
		n += grants
		return err
	})
	return n, err
}
