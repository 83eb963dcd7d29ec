package command

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
)

// maxSecret is how many bytes a secret, or a certificate, has at most.
const maxSecret = 64 << 10

// ReadFile returns what a file holds, - is standard input: most bytes, and an
// error when there are more.
func (a *App) ReadFile(path string, most int) ([]byte, error) {
	in := a.In()
	switch {
	case a.Hosted != nil:
		text, err := a.Hosted.file(path)
		if err != nil {
			return nil, err
		}
		in = bytes.NewReader(text)
	case path != "-":
		f, err := os.Open(path)
		if err != nil {
			return nil, errors.New(output.Plain(err.Error()))
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, int64(most)+1))
	if err == nil && len(text) > most {
		err = fmt.Errorf("more than %d bytes", most)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", output.Plain(path), err)
	}
	return text, nil
}

// ReadSecret returns the secret that a file holds, - is standard input, without
// the blanks around it. That there is none is a mistake.
func (a *App) ReadSecret(path string) (string, error) {
	text, err := a.ReadFile(path, maxSecret)
	if err != nil {
		return "", Misuse("%w", err)
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		return "", Misuse("there is nothing in %s", output.Plain(path))
	}
	return secret, nil
}
