package sso

import "context"

// ForgetKeys has our own keys read anew.
func (h *Handler) ForgetKeys() {
	h.peers.mu.Lock()
	defer h.peers.mu.Unlock()
	clear(h.peers.keys)
}

// KeepHouse does once what [Handler.Run] does again and again.
func (h *Handler) KeepHouse(ctx context.Context) error { return h.keepHouse(ctx) }
