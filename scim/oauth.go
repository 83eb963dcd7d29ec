package scim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/internal/clientaddr"
	"github.com/deskbridge/deskbridge/internal/ratelimit"
	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
)

// The scopes of access tokens.
const (
	scopeAll  = "scim"      // reads and writes
	scopeRead = "scim.read" // reads
)

const (
	// maxForm is how long a token request may be.
	maxForm = 16 << 10
	// tokensPerSecond and tokensAtOnce are how many access tokens a connection may
	// ask for. One lives for an hour: a client that keeps it needs one an hour.
	tokensPerSecond = 10
	tokensAtOnce    = 100
)

// TokenEndpoint returns the token endpoint of OAuth 2.0 (RFC 6749 §3.2) with
// one grant, client credentials (§4.4), to be mounted at /oauth/token. Clients
// and what they may do are those of core; an access token is good for the SCIM
// endpoint of the client's connection. Of options, Log, RequestID and
// ClientAddress matter.
func TokenEndpoint(core Core, options Options) http.Handler {
	e := &tokenEndpoint{core: core, log: options.Log, requestID: options.RequestID, address: options.ClientAddress, failures: newFailures(time.Now),
		buckets: newBuckets(tokensPerSecond, tokensAtOnce, time.Now)}
	if e.log == nil {
		e.log = slog.Default()
	}
	if e.requestID == nil {
		e.requestID = noRequestID
	}
	if e.address == nil {
		e.address = clientaddr.Proxies(nil).Of
	}
	return e
}

type tokenEndpoint struct {
	core      Core
	log       *slog.Logger
	requestID func(context.Context) string
	address   func(*http.Request) netip.Addr
	failures  *failures
	buckets   *ratelimit.Limiter[provision.ConnectionID]
}

// oauthError is an error as RFC 6749 §5.2 has it.
type oauthError struct {
	Code        string `json:"error"`
	Description string `json:"error_description"` // printable ASCII without " and \
	status      int
	wait        time.Duration // with 429
}

// Error implements error.
func (e *oauthError) Error() string { return e.Code + ": " + e.Description }

func refusal(status int, code, description string) *oauthError {
	return &oauthError{Code: code, Description: description, status: status}
}

func invalidRequest(description string) *oauthError {
	return refusal(http.StatusBadRequest, "invalid_request", description)
}

var errInvalidClient = refusal(http.StatusUnauthorized, "invalid_client", "The client is unknown, its secret is wrong, or it has expired or was revoked.")

// grant is an answer as RFC 6749 §5.1 has it.
type grant struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
	Scope       string `json:"scope"`
}

