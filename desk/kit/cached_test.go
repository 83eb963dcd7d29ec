package kit

import (
	"context"
	"errors"
	"testing"
)

func TestSnapshot(t *testing.T) {
	var s Snapshot[int]
	reads, broken := 0, errors.New("the desk is down")
	read := func(context.Context) (int, error) { reads++; return reads, nil }
	for _, tt := range []struct {
		name  string
		first bool
		want  int
	}{
		{"a list that goes on after a restart reads", false, 1},
		{"its next page does not", false, 1},
		{"a list that begins does", true, 2},
		{"its next page does not", false, 2},
	} {
		if got, err := s.Get(t.Context(), tt.first, read); err != nil || got != tt.want {
			t.Errorf("%s: Get = %d, %v, want %d", tt.name, got, err, tt.want)
		}
	}
	if _, err := s.Get(t.Context(), true, func(context.Context) (int, error) { return 0, broken }); !errors.Is(err, broken) {
		t.Errorf("Get = %v, want what the read said", err)
	}
	if got, err := s.Get(t.Context(), false, read); err != nil || got != 2 {
		t.Errorf("after a failure: Get = %d, %v, want what was there", got, err)
	}
}
