package output

import (
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/deskbridge/deskbridge/provision"
)

// Visible returns a writer to w for all that a command prints: whatever a text
// holds that somebody else chose, nothing but line feeds moves the cursor, and
// nothing turns the direction of writing. What cannot be seen comes out as \uXXXX,
// so that JSON stays what it was. It is the net below [Plain], which texts of
// others go through where a line is put together: a line feed in one would begin a
// line. It is safe for concurrent use.
func Visible(w io.Writer) io.Writer { return &visible{w: w} }

type visible struct {
	w io.Writer

	mu   sync.Mutex
	rest []byte // the first bytes of a character of which more is to come
}

// Write implements [io.Writer].
func (v *visible) Write(p []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	text := p
	if len(v.rest) > 0 {
		text = slices.Concat(v.rest, p)
		v.rest = nil
	}
	out := make([]byte, 0, len(text)+16)
	for len(text) > 0 {
		if c := text[0]; c >= ' ' && c < 0x7f || c == '\n' {
			out, text = append(out, c), text[1:]
			continue
		}
		if !utf8.FullRune(text) {
			v.rest = append(v.rest, text...)
			break
		}
		r, n := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && n == 1:
			out = fmt.Appendf(out, `\x%02x`, text[0])
		case !provision.Unseen(r):
			out = append(out, text[:n]...)
		case r > 0xffff:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		text = text[n:]
	}
	if _, err := v.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Terminal returns the terminal that w writes to, and whether it does.
func Terminal(w io.Writer) (*os.File, bool) {
	if v, ok := w.(*visible); ok {
		w = v.w
	}
	f, ok := w.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}
