package auditlog

import (
	"context"

	"github.com/deskbridge/deskbridge/admin/console"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
)

// Sentences says audit entries in words, with the names that ids have today.
type Sentences struct{ names *names }

// NewSentences returns Sentences that find names in sys. Of a list they tell the first ones,
// most at most, and how many more there are; 0: all of it.
func NewSentences(ctx context.Context, sys *server.System, most int) (*Sentences, error) {
	names, err := newNames(ctx, sys)
	if err != nil {
		return nil, err
	}
	names.most = most
	return &Sentences{names}, nil
}

// Of returns an entry in words, in one line.
func (s *Sentences) Of(ctx context.Context, e provision.Entry) (string, error) {
	text, err := s.names.sentence(ctx, e)
	return output.Plain(text), err
}

// Console returns Sentences for the console.
func Console(ctx context.Context, sys *server.System, most int) (console.Sentences, error) {
	return NewSentences(ctx, sys, most)
}
