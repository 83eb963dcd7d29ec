package proxytest

import (
	"bytes"
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	"github.com/deskbridge/deskbridge/test/processtest"
	"github.com/deskbridge/deskbridge/test/servicetest"
)

// Proxy is an nginx in front of Deskbridge and a desk.
type Proxy struct {
	Address string   // where nginx listens: host:port
	Bridges []string // URLs of Deskbridge's replicas, one or two: the second gets what identity providers send
	Desk    string   // what Deskbridge calls the Request Tracker
	Tracker *Tracker // nil: there is no desk
}

// Open runs nginx until the test ends.
func (p Proxy) Open(t *testing.T) {
	t.Helper()
	servicetest.Need(t)
	dir := t.TempDir()
	config := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(config, p.config(t, dir), 0o600); err != nil {
		t.Fatal(err)
	}
	server := &processtest.Server{Name: "nginx", Ready: "http://" + p.Address + "/sso/login", Command: func() *exec.Cmd {
		return exec.Command("nginx", "-p", dir, "-c", config, "-e", "stderr")
	}}
	server.Start(t)
}

//go:embed nginx.conf
var nginxConfig string

func (p Proxy) config(t *testing.T, dir string) []byte {
	t.Helper()
	parsed := template.Must(template.New("nginx.conf").Funcs(template.FuncMap{
		"host": func(url string) string { return strings.TrimPrefix(url, "http://") },
	}).Parse(nginxConfig))
	var text bytes.Buffer
	err := parsed.Execute(&text, map[string]any{"Proxy": p, "Last": p.Bridges[len(p.Bridges)-1], "Dir": dir, "Root": os.Getuid() == 0})
	if err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}
