package demo

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/config"
)

// TestSummaryNamesWhatIsThere checks that whoever has seen the demo is sent to
// what there still is, and nowhere else.
func TestSummaryNamesWhatIsThere(t *testing.T) {
	const commands, addresses = "Look around", "http://127.0.0.1:8080"
	for _, tt := range []struct {
		name            string
		temporary, ends bool
		failures        []string
		says, saysNot   []string
	}{
		{"it goes on", true, false, nil, []string{commands, addresses + "/sso/login"}, nil},
		{"it has ended, and its data goes", true, true, nil, nil, []string{commands, addresses, "/data"}},
		{"it has ended, and its data is kept", false, true, nil, []string{commands, "DESKBRIDGE_DATA_DIR=/data"}, []string{addresses}},
		{"it has failed", true, true, []string{"Bo is out"}, []string{commands, "Not as planned:\n  Bo is out"}, []string{addresses}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			m := morning{out: &out, temporary: tt.temporary, failures: tt.failures, settings: config.Server{DataDir: "/data", PublicURL: addresses}}
			m.summary(tt.ends)
			for _, words := range tt.says {
				if !strings.Contains(out.String(), words) {
					t.Errorf("it does not say %q:\n%s", words, &out)
				}
			}
			for _, words := range tt.saysNot {
				if strings.Contains(out.String(), words) {
					t.Errorf("it says %q:\n%s", words, &out)
				}
			}
		})
	}
}

// TestNothingIsLeftOfADemoThatCannotBegin checks that what fails before the
// morning begins leaves no folder.
func TestNothingIsLeftOfADemoThatCannotBegin(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	wrong := errors.New("settings cannot be read")
	err := Run(t.Context(), Options{Out: &strings.Builder{}, Settings: func([]string) (config.Server, error) { return config.Server{}, wrong }})
	if left, _ := filepath.Glob(filepath.Join(temporary, "*")); !errors.Is(err, wrong) || len(left) > 0 {
		t.Errorf("%v, and it left %v", err, left)
	}
	kept := t.TempDir()
	if err := os.WriteFile(filepath.Join(kept, "deskbridge.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), Options{Dir: kept}); !errors.Is(err, ErrOccupied) {
		t.Errorf("a folder with a database: %v", err)
	}
}
