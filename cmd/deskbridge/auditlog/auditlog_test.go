package auditlog

import (
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/provision"
)

// TestEveryActionHasAPhrase reads the actions where they are declared.
func TestEveryActionHasAPhrase(t *testing.T) {
	source, err := os.ReadFile("../../../provision/audit/action.go")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`provision\.Action = "([^"]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(found) < 60 {
		t.Fatalf("only %d actions", len(found))
	}
	for _, m := range found {
		if phrases[provision.Action(m[1])] == "" {
			t.Errorf("%s has no phrase", m[1])
		}
	}
}

func TestMoments(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"2026-11-01": "2026-11-01T00:00:00Z", "2026-11-01T08:00:00+02:00": "2026-11-01T06:00:00Z", "2026-11-01 08:00:00": "2026-11-01T08:00:00Z",
		"2026-11-01T08:00": "2026-11-01T08:00:00Z", "36h": "2026-11-28T00:00:00Z", "7d": "2026-11-22T12:00:00Z", "0d": "2026-11-29T12:00:00Z",
	} {
		if got, err := command.ParseMoment(text, now); err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s is %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"x", "-1d", "-5h", "7w", "2026-13-01", "d", "99999999999d"} {
		if got, err := command.ParseMoment(text, now); err == nil {
			t.Errorf("%s is %s", text, got)
		}
	}
	if got, err := command.ParseMoment("", now); err != nil || !got.IsZero() {
		t.Errorf("nothing is %s, %v", got, err)
	}
}
