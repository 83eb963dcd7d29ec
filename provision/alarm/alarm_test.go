package alarm_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/alarm"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/store"
)

var ada = provision.Cause{Actor: "cli:ada@bridge-1", Action: "alarm"}

// siren is a service whose overview the test says, and whose receivers are the test.
type siren struct {
	*provisiontest.Harness
	*alarm.Service
	overview plan.Overview

	mu   sync.Mutex
	sent []string // target, event and code
}

func newSiren(h *provisiontest.Harness) *siren {
	h.StopClock()
	s := &siren{Harness: h}
	inTx := func(ctx context.Context, fn func(alarm.Store) error) error {
		return h.Store.InTx(ctx, func(tx *store.Store) error { return fn(tx) })
	}
	s.Service = alarm.New(h.Store, inTx, h.Core.Audit, func(context.Context) (plan.Overview, error) { return s.overview, nil },
		alarm.Options{Console: "https://bridge.example.com/admin/", Mails: true, CheckURL: func(url string) error {
			if !strings.HasPrefix(url, "https://") {
				return errors.New("https only")
			}
			return nil
		}}, h.Core.Now)
	return s
}

func (s *siren) add(name string, kind alarm.Kind, address string) alarm.Target {
	s.Helper()
	t, err := s.Service.Add(s.Context(), ada, alarm.Target{Name: name, Kind: kind, Address: address})
	s.Must(err)
	return t
}

func (s *siren) later(d time.Duration) { s.Offset.Add(int64(d)) }

// looked looks, sends everything, and returns what was received.
func (s *siren) looked(findings ...plan.Finding) string {
	s.Helper()
	s.overview.Findings = findings
	s.Must(s.Look(s.Context()))
	return s.sending(func(*alarm.Target, *alarm.Delivery) error { return nil })
}

func (s *siren) sending(answer func(*alarm.Target, *alarm.Delivery) error) string {
	s.Helper()
	s.sent = nil
	_, _, err := s.Send(s.Context(), func(_ context.Context, t *alarm.Target, d *alarm.Delivery) error {
		err := answer(t, d)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sent = append(s.sent, fmt.Sprintf("%s %s %s", t.Name, d.Event, d.Code))
		return err
	})
	s.Must(err)
	return strings.Join(s.sent, ", ")
}

// told returns how many deliveries of this sending have been answered.
func (s *siren) told() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sent)
}

func (s *siren) want(when, got, want string) {
	s.Helper()
	if got != want {
		s.Errorf("%s: told %q, want %q", when, got, want)
	}
}

func TestAlarms(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		s := newSiren(h)
		refuses := plan.Finding{Code: plan.FindingDeskRefuses, Desk: "support", Text: "Desk support refuses our credentials.", Do: "give it new ones"}
		s.want("nobody is to be told", s.looked(refuses), "")
		s.add("ops", alarm.Mail, "ops@example.com")
		s.want("what was there before", s.looked(refuses), "ops raised desk-refuses")
		s.want("still there", s.looked(refuses), "")
		s.want("the same of another desk", s.looked(refuses, plan.Finding{Code: plan.FindingDeskRefuses, Desk: "billing"}), "ops raised desk-refuses")
		s.want("gone for a moment", s.looked(), "")
		s.later(time.Minute)
		s.want("there again", s.looked(refuses), "")
		s.want("gone", s.looked(), "")
		s.add("pager", alarm.Webhook, "https://hooks.example.com/x")
		s.want("somebody new hears of what is open", s.looked(), "pager raised desk-refuses, pager raised desk-refuses")
		s.later(10 * time.Minute)
		s.overview.Findings = nil
		s.Must(s.Look(s.Context()))
		if over, err := s.Deliveries(s.Context(), "pager", 10); err != nil || len(over) != 4 || over[0].Event != alarm.Cleared || over[1].Event != alarm.Cleared {
			t.Errorf("over: %+v, %v", over, err)
		}
		s.sending(func(*alarm.Target, *alarm.Delivery) error { return nil })
		s.Must(func() error { _, err := s.Remove(s.Context(), ada, "pager"); return err }())

		s.want("afterwards", s.looked(), "")
		s.want("what is never told", s.looked(plan.Finding{Code: plan.FindingNoServer}, plan.Finding{Code: plan.FindingEnds, Desk: "support"}, plan.Finding{Code: plan.FindingNeverUsed, Connection: "acme"}), "")
		attention := plan.Finding{Code: plan.FindingNeedAttention, Desk: "support", Count: 1}
		s.want("what may resolve itself", s.looked(attention), "")
		s.later(23 * time.Hour)
		s.want("for hours", s.looked(attention), "")
		s.later(time.Hour)
		s.want("for a day", s.looked(attention), "ops raised need-attention")
		attention.Count = 3
		s.want("more, at once", s.looked(attention), "")
		s.later(time.Hour)
		s.want("more, an hour later", s.looked(attention), "ops raised need-attention")
		s.later(time.Hour)
		s.want("as many", s.looked(attention), "")
		s.overview.Desks = []plan.DeskOverview{{Desk: h.Desk, Accounts: map[provision.AccountState]int{provision.AccountOnHold: 12}}}
		s.want("a mass change is held", s.looked(attention), "ops raised hold")
		found, err := s.Deliveries(s.Context(), "", 1)
		if err != nil || !strings.Contains(found[0].Mail(), "holds the access of 12 on desk support") || !strings.Contains(found[0].Mail(), "https://bridge.example.com/admin/") {
			t.Errorf("%+v, %v", found, err)
		}
	})
}

