package client

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/sso/saml"
)

// warnAt are the numbers of days before something runs out at which an admin is
// told.
var warnAt = []int{60, 30, 14, 7, 1}

const day = 24 * time.Hour

// What runs out, as the audit log and the metrics call it.
const (
	expiringIdPCertificate = "idp_certificate" // the last one of the identity provider
	expiringOwnCertificate = "own_certificate" // the one that signs our requests
	expiringMetadata       = "metadata"
	expiringClientSecret   = "client_secret"
)

// expiration is something that runs out, and keeps people from signing in then.
type expiration struct {
	what string
	text string
	cure string // what to do about it; may be empty
	conn provision.ConnectionID
	at   time.Time
}

// warning is what an admin reads of an expiration.
func (e expiration) warning(now time.Time) string {
	left := e.at.Sub(now)
	if left <= 0 {
		return e.text + " has run out: nobody can sign in" + e.cure
	}
	return fmt.Sprintf("%s runs out in %d days%s", e.text, int(left/day), e.cure)
}

// due returns which of the moments of warnAt has come last, 0 when all is over;
// false when none has.
func (e expiration) due(now time.Time) (days int, ok bool) {
	left := e.at.Sub(now)
	if left <= 0 {
		return 0, true
	}
	for _, at := range warnAt { // most first
		if left <= time.Duration(at)*day {
			days, ok = at, true
		}
	}
	return days, ok
}

// expirations returns what will keep the people of a connection from signing in some
// day. Nobody is asked but the database.
func (cs *Clients) expirations(ctx context.Context, conn provision.Connection) (out []expiration) {
	if idp, err := cs.knownIdP(ctx, conn); err == nil && idp != nil {
		out = append(out, expiration{what: expiringIdPCertificate, text: "the last certificate of the identity provider", conn: conn.ID, at: idp.LastCertificate()})
		options := *conn.SignIn.SAML
		kept, err := cs.core.Settings.Metadata(ctx, conn.ID)
		renewed := err == nil && kept.URL == options.MetadataURL && kept.Problem == ""
		if !idp.ValidUntil.IsZero() && (options.MetadataURL == "" || !renewed) {
			out = append(out, expiration{what: expiringMetadata, text: "the identity provider's metadata", conn: conn.ID, at: idp.ValidUntil})
		}
	}
	if conn.SignIn.SAML != nil {
		if keys, err := cs.core.Settings.CurrentKeys(ctx, settings.KeySAML); err == nil && len(keys) > 0 {
			if ours, err := samlKeys(keys[:1]); err == nil {
				out = append(out, expiration{what: expiringOwnCertificate, text: "our own certificate", at: ours[0].Certificate.NotAfter,
					cure: ": `deskbridge key rotate saml`, and give identity providers our new metadata"})
			}
		}
	}
	if options := conn.SignIn.OIDC; options.Readable() == nil && options.SecretExpires != "" {
		if ends, err := time.Parse(time.DateOnly, options.SecretExpires); err == nil {
			out = append(out, expiration{what: expiringClientSecret, text: "the client secret", conn: conn.ID, at: ends})
		}
	}
	return out
}

// knownIdP returns the identity provider of a connection as its metadata
// describes it that is kept here or stands in the settings; nil when it does not
// sign in by SAML, or nothing was fetched yet. An error says why it cannot be
// used any more.
func (cs *Clients) knownIdP(ctx context.Context, conn provision.Connection) (*saml.IdP, error) {
	options := conn.SignIn.SAML
	if options == nil {
		return nil, nil
	}
	if err := options.Readable(); err != nil {
		return nil, err
	}
	if client := cs.cachedSAML(conn.ID); client != nil && !expired(client, cs.site.Now()) && reflect.DeepEqual(client.Settings, *options) {
		idp := client.IdP()
		return &idp, nil
	}
	body, err := fixedMetadata(*options)
	if options.MetadataURL != "" {
		kept, err := cs.core.Settings.Metadata(ctx, conn.ID)
		if provision.IsNotFound(err) || err == nil && (kept.URL != options.MetadataURL || len(kept.Body) == 0) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		body = kept.Body
	} else if err != nil {
		return nil, err
	}
	idp, err := saml.ParseMetadata(body, options.EntityID, cs.site.Now())
	if err != nil {
		return nil, err
	}
	return &idp, nil
}
