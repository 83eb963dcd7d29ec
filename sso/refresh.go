package sso

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/fetch"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/saml"
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
			h.log.ErrorContext(ctx, "keeping house for sign-in failed", "err", err)
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
				h.log.WarnContext(ctx, "metadata cannot be refreshed", "connection", conn.Name, "err", err)
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
	if idp, err := saml.ParseMetadata(kept.Body, settings.EntityID, h.now()); err != nil {
		wait = refreshAtLeast
	} else if idp.CacheDuration > 0 {
		wait = min(max(idp.CacheDuration, refreshAtLeast), refreshAtMost)
	}
	if kept.Problem != "" {
		wait = refreshAtLeast
	}
	return h.now().Sub(kept.TriedAt) >= wait
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
	if err != nil && !isCode(err, provision.NotFound) {
		return nil, err
	}
	if kept.URL != settings.MetadataURL { // the admin named another address: a new beginning
		kept = provision.Metadata{Connection: conn.ID, URL: settings.MetadataURL}
	}
	now := h.now()
	kept.TriedAt = now
	body, err := h.fetchMetadata(ctx, settings, now)
	if err != nil {
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
	kept.Body, kept.Waiting, kept.Problem, kept.FetchedAt = kept.Waiting, nil, "", h.now()
	return h.core.SaveMetadata(ctx, c, kept, map[string]any{"accepted": true})
}

// warnAt are the numbers of days before something runs out at which an admin is
// told.
var warnAt = []int{60, 30, 14, 7, 1}

// Warnings returns what will soon keep the people of a connection from signing
// in, in plain words.
func (h *Handler) Warnings(ctx context.Context, conn provision.Connection) (out []string) {
	now := h.now()
	soon := func(what string, left time.Duration) {
		days := int(left.Hours() / 24)
		switch {
		case left <= 0:
			out = append(out, what+" has run out: nobody can sign in")
		case days <= warnAt[0]:
			out = append(out, fmt.Sprintf("%s runs out in %d days", what, days))
		}
	}
	if peer, err := h.peers.SAML(ctx, conn); err == nil {
		idp := peer.IdP()
		soon("the last certificate of the identity provider", idp.LastCertificate().Sub(now))
		if !idp.ValidUntil.IsZero() && peer.settings.MetadataURL == "" {
			soon("the identity provider's metadata", idp.ValidUntil.Sub(now))
		}
		out = append(out, append(idp.Warnings, h.ownWarnings(ctx, now)...)...)
		if peer.settings.AllowSHA1 {
			out = append(out, "allow_sha1 is on: signatures can be forged with some effort")
		}
	} else if len(conn.SignIn.SAML) > 0 {
		out = append(out, "SAML does not work: "+err.Error())
	}
	if settings, err := parseOIDC(conn.SignIn.OIDC); len(conn.SignIn.OIDC) > 0 && err == nil && settings.SecretExpires != "" {
		if ends, err := time.Parse(time.DateOnly, settings.SecretExpires); err == nil {
			soon("the client secret", ends.Sub(now))
		}
	}
	if kept, err := h.core.Metadata(ctx, conn.ID); err == nil && kept.Problem != "" {
		out = append(out, "metadata: "+kept.Problem)
	}
	return out
}

// ownWarnings is about our own certificates for SAML. Identity providers that
// check them would refuse our requests.
func (h *Handler) ownWarnings(ctx context.Context, now time.Time) (out []string) {
	keys, err := h.core.Keys(ctx, provision.KeySAML, newSAMLKey)
	if err != nil {
		return nil
	}
	ours, err := samlKeys(keys)
	if err != nil {
		return []string{"a key of our own cannot be read: " + err.Error()}
	}
	for _, k := range ours {
		if days := int(k.Certificate.NotAfter.Sub(now).Hours() / 24); days <= warnAt[0] {
			out = append(out, fmt.Sprintf("a certificate of our own runs out in %d days: `deskbridge key rotate saml`, and give identity providers our new metadata", days))
		}
	}
	return out
}

// warn logs the warnings of a connection once a day.
func (h *Handler) warn(ctx context.Context, conn provision.Connection) {
	warnings := h.Warnings(ctx, conn)
	if len(warnings) == 0 {
		return
	}
	day := h.now().UTC().Format(time.DateOnly)
	first, err := h.core.Remember(ctx, conn.ID, "warned "+day, h.now().Add(48*time.Hour))
	if err != nil || !first {
		return
	}
	for _, text := range warnings {
		h.log.WarnContext(ctx, "sign-in needs attention", "connection", conn.Name, "warning", text)
	}
}
