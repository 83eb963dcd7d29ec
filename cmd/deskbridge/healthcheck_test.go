package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
)

func TestHealthcheck(t *testing.T) {
	for _, tt := range []struct {
		name    string
		answers int // status of /readyz
		wantErr string
	}{
		{"a server that is ready", http.StatusOK, ""},
		{"a server whose database does not answer", http.StatusServiceUnavailable, "not ready: status 503"},
		{"somebody else's server", http.StatusNotFound, "not ready: status 404"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet || r.URL.Path != "/readyz" {
					t.Errorf("asked %s %s, want GET /readyz", r.Method, r.URL.Path)
				}
				w.WriteHeader(tt.answers)
			}))
			defer web.Close()
			app := &command.App{Environ: []string{"DESKBRIDGE_LISTEN=" + web.Listener.Addr().String()}}
			err := execute(t, app)
			switch {
			case tt.wantErr == "" && err != nil:
				t.Errorf("got %v, want no error", err)
			case tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)):
				t.Errorf("got %v, want an error with %q", err, tt.wantErr)
			}
		})
	}
}

func TestHealthcheckOfNobody(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	address := web.Listener.Addr().String()
	web.Close()
	err := execute(t, &command.App{Environ: []string{"DESKBRIDGE_LISTEN=" + address}})
	if err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("got %v, want an error that says that nobody answers", err)
	}
}

func execute(t *testing.T, a *command.App) error {
	t.Helper()
	cmd := healthcheckCommand(a)
	cmd.SetArgs([]string{}) // nil would be those of the test
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	return cmd.ExecuteContext(t.Context())
}

func TestLocalAddress(t *testing.T) {
	for _, tt := range []struct{ listen, want string }{
		{"127.0.0.1:8080", "127.0.0.1:8080"},
		{"0.0.0.0:8080", "127.0.0.1:8080"},
		{":8080", "127.0.0.1:8080"},
		{"[::]:8080", "[::1]:8080"},
		{"[::1]:8080", "[::1]:8080"},
		{"bridge.internal:80", "bridge.internal:80"},
	} {
		got, err := server.LocalAddress(tt.listen)
		if err != nil || got != tt.want {
			t.Errorf("localAddress(%q) = %q, %v; want %q", tt.listen, got, err, tt.want)
		}
	}
}
