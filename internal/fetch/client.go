package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	// Timeout is how long one exchange may take, from the look-up of the name to
	// the last byte of the answer.
	Timeout = 10 * time.Second
	// MaxBytes is how long an answer may be. Entra's metadata takes about 30 kB,
	// a JWKS of ten keys with certificates about 20 kB.
	MaxBytes = 1 << 20

	maxHeaderBytes = 64 << 10
	maxURLBytes    = 2048
)

// Options say what a client may do beyond the rule. The zero value is the
// rule.
type Options struct {
	// AllowHosts are host:port pairs, exactly as they stand in the URLs, that
	// may be fetched over http and at addresses that are not public. It is for
	// development, and for an identity provider in one's own network.
	AllowHosts []string
	RootCAs    *x509.CertPool // whose certificates to believe; nil: the system's
}

// New returns a client that fetches from public servers over https, and breaks
// no other rule in the package's comment, whatever it is asked for. Errors that
// come of a rule hold an [*Error]. It is safe for concurrent use.
func New(o Options) *http.Client {
	return &http.Client{
		Transport: newCheckedTransport(o),
		Timeout:   Timeout,
		// The checkedTransport makes an error of every redirect; this is for a client that
		// somebody gives another transport.
		CheckRedirect: func(req *http.Request, _ []*http.Request) error { return redirected(req.URL.Host) },
	}
}

// Check returns what is wrong with an address before anybody fetches it; nil
// when New's client would try.
func (o Options) Check(rawURL string) error {
	if len(rawURL) > maxURLBytes {
		return errorf(BadURL, "", "the URL is longer than %d bytes", maxURLBytes)
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return errorf(BadURL, "", "this is no URL; write one like https://idp.example.com/keys") // err repeats the URL
	}
	return newAllowed(o.AllowHosts).check(u)
}

// checkedTransport lets through what keeps to the rules. It holds them, rather than the
// client around it, so that no user of the client can lose one.
type checkedTransport struct {
	allowed   allowed
	transport *http.Transport
}

func newCheckedTransport(o Options) *checkedTransport {
	g := &checkedTransport{allowed: newAllowed(o.AllowHosts)}
	g.transport = &http.Transport{
		Proxy:                  nil, // a proxy would connect for us, unchecked
		DialContext:            g.dial,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
		TLSHandshakeTimeout:    Timeout,
		ResponseHeaderTimeout:  Timeout,
		IdleConnTimeout:        30 * time.Second,
		MaxIdleConns:           32,
		MaxIdleConnsPerHost:    2,
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableCompression:     true, // so that what is counted is what is read
	}
	return g
}

// RoundTrip implements [http.RoundTripper].
func (g *checkedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := g.allowed.check(req.URL); err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	resp, err := g.transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if err := judge(resp); err != nil {
		resp.Body.Close()
		return nil, err
	}
	resp.Body = &body{ReadCloser: resp.Body, host: req.URL.Host, left: MaxBytes}
	return resp, nil
}

// CloseIdleConnections lets [http.Client.CloseIdleConnections] reach the
// transport.
func (g *checkedTransport) CloseIdleConnections() { g.transport.CloseIdleConnections() }

// judge returns what is wrong with an answer by its head.
func judge(resp *http.Response) error {
	host := resp.Request.URL.Host
	switch encoding := resp.Header.Get("Content-Encoding"); {
	case resp.StatusCode >= 300 && resp.StatusCode <= 399 && resp.StatusCode != http.StatusNotModified:
		return redirected(host)
	case encoding != "" && !strings.EqualFold(encoding, "identity"):
		return errorf(Compressed, host, "the answer is compressed, although that was not asked for")
	case resp.ContentLength > MaxBytes:
		return tooLarge(host)
	}
	return nil
}

func redirected(host string) error {
	return errorf(Redirected, host, "the answer is a redirect, and none is followed; write down the address that it leads to")
}

// dial connects to host:port, which is what the URL says: there is no proxy.
func (g *checkedTransport) dial(ctx context.Context, network, hostPort string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: Timeout}
	if !g.allowed.has(hostPort) {
		dialer.ControlContext = func(_ context.Context, network, address string, _ syscall.RawConn) error {
			return checkAddress(hostPort, network, address)
		}
	}
	return dialer.DialContext(ctx, network, hostPort)
}

// checkAddress judges the address that a connection is about to be made to:
// after the name has been looked up, so that it cannot mean something else by
// the time it matters.
func checkAddress(hostPort, network, address string) error {
	addr, err := netip.ParseAddrPort(address)
	if err != nil || !strings.HasPrefix(network, "tcp") || !public(addr.Addr()) {
		return errorf(PrivateHost, hostPort, "the address is not a public one; if this server is your own, name it in DESKBRIDGE_ALLOW_HOSTS")
	}
	return nil
}

// allowed are the host:port pairs that are free of the rules on scheme and
// address, in lower case.
type allowed []string

func newAllowed(pairs []string) allowed {
	out := make(allowed, len(pairs))
	for i, pair := range pairs {
		out[i] = strings.ToLower(strings.TrimSpace(pair))
	}
	return out
}

func (a allowed) has(hostPort string) bool { return slices.Contains(a, strings.ToLower(hostPort)) }

// check returns which rule an address breaks by itself.
func (a allowed) check(u *url.URL) error {
	switch {
	case u.Hostname() == "" || u.Opaque != "":
		return errorf(BadURL, "", "this is no absolute URL; write one like https://idp.example.com/keys")
	case u.User != nil:
		return errorf(BadURL, u.Host, "the URL has a user name in it; leave that out")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && a.has(withPort(u)):
		return nil
	}
	return errorf(NotHTTPS, u.Host, "only https:// addresses are fetched")
}

func withPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}
