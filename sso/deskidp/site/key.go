package site

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/sso/saml"
)

// Key is a key that signs what desks are told, or will, or did.
type Key struct {
	ID          string // kid
	Private     *rsa.PrivateKey
	Certificate *x509.Certificate
}

// keyring keeps keys that have been read: reading one takes longer than using it.
type keyring struct {
	mu   sync.Mutex
	read map[provision.KeyID]Key
}

// NewKey makes a key pair for signing what desks are told; it is what
// [settings.Service.RotateKey] wants for [settings.KeyDesk].
func NewKey() (private, certificate []byte, err error) {
	key, err := saml.NewKey("Deskbridge", time.Now())
	if err != nil {
		return nil, nil, err
	}
	private, err = x509.MarshalPKCS8PrivateKey(key.Private)
	return private, key.Certificate.Raw, err
}

// SigningKeys returns the keys that are published: the first one signs.
func (s *Site) SigningKeys(ctx context.Context) ([]Key, error) {
	kept, err := s.Core.Settings.Keys(ctx, settings.KeyDesk, NewKey)
	if err != nil {
		return nil, err
	}
	keys := make([]Key, len(kept))
	for i, k := range kept {
		if keys[i], err = s.keys.get(k); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// get reads a key. A key never changes under its id.
func (k *keyring) get(kept settings.Key) (Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if key, ok := k.read[kept.ID]; ok {
		return key, nil
	}
	private, err := x509.ParsePKCS8PrivateKey(kept.Private)
	if err != nil {
		return Key{}, fmt.Errorf("idp: key %s: %w", kept.ID, err)
	}
	rsaKey, ok := private.(*rsa.PrivateKey)
	if !ok {
		return Key{}, fmt.Errorf("idp: key %s is no RSA key", kept.ID)
	}
	certificate, err := x509.ParseCertificate(kept.Certificate)
	if err != nil {
		return Key{}, fmt.Errorf("idp: key %s: %w", kept.ID, err)
	}
	if k.read == nil {
		k.read = make(map[provision.KeyID]Key)
	}
	key := Key{ID: string(kept.ID), Private: rsaKey, Certificate: certificate}
	k.read[kept.ID] = key
	return key, nil
}
