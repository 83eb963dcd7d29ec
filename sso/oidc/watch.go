package oidc

import "net/http"

// watched returns a client like c that tells of requests that have failed, or
// were answered with anything but 200.
func watched(c *http.Client, failed func()) *http.Client {
	if failed == nil {
		return c
	}
	watching := *c
	watching.Transport = watcher{c.Transport, failed}
	return &watching
}

type watcher struct {
	next   http.RoundTripper
	failed func()
}

// RoundTrip implements [http.RoundTripper].
func (w watcher) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := w.next.RoundTrip(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		w.failed()
	}
	return answer, err
}
