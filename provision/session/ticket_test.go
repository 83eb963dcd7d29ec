package session_test

import (
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/session"
)

// TestSealedTickets reads tickets back, small and large, and no others.
func TestSealedTickets(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		s := h.Core.Sessions
		small, err := s.SealTicket("test", h.Conn.ID, false, 15*time.Minute)
		h.Must(err)
		if len(small) > 80 || !session.IsTicket(small) { // SAML bindings §3.4.3
			t.Errorf("%q has %d characters", small, len(small))
		}
		if at := session.TicketExpires(small).Sub(h.Now()); at < 14*time.Minute || at > 15*time.Minute {
			t.Errorf("expires in %s", at)
		}
		yes := true
		h.Must(s.OpenTicket("test", h.Conn.ID, small, &yes))
		if yes {
			t.Error("read true, want false")
		}
		var text string
		long := strings.Repeat("long ", 10_000)
		large, err := s.SealTicket("test", h.Conn.ID, long, time.Minute)
		h.Must(err)
		h.Must(s.PeekOneTime(h.Context(), "test", h.Conn.ID, large, &text))
		if text != long || len(large) > 1000 {
			t.Errorf("%d characters read from %d", len(text), len(large))
		}

		start, rest, _ := strings.Cut(strings.TrimPrefix(large, "t1."), ".")
		for name, bad := range map[string]string{
			"made up":        "t1." + start + ".abc.def",
			"longer life":    "t1.z" + start + "." + rest,
			"no time":        "t1.." + rest,
			"another form":   "t2." + start + "." + rest,
			"no ticket":      provision.NewSecret(),
			"nothing at all": "",
		} {
			if err := s.OpenTicket("test", h.Conn.ID, bad, &text); !provision.IsNotFound(err) {
				t.Errorf("%s: %v, want NotFound", name, err)
			}
		}
		h.Code(s.OpenTicket("other", h.Conn.ID, large, &text), provision.NotFound)
		h.Code(s.OpenTicket("test", "other", large, &text), provision.NotFound)
		h.Code(s.TakeOneTime(h.Context(), "test", h.Conn.ID, large, &text), provision.NotFound)
		h.Offset.Add(int64(2 * time.Minute))
		h.Code(s.OpenTicket("test", h.Conn.ID, large, &text), provision.NotFound)
		h.Must(s.OpenTicket("test", h.Conn.ID, small, &yes))
	})
}
