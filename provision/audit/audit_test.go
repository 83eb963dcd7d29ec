package audit_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

func TestAuditChain(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		if report, err := h.Core.Audit.Verify(h.Context(), audit.Head{}); err != nil || report.Sealed != 0 {
			h.Errorf("nothing sealed yet: %+v, %v", report, err)
		}
		h.People(5)
		sealed := h.Seal()
		if sealed < 5 || h.Seal() != 0 {
			h.Errorf("sealed %d, then more", sealed)
		}
		for i := range 3 {
			h.Person(fmt.Sprintf("tail%d", i))
		}
		report, err := h.Core.Audit.Verify(h.Context(), audit.Head{})
		h.Must(err)
		if report.Sealed != sealed || report.Unsealed != 3 || report.Entries != sealed+3 || len(report.Head) != 64 {
			h.Errorf("report %+v", report)
		}
		h.Seal()
		again, err := h.Core.Audit.Verify(h.Context(), audit.Head{})
		h.Must(err)
		if again.Unsealed != 0 || again.Head == report.Head {
			h.Errorf("report %+v after sealing the tail", again)
		}
	})
}

// TestAuditUnderLoad seals and verifies while others write.
func TestAuditUnderLoad(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		var writers sync.WaitGroup
		for w := range 4 {
			writers.Go(func() {
				for i := range 15 {
					if _, _, err := h.Core.Directory.CreateIdentity(h.Context(), h.Conn.ID, provisiontest.ByTest, provisiontest.Someone(fmt.Sprintf("p%d-%d", w, i))); err != nil {
						h.Error(err)
					}
				}
			})
		}
		done := make(chan struct{})
		var sealers sync.WaitGroup
		for range 2 {
			sealers.Go(func() {
				for {
					if _, err := h.Core.Audit.Seal(h.Context()); err != nil {
						h.Error(err)
					}
					if _, err := h.Core.Audit.Verify(h.Context(), audit.Head{}); err != nil {
						h.Error(err)
					}
					select {
					case <-done:
						return
					default:
					}
				}
			})
		}
		writers.Wait()
		close(done)
		sealers.Wait()
		h.Seal()
		report, err := h.Core.Audit.Verify(h.Context(), audit.Head{})
		h.Must(err)
		if report.Unsealed != 0 || report.Sealed != h.Counts().Entries {
			h.Errorf("report %+v, %d entries", report, h.Counts().Entries)
		}
	})
}

// TestAuditNamesNobody checks that the log holds no personal data.
func TestAuditNamesNobody(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		h.Rule("Support", provision.RoleAgent, "A")
		ann := h.Person("annabel")
		h.Group("Support", provision.MemberID(ann.ID))
		h.ReconcileAll()
		_, err := h.Core.Directory.UpdatePerson(h.Context(), h.Conn.ID, ann.ID, provisiontest.ByTest, func(i *provision.Identity) error {
			i.Profile.FamilyName, i.Profile.Phone = "Lovelace", "+44 1"
			return nil
		})
		h.Must(err)
		h.ReconcileAll()
		h.SetStatus(ann.ID, provision.StatusSuspended)
		h.ReconcileAll()
		h.Must(h.Core.Audit.EachEntry(h.Context(), func(e provision.Entry) error {
			text := strings.ToLower(fmt.Sprintf("%+v", e))
			for _, secret := range []string{"annabel", "lovelace", "example.test", "+44"} {
				if strings.Contains(text, secret) {
					h.Errorf("entry %d (%s) holds %q: %s", e.ID, e.Action, secret, text)
				}
			}
			return nil
		}))
	})
}
