package client_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/client"
	"github.com/deskbridge/deskbridge/provision"
)

// TestAddress: a token goes over TLS, or stays on this machine.
func TestAddress(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"https://Bridge.example.com/", "https://bridge.example.com"},
		{"https://bridge.example.com:8443/help/", "https://bridge.example.com:8443/help"},
		{"http://127.0.0.1:8080", "http://127.0.0.1:8080"},
		{"http://[::1]:8080", "http://[::1]:8080"},
		{"http://localhost:8080", "http://localhost:8080"},
		{"http://bridge.example.com", ""},
		{"http://localhost.example.com", ""},
		{"http://127.0.0.1.example.com", ""},
		{"ftp://bridge.example.com", ""},
		{"bridge.example.com", ""},
		{"https://ada:secret@bridge.example.com", ""},
		{"https://bridge.example.com?x=1", ""},
		{"https://", ""},
		{"", ""},
	} {
		got, err := client.Address(tt.in)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%q is %q, %v; want %q", tt.in, got, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") && !strings.Contains(tt.in, "secret") {
			t.Errorf("%q: %v", tt.in, err)
		}
	}
}

// TestATokenStaysWithItsServer has servers answer what they should not: the token is
// sent nowhere else, and nothing is taken for done that was not said to be.
func TestATokenStaysWithItsServer(t *testing.T) {
	elsewhere := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	var answer func(w http.ResponseWriter)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer dbm_secret" || r.URL.Path != "/api/v1/commands/person-list" || r.Method != http.MethodPost {
			t.Errorf("asked: %s %s %v", r.Method, r.URL, r.Header)
		}
		answer(w)
	}))
	defer server.Close()
	said := func(lines ...string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", admin.SaidType)
			fmt.Fprint(w, strings.Join(lines, "\n"))
		}
	}
	redirect := func(status int, to string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.Header().Set("Location", to); w.WriteHeader(status) }
	}
	for _, tt := range []struct {
		name   string
		answer func(http.ResponseWriter)
		out    string
		status int
		asks   bool
		want   string // in the error
	}{
		{"done", said(`{"out":"a"}`, `{"err":"b"}`, `{"out":"c"}`, `{"status":3}`), "abc", 3, false, ""},
		{"a question", said(`{"err":"sure?"}`, `{"asks":true}`), "sure?", 0, true, ""},
		{"broken off", said(`{"out":"a"}`), "a", 0, false, "whether the command did its work is not known"},
		{"half a line", said(`{"status":`), "", 0, false, "whether the command did its work is not known"},
		{"something else", func(w http.ResponseWriter) { fmt.Fprint(w, "<html>hello") }, "", 0, false, "no answer of Deskbridge"},
		{"a proxy's error", func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) }, "", 0, false, "502 Bad Gateway, which is no answer of Deskbridge"},
		{"sent to another host", redirect(http.StatusTemporaryRedirect, other.URL), "", 0, false, "where nothing was sent"},
		{"sent to another host, to get", redirect(http.StatusFound, other.URL), "", 0, false, "where nothing was sent"},
		{"sent elsewhere on the same", redirect(http.StatusPermanentRedirect, "/other"), "", 0, false, "where nothing was sent"},
		{"refused", func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"title":"Forbidden","status":403,"code":"scope","detail":"this token was not made to do it","hint":"make a token that names the verb"}`)
		}, "", 0, false, "this token was not made to do it; make a token that names the verb"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answer = tt.answer
			c, err := client.New(server.URL, "dbm_secret")
			if err != nil {
				t.Fatal(err)
			}
			out := ""
			status, asks, err := c.Run(t.Context(), "person-list", admin.Run{}, func(line admin.Said) error { out += line.Out + line.Err; return nil })
			if out != tt.out || status != tt.status || asks != tt.asks || (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%q, status %d, asks %t, %v", out, status, asks, err)
			}
			if e, ok := err.(*provision.Error); tt.name == "refused" && (!ok || e.Reason != admin.ReasonScope) {
				t.Errorf("refused: %#v", err)
			}
			if err != nil && strings.Contains(err.Error(), "dbm_secret") {
				t.Errorf("the error has the token: %v", err)
			}
		})
	}
	if elsewhere > 0 {
		t.Errorf("%d requests went elsewhere", elsewhere)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c, err := client.New("https://127.0.0.1:1", "dbm_secret")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Logout(ctx); err == nil || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("no server: %v", err)
	}
	tls := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer tls.Close()
	tls.Config.ErrorLog = nil
	if c, err = client.New(tls.URL, "dbm_secret"); err != nil {
		t.Fatal(err)
	}
	if err := c.Logout(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") || elsewhere > 0 {
		t.Errorf("a server that nobody vouches for: %v", err)
	}
}
