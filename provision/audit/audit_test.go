package audit_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

func TestAuditChain(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		if report, err := h.Core.Audit.Verify(h.Context()); err != nil || report.Sealed != 0 {
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
		report, err := h.Core.Audit.Verify(h.Context())
		h.Must(err)
		if report.Sealed != sealed || report.Unsealed != 3 || report.Entries != sealed+3 || len(report.Head) != 64 {
			h.Errorf("report %+v", report)
		}
		h.Seal()
		again, err := h.Core.Audit.Verify(h.Context())
		h.Must(err)
		if again.Unsealed != 0 || again.Head == report.Head {
			h.Errorf("report %+v after sealing the tail", again)
		}
	})
}

func TestTamperedAudit(t *testing.T) {
	tests := []struct {
		name       string
		statements []string
		want       string
	}{
		{"another actor", []string{`UPDATE audit SET actor = 'nobody' WHERE seal = 4`}, "(seal 4)"},
		{"another time", []string{`UPDATE audit SET at = at + 1 WHERE seal = 3`}, "(seal 3)"},
		{"another detail", []string{`UPDATE audit SET detail = '{"version":7}' WHERE seal = 5`}, "(seal 5)"},
		{"another subject", []string{`UPDATE audit SET subject = 'x' WHERE seal = 1`}, "(seal 1)"},
		{"deleted", []string{`DELETE FROM audit WHERE seal = 4`}, "seal 4 is missing"},
		{"first ones deleted", []string{`DELETE FROM audit WHERE seal < 3`}, "seal 1 is missing"},
		{"unsealed again", []string{`UPDATE audit SET seal = NULL, hash = NULL WHERE seal = 2`}, "seal 2 is missing"},
		{"cut out and closed up", []string{`DELETE FROM audit WHERE seal = 1`, `DROP INDEX audit_seal`, `UPDATE audit SET seal = seal - 1 WHERE seal > 1`}, "(seal 1)"},
	}
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		for i := range 5 {
			h.Person(fmt.Sprintf("p%d", i))
		}
		h.Seal()
		h.Unguard()
		h.Tamper(`CREATE TABLE audit_before AS SELECT * FROM audit`)
		for _, tt := range tests {
			for _, statement := range tt.statements {
				h.Tamper(statement)
			}
			_, err := h.Core.Audit.Verify(h.Context())
			if e, ok := errors.AsType[*provision.Error](err); !ok || e.Code != provision.Invalid || !strings.Contains(e.Detail, tt.want) {
				h.Errorf("%s: error %v does not name %s", tt.name, err, tt.want)
			}
			h.Tamper(`DELETE FROM audit`)
			h.Tamper(`INSERT INTO audit SELECT * FROM audit_before`)
		}
		_, err := h.Core.Audit.Verify(h.Context())
		h.Must(err)
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
					if _, err := h.Core.Audit.Verify(h.Context()); err != nil {
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
		report, err := h.Core.Audit.Verify(h.Context())
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
