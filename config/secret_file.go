package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// mountedSecrets is where container engines mount secrets: readable for
// everybody in the container, who is nobody but us.
const mountedSecrets = "/run/secrets/"

// readFile reads the file that holds the value of key.
func readFile(key, path string) ([]byte, error) {
	if key == "secret_key" {
		return ReadSecret(path)
	}
	return os.ReadFile(path)
}

// ReadSecret reads a file with a secret key in it, unless others on the machine
// may read it, or write to it.
func ReadSecret(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode().Perm(); mode&0o027 != 0 && runtime.GOOS != "windows" && !strings.HasPrefix(absolute, mountedSecrets) {
		return nil, fmt.Errorf("%s can be read or written by others (mode %04o); run `chmod 600 %s`, and think about a new key if others were on this machine", path, mode, path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err == nil && len(text) > maxSecret {
		err = fmt.Errorf("%s has more than %d bytes; is it a key?", path, maxSecret)
	}
	return text, err
}

// maxSecret is how many bytes a file with keys has at most.
const maxSecret = 4096
