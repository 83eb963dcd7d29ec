package sso

import (
	"context"

	"github.com/deskbridge/deskbridge/sso/web"
)

// KeepHouse does once what [Handler.Run] does again and again.
func (h *Handler) KeepHouse(ctx context.Context) error { return h.keepHouse(ctx) }

// Routes returns what all rooms serve.
func (h *Handler) Routes() []web.Route { return h.routes() }

// MistakeIn is what [New] finds wrong with a route.
var MistakeIn = mistakeIn
