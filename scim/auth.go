package scim

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/scim/resource"
	"github.com/deskbridge/deskbridge/scim/scimerr"
	"github.com/deskbridge/deskbridge/scim/signed"
)

// errUnauthorized is the answer to whoever may not in, whatever the reason:
// nobody without a valid token can tell what exists.
var errUnauthorized = scimerr.New(http.StatusUnauthorized, "The bearer token is missing, unknown, expired or revoked, or the connection does not exist.")

// authenticate finds the connection that the path names and checks the bearer
// token. A right token gets in however many wrong ones came from the same
// address: behind a proxy, or a NAT, an address is many.
func (h *handler) authenticate(w http.ResponseWriter, r *request) error {
	conn, token, err := h.credentials(r)
	if e, ok := errors.AsType[*provision.Error](err); ok && (e.Code == provision.Denied || e.Code == provision.NotFound) {
		if delay := h.failures.wait(h.address(r.Request)); delay > 0 {
			w.Header().Set("Retry-After", retryAfter(delay))
			return scimerr.New(http.StatusTooManyRequests, "Too many requests without a valid token; try again after the time in Retry-After.")
		}
		h.noteRefused(r, err)
		return errUnauthorized
	}
	if err != nil {
		return err
	}
	r.belongs(h.publicURL, conn, token)
	return nil
}

// belongs makes r a request of conn.
func (r *request) belongs(publicURL string, conn provision.Connection, token credential.Token) {
	r.conn, r.token = conn, token
	r.line.SetConnection(conn.Name)
	r.line.About(string(conn.ID))
	r.line.Set("token", token.Name)
	r.line.Set("client", string(conn.IdP))
	r.as = resource.Representation{Base: publicURL + "/scim/" + url.PathEscape(conn.Name) + "/v2"}
}

// mostPresumed is how long a body may be that is read before the token has been
// looked up.
const mostPresumed = 64 << 10

// presume takes a request's token for what it was a moment ago, and has it
// looked up in the round trip of what the request asks for first. ok is false
// where nothing can be presumed. confirm comes before the answer: it returns nil
// when the token is what it was. Else nothing was done, and the request is as it
// came, except that it has been counted ([request].counted), which happens once.
// After an Unavailable error it is not tried again: that would wait once more.
func (r *request) presume(h *handler, w http.ResponseWriter) (confirm func() error, ok bool) {
	bearer, ok := bearerToken(r.Header)
	if !ok || r.ContentLength < 0 || r.ContentLength > mostPresumed {
		return nil, false
	}
	under, known, ok := h.core.Tokens.Presume(r.Context(), r.PathValue("connection"), bearer)
	if !ok {
		return nil, false
	}
	came, header, back := r.Request, w.Header().Clone(), r.line.Mark()
	r.Request, r.confirm = r.WithContext(under), known.Confirm
	r.belongs(h.publicURL, known.Connection, known.Token)
	return func() error {
		err := known.Confirm()
		if err == nil {
			return nil
		}
		r.turn.End()
		r.turn, r.Request, r.confirm = nil, came, nil
		back()
		clear(w.Header())
		maps.Copy(w.Header(), header)
		return err
	}, true
}

// confirmed returns nil when the token of a request is right beyond what is
// presumed: for what cannot be taken back.
func (r *request) confirmed() error {
	if r.confirm == nil {
		return nil
	}
	return r.confirm()
}

// noteRefused notes for the log, and for it alone, why nobody was let in.
func (h *handler) noteRefused(r *request, err error) {
	why := credential.RefusalOf(err)
	name := r.PathValue("connection")
	if storable(name) {
		if conn, err := h.core.Settings.Connection(r.Context(), name); err == nil {
			r.line.SetConnection(conn.Name)
			r.line.About(string(conn.ID))
			r.line.Set("client", string(conn.IdP))
			name = conn.Name
		} else if provision.IsNotFound(err) && why.Token == "" {
			why.Reason = "no such connection"
		}
	}
	r.line.Set("reason", why.Reason)
	r.line.Set("token", why.Token)
	if why.Connection != name {
		r.line.Set("token_connection", why.Connection)
	}
}

// credentials returns the connection and the token of a request; Denied or NotFound
// when it has none.
func (h *handler) credentials(r *request) (provision.Connection, credential.Token, error) {
	bearer, ok := bearerToken(r.Header)
	name := r.PathValue("connection")
	switch {
	case len(r.Header.Values("Authorization")) == 0:
		return provision.Connection{}, credential.Token{}, credential.Refuse("no token")
	case !ok || !storable(name) || !signed.Looks(bearer) && !storable(bearer):
		return provision.Connection{}, credential.Token{}, credential.Refuse("malformed token")
	case signed.Looks(bearer):
		return h.signed.Authenticate(r.Context(), name, bearer)
	}
	return h.core.Tokens.Authenticate(r.Context(), name, bearer)
}

// bearerToken returns the token of an Authorization header. The scheme's
// letter case does not matter (RFC 9110 §11.1). Two headers are none: whoever
// stands between might look at the other one.
func bearerToken(header http.Header) (string, bool) {
	values := header.Values("Authorization")
	if len(values) != 1 {
		return "", false
	}
	scheme, token, ok := strings.Cut(strings.TrimSpace(values[0]), " ")
	token = strings.TrimSpace(token)
	return token, ok && strings.EqualFold(scheme, "Bearer") && token != ""
}

// reads reports whether a request changes nothing. A search by POST is a read
// (RFC 7644 §3.4.3).
func reads(r *request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return true
	case http.MethodPost:
		return strings.HasSuffix(strings.TrimSuffix(r.URL.Path, "/"), "/.search")
	}
	return false
}
