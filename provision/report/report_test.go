package report_test

import (
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/report"
	"github.com/deskbridge/deskbridge/store"
)

// TestSinceTheLastOfManyEntries: what was given last counts, however often it was
// given before.
func TestSinceTheLastOfManyEntries(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		const often = 1001
		h.ByRoles()
		ann := h.Person("ann", "agent")
		h.ReconcileAll()
		account := h.Account(ann.ID).ID
		last := h.Now().Truncate(time.Second).Add(time.Hour)
		entries := make([]provision.Entry, often)
		for i := range entries {
			entries[i] = provision.Entry{At: last.Add(-time.Duration(often-1-i) * time.Millisecond), Cause: provisiontest.ByTest, Connection: h.Conn.ID, Subject: string(ann.ID),
				Action: audit.AccountRoleChanged, Desk: h.Desk.ID, Account: account, Detail: map[string]any{"to": "agent"}}
		}
		h.Must(h.Store.InTx(h.Context(), func(tx *store.Store) error { return h.Core.Audit.Record(h.Context(), tx, entries...) }))
		found, _, err := h.Core.Report.Access(h.Context(), report.AccessFilter{Desk: h.Desk.ID, Role: provision.RoleAgent}, report.Page{})
		h.Must(err)
		if len(found) != 1 || !found[0].Since.Equal(last) {
			h.Errorf("since %v, want %v", found, last)
		}
	})
}
