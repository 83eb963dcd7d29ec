package config_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/config"
)

func TestLoadNeedsNothing(t *testing.T) {
	s, err := config.Load("", []string{"PATH=/bin", "DESKBRIDGE_TEST_POSTGRES=ignored"})
	if err != nil {
		t.Fatal(err)
	}
	if s.Listen != "127.0.0.1:8080" || s.PublicURL != "http://127.0.0.1:8080" || s.DataDir != "./data" || s.DatabaseURL != "" || s.Grace != 5*time.Second || s.Brake != "on" {
		t.Errorf("defaults = %+v", s)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key := strings.Repeat("A", 43) + "="
	file := write("settings.yaml", "listen: 0.0.0.0:9000\nworkers: 3\nbrake_window: 1h\n")
	s, err := config.Load(file, []string{
		"DESKBRIDGE_WORKERS=5", "DESKBRIDGE_PUBLIC_URL=https://bridge.example.com/", "DESKBRIDGE_GRACE=250ms",
		"DESKBRIDGE_DATABASE_URL_FILE=" + write("url", "postgres://u:p@db/x\n"), "DESKBRIDGE_SECRET_KEY=" + key + "," + key,
		"DESKBRIDGE_ALLOW_HOSTS=127.0.0.1:9400, idp.test:443",
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.Listen != "0.0.0.0:9000" || s.Workers != 5 || s.BrakeWindow != time.Hour || s.Grace != 250*time.Millisecond ||
		s.PublicURL != "https://bridge.example.com" || s.DatabaseURL != "postgres://u:p@db/x" {
		t.Errorf("settings = %+v", s)
	}
	if keys, err := s.Keys(); err != nil || len(keys) != 2 || len(keys[0]) != 32 {
		t.Errorf("keys: %d, %v", len(keys), err)
	}
	if hosts := s.Hosts(); len(hosts) != 2 || hosts[1] != "idp.test:443" {
		t.Errorf("hosts = %v", hosts)
	}
}

func TestLoadNamesEveryMistake(t *testing.T) {
	_, err := config.Load("", []string{
		"DESKBRIDGE_LISTEN=nowhere", "DESKBRIDGE_PUBLIC_URL=ftp://x", "DESKBRIDGE_DATABASE_URL=mysql://root:hunter2@db", "DESKBRIDGE_SECRET_KEY=hunter2",
		"DESKBRIDGE_ALLOW_HOSTS=nohost", "DESKBRIDGE_LOG_LEVEL=loud", "DESKBRIDGE_LOG_FORMAT=xml", "DESKBRIDGE_WORKERS=0", "DESKBRIDGE_BRAKE=maybe",
		"DESKBRIDGE_BRAKE_PEOPLE=0", "DESKBRIDGE_BRAKE_PERCENT=101", "DESKBRIDGE_BRAKE_WINDOW=1ms", "DESKBRIDGE_GRACE=-1s", "DESKBRIDGE_SCIM_RATE=0",
		"DESKBRIDGE_SCIM_MAX_BODY=5", "DESKBRIDGE_WORKRS=1", "DESKBRIDGE_SECRET_KEY_FILE=/no/such/file",
	})
	if err == nil {
		t.Fatal("no mistake was found")
	}
	for _, name := range []string{"LISTEN", "PUBLIC_URL", "DATABASE_URL", "SECRET_KEY", "ALLOW_HOSTS", "LOG_LEVEL", "LOG_FORMAT", "WORKERS", "BRAKE", "BRAKE_PEOPLE",
		"BRAKE_PERCENT", "BRAKE_WINDOW", "GRACE", "SCIM_RATE", "SCIM_MAX_BODY", "WORKRS", "SECRET_KEY_FILE"} {
		if !strings.Contains(err.Error(), "DESKBRIDGE_"+name+":") && !strings.Contains(err.Error(), "unknown setting DESKBRIDGE_"+name) {
			t.Errorf("%s is not named in:\n%v", name, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a secret stands in the error:\n%v", err)
	}
	if _, err := config.Load("", []string{"DESKBRIDGE_SOMETHING_ELSE=of another program"}); err != nil {
		t.Errorf("a variable that is no setting: %v", err)
	}
	file := filepath.Join(t.TempDir(), "settings.yaml")
	if err := os.WriteFile(file, []byte("lissten: 127.0.0.1:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(file, nil); err == nil || !strings.Contains(err.Error(), "unknown setting lissten") {
		t.Errorf("an unknown setting in a file: %v", err)
	}
	if _, err := config.Load("", []string{"DESKBRIDGE_WORKERS=many"}); err == nil || !strings.Contains(err.Error(), `DESKBRIDGE_WORKERS: "many"`) {
		t.Errorf("a word for a number: %v", err)
	}
	if _, err := config.Load("/no/such/settings.yaml", nil); err == nil || !strings.Contains(err.Error(), "/no/such/settings.yaml") {
		t.Errorf("a missing file: %v", err)
	}
}

func TestPublicURLIsAnOrigin(t *testing.T) {
	for _, tt := range []struct {
		given, kept string // "": refused
	}{
		{"https://bridge.example.com", "https://bridge.example.com"},
		{"https://bridge.example.com/", "https://bridge.example.com"},
		{"http://127.0.0.1:8080", "http://127.0.0.1:8080"},
		{"https://example.com/bridge", ""},
		{"https://example.com/bridge/", ""},
		{"https://admin:hunter2@bridge.example.com", ""},
		{"https://bridge.example.com?x=1", ""},
	} {
		s, err := config.Load("", []string{"DESKBRIDGE_PUBLIC_URL=" + tt.given})
		switch {
		case tt.kept != "" && (err != nil || s.PublicURL != tt.kept):
			t.Errorf("%s: %q, %v", tt.given, s.PublicURL, err)
		case tt.kept == "" && (err == nil || !strings.Contains(err.Error(), "DESKBRIDGE_PUBLIC_URL:") || strings.Contains(err.Error(), "hunter2")):
			t.Errorf("%s: %v", tt.given, err)
		}
	}
}

// TestKeyFile: a file with the secret key is for its owner, and perhaps a group.
func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	key := base64.StdEncoding.EncodeToString(make([]byte, 32)) + "\n"
	for mode, fine := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o640: true, 0o644: false, 0o666: false, 0o620: false, 0o777: false} {
		if err := errors.Join(os.WriteFile(path, []byte(key), 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		_, err := config.Load("", []string{"DESKBRIDGE_SECRET_KEY_FILE=" + path})
		switch {
		case fine && err != nil:
			t.Errorf("%04o: %v", mode, err)
		case !fine && (err == nil || !strings.Contains(err.Error(), "chmod 600 "+path)):
			t.Errorf("%04o is taken, or refused without what to do: %v", mode, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, bytes.Repeat([]byte("A"), 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load("", []string{"DESKBRIDGE_SECRET_KEY_FILE=" + path}); err == nil || !strings.Contains(err.Error(), "is it a key?") {
		t.Errorf("a file that is no key: %v", err)
	}
}

// TestTimesAndNumbersAreMistakesOfTheirOwn: a time that cannot be read keeps no
// other mistake from being told, and a number without a unit is no time,
// wherever it stands.
func TestTimesAndNumbersAreMistakesOfTheirOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings.yaml")
	if err := os.WriteFile(path, []byte("grace: 5\nbrake_window: 1.5\nsession_idle: 60\nsweep: 3600\nworkers: 2.5\nallow_hosts: [a, b]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load(path, []string{"DESKBRIDGE_LISTEN=8080", "DESKBRIDGE_SESSION_LIFE=soon", "DESKBRIDGE_BRAKE_PEOPLE=many"})
	if err == nil {
		t.Fatal("no mistake was found")
	}
	for _, want := range []string{
		"DESKBRIDGE_GRACE: 5 has no unit; write 5s, 5m, 5h or 5d", "DESKBRIDGE_BRAKE_WINDOW: 1.5 has no unit", "DESKBRIDGE_SESSION_IDLE: 60 has no unit",
		`DESKBRIDGE_SWEEP: "3600" is neither off nor a time`, `DESKBRIDGE_WORKERS: "2.5" is no whole number`, "DESKBRIDGE_ALLOW_HOSTS: one value belongs here",
		`DESKBRIDGE_LISTEN: "8080" is no host:port`, `DESKBRIDGE_SESSION_LIFE: "soon" is no time`, `DESKBRIDGE_BRAKE_PEOPLE: "many" is no whole number`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
	if lines := strings.Count(err.Error(), "\n") + 1; lines != 9 {
		t.Errorf("%d mistakes were told of 9:\n%v", lines, err)
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "90s": 90 * time.Second, "1.5h": 90 * time.Minute, "90d": 90 * 24 * time.Hour, "1d12h": 36 * time.Hour, "\t2d": 48 * time.Hour, "365d": 365 * 24 * time.Hour,
		"-1s": -time.Second,
	} {
		if got, err := config.ParseDuration(text); got != want || err != nil {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
		if again, err := config.ParseDuration(config.FormatDuration(want)); again != want || err != nil {
			t.Errorf("%v is written as %q, which is read as %v, %v", want, config.FormatDuration(want), again, err)
		}
	}
	for _, text := range []string{"", "5", "1y", "d", "1d-1h", "1d+1h", "-1d", "1.5d", "1h1d", "1d1d", "99999999d", "200000d", "one day", "5 d", "1e3"} {
		if got, err := config.ParseDuration(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}