// ServeHTTP implements [http.Handler].
func (e *tokenEndpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		writeOAuth(w, http.StatusMethodNotAllowed, invalidRequest("The token endpoint takes POST only."))
		return
	}
	line := requestlog.Of(r.Context())
	line.Did(requestlog.TakeToken, "")
	got, err := e.issue(w, r)
	if err == nil {
		writeOAuth(w, http.StatusOK, got)
		return
	}
	refused, ok := errors.AsType[*oauthError](err)
	if !ok {
		if r.Context().Err() == nil {
			e.log.ErrorContext(r.Context(), "scim: issuing an access token failed", "request", e.requestID(r.Context()), "err", err)
		}
		refused = refusal(http.StatusInternalServerError, "server_error", "Internal error.")
		if provision.IsUnavailable(err) {
			refused = refusal(http.StatusServiceUnavailable, "temporarily_unavailable", "Deskbridge cannot answer now; try again after the time in Retry-After.")
			w.Header().Set("Retry-After", unavailableFor)
		}
	}
	if refused.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="scim"`)
	}
	if line.Get("reason") == "" {
		line.Set("reason", requestlog.WithoutValues(refused.Description))
	}
	if refused.wait > 0 {
		w.Header().Set("Retry-After", retryAfter(refused.wait))
	}
	writeOAuth(w, refused.status, refused)
}

func (e *tokenEndpoint) issue(w http.ResponseWriter, r *http.Request) (grant, error) {
	form, err := readForm(w, r)
	if err != nil {
		return grant{}, err
	}
	client, err := e.client(r, form)
	if err != nil {
		return grant{}, err
	}
	switch form["grant_type"] {
	case "client_credentials":
	case "":
		return grant{}, invalidRequest("grant_type is missing.")
	default:
		return grant{}, refusal(http.StatusBadRequest, "unsupported_grant_type", "Only client_credentials is offered.")
	}
	readOnly, err := scopeOf(form["scope"], client)
	if err != nil {
		return grant{}, err
	}
	if delay := e.buckets.Wait(client.Connection); delay > 0 {
		return grant{}, tooMany("Too many access tokens; keep one until it expires.", delay)
	}
	token, _, err := e.core.Tokens.IssueAccessToken(r.Context(), client, readOnly)
	if err != nil {
		return grant{}, err
	}
	scope := scopeAll
	if readOnly {
		scope = scopeRead
	}
	return grant{AccessToken: token, TokenType: "Bearer", ExpiresIn: int64(credential.AccessTokenLife / time.Second), Scope: scope}, nil
}

func tooMany(description string, delay time.Duration) *oauthError {
	refused := refusal(http.StatusTooManyRequests, "temporarily_unavailable", description)
	refused.wait = delay
	return refused
}

// client returns the client that a request authenticates. As with bearer
// tokens, the right secret gets in however many wrong ones came before.
func (e *tokenEndpoint) client(r *http.Request, form map[string]string) (credential.Token, error) {
	id, secret, err := credentials(r, form)
	if err != nil {
		return credential.Token{}, err
	}
	client, err := credential.Token{}, credential.Refuse("malformed client id or secret")
	if storable(id) && storable(secret) {
		client, err = e.core.Tokens.AuthenticateClient(r.Context(), id, secret)
	}
	line := requestlog.Of(r.Context())
	if denied, ok := errors.AsType[*provision.Error](err); !ok || denied.Code != provision.Denied {
		line.Set("token", client.Name)
		line.About(string(client.Connection))
		return client, err
	}
	why := credential.RefusalOf(err)
	line.Set("reason", why.Reason)
	line.Set("token", why.Token)
	line.Set("token_connection", why.Connection)
	if delay := e.failures.wait(e.address(r)); delay > 0 {
		return client, tooMany("Too many requests without a valid client; try again after the time in Retry-After.", delay)
	}
	return client, errInvalidClient
}

// credentials returns what a client authenticates with: HTTP Basic, with both
// parts form-encoded, or parameters (RFC 6749 §2.3.1), and not both.
func credentials(r *http.Request, form map[string]string) (id, secret string, _ error) {
	if len(r.Header.Values("Authorization")) == 0 {
		return form["client_id"], form["client_secret"], nil
	}
	user, password, ok := r.BasicAuth()
	if !ok || len(r.Header.Values("Authorization")) > 1 {
		return "", "", errInvalidClient
	}
	id, err1 := url.QueryUnescape(user)
	secret, err2 := url.QueryUnescape(password)
	if err := errors.Join(err1, err2); err != nil {
		return "", "", errInvalidClient
	}
	if form["client_secret"] != "" || form["client_id"] != "" && form["client_id"] != id {
		return "", "", invalidRequest("The client authenticates twice; use the Authorization header or client_secret, not both.")
	}
	return id, secret, nil
}

// scopeOf returns what a client asks for; with no scope, what it may.
func scopeOf(text string, client credential.Token) (readOnly bool, _ error) {
	readOnly = client.ReadOnly
	asked := strings.Fields(text)
	if len(asked) > 0 {
		readOnly = true
	}
	for _, scope := range asked {
		switch {
		case scope == scopeRead:
		case scope == scopeAll && !client.ReadOnly:
			readOnly = false
		case scope == scopeAll:
			return false, refusal(http.StatusBadRequest, "invalid_scope", "This client may read only: ask for scim.read.")
		default:
			return false, refusal(http.StatusBadRequest, "invalid_scope", "The scopes are scim and scim.read.")
		}
	}
	return readOnly, nil
}

// readForm returns the parameters of a request. One that is repeated makes it
// invalid, one without a value is none (RFC 6749 §3.2). The query string is
// not looked at, except for secrets, which end up in logs there.
func readForm(w http.ResponseWriter, r *http.Request) (map[string]string, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, invalidRequest("Content-Type must be application/x-www-form-urlencoded.")
	}
	if strings.Contains(r.URL.RawQuery, "client_secret") {
		return nil, invalidRequest("The client secret must not be part of the URL.")
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, refusal(http.StatusRequestEntityTooLarge, "invalid_request", "The request is larger than "+strconv.Itoa(maxForm)+" bytes.")
	}
	if err != nil {
		return nil, invalidRequest("The request could not be read to its end.")
	}
	values, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil, invalidRequest("The request is not form-encoded.")
	}
	form := make(map[string]string, len(values))
	for name, list := range values {
		if len(list) > 1 {
			return nil, invalidRequest("A parameter stands there twice.")
		}
		form[name] = list[0]
	}
	return form, nil
}

func writeOAuth(w http.ResponseWriter, status int, body any) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	header.Set("Pragma", "no-cache") // RFC 6749 §5.1
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client has gone: nothing is left to tell it
}
