package session_test

import (
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

func TestTickets(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		secret, err := h.Core.Sessions.IssueOneTime(h.Context(), "test", h.Conn.ID, map[string]string{"to": "/here"}, time.Minute)
		h.Must(err)
		var data map[string]string
		h.Must(h.Core.Sessions.PeekOneTime(h.Context(), "test", h.Conn.ID, secret, &data))
		h.Code(h.Core.Sessions.PeekOneTime(h.Context(), "other", h.Conn.ID, secret, &data), provision.NotFound)
		h.Code(h.Core.Sessions.PeekOneTime(h.Context(), "test", "other", secret, &data), provision.NotFound)
		var won sync.Map
		var tries sync.WaitGroup
		for i := range 8 {
			tries.Go(func() {
				var got map[string]string
				if h.Core.Sessions.TakeOneTime(h.Context(), "test", h.Conn.ID, secret, &got) == nil && got["to"] == "/here" {
					won.Store(i, true)
				}
			})
		}
		tries.Wait()
		n := 0
		won.Range(func(any, any) bool { n++; return true })
		if n != 1 {
			t.Errorf("%d of 8 took the ticket, want 1", n)
		}
		late, err := h.Core.Sessions.IssueOneTime(h.Context(), "test", h.Conn.ID, 1, time.Minute)
		h.Must(err)
		h.Offset.Add(int64(2 * time.Minute))
		var n2 int
		h.Code(h.Core.Sessions.TakeOneTime(h.Context(), "test", h.Conn.ID, late, &n2), provision.NotFound)

		first, err := h.Core.Sessions.Remember(h.Context(), h.Conn.ID, "assertion", h.Now().Add(time.Hour))
		h.Must(err)
		second, err := h.Core.Sessions.Remember(h.Context(), h.Conn.ID, "assertion", h.Now().Add(time.Hour))
		h.Must(err)
		if !first || second {
			t.Errorf("Remember = %t, %t; want true, false", first, second)
		}
		h.Offset.Add(int64(2 * time.Hour))
		h.Must(h.Core.Sessions.Sweep(h.Context()))
		if third, err := h.Core.Sessions.Remember(h.Context(), h.Conn.ID, "assertion", h.Now().Add(time.Hour)); err != nil || !third {
			t.Errorf("after the sweep: %t, %v", third, err)
		}
	})
}
