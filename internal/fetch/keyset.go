package fetch

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// KeysAtLeast is for how long the keys of a JWKS count as fresh, whatever its
	// Cache-Control says.
	KeysAtLeast = 5 * time.Minute
	// KeysAtMost is the longest that a Cache-Control can make of that.
	KeysAtMost = 24 * time.Hour
	// keysUnsaid is for a JWKS without a Cache-Control.
	keysUnsaid = time.Hour
	// KeysStale is for how long keys that are no longer fresh go on to serve while
	// the JWKS cannot be fetched: longer than a weekend, and not for ever, because
	// a key that was withdrawn goes on to serve as well.
	KeysStale = 7 * 24 * time.Hour

	// AsksPerMinute is how often in a minute a JWKS is asked again for a key that
	// it did not have, or after it failed. Who sends tokens chooses their key ids:
	// without a limit we would pass on each of them to the identity provider.
	AsksPerMinute = 4
)

// ErrSignature says that no key of a JWKS signed a token: it is forged,
// damaged, signed with an algorithm that is not accepted, or somebody else's.
var ErrSignature = errors.New("no key of the JWKS signed this token")

// KeySet checks signatures against the keys at one address. It is an
// oidc.KeySet. The zero value is not usable; see [NewKeySet]. It is safe for
// concurrent use, and never has more than one request under way.
type KeySet struct {
	client *http.Client
	url    string
	now    func() time.Time

	mu      sync.Mutex
	keys    []jose.JSONWebKey
	fetched time.Time   // when keys were; zero: never
	fresh   time.Time   // until when they are
	failed  error       // what the last attempt came to
	asked   []time.Time // when it was asked again within the last minute
	pending chan struct{}
}

// NewKeySet returns the keys at an address, which it fetches with client when
// they are first needed. The client should be one of [New]: nothing here
// limits how long it takes, how much it reads, or where it connects to.
func NewKeySet(client *http.Client, address string) *KeySet {
	return &KeySet{client: client, url: address, now: time.Now}
}

// VerifySignature returns the payload of a token in JWS compact serialization
// (RFC 7515 §7.1) that one of the keys signed with one of the accepted
// algorithms. Whatever else the token says of keys (jwk, jku, x5c, x5u) is
// ignored. The claims are not looked at.
//
// It is [ErrSignature] if none did, and an [*Error] if there are no keys to
// check with. It waits for the JWKS for no longer than the client does.
func (k *KeySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	t, err := parse(token)
	if err != nil {
		return nil, err
	}
	keys, err := k.current(ctx)
	if err != nil {
		return nil, err
	}
	if payload, ok := t.verify(keys); ok {
		return payload, nil
	}
	// The key may be a new one. A key may also be new under its old id.
	keys, err = k.again(ctx, keys)
	if err != nil {
		return nil, err
	}
	if payload, ok := t.verify(keys); ok {
		return payload, nil
	}
	return nil, ErrSignature
}

// Fetched returns when the keys in use were fetched, the zero time when there
// are none, and why the last attempt to fetch them failed, nil when it did not.
func (k *KeySet) Fetched() (time.Time, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.fetched, k.failed
}

// current returns keys that are fresh, or the old ones while there are no
// fresh ones to be had.
func (k *KeySet) current(ctx context.Context) ([]jose.JSONWebKey, error) {
	k.mu.Lock()
	now := k.now()
	if now.Before(k.fresh) {
		defer k.mu.Unlock()
		return k.keys, nil
	}
	usable := k.usable(now)
	hopeless := k.failed != nil && usable != nil
	wait := k.fetch(now, k.failed != nil)
	k.mu.Unlock()

	if hopeless {
		return usable, nil // it failed a moment ago: let nobody wait for that again
	}
	return k.after(ctx, wait)
}

// again returns the keys after another request for them; without one, when
// that is not due, or somebody else has made one since old was read.
func (k *KeySet) again(ctx context.Context, old []jose.JSONWebKey) ([]jose.JSONWebKey, error) {
	k.mu.Lock()
	if !same(k.keys, old) {
		defer k.mu.Unlock()
		return k.keys, nil
	}
	wait := k.fetch(k.now(), true)
	k.mu.Unlock()
	if wait == nil {
		return old, nil
	}
	return k.after(ctx, wait)
}

// after returns the keys once a request has ended. wait is nil when there was
// none.
func (k *KeySet) after(ctx context.Context, wait <-chan struct{}) ([]jose.JSONWebKey, error) {
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, &Error{Reason: Unreachable, Host: host(k.url), Detail: "the caller did not wait for the keys", Err: context.Cause(ctx)}
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if usable := k.usable(k.now()); usable != nil {
		return usable, nil
	}
	if wait == nil {
		return nil, &Error{Reason: AskedTooOften, Host: host(k.url), Detail: "there are no keys, and the address will be asked again within a minute", Err: k.failed}
	}
	return nil, k.failed
}

// usable returns the keys if they may still serve; k.mu is held.
func (k *KeySet) usable(now time.Time) []jose.JSONWebKey {
	if now.Before(k.fresh.Add(KeysStale)) {
		return k.keys
	}
	return nil
}

// fetch returns a channel that closes when a request for the keys has ended:
// the one under way, or a new one. It is nil when a request would be one too
// many; only extra ones are counted. k.mu is held.
func (k *KeySet) fetch(now time.Time, extra bool) <-chan struct{} {
	if k.pending != nil {
		return k.pending
	}
	if extra {
		recent := k.asked[:0]
		for _, at := range k.asked {
			if now.Sub(at) < time.Minute {
				recent = append(recent, at)
			}
		}
		k.asked = recent
		if len(recent) >= AsksPerMinute {
			return nil
		}
		k.asked = append(k.asked, now)
	}
	done := make(chan struct{})
	k.pending = done
	// Nobody's context: who asked first may go, and the others still wait.
	go k.load(context.Background(), done)
	return done
}

func (k *KeySet) load(ctx context.Context, done chan<- struct{}) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	keys, lifetime, err := fetchKeys(ctx, k.client, k.url)

	k.mu.Lock()
	defer k.mu.Unlock()
	defer close(done)
	k.pending, k.failed = nil, err
	if err != nil {
		slog.WarnContext(ctx, "keys could not be fetched; old ones go on to serve, if there are any", "err", err)
		return
	}
	now := k.now()
	k.keys, k.fetched, k.fresh = keys, now, now.Add(lifetime)
}

func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
