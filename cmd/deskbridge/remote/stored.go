package remote

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/client"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
)

// Login is a token that `deskbridge login` has got, and of which server.
type Login struct {
	Server string `json:"server"`
	admin.LoggedIn
}

// place returns the file of the login at a server: one for each.
func place(a *command.App, server string) (string, error) {
	dir := a.Getenv("XDG_CONFIG_HOME")
	if dir == "" {
		var err error
		if dir, err = os.UserConfigDir(); err != nil {
			return "", err
		}
	}
	sum := sha256.Sum256([]byte(server))
	return filepath.Join(dir, "deskbridge", "logins", hex.EncodeToString(sum[:8])+".json"), nil
}

// Stored returns the login at a server; [os.ErrNotExist] when there is none, or it has
// ended.
func Stored(a *command.App, server string) (l Login, _ error) {
	server, err := client.Address(server)
	if err != nil {
		return l, command.Misuse("%w", err)
	}
	path, err := place(a, server)
	if err != nil {
		return l, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return l, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return l, fmt.Errorf("others may read %s, which holds a token: remove it, and run `deskbridge login --server %s` again", path, server)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return l, err
	}
	if err := json.Unmarshal(text, &l); err != nil || l.Server != server { // a token goes to its own server alone
		return Login{}, fmt.Errorf("%s is no login at %s: remove it, and run `deskbridge login --server %[2]s` again", path, server)
	}
	if ends, err := time.Parse(time.RFC3339, l.ExpiresAt); err == nil && !time.Now().Before(ends) {
		return Login{}, fmt.Errorf("the login has ended: %w", os.ErrNotExist)
	}
	return l, nil
}

// Store keeps a login, for this user of the machine alone.
func Store(a *command.App, l Login) error {
	path, err := place(a, l.Server)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "login-*") // 0600 from the beginning
	if err != nil {
		return err
	}
	_, err = temp.Write(text)
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}

// Forget removes the login at a server.
func Forget(a *command.App, server string) error {
	path, err := place(a, server)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
