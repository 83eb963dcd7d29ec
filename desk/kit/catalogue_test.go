package kit

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

// roles is a catalogue of what the desk has by now.
func roles(has *[]string, reads *int, several func(int, string) error) *Catalogue[string] {
	return &Catalogue[string]{
		Age: time.Hour, Name: func(s string) string { return s }, Fold: strings.ToLower, Several: several,
		Read: func(context.Context) ([]string, error) {
			*reads++
			if *has == nil {
				return nil, errors.New("the desk is down")
			}
			return *has, nil
		},
	}
}

func TestCatalogue(t *testing.T) {
	has, reads := []string{"Agent", "Lead"}, 0
	c := roles(&has, &reads, nil)
	if got := c.Peek(); got != nil {
		t.Errorf("Peek before the first question = %v", got)
	}
	for _, tt := range []struct {
		name  string
		has   []string
		ask   string
		want  string // "": none
		reads int    // so far
	}{
		{"the first question reads", has, "Agent", "Agent", 1},
		{"the next one does not, and letter case is nothing", has, "LEAD", "Lead", 1},
		{"a name that is not there is looked for once more", has, "Boss", "", 2},
		{"one that is new is found", []string{"Agent", "Boss"}, "Boss", "Boss", 3},
		{"one that is gone is found until the list is old", []string{"Boss"}, "Agent", "Agent", 3},
	} {
		has = tt.has
		got, err := c.Find(t.Context(), tt.ask)
		if err != nil || (got == nil) != (tt.want == "") || got != nil && *got != tt.want || reads != tt.reads {
			t.Errorf("%s: Find = %v, %v after %d reads", tt.name, got, err, reads)
		}
	}
	if got, err := c.Reread(t.Context()); err != nil || len(got) != 1 || len(c.Peek()) != 1 {
		t.Errorf("Reread = %v, %v", got, err)
	}
	has = nil
	if _, err := c.Find(t.Context(), "Agent"); err == nil {
		t.Error("what the desk could not be asked for counts as not there")
	}
	if got, err := c.List(t.Context()); err != nil || len(got) != 1 {
		t.Errorf("after a failure: List = %v, %v, want what was there", got, err)
	}
}

func TestCatalogueOfOneNameTwice(t *testing.T) {
	has, reads, twice := []string{"Agent", "agent"}, 0, errors.New("twice")
	got, err := roles(&has, &reads, nil).Find(t.Context(), "AGENT")
	if err != nil || got == nil || *got != "Agent" {
		t.Errorf("Find = %v, %v, want the first", got, err)
	}
	_, err = roles(&has, &reads, func(n int, name string) error {
		if n != 2 || name != "AGENT" {
			t.Errorf("Several(%d, %q)", n, name)
		}
		return twice
	}).Find(t.Context(), "AGENT")
	if !errors.Is(err, twice) {
		t.Errorf("Find = %v, want that there are two", err)
	}
}
