package client

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/web"
)

const (
	// refreshAtLeast and refreshAtMost bound how often metadata is fetched,
	// whatever it says itself.
	refreshAtLeast = time.Hour
	refreshAtMost  = 24 * time.Hour
)

// KeepFresh fetches again what of the connections' metadata is due, and warns
// admins of what keeps people from signing in, or will.
func (cs *Clients) KeepFresh(ctx context.Context) error {
	connections, err := cs.core.Settings.Connections(ctx)
	if err != nil {
		return err
	}
	for _, conn := range connections {
		if cs.due(ctx, conn) {
			if _, err := cs.Refresh(ctx, conn); err != nil {
				cs.site.Log.WarnContext(ctx, "metadata cannot be refreshed", "connection", conn.Name, "err", err)
			}
		}
		cs.warn(ctx, conn)
	}
	return nil
}

// due reports whether the metadata of a connection should be fetched again.
func (cs *Clients) due(ctx context.Context, conn provision.Connection) bool {
	options := conn.SignIn.SAML
	if options.Readable() != nil || options.MetadataURL == "" {
		return false
	}
	kept, err := cs.core.Settings.Metadata(ctx, conn.ID)
	if err != nil || kept.URL != options.MetadataURL {
		return true
	}
	wait := refreshAtMost
	if idp, err := saml.ParseMetadata(kept.Body, options.EntityID, cs.site.Now()); err != nil {
		wait = refreshAtLeast
	} else if idp.CacheDuration > 0 {
		wait = min(max(idp.CacheDuration, refreshAtLeast), refreshAtMost)
	}
	if kept.Problem != "" {
		wait = refreshAtLeast
	}
	return cs.site.Now().Sub(kept.TriedAt) >= wait
}

// metadata returns the identity provider's metadata: what the settings hold, or
// what was last fetched; the first time it is fetched now.
func (cs *Clients) metadata(ctx context.Context, conn provision.Connection, options protocol.SAML) ([]byte, error) {
	if options.MetadataURL == "" {
		return fixedMetadata(options)
	}
	kept, err := cs.core.Settings.Metadata(ctx, conn.ID)
	if err == nil && kept.URL == options.MetadataURL && len(kept.Body) > 0 {
		return kept.Body, nil
	}
	if err != nil && !web.IsCode(err, provision.NotFound) {
		return nil, err
	}
	if kept.URL == options.MetadataURL && kept.Problem != "" && cs.site.Now().Sub(kept.TriedAt) < askAgain {
		return nil, &provision.Error{Code: provision.Denied, Reason: "metadata", Detail: kept.Problem}
	}
	// Whoever began this may go away; others come.
	return cs.Refresh(context.WithoutCancel(ctx), conn)
}

// Refresh fetches the metadata of a connection and returns what is now in use.
// New certificates are taken over. Another entity, or metadata with none of the
// keys that were known, waits until an admin has looked
// ([Clients.Accept]): whoever controls the address must not become the
// identity provider.
func (cs *Clients) Refresh(ctx context.Context, conn provision.Connection) ([]byte, error) {
	options := conn.SignIn.SAML
	if err := options.Readable(); err != nil {
		return nil, err
	}
	if err := web.Confirm(ctx); err != nil { // else nobody is asked by what the settings were
		return nil, err
	}
	kept, err := cs.core.Settings.Metadata(ctx, conn.ID)
	if err != nil && !web.IsCode(err, provision.NotFound) {
		return nil, err
	}
	if kept.URL != options.MetadataURL { // the admin named another address: a new beginning
		kept = settings.Metadata{Connection: conn.ID, URL: options.MetadataURL}
	}
	now := cs.site.Now()
	kept.TriedAt = now
	body, err := cs.fetchMetadata(ctx, *options, now)
	if err != nil {
		cs.fetchFailed(conn, documentMetadata)
		kept.Problem = err.Error()
		return kept.Body, errors.Join(err, cs.core.Settings.SaveMetadata(ctx, bySystem, kept, nil))
	}
	changes, wait := compareMetadata(kept, body, options.EntityID, now)
	if wait != "" {
		changes = map[string]any{"waiting": wait}
		if len(kept.Waiting) > 0 && kept.Problem == wait {
			changes = nil // the audit log has it already
		}
		kept.Problem, kept.Waiting = wait, body
		return kept.Body, cs.core.Settings.SaveMetadata(ctx, bySystem, kept, changes)
	}
	kept.Body, kept.FetchedAt, kept.Problem, kept.Waiting = body, now, "", nil
	return body, cs.core.Settings.SaveMetadata(ctx, bySystem, kept, changes)
}

var bySystem = provision.Cause{Actor: "system", Action: "metadata"}

func (cs *Clients) fetchMetadata(ctx context.Context, s protocol.SAML, now time.Time) ([]byte, error) {
	document, err := fetch.Get(ctx, cs.http, s.MetadataURL)
	if err != nil {
		return nil, err
	}
	_, err = saml.ParseMetadata(document.Body, s.EntityID, now)
	return document.Body, err
}

// compareMetadata says what is new in now, for the audit log, and why an admin
// has to look first; "" when none has to. What is kept may have run out since:
// the keys that were good when it came say who may follow.
func compareMetadata(kept settings.Metadata, now []byte, entityID string, at time.Time) (changes map[string]any, wait string) {
	if len(kept.Body) == 0 || bytes.Equal(kept.Body, now) {
		return nil, ""
	}
	old, err := saml.ParseMetadata(kept.Body, entityID, kept.FetchedAt)
	if err != nil {
		return nil, "the metadata in use cannot be read any more, so that the new one cannot be compared with it"
	}
	fresh, err := saml.ParseMetadata(now, entityID, at)
	if err != nil {
		return nil, "the new metadata cannot be read"
	}
	if old.EntityID != fresh.EntityID {
		return nil, "the metadata is that of another entity ID"
	}
	known := func(c *x509.Certificate) bool {
		return slices.ContainsFunc(old.Certificates, c.Equal)
	}
	if !slices.ContainsFunc(fresh.Certificates, known) {
		return nil, "the metadata holds none of the certificates that were known"
	}
	added := 0
	for _, c := range fresh.Certificates {
		if !known(c) {
			added++
		}
	}
	if added > 0 || len(fresh.Certificates) != len(old.Certificates) {
		changes = map[string]any{"certificates": len(fresh.Certificates), "new_certificates": added}
	}
	return changes, ""
}

// Accept takes metadata into use that waits for an admin.
func (cs *Clients) Accept(ctx context.Context, c provision.Cause, conn provision.Connection) error {
	kept, err := cs.core.Settings.Metadata(ctx, conn.ID)
	if err != nil {
		return err
	}
	if len(kept.Waiting) == 0 {
		return provision.Errorf(provision.NotFound, "metadata", "no metadata of connection %s waits for anybody", conn.Name)
	}
	kept.Body, kept.Waiting, kept.Problem, kept.FetchedAt = kept.Waiting, nil, "", cs.site.Now()
	return cs.core.Settings.SaveMetadata(ctx, c, kept, map[string]any{"accepted": true})
}
