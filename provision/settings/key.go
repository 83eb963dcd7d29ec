package settings

import (
	"context"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// KeyUse says what a key is for. The same key never serves two protocols.
type KeyUse string

// The uses of keys.
const (
	KeySAML   KeyUse = "saml"   // signs requests to identity providers and opens what they encrypt
	KeyDesk   KeyUse = "desk"   // signs assertions and ID tokens for desks
	KeyOIDC   KeyUse = "oidc"   // vouches for us at OpenID providers that take no secret
	KeyRecord KeyUse = "record" // signs offboarding records
)

// Key is one of our own key pairs with its certificate.
//
// A new key is published before it is used, and the old one goes on opening
// what was encrypted for it: whoever reads our metadata once a day never
// cannot get in.
type Key struct {
	ID          provision.KeyID
	Use         KeyUse
	Private     []byte // PKCS #8; sealed by the store
	Certificate []byte // X.509, DER
	CreatedAt   time.Time
	ActiveAt    time.Time  // from when on it signs
	RetiredAt   *time.Time // it neither signs nor opens any more
}

// MakeKey makes a key pair with its certificate: PKCS #8 and X.509, both DER.
type MakeKey func() (private, certificate []byte, err error)

// Keys returns the keys for use that are not retired: the one that signs now
// first, then others, newest first. The first call ever makes one.
func (s *Service) Keys(ctx context.Context, use KeyUse, makeKey MakeKey) ([]Key, error) {
	keys, err := s.usableKeys(ctx, s.store, use)
	if err != nil || len(keys) > 0 {
		return keys, err
	}
	private, certificate, err := makeKey()
	if err != nil {
		return nil, err
	}
	err = s.inTx(ctx, func(tx Store) error {
		if err := tx.LockKeys(ctx); err != nil {
			return err
		}
		if keys, err = s.usableKeys(ctx, tx, use); err != nil || len(keys) > 0 {
			return err // another replica was first
		}
		now := s.now()
		key := Key{ID: provision.NewID[provision.KeyID](), Use: use, Private: private, Certificate: certificate, CreatedAt: now, ActiveAt: now}
		keys = []Key{key}
		return tx.SaveKey(ctx, key)
	})
	return keys, err
}

// CurrentKeys is [Service.Keys] without making one: before the first use there
// are none.
func (s *Service) CurrentKeys(ctx context.Context, use KeyUse) ([]Key, error) {
	return s.usableKeys(ctx, s.store, use)
}

func (s *Service) usableKeys(ctx context.Context, store Store, use KeyUse) ([]Key, error) {
	keys, err := store.Keys(ctx, use)
	if err != nil {
		return nil, err
	}
	keys = slices.DeleteFunc(keys, func(k Key) bool { return k.RetiredAt != nil })
	now := s.now()
	if at := slices.IndexFunc(keys, func(k Key) bool { return !k.ActiveAt.After(now) }); at > 0 {
		signs := keys[at]
		keys = slices.Insert(slices.Delete(keys, at, at+1), 0, signs)
	}
	return keys, nil
}

// RotateKey makes a new key for use, which is published now and signs after
// overlap, or at once where no other signs yet; the others stay until they are retired.
func (s *Service) RotateKey(ctx context.Context, c provision.Cause, use KeyUse, overlap time.Duration, makeKey MakeKey) (Key, error) {
	private, certificate, err := makeKey()
	if err != nil {
		return Key{}, err
	}
	now := s.now()
	key := Key{ID: provision.NewID[provision.KeyID](), Use: use, Private: private, Certificate: certificate, CreatedAt: now, ActiveAt: now.Add(overlap)}
	err = s.inTx(ctx, func(tx Store) error {
		if err := tx.LockKeys(ctx); err != nil {
			return err
		}
		others, err := s.usableKeys(ctx, tx, use)
		if err != nil {
			return err
		}
		if len(others) == 0 || others[0].ActiveAt.After(now) {
			key.ActiveAt = now
		}
		if err := tx.SaveKey(ctx, key); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, keyEntry(s.audit, c, audit.KeyCreated, key))
	})
	return key, err
}

// RetireKey ends a key: it neither signs nor opens any more. The last one that
// signs cannot be retired.
func (s *Service) RetireKey(ctx context.Context, c provision.Cause, use KeyUse, id provision.KeyID) error {
	return s.inTx(ctx, func(tx Store) error {
		if err := tx.LockKeys(ctx); err != nil {
			return err
		}
		keys, err := s.usableKeys(ctx, tx, use)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(keys, func(k Key) bool { return k.ID == id })
		if at < 0 {
			return provision.Errorf(provision.NotFound, "key", "there is no %s key %q in use; `deskbridge key list` shows them", use, provision.Clip(string(id)))
		}
		now := s.now()
		signs := func(k Key) bool { return k.ID != id && !k.ActiveAt.After(now) }
		if !slices.ContainsFunc(keys, signs) {
			return provision.Errorf(provision.Denied, "key", "this is the only key that signs now; rotate first, and retire it once the new one signs")
		}
		key := keys[at]
		key.RetiredAt = &now
		if err := tx.SaveKey(ctx, key); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, keyEntry(s.audit, c, audit.KeyRetired, key))
	})
}

func keyEntry(log *audit.Service, c provision.Cause, action provision.Action, k Key) provision.Entry {
	e := log.Entry(c, "", action, string(k.ID))
	e.Detail = map[string]any{"use": k.Use}
	return e
}
