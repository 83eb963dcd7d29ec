package client

import (
	"encoding/json"
	"net/http"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/oidc"
)

// KeysPath is where OpenID providers find the public keys by which we
// authenticate ourselves (private_key_jwt, OpenID Connect Core §9). It is the
// same for all connections.
const KeysPath = "/sso/jwks"

// PublishMetadata answers with the metadata of our side of a connection.
func (cs *Clients) PublishMetadata(w http.ResponseWriter, r *http.Request) {
	conn, ok := cs.site.Connection(w, r)
	if !ok {
		return
	}
	keys, err := cs.ourKeys(r.Context(), provision.KeySAML)
	if err != nil {
		cs.site.Broken(w, r, err)
		return
	}
	metadata, err := cs.ours(conn, keys)
	if err != nil {
		cs.site.Broken(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	w.Write(metadata) //nolint:errcheck // the client may be gone
}

// PublishKeys publishes the keys that sign for us, or will, or did until lately.
func (cs *Clients) PublishKeys(w http.ResponseWriter, r *http.Request) {
	keys, err := cs.ourKeys(r.Context(), provision.KeyOIDC)
	if err != nil {
		cs.site.Broken(w, r, err)
		return
	}
	read, err := clientKeysOf(keys)
	if err != nil {
		cs.site.Broken(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	json.NewEncoder(w).Encode(oidc.PublicKeys(read)) //nolint:errcheck // the client may be gone
}
