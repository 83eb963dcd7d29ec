package fetch

import (
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// server starts a server on loopback and counts what it is asked.
func server(t *testing.T, h http.HandlerFunc) (s *httptest.Server, asked *atomic.Int64) {
	t.Helper()
	asked = new(atomic.Int64)
	s = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return s, asked
}

func hostOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// reason returns which rule err is about, "" when it is nil.
func reason(t *testing.T, err error) Reason {
	t.Helper()
	if err == nil {
		return ""
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("%v (%T) is no *Error", err, err)
	}
	return e.Reason
}

func TestOnlyPublicServersAreAskedOverHTTPS(t *testing.T) {
	s, asked := server(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "secret") })
	port := s.URL[strings.LastIndex(s.URL, ":")+1:]
	for _, tt := range []struct {
		name, address string
		allow         []string
		want          Reason
	}{
		{"an allowed host is", s.URL, []string{"127.0.0.1:" + port}, ""},
		{"and in other letter case", "HTTP://LocalHost:" + port, []string{"localhost:" + port}, ""},
		{"http is not", s.URL, nil, NotHTTPS},
		{"loopback is not", "https://127.0.0.1:" + port, nil, PrivateHost},
		{"nor loopback by IPv6", "https://[::1]:" + port, nil, PrivateHost},
		{"nor mapped into IPv6", "https://[::ffff:127.0.0.1]:" + port, nil, PrivateHost},
		{"nor by a name that leads there", "https://localhost:" + port, nil, PrivateHost},
		{"another name of an allowed host is not allowed", "http://localhost:" + port, []string{"127.0.0.1:" + port}, NotHTTPS},
		{"nor with https", "https://localhost:" + port, []string{"127.0.0.1:" + port}, PrivateHost},
		{"nor is another port", "http://127.0.0.1:1", []string{"127.0.0.1:" + port}, NotHTTPS},
		{"a user name is not taken", "http://user@127.0.0.1:" + port, []string{"127.0.0.1:" + port}, BadURL},
		{"a file is not", "file:///etc/passwd", nil, BadURL},
		{"nor with a host", "file://localhost/etc/passwd", nil, NotHTTPS},
		{"nor gopher", "gopher://127.0.0.1:" + port, []string{"127.0.0.1:" + port}, NotHTTPS},
		{"nor half an address", "/keys", nil, BadURL},
		{"nor what cannot be read", "https://[::1", nil, BadURL},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked.Store(0)
			client := New(Options{AllowHosts: tt.allow})
			document, err := Get(t.Context(), client, tt.address)
			if got := reason(t, err); got != tt.want {
				t.Errorf("reason %q (%v), want %q", got, err, tt.want)
			}
			if answered := asked.Load() > 0; answered != (tt.want == "") || answered && string(document.Body) != "secret" {
				t.Errorf("the server was asked %d times, and the answer is %q", asked.Load(), document.Body)
			}
		})
	}
}

func TestAnAddressIsJudgedBeforeItIsFetched(t *testing.T) {
	o := Options{AllowHosts: []string{"127.0.0.1:9400", "idp.test:80"}}
	for address, want := range map[string]Reason{
		"https://idp.example.com/keys":                         "",
		"http://127.0.0.1:9400/keys":                           "",
		"http://idp.test/keys":                                 "",
		"http://idp.example.com/keys":                          NotHTTPS,
		"idp.example.com":                                      BadURL,
		"https:idp.example.com":                                BadURL,
		"https://u:p@idp.example.com":                          BadURL,
		"https://idp.example.com/" + strings.Repeat("a", 3000): BadURL,
	} {
		if got := reason(t, o.Check(address)); got != want {
			t.Errorf("Check(%.60s): %q, want %q", address, got, want)
		}
	}
}

