package output_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"testing/iotest"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/provision"
)

// FuzzVisible: whatever is written, in whatever pieces, shows as itself, and JSON
// says afterwards what it said before.
func FuzzVisible(f *testing.F) {
	f.Add("a\x1b[2K\u202e\U000e0041 Ż → 日本 👩\u200d💻\n", 3)
	f.Add("\x9b8m\xff", 1)
	f.Fuzz(func(t *testing.T, text string, piece int) {
		var whole, parts bytes.Buffer
		if n, err := output.Visible(&whole).Write([]byte(text)); n != len(text) || err != nil {
			t.Fatalf("%d bytes of %d: %v", n, len(text), err)
		}
		w := output.Visible(&parts)
		for rest := []byte(text); len(rest) > 0; {
			n := min(max(piece, 1), len(rest))
			if _, err := w.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if parts.String() != whole.String() {
			t.Errorf("in pieces %q, at once %q", parts.String(), whole.String())
		}
		for _, r := range whole.String() {
			if r != '\n' && provision.Unseen(r) {
				t.Errorf("%q shows %q", text, whole.String())
			}
		}
		said, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		var shown bytes.Buffer
		output.Visible(&shown).Write(said)
		var before, after string
		if json.Unmarshal(said, &before) != nil || json.Unmarshal(shown.Bytes(), &after) != nil || before != after {
			t.Errorf("%s becomes %s", said, shown.String())
		}
	})
}

// TestVisibleFails: a writer that fails is not taken for one that wrote.
func TestVisibleFails(t *testing.T) {
	if _, err := output.Visible(iotest.TruncateWriter(brokenWriter{}, 10)).Write([]byte("a")); err == nil {
		t.Error("no error")
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, iotest.ErrTimeout }
