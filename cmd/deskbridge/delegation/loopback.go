package delegation

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
)

// opened has a browser open the address, and returns the code that it is sent back
// with to this machine (RFC 8252 section 7.3).
func (r request) opened(ctx context.Context, a *command.App) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	answers := make(chan answer, 1)
	server := &http.Server{Handler: r.back(answers), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	defer server.Close()
	go func() { _ = server.Serve(listener) }() // it ends with Close
	address := r.address(listener.Addr().(*net.TCPAddr).Port)
	fmt.Fprintf(a.Stderr, "A browser opens this address; agree there. If none does, open it on this machine:\n  %s\n", address)
	open(ctx, a, address)
	select {
	case got := <-answers:
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = server.Shutdown(ending) // the page is shown
		return got.code, got.err
	case <-ctx.Done():
		return "", errors.New("nobody has agreed at the browser; on a machine without one, use --no-browser")
	}
}

// answer is what the browser comes back with.
type answer struct {
	code string
	err  error
}

// back serves the address to which the browser is sent. Only the one with our state is
// from where we have sent it: another page of the browser cannot know it.
func (r request) back(answers chan<- answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		query := req.URL.Query()
		if req.Method != http.MethodGet || req.URL.Path != "/" || subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(r.state)) != 1 {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprintln(w, "This is no answer to this login.")
			return
		}
		got := answer{code: query.Get("code")}
		if got.code == "" {
			got.err = errors.New("it was not agreed to at the browser")
		}
		select {
		case answers <- got:
		default: // one has come
		}
		fmt.Fprintln(w, "You can close this page and go back to the command line.")
	})
}
