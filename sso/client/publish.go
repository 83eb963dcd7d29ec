package client

import (
	"encoding/json"
	"net/http"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/web"
)

// keysPath is where OpenID providers find the public keys by which we
// authenticate ourselves (private_key_jwt, OpenID Connect Core §9). It is the
// same for all connections.
const keysPath = "/sso/jwks"

// Routes returns what is published of our side.
func (cs *Clients) Routes() []web.Route {
	return []web.Route{
		{Pattern: "GET " + keysPath, Serve: cs.publishKeys},
		{Pattern: "GET /sso/{connection}/saml/metadata", OfConnection: cs.publishMetadata, Kind: web.Uncrowded},
	}
}

// publishMetadata answers with the metadata of our side of a connection.
func (cs *Clients) publishMetadata(w http.ResponseWriter, r *http.Request, conn provision.Connection) {
	keys, err := cs.ourKeys(r.Context(), settings.KeySAML)
	if err != nil {
		cs.site.Broken(w, r, err)
		return
	}
	metadata, err := cs.ownMetadata(conn, keys)
	if err != nil {
		cs.site.Broken(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	w.Write(metadata) //nolint:errcheck // the client may be gone
}

// publishKeys publishes the keys that sign for us, or will, or did until lately.
func (cs *Clients) publishKeys(w http.ResponseWriter, r *http.Request) {
	keys, err := cs.ourKeys(r.Context(), settings.KeyOIDC)
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