func TestDeliveries(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		s := newSiren(h)
		s.add("hangs", alarm.Webhook, "https://a.example.com/x")
		s.add("ops", alarm.Mail, "ops@example.com")
		s.overview.Findings = []plan.Finding{{Code: plan.FindingSilent, Connection: "acme"}, {Code: plan.FindingSweep, Desk: "support"}}
		s.Must(s.Look(s.Context()))
		got := s.sending(func(t *alarm.Target, _ *alarm.Delivery) error {
			if t.Name != "hangs" {
				return nil
			}
			for s.told() < 2 { // until the other one has all
				time.Sleep(time.Millisecond)
			}
			return errors.New("HTTP 503")
		})
		s.want("one that hangs", got, "ops raised silent, ops raised sweep, hangs raised silent, hangs raised sweep")
		s.want("at once", s.sending(func(*alarm.Target, *alarm.Delivery) error { return nil }), "")

		tries := 1
		first := func() alarm.Delivery {
			s.Helper()
			found, err := s.Deliveries(s.Context(), "hangs", 10)
			s.Must(err)
			return found[len(found)-1]
		}
		fails := func(*alarm.Target, *alarm.Delivery) error { return errors.New("HTTP 503") }
		for d := first(); d.State == alarm.Waiting && tries < 20; d = first() {
			if d.Tries != tries || d.Answer != "HTTP 503" {
				t.Fatalf("%+v, want %d tries", d, tries)
			}
			s.later(d.NextAt.Sub(s.Now()) + time.Millisecond)
			s.sending(fails)
			tries++
		}
		if d := first(); d.State != alarm.Failed || tries != 11 || s.Now().Sub(d.At) < 71*time.Hour || d.ID == "" {
			t.Errorf("given up after %d tries: %+v", tries, d)
		}
		again, err := s.SendAgain(s.Context(), ada, first().ID)
		s.Must(err)
		s.sending(func(_ *alarm.Target, d *alarm.Delivery) error {
			if d.ID == again.ID && !strings.Contains(d.Body, `"connection":"acme"`) {
				t.Errorf("other bytes: %s", d.Body)
			}
			return nil
		})
		if d := first(); d.State != alarm.Delivered || d.Tries != 1 {
			t.Errorf("sent again: %+v", d)
		}
		_, err = s.SendAgain(s.Context(), ada, "nothing")
		h.Code(err, provision.NotFound)

		d, err := s.Try(s.Context(), "hangs")
		s.Must(err)
		s.sending(func(*alarm.Target, *alarm.Delivery) error { return fmt.Errorf("HTTP 410: %w", alarm.ErrRefused) })
		if found, err := s.Deliveries(s.Context(), "hangs", 1); err != nil || found[0].ID != d.ID || found[0].State != alarm.Failed || found[0].Tries != 1 {
			t.Errorf("refused: %+v, %v", found, err)
		}
		s.later(31 * 24 * time.Hour)
		s.want("old", s.sending(fails), "")
		if found, err := s.Deliveries(s.Context(), "", 10); err != nil || len(found) != 0 {
			t.Errorf("kept: %+v, %v", found, err)
		}
	})
}

// TestOverBeforeItWasTold: nobody hears that something needs them after the word that
// it is over, and nobody who is added later of what was.
func TestOverBeforeItWasTold(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		s := newSiren(h)
		s.add("ops", alarm.Mail, "ops@example.com")
		silent := []plan.Finding{{Code: plan.FindingSilent, Connection: "acme"}}
		over := func() {
			s.overview.Findings = nil
			s.Must(s.Look(s.Context()))
			s.later(10 * time.Minute)
			s.Must(s.Look(s.Context()))
		}
		fails := func(*alarm.Target, *alarm.Delivery) error { return errors.New("HTTP 503") }
		works := func(*alarm.Target, *alarm.Delivery) error { return nil }

		s.overview.Findings = silent
		s.Must(s.Look(s.Context()))
		s.sending(fails)
		over()
		s.want("it was not received, and is over", s.sending(works), "ops cleared silent")
		found, err := s.Deliveries(s.Context(), "", 10)
		s.Must(err)
		if len(found) != 2 || found[1].State != alarm.Dropped || found[1].Answer != "HTTP 503" || found[1].EndedAt == nil {
			t.Errorf("%+v", found)
		}
		_, err = s.SendAgain(s.Context(), ada, found[1].ID)
		h.Code(err, provision.Conflict)
		_, err = s.SendAgain(s.Context(), ada, found[0].ID)
		s.Must(err)
		s.want("the word that it is over, again", s.sending(works), "ops cleared silent")

		s.overview.Findings = silent
		s.Must(s.Look(s.Context()))
		s.sending(func(t *alarm.Target, d *alarm.Delivery) error { over(); return fails(t, d) })
		s.want("it is over while it is sent", s.sending(works), "ops cleared silent")
		s.overview.Findings = silent
		s.Must(s.Look(s.Context()))
		_, err = s.SendAgain(s.Context(), ada, found[1].ID)
		h.Code(err, provision.Conflict) // what it tells of was over, and is there anew
		s.sending(func(*alarm.Target, *alarm.Delivery) error { over(); return nil })
		found, err = s.Deliveries(s.Context(), "", 10)
		s.Must(err)
		if len(found) != 6 || found[1].Event != alarm.Raised || found[1].State != alarm.Delivered || found[3].State != alarm.Dropped {
			t.Errorf("%+v", found)
		}
		s.sending(works)

		s.overview.Findings = silent
		s.Must(s.Look(s.Context()))
		s.sending(works)
		_, err = s.Remove(s.Context(), ada, "ops")
		s.Must(err)
		s.overview.Findings = nil
		s.add("pager", alarm.Webhook, "https://hooks.example.com/x")
		s.want("who is added when nobody has looked", s.sending(works), "")
	})
}

