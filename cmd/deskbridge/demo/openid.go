package demo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
)

// openID is the demo's OpenID provider: it believes everybody who says who they
// are. It lives on loopback, as long as the demo does.
type openID struct {
	issuer   string
	listener net.Listener
	signer   jose.Signer
	keys     jose.JSONWebKeySet
	people   map[string]map[string]any // claims by address

	mu    sync.Mutex
	codes map[string]authorization
}

// authorization is what a code stands for.
type authorization struct {
	email, nonce, client string
}

func newOpenID() (*openID, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	private := jose.JSONWebKey{Key: key, KeyID: "demo", Algorithm: string(jose.ES256), Use: "sig"}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: private}, nil)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return &openID{issuer: "http://" + listener.Addr().String(), listener: listener, signer: signer,
		keys: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{private.Public()}}, people: make(map[string]map[string]any), codes: make(map[string]authorization)}, nil
}

// know lets somebody sign in.
func (o *openID) know(p simulated.Person, groups ...string) {
	o.people[p.Mail] = map[string]any{"sub": "sub-" + p.Mail, "email": p.Mail, "email_verified": true, "name": p.Name(),
		"given_name": p.Given, "family_name": p.Family, "groups": groups}
}

// serve answers until its listener is closed.
func (o *openID) serve() error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", o.discovery)
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, o.keys) })
	mux.HandleFunc("GET /authorize", o.authorize)
	mux.HandleFunc("POST /token", o.token)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: server.HeaderTimeout}
	return server.Serve(o.listener)
}

func (o *openID) close() { o.listener.Close() }

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(value) //nolint:errcheck // the client may be gone
}

func (o *openID) discovery(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, map[string]any{
		"issuer": o.issuer, "authorization_endpoint": o.issuer + "/authorize", "token_endpoint": o.issuer + "/token", "jwks_uri": o.issuer + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{string(jose.ES256)}, "code_challenge_methods_supported": []string{"S256"},
	})
}

var whoPage = template.Must(template.New("who").Parse(`<!doctype html><title>The demo's identity provider</title>
<h1>Who are you?</h1>{{range .}}<p><a href="{{.URL}}">{{.Email}}</a></p>{{end}}`))

// authorize sends whoever login_hint names back with a code, or asks.
func (o *openID) authorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	email := query.Get("login_hint")
	if o.people[email] == nil {
		type choice struct{ Email, URL string }
		var choices []choice
		for known := range o.people {
			query.Set("login_hint", known)
			choices = append(choices, choice{known, "/authorize?" + query.Encode()})
		}
		whoPage.Execute(w, choices) //nolint:errcheck // the browser may be gone
		return
	}
	code := rand.Text()
	o.mu.Lock()
	o.codes[code] = authorization{email, query.Get("nonce"), query.Get("client_id")}
	o.mu.Unlock()
	http.Redirect(w, r, query.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {query.Get("state")}}.Encode(), http.StatusSeeOther)
}

func (o *openID) token(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	g, ok := o.codes[r.FormValue("code")]
	delete(o.codes, r.FormValue("code"))
	o.mu.Unlock()
	if !ok {
		http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
		return
	}
	now := time.Now()
	token, err := jwt.Signed(o.signer).Claims(o.people[g.email]).Claims(map[string]any{"iss": o.issuer, "aud": g.client, "nonce": g.nonce,
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}).Serialize()
	if err != nil {
		http.Error(w, `{"error":"server_error"}`, http.StatusInternalServerError)
		return
	}
	writeJSON(w, map[string]any{"access_token": rand.Text(), "token_type": "Bearer", "expires_in": 300, "id_token": token})
}
