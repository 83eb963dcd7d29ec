package scim

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	scimerrors "github.com/elimity-com/scim/errors"

	"github.com/deskbridge/deskbridge/internal/lingering"
	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/filter"
	"github.com/deskbridge/deskbridge/scim/resource"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// mediaType is that of every answer (RFC 7644 §3.8). Clients that ask for
// anything else get it too: none is known to mean what it says.
const mediaType = "application/scim+json"

// storable reports whether a database can look for s.
func storable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsRune(s, 0) && len(s) <= resource.MaxKey
}

// checkRequest checks what must be right before any route runs: the query string and
// the form and size of the body. It returns how long that may be, 0 where there
// is none.
func (h *handler) checkRequest(w http.ResponseWriter, r *request) (most int64, err error) {
	if r.query, err = parameters(r.URL.RawQuery); err != nil {
		return 0, err
	}
	if r.Method != http.MethodPost && r.Method != http.MethodPut && r.Method != http.MethodPatch {
		return 0, nil
	}
	if !isJSON(r.Header) {
		w.Header().Set("Accept", mediaType+", application/json") // RFC 9110 §12.5.1
		w.Header().Set("Accept-Encoding", "identity")            // §12.5.3
		return 0, scimerr.New(http.StatusUnsupportedMediaType, "Content-Type must be application/scim+json or application/json, in UTF-8 and not compressed.")
	}
	most = h.limits.MaxBody
	if strings.HasSuffix(strings.TrimSuffix(r.URL.Path, "/"), bulkEndpoint) {
		most = h.limits.MaxBulkBody
	}
	if r.ContentLength > most {
		return 0, &http.MaxBytesError{Limit: most}
	}
	r.Body = http.MaxBytesReader(w, r.Body, most)
	return most, nil
}

// parameterNames are the query parameters that mean something (RFC 7644
// §3.4.2, §3.9; RFC 9865 §2).
var parameterNames = []string{"filter", "attributes", "excludedAttributes", "startIndex", "count", "sortBy", "sortOrder", "cursor"}

// parameters reads a query string. Parameters that mean nothing are ignored,
// however they are written. One that does and cannot be read is refused: a
// filter that got lost would turn a look-up into a list of everybody.
func parameters(raw string) (url.Values, error) {
	out := url.Values{}
	for piece := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(piece, "=")
		name, err := url.QueryUnescape(name)
		i := slices.IndexFunc(parameterNames, func(k string) bool { return strings.EqualFold(k, name) })
		if err != nil || i < 0 {
			continue
		}
		if value, err = filter.Unescape(value); err != nil {
			return nil, scimerr.InvalidValue(parameterNames[i], "is not URL-encoded")
		}
		out.Add(parameterNames[i], value)
	}
	return out, nil
}

// isJSON reports whether the body is JSON in UTF-8, as the header has it. No
// Content-Type is taken as right.
func isJSON(header http.Header) bool {
	if coding := header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return false
	}
	value := header.Get("Content-Type")
	if value == "" {
		return true
	}
	kind, params, err := mime.ParseMediaType(value)
	if err != nil || kind != mediaType && kind != "application/json" {
		return false
	}
	charset, ok := params["charset"]
	return !ok || strings.EqualFold(strings.ReplaceAll(charset, "-", ""), "utf8")
}

// fail answers with an error.
func (h *handler) fail(w http.ResponseWriter, r *request, err error) {
	e := h.explain(r, err)
	if e.Status != http.StatusUnauthorized { // of which more is noted than is told
		r.line.Set("scim_type", string(e.ScimType))
		r.line.Set("reason", requestlog.WithoutValues(e.Detail))
	}
	if provision.IsUnavailable(err) {
		r.line.Set("reason", "the database does not answer, or takes no writes")
	}
	refuse(w, r.sent, e)
}

// refuse answers with an error and reads on for a while: a client that has not
// sent all of its body yet would see a broken connection and not the answer. Of
// one that sends too much nothing more is read.
func refuse(w http.ResponseWriter, body io.Reader, e scimerrors.ScimError) {
	if e.Status == http.StatusTooManyRequests {
		writeError(w, e)
		return
	}
	lingering.Close(w, body, func() { writeError(w, e) })
}

// explain returns what the client is told of an error. What nobody expected is
// logged with the id of the request and says nothing to the outside.
func (h *handler) explain(r *request, err error) scimerrors.ScimError {
	e, internal := toSCIM(err)
	if internal && !errors.Is(r.Context().Err(), context.Canceled) {
		h.log.ErrorContext(r.Context(), "scim: request failed", "request", r.id, "connection", r.conn.ID, "method", r.Method, "err", err)
	}
	return e
}

// unavailableFor is when to come again while the database does not answer, in
// seconds.
const unavailableFor = "5"

// busyFor is the same while too many requests of a connection are under way.
const busyFor = "2"

func writeError(w http.ResponseWriter, e scimerrors.ScimError) {
	if e.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="scim"`)
	}
	if e.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", unavailableFor)
	}
	if e.Status == http.StatusTooManyRequests && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", busyFor)
	}
	writeAnswer(w, answer{status: e.Status, body: e})
}

func writeAnswer(w http.ResponseWriter, a answer) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	if a.etag != "" {
		header.Set("ETag", a.etag)
	}
	if a.location != "" {
		header.Set("Location", a.location)
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	header.Set("Content-Type", mediaType)
	if resource.IsLarge(a.body) {
		w.WriteHeader(a.status)
		if resource.SendBody(w, a.body) != nil { // what is sent so far must not pass for all of it
			panic(http.ErrAbortHandler)
		}
		return
	}
	raw, err := resource.EncodeBody(a.body)
	if err != nil { // our own types: cannot happen
		panic(err)
	}
	header.Set("Content-Length", strconv.Itoa(len(raw)))
	w.WriteHeader(a.status)
	_, _ = w.Write(raw) // the client has gone: nothing is left to tell it
}
