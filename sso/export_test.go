package sso

import (
	"context"

	"github.com/deskbridge/deskbridge/sso/web"
)

// Housekeep does once what [Handler.Run] does again and again.
func (h *Handler) Housekeep(ctx context.Context) error { return h.housekeep(ctx) }

// Routes returns what all rooms serve.
func (h *Handler) Routes() []web.Route { return h.routes() }

// MistakeIn is what [New] finds wrong with a route.
var MistakeIn = mistakeIn
