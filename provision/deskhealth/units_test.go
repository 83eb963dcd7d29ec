package deskhealth_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/store"
)

// TestRecognizedUnits: what names in rules mean on a desk, from one reading of it
// to the next. A reading is "id=name" of each team.
func TestRecognizedUnits(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		service := h.Core.DeskHealth
		recognize := func(units ...string) error {
			var there []deskhealth.Unit
			for _, u := range units {
				id, name, _ := strings.Cut(u, "=")
				there = append(there, deskhealth.Unit{Kind: provision.UnitTeam, ID: id, Name: name})
			}
			_, err := service.RecognizeUnits(h.Context(), h.Desk.ID, there)
			return err
		}
		said := func() (n int) {
			h.Must(h.Core.Audit.EachEntry(h.Context(), func(e provision.Entry) error {
				if strings.HasPrefix(string(e.Action), "unit.") {
					n++
				}
				return nil
			}))
			return n
		}
		check := func(when string, entries int, want ...string) { // "name: id as shown, or other"
			h.Helper()
			known, err := service.KnownUnits(h.Context(), h.Desk.ID)
			h.Must(err)
			var got []string
			for _, u := range known {
				got = append(got, strings.TrimRight(fmt.Sprintf("%s: %s %s %s", u.Name, u.ID, u.Shown, u.Other), " "))
			}
			if !slices.Equal(got, want) {
				h.Errorf("%s: known are %q, want %q", when, got, want)
			}
			if n := said(); n != entries {
				h.Errorf("%s: the audit log has %d entries, want %d", when, n, entries)
			}
		}
		a := h.Rule("A", provision.RoleAgent, "Sales", "Tier 2")
		h.Must(recognize("1=Sales", "2=Tier 2", "3=Tier 2"))
		check("one of two of a name is not meant", 0, "Sales: 1 Sales")
		h.Must(recognize("1=Sales", "9=Sales", "2=Tier 2"))
		check("another one of a known name", 0, "Sales: 1 Sales 9", "Tier 2: 2 Tier 2")

		h.AtOnce(
			func() error { return recognize("1=Accounts", "2=Tier 2") },
			func() error { return recognize("1=Accounts", "2=Tier 2") },
			func() error { return recognize("1=Accounts", "2=Tier 2") },
			func() error { return recognize("1=Accounts", "2=Tier 2") },
		)
		check("renamed, as several see", 1, "Sales: 1 Accounts", "Tier 2: 2 Tier 2")

		_, err := h.Core.Settings.AddRuleUnchecked(h.Context(), provisiontest.ByTest, provision.Rule{Connection: h.Conn.ID, Desk: h.Desk.ID, Group: "B", Teams: []string{"Accounts"}})
		if h.Code(err, provision.Conflict); err == nil || !strings.Contains(err.Error(), `"Sales"`) || !strings.Contains(err.Error(), `"Accounts"`) {
			h.Errorf("two names for one team: %v", err)
		}
		h.Must(recognize("2=Accounts")) // deleted, and that is what the other one is called now
		check("gone", 3, "Sales: 1", "Tier 2: 2 Accounts")
		h.Must(recognize("2=Sales"))
		_, err = service.AcceptUnits(h.Context(), provisiontest.ByTest, h.Desk.ID)
		h.Code(err, provision.Conflict)
		check("one that rules call otherwise is not accepted", 5, "Sales: 1  2", "Tier 2: 2 Sales")

		h.Must(h.Core.Settings.RemoveRule(h.Context(), provisiontest.ByTest, a.ID))
		h.Evaluate()
		h.Must(recognize("2=Sales"))
		check("nobody speaks of them", 5)
		h.Rule("A", provision.RoleAgent, "Sales", "Tier 2")
		h.Must(recognize("2=Sales"))
		check("a new rule means what has the name", 5, "Sales: 2 Sales")
	})
}

// ordered is a transaction that reads units of a desk when it has locked the desk.
type ordered struct {
	deskhealth.Store
	locked *bool
}

func (o ordered) LockDesk(ctx context.Context, id provision.DeskID) (provision.Desk, error) {
	*o.locked = true
	return o.Store.LockDesk(ctx, id)
}

func (o ordered) KnownUnits(ctx context.Context, d provision.DeskID) ([]deskhealth.KnownUnit, error) {
	if !*o.locked {
		return nil, errors.New("somebody else may write what is known meanwhile")
	}
	return o.Store.KnownUnits(ctx, d)
}

// TestUnitsAreWrittenByOne: whoever changes what is known of units has the desk.
func TestUnitsAreWrittenByOne(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		service := deskhealth.New(h.Store, func(ctx context.Context, fn func(deskhealth.Store) error) error {
			return h.Store.InTx(ctx, func(tx *store.Store) error { return fn(ordered{tx, new(bool)}) })
		}, h.Core.Audit, h.Core.Entitlement, h.Core.Reconcile, h.Core.Now)
		h.Rule("A", provision.RoleAgent, "A")
		if known, err := service.RecognizeUnits(h.Context(), h.Desk.ID, []deskhealth.Unit{{Kind: provision.UnitTeam, ID: "1", Name: "A"}}); err != nil || len(known) != 1 {
			h.Errorf("known are %v: %v", known, err)
		}
		_, err := service.AcceptUnits(h.Context(), provisiontest.ByTest, h.Desk.ID)
		h.Must(err)
	})
}

// TestKnownUnitOfSomebody: what somebody has by a name is known until they have it
// no more, whatever rules say.
func TestKnownUnitOfSomebody(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		rule := h.Rule("A", provision.RoleAgent, "A")
		ann := h.Person("ann")
		h.Group("A", provision.MemberID(ann.ID))
		h.Evaluate()
		there := []deskhealth.Unit{{Kind: provision.UnitTeam, ID: "1", Name: "A"}}
		for _, want := range []int{1, 1, 0} {
			known, err := h.Core.DeskHealth.RecognizeUnits(h.Context(), h.Desk.ID, there)
			h.Must(err)
			if len(known) != want {
				h.Errorf("known are %v, want %d", known, want)
			}
			if want == 1 && rule.ID != "" {
				h.Must(h.Core.Settings.RemoveRule(h.Context(), provisiontest.ByTest, rule.ID))
				rule.ID = ""
			} else {
				h.Evaluate()
			}
		}
	})
}
