package client

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/sso/saml"
)

// SAMLClient is the IdP client of one identity provider by SAML, as last discovered.
type SAMLClient struct {
	made madeSAML
	*saml.ServiceProvider
	Settings protocol.SAML
}

// madeSAML is what a [SAMLClient] is made from. It is shared with others, and nobody
// changes it.
type madeSAML struct {
	name     string
	settings *protocol.SAML
	metadata []byte
	keys     []settings.Key
}

func (m madeSAML) same(other madeSAML) bool { return reflect.DeepEqual(m, other) }

// SAML returns the client of a connection that signs in by SAML; Denied when it
// does not.
func (cs *Clients) SAML(ctx context.Context, conn provision.Connection) (*SAMLClient, error) {
	if conn.SignIn.SAML == nil {
		return nil, errNoProtocol
	}
	if err := conn.SignIn.SAML.Readable(); err != nil {
		return nil, fmt.Errorf("connection %s: %w", conn.Name, err)
	}
	options := *conn.SignIn.SAML
	keys, err := cs.ourKeys(ctx, settings.KeySAML)
	if err != nil {
		return nil, err
	}
	metadata, err := cs.metadata(ctx, conn, options)
	if err != nil {
		return nil, err
	}
	made := madeSAML{conn.Name, conn.SignIn.SAML, metadata, keys}
	cs.mu.Lock()
	cached := cs.saml[conn.ID]
	cs.mu.Unlock()
	if cached != nil && cached.made.same(made) && !expired(cached, cs.site.Now()) {
		return cached, nil
	}
	ours, err := samlKeys(keys)
	if err != nil {
		return nil, err
	}
	sp, err := saml.New(saml.Config{
		EntityID: cs.at(conn, "/saml/metadata"), ACSURL: cs.at(conn, "/saml/acs"), SLOURL: cs.at(conn, "/saml/slo"),
		Metadata: metadata, IdPEntityID: options.EntityID, Keys: ours,
		ForceAuthn: options.ForceAuthn, AuthnContexts: options.AuthnContexts, NameIDFormat: options.NameIDFormat, Binding: saml.Binding(options.Binding),
		RequireEncryption: options.RequireEncryption, RequireSignedResponse: options.RequireSignedResponse, AllowSHA1: options.AllowSHA1,
		Now: cs.site.Now,
	})
	if err != nil {
		return nil, err
	}
	fresh := &SAMLClient{made: made, ServiceProvider: sp, Settings: options}
	cs.mu.Lock()
	cs.saml[conn.ID] = fresh
	cs.mu.Unlock()
	return fresh, nil
}

// expired reports whether what a client was made from would be refused now. Of
// metadata that can be fetched, certificates that have expired are no reason:
// an answer with a new key makes us ask for it again.
func expired(client *SAMLClient, now time.Time) bool {
	idp := client.IdP()
	return !idp.ValidUntil.IsZero() && !now.Before(idp.ValidUntil) || client.Settings.MetadataURL == "" && now.After(idp.LastCertificate())
}

// cachedSAML returns the IdP client of a connection as it was last made
// for a sign-in or a test; nil when it never was.
func (cs *Clients) cachedSAML(conn provision.ConnectionID) *SAMLClient {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.saml[conn]
}

// ownMetadata returns the metadata of our side of a connection, whether or not the
// identity provider is known yet.
func (cs *Clients) ownMetadata(conn provision.Connection, keys []settings.Key) ([]byte, error) {
	own, err := samlKeys(keys)
	if err != nil {
		return nil, err
	}
	c := saml.Config{EntityID: cs.at(conn, "/saml/metadata"), ACSURL: cs.at(conn, "/saml/acs"), SLOURL: cs.at(conn, "/saml/slo"), Keys: own}
	if options := conn.SignIn.SAML; options.Readable() == nil {
		c.NameIDFormat = options.NameIDFormat
	}
	return saml.OwnMetadata(c, cs.site.Now())
}
