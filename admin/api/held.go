package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/provision"
)

// held is an answer that is not sent yet.
type held struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header is part of [http.ResponseWriter].
func (h *held) Header() http.Header { return h.header }

// WriteHeader is part of [http.ResponseWriter].
func (h *held) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

// Write is part of [http.ResponseWriter].
func (h *held) Write(b []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(b)
}

// answerTo has the mux answer a request, and holds the answer.
func (a *API) answerTo(r *http.Request) *held {
	h := &held{header: make(http.Header)}
	a.mux.ServeHTTP(h, r)
	h.WriteHeader(http.StatusOK)
	return h
}

// send sends an answer that was held.
func (h *held) send(w http.ResponseWriter) {
	for name, values := range h.header {
		w.Header()[name] = values
	}
	w.WriteHeader(h.status)
	w.Write(h.body.Bytes()) //nolint:errcheck // the client may be gone
}

// etag returns the validator of what was answered (RFC 9110 section 8.8.3).
func (h *held) etag() string {
	sum := sha256.Sum256(h.body.Bytes())
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// matches reports whether a list of validators, as If-Match and If-None-Match have
// it, names one.
func matches(list, etag string) bool {
	for one := range strings.SplitSeq(list, ",") {
		if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == "*" || one == etag {
			return true
		}
	}
	return false
}

// read answers a GET, with a validator.
func (a *API) read(w http.ResponseWriter, r *http.Request) {
	h := a.answerTo(r)
	if h.status == http.StatusOK {
		h.header.Set("ETag", h.etag())
		if none := r.Header.Get("If-None-Match"); none != "" && matches(none, h.etag()) {
			h.status = http.StatusNotModified
			h.body.Reset()
			h.header.Del("Content-Type")
		}
	}
	h.send(w)
}

// change answers a request that changes something: after a look at what it wants to
// change where it has If-Match, and once where it has an Idempotency-Key.
func (a *API) change(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if match := r.Header.Get("If-Match"); match != "" {
		if p := a.unmatched(r, match); p != nil {
			a.problem(w, ctx, p)
			return
		}
	}
	key := r.Header.Get("Idempotency-Key")
	who := admin.ActorOf(ctx)
	if rule, _ := admin.RuleOf(a.verbOf(r)); key == "" || who.Kind == "" || !rule.Changes { // what is read may be read again
		a.mux.ServeHTTP(w, r)
		return
	}
	if len(key) > 200 {
		a.problem(w, ctx, a.toProblem(ctx, provision.Errorf(provision.Invalid, "Idempotency-Key", "a key has 200 characters at most")))
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		a.problem(w, ctx, problemOf(http.StatusRequestEntityTooLarge, "the body is too large, or did not come to its end"))
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer, first, err := a.core.Administration.BeginAnswer(ctx, who.Key(), key, append([]byte(r.Method+" "+r.URL.RequestURI()+"\n"), body...))
	if err != nil {
		a.problem(w, ctx, a.toProblem(ctx, err))
		return
	}
	if !first {
		a.again(w, r, answer.Status, answer.Body)
		return
	}
	h := a.answerTo(r)
	after := context.WithoutCancel(ctx) // it is done, whoever waits for the answer
	if h.status >= http.StatusBadRequest {
		err = a.core.Administration.DropAnswer(after, answer)
	} else {
		answer.Status, answer.Body = h.status, h.body.String()
		if secret(h.body.Bytes()) {
			answer.Body = ""
		}
		err = a.core.Administration.EndAnswer(after, answer)
	}
	if err != nil {
		a.options.Log.ErrorContext(ctx, "an answer of the admin API could not be kept for its idempotency key", "request", a.options.RequestID(ctx), "err", err)
	}
	h.send(w)
}

// again answers a request that has come before.
func (a *API) again(w http.ResponseWriter, r *http.Request, status int, body string) {
	if err := admin.ActorOf(r.Context()).May(a.verbOf(r)); err != nil { // what they might then
		a.problem(w, r.Context(), a.toProblem(r.Context(), err))
		return
	}
	if body == "" {
		a.problem(w, r.Context(), a.toProblem(r.Context(), provision.Errorf(provision.Conflict, "Idempotency-Key", "the first request with this key was carried out; its answer held a secret, which is not kept")))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Idempotency-Replayed", "true")
	w.WriteHeader(status)
	io.WriteString(w, body) //nolint:errcheck // the client may be gone
}

// secret reports whether an answer holds one.
func secret(body []byte) bool {
	var in struct {
		Secret string `json:"secret"`
	}
	return json.Unmarshal(body, &in) == nil && in.Secret != ""
}

// unmatched returns why a change with If-Match is not made; nil when it may be. What
// it names is read at this moment, by the same actor: the nearest address above the
// change at which something can be read.
func (a *API) unmatched(r *http.Request, match string) *Problem {
	at := r.URL.Path
	for range 3 {
		look := r.Clone(r.Context())
		look.Method, look.Body, look.URL.Path, look.URL.RawPath, look.URL.RawQuery = http.MethodGet, http.NoBody, at, "", ""
		if _, pattern := a.mux.Handler(look); pattern != "" {
			h := a.answerTo(look)
			switch {
			case h.status != http.StatusOK && h.status != http.StatusNotFound:
				p := problemOf(h.status, "what is to be changed could not be read")
				return a.referring(r.Context(), p)
			case h.status == http.StatusOK && matches(match, h.etag()):
				return nil
			}
			break
		}
		at = at[:strings.LastIndexByte(at, '/')]
	}
	return a.toProblem(r.Context(), provision.Errorf(provision.Stale, "If-Match", "what stands there is not what was read, or is gone"))
}