// TestOneServerSends: what one server is about to send another does not, unless the
// first one has died with it.
func TestOneServerSends(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		s := newSiren(h)
		s.add("ops", alarm.Mail, "ops@example.com")
		_, err := s.Try(s.Context(), "ops")
		s.Must(err)
		dying, die := context.WithCancel(s.Context())
		_, _, err = s.Send(dying, func(ctx context.Context, _ *alarm.Target, d *alarm.Delivery) error {
			n, _, err := s.Send(ctx, func(context.Context, *alarm.Target, *alarm.Delivery) error { t.Error("sent twice"); return nil })
			if n != 0 || err != nil {
				t.Errorf("%d, %v", n, err)
			}
			die()
			return ctx.Err()
		})
		s.Must(err)
		s.later(time.Minute)
		s.want("soon", s.sending(func(*alarm.Target, *alarm.Delivery) error { return nil }), "")
		s.later(time.Minute)
		s.want("later", s.sending(func(*alarm.Target, *alarm.Delivery) error { return nil }), "ops test ")
	})
}

func TestTargets(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		s := newSiren(h)
		for name, wrong := range map[string]alarm.Target{
			"a name":      {Name: "Ops Team", Kind: alarm.Mail, Address: "ops@example.com"},
			"no address":  {Name: "a", Kind: alarm.Mail, Address: "Ops <ops@example.com>"},
			"two":         {Name: "a", Kind: alarm.Mail, Address: "ops@example.com, x@example.com"},
			"a line":      {Name: "a", Kind: alarm.Mail, Address: "ops@example.com\r\nBcc: x@example.com"},
			"http":        {Name: "a", Kind: alarm.Webhook, Address: "http://hooks.example.com"},
			"a password":  {Name: "a", Kind: alarm.Webhook, Address: "https://u:p@hooks.example.com"},
			"another way": {Name: "a", Kind: "pigeon", Address: "x"},
		} {
			t.Log(name)
			_, err := s.Service.Add(s.Context(), ada, wrong)
			h.Code(err, provision.Invalid)
		}
		added := s.add("pager", alarm.Webhook, "https://hooks.example.com/T0/secret")
		if !strings.HasPrefix(added.Secret, "whsec_") || added.Shown() != "https://hooks.example.com" {
			t.Errorf("%+v shown as %s", added, added.Shown())
		}
		_, err := s.Service.Add(s.Context(), ada, alarm.Target{Name: "pager", Kind: alarm.Mail, Address: "ops@example.com"})
		h.Code(err, provision.Conflict)
		var raw string
		s.Must(h.Store.DB().QueryRowContext(s.Context(), `SELECT address || secret FROM alarm_targets`).Scan(&raw))
		if strings.Contains(raw, "hooks") || strings.Contains(raw, "whsec_") {
			t.Errorf("kept as %s", raw)
		}
		if there, err := s.Targets(s.Context()); err != nil || len(there) != 1 || there[0].Secret != added.Secret || there[0].Address != added.Address {
			t.Errorf("%+v, %v", there, err)
		}
		for i := 1; i < alarm.MostTargets; i++ {
			s.add(fmt.Sprintf("t%d", i), alarm.Mail, "ops@example.com")
		}
		_, err = s.Service.Add(s.Context(), ada, alarm.Target{Name: "more", Kind: alarm.Mail, Address: "ops@example.com"})
		h.Code(err, provision.Invalid)
		_, err = s.Remove(s.Context(), ada, "nobody")
		h.Code(err, provision.NotFound)
		found := 0
		s.Must(h.Core.Audit.EachEntry(s.Context(), func(e provision.Entry) error {
			if e.Action == audit.AlarmTargetAdded {
				found++
				if strings.Contains(fmt.Sprint(e.Detail), "hooks") {
					t.Errorf("%+v", e)
				}
			}
			return nil
		}))
		if found != alarm.MostTargets {
			t.Errorf("%d entries", found)
		}
	})
}
