package command

import (
	"io"
	"os"
	"strings"
)

// ReadSecret returns what a file holds, - is standard input, without the blanks
// around it; at most 64 KiB.
func ReadSecret(path string) (string, error) {
	in := io.Reader(os.Stdin)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return "", Misuse("%w", err)
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, 64<<10))
	return strings.TrimSpace(string(text)), err
}
