package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/internal/clientaddr"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/limit"
)

// Options say where a [Site] stands.
type Options struct {
	PublicURL      string // what browsers see, without a slash at the end; never taken from a request
	Log            *slog.Logger
	RequestID      func(context.Context) string // the reference on error pages, which the log has too; nil: none
	TrustedProxies []netip.Prefix               // whose X-Forwarded-For is believed
	Limits         limit.Limits
	Now            func() time.Time
}

// Site is what all rooms share. It is safe for concurrent use.
type Site struct {
	PublicURL string // as in [Options]
	Secure    bool   // PublicURL is https
	Log       *slog.Logger
	Now       func() time.Time

	core      Core
	requestID func(context.Context) string
	proxies   clientaddr.Proxies
	requests  *limit.Requests
	counts    *counts
}

// New returns the Site for core.
func New(core Core, o Options) *Site {
	return &Site{PublicURL: o.PublicURL, Secure: strings.HasPrefix(o.PublicURL, "https://"), Log: o.Log, Now: o.Now,
		core: core, requestID: o.RequestID, proxies: o.TrustedProxies, requests: limit.NewRequests(o.Limits, o.Now), counts: newCounts()}
}

// Reference returns what names the request behind ctx, in the log and on pages;
// "" when nobody names requests.
func (s *Site) Reference(ctx context.Context) string {
	if s.requestID == nil {
		return ""
	}
	return s.requestID(ctx)
}

// Cause is what the audit log says of a change that a sign-in makes; p may be
// empty.
func (s *Site) Cause(r *http.Request, p provision.Protocol) provision.Cause {
	actor := "sso"
	if p != "" {
		actor += ":" + string(p)
	}
	return provision.Cause{Actor: actor, Action: "sign-in", Request: s.Reference(r.Context())}
}

// IsCode reports whether err is an error of the core with this code.
func IsCode(err error, code provision.Code) bool {
	e, ok := errors.AsType[*provision.Error](err)
	return ok && e.Code == code
}
