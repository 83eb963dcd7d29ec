package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func TestANewKeyWorksAtOnce(t *testing.T) {
	p := newProvider(t, publicKey("one", rsaKey))
	p.accepts(t, sign(t, jose.RS256, rsaKey, kid("one")), "the first key")
	p.publish(publicKey("two", p256Key))
	p.accepts(t, sign(t, jose.ES256, p256Key, kid("two")), "the new key")
	p.refuses(t, sign(t, jose.RS256, rsaKey, kid("one")), "the key that was withdrawn")
	p.publish(publicKey("two", otherRSA))
	p.accepts(t, sign(t, jose.RS256, otherRSA, kid("two")), "a new key under the old id")
}

func TestUnknownKeysAreAskedForFourTimesAMinute(t *testing.T) {
	p := newProvider(t, publicKey("one", rsaKey))
	good := sign(t, jose.RS256, rsaKey, kid("one"))
	unknown := make([]string, 30)
	for i := range unknown {
		unknown[i] = sign(t, jose.RS256, otherRSA, kid(fmt.Sprintf("unknown-%d", i)))
	}
	for _, token := range unknown {
		p.refuses(t, token, "an unknown key")
	}
	p.wantAsked(t, 1+AsksPerMinute, "thirty unknown keys")
	p.accepts(t, good, "a known key, with no request left")

	p.later(time.Minute)
	p.publish(publicKey("one", rsaKey), publicKey("two", p256Key))
	p.accepts(t, sign(t, jose.ES256, p256Key, kid("two")), "a new key, a minute later")
	p.wantAsked(t, 2+AsksPerMinute, "a minute later")
}

func TestKeysAreAskedForAgainWhenTheyAreOld(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header http.Header
		want   time.Duration
	}{
		{"as the answer says", http.Header{"Cache-Control": {"public, max-age=1800"}}, 30 * time.Minute},
		{"less its age", http.Header{"Cache-Control": {`MAX-AGE="1800"`}, "Age": {"600"}}, 20 * time.Minute},
		{"an hour when it says nothing", nil, time.Hour},
		{"not more often than every five minutes", http.Header{"Cache-Control": {"max-age=1"}}, 5 * time.Minute},
		{"not even when it wants no cache", http.Header{"Cache-Control": {"max-age=9999", "no-store"}}, 5 * time.Minute},
		{"nor when it cannot be read", http.Header{"Cache-Control": {"max-age=soon"}}, 5 * time.Minute},
		{"at least once a day", http.Header{"Cache-Control": {"max-age=31536000, immutable"}}, 24 * time.Hour},
		{"whatever its age is", http.Header{"Cache-Control": {"max-age=1800"}, "Age": {"-99999999"}}, 30 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := lifetime(tt.header); got != tt.want {
				t.Errorf("lifetime %v, want %v", got, tt.want)
			}
		})
	}
	p := newProvider(t, publicKey("one", rsaKey))
	token := sign(t, jose.RS256, rsaKey, kid("one"))
	p.accepts(t, token, "first")
	p.later(keysUnsaid - time.Second)
	p.accepts(t, token, "while they are fresh")
	p.wantAsked(t, 1, "while they are fresh")
	p.later(time.Second)
	p.accepts(t, token, "afterwards")
	p.wantAsked(t, 2, "afterwards")
}

func TestOldKeysServeWhileThereAreNoNewOnes(t *testing.T) {
	p := newProvider(t, publicKey("one", rsaKey))
	token := sign(t, jose.RS256, rsaKey, kid("one"))
	p.accepts(t, token, "while the provider is up")
	p.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })

	p.later(2 * time.Hour)
	for range 20 {
		p.accepts(t, token, "while it is down")
	}
	if _, err := p.Fetched(); reason(t, err) != BadStatus {
		t.Errorf("Fetched says %v, want why the last attempt failed", err)
	}
	p.later(KeysStale)
	if _, err := p.VerifySignature(t.Context(), token); err == nil {
		t.Error("keys of last week were accepted")
	}
	p.publish(publicKey("one", rsaKey))
	p.later(time.Minute)
	p.accepts(t, token, "when it is up again")
	if at, err := p.Fetched(); err != nil || !at.Equal(p.now()) {
		t.Errorf("Fetched says %v, %v; want now", at, err)
	}
}

func TestAProviderThatIsDownIsNotAskedForEveryToken(t *testing.T) {
	p := newProvider(t, publicKey("one", rsaKey))
	p.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	token := sign(t, jose.RS256, rsaKey, kid("one"))
	var last error
	for range 30 {
		_, last = p.VerifySignature(t.Context(), token)
	}
	if reason(t, last) != AskedTooOften {
		t.Errorf("%v, want that it was asked too often", last)
	}
	p.wantAsked(t, 1+AsksPerMinute, "thirty tokens")
}

func TestManyCallersMakeOneRequest(t *testing.T) {
	p := newProvider(t, publicKey("one", rsaKey))
	token := sign(t, jose.RS256, rsaKey, kid("one"))
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() { p.accepts(t, token, "one of many callers") })
	}
	callers.Wait()
	p.wantAsked(t, 1, "twenty callers")
}

func TestNobodyHangsOnAProviderThatNeverAnswers(t *testing.T) {
	token := sign(t, jose.RS256, rsaKey, kid("one"))
	p := newProvider(t)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) }) // before the server's, which waits for its handlers
	p.answers(func(http.ResponseWriter, *http.Request) { <-release })
	p.client.Timeout = 300 * time.Millisecond

	hurried, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := p.VerifySignature(hurried, token)
	if reason(t, err) != Unreachable || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a caller in a hurry got %v", err)
	}
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			if _, err := p.VerifySignature(t.Context(), token); err == nil {
				t.Error("a token was accepted without keys")
			}
		})
	}
	callers.Wait()
	if got := p.asked.Load(); got > 1+AsksPerMinute {
		t.Errorf("the callers made %d requests", got)
	}
}
