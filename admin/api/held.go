package api

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/api/buffered"
	"github.com/deskbridge/deskbridge/admin/api/problem"
	"github.com/deskbridge/deskbridge/internal/condition"
	"github.com/deskbridge/deskbridge/provision"
)

// answerTo has the mux answer a request, and holds the answer.
func (a *API) answerTo(r *http.Request) *buffered.Answer {
	h := buffered.New()
	a.mux.ServeHTTP(h, r)
	h.WriteHeader(http.StatusOK)
	return h
}

// read answers a GET, with a validator.
func (a *API) read(w http.ResponseWriter, r *http.Request) {
	h := a.answerTo(r)
	if h.Status == http.StatusOK {
		h.Header().Set("ETag", h.ETag())
		if none := r.Header.Get("If-None-Match"); none != "" && buffered.Matches(none, h.ETag()) {
			h.Status = http.StatusNotModified
			h.Body.Reset()
			h.Header().Del("Content-Type")
		}
	}
	h.Send(w)
}

// change answers a request that changes something: after a look at what it wants to
// change where it has If-Match, and once where it has an Idempotency-Key.
func (a *API) change(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if match := r.Header.Get("If-Match"); match != "" {
		matched := func(ctx context.Context) error { return a.matched(r.WithContext(ctx), match) }
		if err := matched(ctx); err != nil { // before anything is locked
			a.problem(w, ctx, a.toProblem(ctx, err))
			return
		}
		r = r.WithContext(condition.Under(ctx, matched))
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
		a.problem(w, ctx, problem.New(http.StatusRequestEntityTooLarge, "the body is too large, or did not come to its end"))
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	kept, first, err := a.core.Administration.BeginAnswer(ctx, who.Key(), key, append([]byte(r.Method+" "+r.URL.RequestURI()+"\n"), body...))
	if err != nil {
		a.problem(w, ctx, a.toProblem(ctx, err))
		return
	}
	if !first {
		a.again(w, r, kept.Status, kept.Body)
		return
	}
	h := a.answerTo(r)
	after := context.WithoutCancel(ctx) // it is done, whoever waits for the answer
	if h.Status >= http.StatusBadRequest {
		err = a.core.Administration.DropAnswer(after, kept)
	} else {
		kept.Status, kept.Body = h.Status, h.Body.String()
		if h.Secret() {
			kept.Body = ""
		}
		err = a.core.Administration.EndAnswer(after, kept)
	}
	if err != nil {
		a.options.Log.ErrorContext(ctx, "an answer of the admin API could not be kept for its idempotency key", "request", a.options.RequestID(ctx), "err", err)
	}
	h.Send(w)
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

// matched returns a Stale error unless what a change is about is what If-Match names:
// it is read at this moment, by the same actor, at the nearest address above the
// change at which something can be read.
func (a *API) matched(r *http.Request, match string) error {
	at := r.URL.Path
	for range 3 {
		look := r.Clone(r.Context())
		look.Method, look.Body, look.URL.Path, look.URL.RawPath, look.URL.RawQuery = http.MethodGet, http.NoBody, at, "", ""
		if _, pattern := a.mux.Handler(look); pattern != "" {
			h := a.answerTo(look)
			switch {
			case h.Status != http.StatusOK && h.Status != http.StatusNotFound:
				return a.referring(r.Context(), problem.New(h.Status, "what is to be changed could not be read"))
			case h.Status == http.StatusOK && buffered.Matches(match, h.ETag()):
				return nil
			}
			break
		}
		at = at[:strings.LastIndexByte(at, '/')]
	}
	return provision.Errorf(provision.Stale, "If-Match", "what stands there is not what was read, or is gone")
}
