package sso

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/fetch"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/web"
)

const (
	// refreshAtLeast and refreshAtMost bound how often metadata is fetched,
	// whatever it says itself.
	refreshAtLeast = time.Hour
	refreshAtMost  = 24 * time.Hour
	// houseEvery is how often housekeeping looks whether there is something to
	// do.
	houseEvery = 5 * time.Minute
)

// Run keeps metadata fresh and clears away what has expired, until ctx ends.
// Every replica may run it.
func (h *Handler) Run(ctx context.Context) {
	tick := time.NewTicker(houseEvery)
	defer tick.Stop()
	for {
		if err := h.keepHouse(ctx); err != nil && ctx.Err() == nil {
			h.site.Log.ErrorContext(ctx, "keeping house for sign-in failed", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (h *Handler) keepHouse(ctx context.Context) error {
	errs := []error{h.core.SweepSignIns(ctx)}
	connections, err := h.core.Connections(ctx)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	for _, conn := range connections {
		if h.due(ctx, conn) {
			if _, err := h.Refresh(ctx, conn); err != nil {
				h.site.Log.WarnContext(ctx, "metadata cannot be refreshed", "connection", conn.Name, "err", err)
			}
		}
		h.warn(ctx, conn)
	}
	return errors.Join(errs...)
}

// due reports whether the metadata of a connection should be fetched again.
func (h *Handler) due(ctx context.Context, conn provision.Connection) bool {
	settings, err := parseSAML(conn.SignIn.SAML)
	if len(conn.SignIn.SAML) == 0 || err != nil || settings.MetadataURL == "" {
		return false
	}
	kept, err := h.core.Metadata(ctx, conn.ID)
	if err != nil || kept.URL != settings.MetadataURL {
		return true
	}
	wait := refreshAtMost
	if idp, err := saml.ParseMetadata(kept.Body, settings.EntityID, h.site.Now()); err != nil {
		wait = refreshAtLeast
	} else if idp.CacheDuration > 0 {
		wait = min(max(idp.CacheDuration, refreshAtLeast), refreshAtMost)
	}
	if kept.Problem != "" {
		wait = refreshAtLeast
	}
	return h.site.Now().Sub(kept.TriedAt) >= wait
}

// Refresh fetches the metadata of a connection and returns what is now in use.
// New certificates are taken over. Another entity, or metadata with none of the
// keys that were known, waits until an admin has looked
// ([Handler.Accept]): whoever controls the address must not become the
// identity provider.
func (h *Handler) Refresh(ctx context.Context, conn provision.Connection) ([]byte, error) {
	settings, err := parseSAML(conn.SignIn.SAML)
	if err != nil {
		return nil, err
	}
	kept, err := h.core.Metadata(ctx, conn.ID)
	if err != nil && !web.IsCode(err, provision.NotFound) {
		return nil, err
	}
	if kept.URL != settings.MetadataURL { // the admin named another address: a new beginning
		kept = provision.Metadata{Connection: conn.ID, URL: settings.MetadataURL}
	}
	now := h.site.Now()
	kept.TriedAt = now
	body, err := h.fetchMetadata(ctx, settings, now)
	if err != nil {
		h.metrics.fetchFailed(conn, documentMetadata)
		kept.Problem = err.Error()
		return kept.Body, errors.Join(err, h.core.SaveMetadata(ctx, byHouse, kept, nil))
	}
	changes, wait := compareMetadata(kept, body, settings.EntityID, now)
	if wait != "" {
		kept.Problem, kept.Waiting = wait, body
		return kept.Body, h.core.SaveMetadata(ctx, byHouse, kept, map[string]any{"waiting": wait})
	}
	kept.Body, kept.FetchedAt, kept.Problem, kept.Waiting = body, now, "", nil
	return body, h.core.SaveMetadata(ctx, byHouse, kept, changes)
}

var byHouse = provision.Cause{Actor: "system", Action: "metadata"}

func (h *Handler) fetchMetadata(ctx context.Context, s SAMLSettings, now time.Time) ([]byte, error) {
	document, err := fetch.Get(ctx, h.client, s.MetadataURL)
	if err != nil {
		return nil, err
	}
	_, err = saml.ParseMetadata(document.Body, s.EntityID, now)
	return document.Body, err
}

// compareMetadata says what is new in now, for the audit log, and why an admin
// has to look first; "" when none has to. What is kept may have run out since:
// the keys that were good when it came say who may follow.
func compareMetadata(kept provision.Metadata, now []byte, entityID string, at time.Time) (changes map[string]any, wait string) {
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
func (h *Handler) Accept(ctx context.Context, c provision.Cause, conn provision.Connection) error {
	kept, err := h.core.Metadata(ctx, conn.ID)
	if err != nil {
		return err
	}
	if len(kept.Waiting) == 0 {
		return provision.Errorf(provision.NotFound, "metadata", "no metadata of connection %s waits for anybody", conn.Name)
	}
	kept.Body, kept.Waiting, kept.Problem, kept.FetchedAt = kept.Waiting, nil, "", h.site.Now()
	return h.core.SaveMetadata(ctx, c, kept, map[string]any{"accepted": true})
}
