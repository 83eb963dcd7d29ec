package provision_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
)

// unguard takes away what keeps the audit log append-only, as somebody with
// all rights on the database could.
func (h *house) unguard() {
	h.Helper()
	drop := []string{`DROP TRIGGER audit_update`, `DROP TRIGGER audit_delete`, `DROP TRIGGER audit_replace`}
	if h.store.Dialect() == string(store.Postgres) {
		drop = []string{`DROP TRIGGER audit_rows ON audit`, `DROP TRIGGER audit_seals ON audit`}
	}
	for _, statement := range drop {
		h.tamper(statement)
	}
}

func (h *house) tamper(statement string) {
	h.Helper()
	_, err := h.store.DB().ExecContext(h.Context(), statement)
	h.must(err)
}

func (h *house) seal() int {
	h.Helper()
	n, err := h.core.SealAudit(h.Context())
	h.must(err)
	return n
}

func TestAuditChain(t *testing.T) {
	each(t, func(h *house) {
		if report, err := h.core.VerifyAudit(h.Context()); err != nil || report.Sealed != 0 {
			h.Errorf("nothing sealed yet: %+v, %v", report, err)
		}
		h.people(5)
		sealed := h.seal()
		if sealed < 5 || h.seal() != 0 {
			h.Errorf("sealed %d, then more", sealed)
		}
		for i := range 3 {
			h.person(fmt.Sprintf("tail%d", i))
		}
		report, err := h.core.VerifyAudit(h.Context())
		h.must(err)
		if report.Sealed != sealed || report.Unsealed != 3 || report.Entries != sealed+3 || len(report.Head) != 64 {
			h.Errorf("report %+v", report)
		}
		h.seal()
		again, err := h.core.VerifyAudit(h.Context())
		h.must(err)
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
	each(t, func(h *house) {
		for i := range 5 {
			h.person(fmt.Sprintf("p%d", i))
		}
		h.seal()
		h.unguard()
		h.tamper(`CREATE TABLE audit_before AS SELECT * FROM audit`)
		for _, tt := range tests {
			for _, statement := range tt.statements {
				h.tamper(statement)
			}
			_, err := h.core.VerifyAudit(h.Context())
			if e, ok := errors.AsType[*provision.Error](err); !ok || e.Code != provision.Invalid || !strings.Contains(e.Detail, tt.want) {
				h.Errorf("%s: error %v does not name %s", tt.name, err, tt.want)
			}
			h.tamper(`DELETE FROM audit`)
			h.tamper(`INSERT INTO audit SELECT * FROM audit_before`)
		}
		_, err := h.core.VerifyAudit(h.Context())
		h.must(err)
	})
}

// TestAuditUnderLoad seals and verifies while others write.
func TestAuditUnderLoad(t *testing.T) {
	each(t, func(h *house) {
		var writers sync.WaitGroup
		for w := range 4 {
			writers.Go(func() {
				for i := range 15 {
					if _, _, err := h.core.CreateIdentity(h.Context(), h.conn.ID, byTest, someone(fmt.Sprintf("p%d-%d", w, i))); err != nil {
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
					if _, err := h.core.SealAudit(h.Context()); err != nil {
						h.Error(err)
					}
					if _, err := h.core.VerifyAudit(h.Context()); err != nil {
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
		h.seal()
		report, err := h.core.VerifyAudit(h.Context())
		h.must(err)
		if report.Unsealed != 0 || report.Sealed != h.counts().entries {
			h.Errorf("report %+v, %d entries", report, h.counts().entries)
		}
	})
}

// TestAuditNamesNobody checks that the log holds no personal data.
func TestAuditNamesNobody(t *testing.T) {
	each(t, func(h *house) {
		h.rule("Support", provision.RoleAgent, "A")
		ann := h.person("annabel")
		h.group("Support", provision.MemberID(ann.ID))
		h.visitAll()
		_, err := h.core.UpdateIdentity(h.Context(), h.conn.ID, ann.ID, byTest, func(i *provision.Identity) error {
			i.Profile.FamilyName, i.Profile.Phone = "Lovelace", "+44 1"
			return nil
		})
		h.must(err)
		h.visitAll()
		h.setStatus(ann.ID, provision.StatusSuspended)
		h.visitAll()
		h.must(h.core.EachEntry(h.Context(), func(e provision.Entry) error {
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
