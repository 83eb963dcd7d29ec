package command

import (
	"bytes"
	"strings"
	"testing"
)

// TestConfirm: at a terminal the word must be typed; without one --yes is needed,
// or the command is one that never asked before.
func TestConfirm(t *testing.T) {
	for _, tt := range []struct {
		name           string
		ask            Confirm
		terminal       bool
		typed          string
		want           string // part of the error; "": it goes on
		asked, misused bool
	}{
		{"typed", Confirm{}, true, "acme\n", "", true, false},
		{"typed without an end", Confirm{}, true, "acme", "", true, false},
		{"something else is typed", Confirm{}, true, "yes\n", "nothing was changed", true, false},
		{"nothing is typed", Confirm{}, true, "", "nothing was changed", true, false},
		{"a terminal asks also what goes on in scripts", Confirm{Scripts: true}, true, "no\n", "nothing was changed", true, false},
		{"--yes", Confirm{yes: true}, true, "", "", false, false},
		{"no terminal", Confirm{}, false, "acme\n", "--yes", false, true},
		{"a script of before", Confirm{Scripts: true}, false, "", "", false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var asked bytes.Buffer
			a := &App{Stderr: &asked, Stdin: strings.NewReader(tt.typed), Terminal: func() bool { return tt.terminal }}
			err := tt.ask.Ask(a, "This ends all of acme", "acme")
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) || IsMisuse(err) != tt.misused {
				t.Errorf("error %v (misuse %t), want %q", err, IsMisuse(err), tt.want)
			}
			if (asked.Len() > 0) != tt.asked {
				t.Errorf("asked: %q", asked.String())
			}
		})
	}
}
