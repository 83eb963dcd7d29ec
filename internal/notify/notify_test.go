package notify

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/provision/alarm"
)

var delivery = alarm.Delivery{ID: "0192-7c", Event: alarm.Raised, Code: "desk-refuses", Text: "Desk support refuses our credentials: “näh”.",
	Body: `{"data":{"text":"Desk support","do":"give it new ones","url":"https://bridge.example.com/admin/"}}`, At: time.Date(2026, 12, 1, 9, 30, 0, 0, time.UTC)}

func TestWebhook(t *testing.T) {
	secret := "whsec_" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	status := http.StatusNoContent
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := verifier.Verify(body, r.Header); err != nil || r.Header.Get("webhook-id") != "0192-7c" || string(body) != delivery.Body || r.URL.Path != "/T0/secret" {
			t.Errorf("%v: %s %s %v", err, r.URL.Path, body, r.Header)
		}
		if status == http.StatusFound {
			w.Header().Set("Location", "https://elsewhere.example.com/secret")
		}
		w.WriteHeader(status)
		io.WriteString(w, "<p>our secret is 42</p>")
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	s := New(fetch.New(fetch.Options{AllowHosts: []string{host}}), nil, "")
	send := func(to string) error {
		return s.Send(t.Context(), &alarm.Target{Kind: alarm.Webhook, Address: to, Secret: secret}, &delivery)
	}
	for code, want := range map[int]string{204: "", 200: "", 302: "redirect", 401: "HTTP 401", 410: "HTTP 410", 503: "HTTP 503"} {
		status = code
		err := send(server.URL + "/T0/secret")
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret")) || errors.Is(err, alarm.ErrRefused) != (code == 410) {
			t.Errorf("HTTP %d: %v, want %q", code, err, want)
		}
	}
	for _, to := range []string{"https://127.0.0.1:1/T0/secret", "http://" + host + "0/T0/secret", "https://169.254.169.254/secret"} {
		if err := send(to); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", to, err)
		}
	}
	if err := s.Send(t.Context(), &alarm.Target{Kind: alarm.Mail, Address: "ops@example.com"}, &delivery); err == nil || !strings.Contains(err.Error(), "DESKBRIDGE_SMTP_URL") {
		t.Errorf("mail without a server: %v", err)
	}
}

// smtpServer speaks no TLS, takes every password and one mail, and gives an answer to it.
func smtpServer(t *testing.T, answer string) (address string, got <-chan string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	mails := make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(10 * time.Second))
		var all strings.Builder
		say := func(line string) { io.WriteString(conn, line+"\r\n") }
		say("220 mail.example.com ESMTP")
		lines, data := bufio.NewScanner(conn), false
		for lines.Scan() {
			line := lines.Text()
			all.WriteString(line + "\r\n")
			verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
			switch {
			case data && line == ".":
				data = false
				say(answer)
				mails <- all.String()
			case data:
			case verb == "EHLO":
				say("250-mail.example.com")
				say("250 AUTH PLAIN")
			case verb == "AUTH":
				say("235 yes")
			case verb == "DATA":
				all.Reset()
				data = true
				say("354 go on")
			case verb == "QUIT":
				say("221 bye")
				return
			default:
				say("250 ok")
			}
		}
	}()
	return listener.Addr().String(), mails
}

func TestMail(t *testing.T) {
	address, got := smtpServer(t, "250 taken")
	s := New(http.DefaultClient, &url.URL{Scheme: "smtp", Host: address}, "bridge@example.com")
	if err := s.Send(t.Context(), &alarm.Target{Kind: alarm.Mail, Address: "ops@example.com"}, &delivery); err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(strings.NewReader(<-got))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := (&mime.WordDecoder{}).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "[Deskbridge] "+delivery.Text || m.Header.Get("Message-ID") != "<0192-7c@example.com>" || m.Header.Get("To") != "<ops@example.com>" {
		t.Errorf("%q, %v, %v", subject, err, m.Header)
	}
	if body, err := io.ReadAll(m.Body); err != nil || !strings.Contains(string(body), "What to do: give it new ones") {
		t.Errorf("%s, %v", body, err)
	}

	address, got = smtpServer(t, "550 5.7.1 no")
	s = New(http.DefaultClient, &url.URL{Scheme: "smtp", Host: address}, "bridge@example.com")
	if err := s.Send(t.Context(), &alarm.Target{Kind: alarm.Mail, Address: "ops@example.com"}, &delivery); err == nil || !strings.Contains(err.Error(), "5.7.1 no") {
		t.Errorf("refused: %v", err)
	}
	<-got

	address, _ = smtpServer(t, "250 taken") // which speaks no TLS
	for _, server := range []*url.URL{
		{Scheme: "smtp", Host: address, User: url.UserPassword("bridge", "s3cret")},
		{Scheme: "smtps", Host: address, User: url.UserPassword("bridge", "s3cret")},
	} {
		s := New(http.DefaultClient, server, "bridge@example.com")
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if err := s.Send(ctx, &alarm.Target{Kind: alarm.Mail, Address: "ops@example.com"}, &delivery); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: a password in the clear, %v", server.Scheme, err)
		}
		cancel()
	}
}
