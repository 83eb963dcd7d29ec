package server

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/deskbridge/deskbridge/config"
)

// secretKeys returns the configured keys, or the one under the data directory,
// which is made at first use, if make.
func secretKeys(s config.Server, make bool) ([][]byte, error) {
	keys, err := s.Keys()
	if err != nil || len(keys) > 0 {
		return keys, err
	}
	path := filepath.Join(s.DataDir, "secret.key")
	text, err := config.ReadSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		if !make {
			return nil, fmt.Errorf("there is no secret key at %s, and DESKBRIDGE_SECRET_KEY is not set; %s", absolute(path), sameSettings)
		}
		text, err = makeKey(s.DataDir, path)
	}
	if err != nil {
		return nil, fmt.Errorf("secret key: %w; set DESKBRIDGE_SECRET_KEY, or a DESKBRIDGE_DATA_DIR that can be written to", err)
	}
	s.SecretKey = strings.TrimSpace(string(text))
	if keys, err = s.Keys(); err != nil {
		return nil, fmt.Errorf("secret key in %s: %w", path, err)
	}
	return keys, nil
}

// makeKey writes a new key to path. Of several processes that try at once all
// get the same: the first one's.
func makeKey(dir, path string) ([]byte, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var key [32]byte
	rand.Read(key[:])
	temp, err := os.CreateTemp(dir, "secret-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(temp.Name())
	_, err = temp.WriteString(base64.StdEncoding.EncodeToString(key[:]) + "\n")
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return os.ReadFile(path)
}
