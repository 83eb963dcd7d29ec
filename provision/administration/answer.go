package administration

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// answerLife is for how long a client gets an answer again.
const answerLife = 24 * time.Hour

// Answer is what a request of the admin API was answered, for the client that asks
// once more because it does not know whether the first one has arrived.
type Answer struct {
	Key       string // SHA-256 of who asked and the client's key, in hex
	Request   string // SHA-256 of the request, in hex
	Status    int    // 0 while the request is under way
	Body      string // sealed by the store
	ExpiresAt time.Time
}

// BeginAnswer notes that a request is under way, by who asks, the key that the client
// has made up, and the request itself. first is false when there was one with the key,
// which is returned: a Conflict when it was another request, and when nothing is known
// of how it ended.
func (s *Service) BeginAnswer(ctx context.Context, actor, key string, request []byte) (a Answer, first bool, _ error) {
	now := s.now()
	a = Answer{Key: digest([]byte(actor + "\x00" + key)), Request: digest(request), ExpiresAt: now.Add(answerLife)}
	err := s.inTx(ctx, func(tx Store) error {
		if err := tx.SweepAnswers(ctx, now); err != nil {
			return err
		}
		var err error
		first, err = tx.InsertAnswer(ctx, a)
		return err
	})
	if err != nil || first {
		return a, first, err
	}
	have, err := s.store.Answer(ctx, a.Key)
	switch {
	case err != nil:
		return a, false, err
	case have.Request != a.Request:
		return have, false, provision.Errorf(provision.Conflict, "Idempotency-Key", "another request had this key; make up a new one for each")
	case have.Status == 0:
		return have, false, provision.Errorf(provision.Conflict, "Idempotency-Key", "the first request with this key is under way, or it is not known how it ended: look what came of it")
	}
	return have, false, nil
}

// EndAnswer keeps how a request was answered.
func (s *Service) EndAnswer(ctx context.Context, a Answer) error { return s.store.SaveAnswer(ctx, a) }

// DropAnswer forgets a request that changed nothing: the client may send it again.
func (s *Service) DropAnswer(ctx context.Context, a Answer) error {
	return s.store.DeleteAnswer(ctx, a.Key)
}

func digest(of []byte) string {
	sum := sha256.Sum256(of)
	return hex.EncodeToString(sum[:])
}
