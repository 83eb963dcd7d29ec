package alarm

import (
	"context"
	"slices"
)

// Open returns what needs somebody now, as it was seen last, by key. While nobody is told
// of anything nothing is looked for, and nothing is open.
func (s *Service) Open(ctx context.Context) ([]Alarm, error) {
	all, err := s.store.Alarms(ctx)
	return slices.DeleteFunc(all, func(a Alarm) bool { return a.GoneAt != nil }), err
}