func TestHTTPSIsCheckedAtAllowedHostsToo(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it minds being refused
	s.StartTLS()
	t.Cleanup(s.Close)
	allow := []string{hostOf(t, s.URL)}
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())

	if document, err := Get(t.Context(), New(Options{AllowHosts: allow, RootCAs: roots}), s.URL); err != nil || string(document.Body) != "ok" {
		t.Errorf("with the right certificate: %q, %v", document.Body, err)
	}
	if _, err := Get(t.Context(), New(Options{AllowHosts: allow}), s.URL); reason(t, err) != Unreachable {
		t.Errorf("an unknown certificate: %v, want an error", err)
	}
	if _, err := Get(t.Context(), New(Options{RootCAs: roots}), s.URL); reason(t, err) != PrivateHost {
		t.Errorf("the right certificate at a private address: %v, want it refused", err)
	}
}

func TestAnswersThatAreRefused(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	z.Write(make([]byte, 64<<20))
	z.Close()
	many := strings.Repeat("a", MaxBytes)
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		want   Reason
	}{
		{"a megabyte is not", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, many) }, ""},
		{"a byte more", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1048577")
			io.WriteString(w, many+"a")
		}, TooLarge},
		{"a byte more, without a length", func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, many)
			w.(http.Flusher).Flush()
			io.WriteString(w, "a")
		}, TooLarge},
		{"one without an end", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, many); err != nil {
					return
				}
			}
		}, TooLarge},
		{"a small one that would unpack to a large one", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(bomb.Bytes())
		}, Compressed},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusFound) }, Redirected},
		{"a redirect that keeps the method", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/x", http.StatusPermanentRedirect)
		}, Redirected},
		{"a redirect to nowhere", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusSeeOther) }, Redirected},
		{"a page that is not there", http.NotFound, BadStatus},
		{"nothing new", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }, BadStatus},
		{"a head without an end", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Long", many)
		}, Unreachable},
		{"half an answer", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "half")
			panic(http.ErrAbortHandler)
		}, Unreachable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, asked := server(t, tt.answer)
			document, err := Get(t.Context(), New(Options{AllowHosts: []string{hostOf(t, s.URL)}}), s.URL+"/?code=secret")
			if got := reason(t, err); got != tt.want {
				t.Errorf("reason %q (%v), want %q", got, err, tt.want)
			}
			if err != nil && (len(document.Body) > 0 || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "aaaa")) {
				t.Errorf("the error comes with %d bytes, or repeats what it should not: %v", len(document.Body), err)
			}
			if asked.Load() != 1 {
				t.Errorf("the server was asked %d times, want once", asked.Load())
			}
		})
	}
}

func TestNothingIsRememberedOfAServer(t *testing.T) {
	var cookies, encodings atomic.Int64
	s, _ := server(t, func(w http.ResponseWriter, r *http.Request) {
		cookies.Add(int64(len(r.Cookies())))
		encodings.Add(int64(len(r.Header.Values("Accept-Encoding"))))
		http.SetCookie(w, &http.Cookie{Name: "who", Value: "you"})
	})
	client := New(Options{AllowHosts: []string{hostOf(t, s.URL)}})
	for range 2 {
		if _, err := Get(t.Context(), client, s.URL); err != nil {
			t.Fatal(err)
		}
	}
	if cookies.Load() != 0 || encodings.Load() != 0 {
		t.Errorf("%d cookies and %d encodings were sent, want none", cookies.Load(), encodings.Load())
	}
	if proxy := client.Transport.(*checkedTransport).transport.Proxy; proxy != nil {
		t.Error("a proxy would connect for us, unchecked")
	}
}

func TestAServerThatNeverAnswersIsLeft(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter){
		"no head":             func(http.ResponseWriter) {},
		"a head, and no body": func(w http.ResponseWriter) { w.(http.Flusher).Flush() },
	} {
		t.Run(name, func(t *testing.T) {
			release := make(chan struct{})
			s, _ := server(t, func(w http.ResponseWriter, _ *http.Request) {
				answer(w)
				<-release
			})
			t.Cleanup(func() { close(release) })
			client := New(Options{AllowHosts: []string{hostOf(t, s.URL)}})
			if client.Timeout != 10*time.Second {
				t.Errorf("time-out %v, want 10s", client.Timeout)
			}
			client.Timeout = 100 * time.Millisecond
			_, err := Get(t.Context(), client, s.URL)
			if reason(t, err) != Unreachable {
				t.Errorf("%v, want that it is unreachable", err)
			}
		})
	}
}
