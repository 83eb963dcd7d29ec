package sso

import "context"

// KeepHouse does once what [Handler.Run] does again and again.
func (h *Handler) KeepHouse(ctx context.Context) error { return h.keepHouse(ctx) }
