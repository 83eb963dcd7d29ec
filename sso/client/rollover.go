package client

import (
	"context"
	"errors"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/saml"
	"github.com/deskbridge/deskbridge/sso/web"
)

// An identity provider may sign with a new key as soon as it publishes it. A
// message that is sound but for its key makes us ask for the metadata again, for
// each connection askKeys times at once and as often a minute for long: anybody
// can send such messages.
const (
	askKeys       = 2
	askKeysSecond = askKeys / 60.0
	// maxAskKeys bounds for how many connections that is remembered.
	maxAskKeys = 10_000
)

// Judge has judge look at a message of the identity provider. When no
// certificate that is known confirms its signature, the metadata is fetched
// again, and where that brought something new, judge looks once more. Whether
// new metadata is taken into use, [Clients.Refresh] says. It returns the client
// that judged last, and what judge said.
func (cs *Clients) Judge(ctx context.Context, conn provision.Connection, idp *SAMLClient, judge func(*SAMLClient) error) (*SAMLClient, error) {
	err := judge(idp)
	if refusal, ok := errors.AsType[*saml.Refusal](err); !ok || !refusal.KeyUnknown || idp.Settings.MetadataURL == "" {
		return idp, err
	}
	if err := web.Confirm(ctx); err != nil {
		return idp, err
	}
	newer, ok := cs.askForKeys(ctx, conn, idp)
	if !ok {
		return idp, err
	}
	return newer, judge(newer)
}

// askForKeys returns the identity provider as its metadata describes it now;
// false when nothing is new, or it was asked too often. Of several who ask at
// once, one fetches; the others wait and see what came of it.
func (cs *Clients) askForKeys(ctx context.Context, conn provision.Connection, old *SAMLClient) (*SAMLClient, bool) {
	turn := cs.turn(conn.ID)
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return nil, false
	}
	if newer, ok := cs.newer(ctx, conn, old); ok || !cs.askKeys.Allow(conn.ID) {
		return newer, ok
	}
	// Whoever began this may go away; others wait for it.
	if _, err := cs.Refresh(context.WithoutCancel(ctx), conn); err != nil {
		cs.site.Log.WarnContext(ctx, "metadata cannot be refreshed", "connection", conn.Name, "err", err)
		return nil, false
	}
	return cs.newer(ctx, conn, old)
}

// turn returns what whoever asks for a connection's keys holds meanwhile.
func (cs *Clients) turn(conn provision.ConnectionID) chan struct{} {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.asking[conn] == nil {
		cs.asking[conn] = make(chan struct{}, 1)
	}
	return cs.asking[conn]
}

// newer returns the client of a connection when it is no longer old.
func (cs *Clients) newer(ctx context.Context, conn provision.Connection, old *SAMLClient) (*SAMLClient, bool) {
	now, err := cs.SAML(ctx, conn)
	return now, err == nil && !now.made.same(old.made)
}
