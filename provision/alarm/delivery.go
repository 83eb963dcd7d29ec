package alarm

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// Event is what is told of an alarm.
type Event string

// The events; the type of a webhook's message is "alarm." and the event.
const (
	Raised  Event = "raised"
	Cleared Event = "cleared"
	Test    Event = "test"
)

// State is how far a delivery is.
type State string

// The states.
const (
	Waiting   State = "waiting"   // to be sent, now or again later
	Delivered State = "delivered" // the receiver has said that it has it
	Failed    State = "failed"    // it has not, in three days
	Dropped   State = "dropped"   // what it tells of was over before it was received
)

// DeliveryID is the id of a [Delivery], the same at every try: the receiver can tell
// what it has already (Standard Webhooks, "Webhook identifiers").
type DeliveryID string

// Delivery is one message to one target.
type Delivery struct {
	ID      DeliveryID
	Target  TargetID
	Alarm   string // key of the [Alarm], which may be over; "" for a test
	Event   Event
	Code    plan.FindingCode
	Text    string // what is wrong, or was
	Body    string // JSON, as a webhook gets it, the same bytes at every try
	At      time.Time
	State   State
	Tries   int
	NextAt  *time.Time // when it is tried next; nil: not
	Answer  string     // of the last try, in plain words; "" before there was one
	EndedAt *time.Time // when it was delivered, dropped or given up
}

// retries are how long it is waited after each try (Standard Webhooks, "Retry
// schedule").
var retries = []time.Duration{5 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 20 * time.Hour}

const (
	// sendTime bounds one try, and roundTime those of one target in a row: of what is
	// left then it is noted that the receiver does not answer.
	sendTime  = 20 * time.Second
	roundTime = 30 * time.Second
	// lease is after how long somebody else tries what was not noted as tried.
	lease = 2 * time.Minute
	// atOnce is how many are taken at a time.
	atOnce = 100
	// keep is for how long is kept what was sent, or given up.
	keep = 30 * 24 * time.Hour
)

// ErrRefused marks answers after which it is not tried again.
var ErrRefused = errors.New("the receiver wants nothing more")

var errSilent = errors.New("the receiver does not answer, as with what was sent before this")

// Sender brings one delivery to its target; nil when the receiver has it. Errors are
// for people and hold no secret.
type Sender func(ctx context.Context, t *Target, d *Delivery) error

// message is what a webhook gets.
type message struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      struct {
		Code       string     `json:"code,omitempty"`
		Connection string     `json:"connection,omitempty"`
		Desk       string     `json:"desk,omitempty"`
		Count      int        `json:"count,omitempty"`
		Since      *time.Time `json:"since,omitempty"`
		Text       string     `json:"text"`
		Do         string     `json:"do,omitempty"`
		URL        string     `json:"url"` // where an admin looks
	} `json:"data"`
}

func (s *Service) delivery(t *Target, e Event, a *Alarm, at time.Time) Delivery {
	m := message{Type: "alarm." + string(e), Timestamp: at}
	m.Data.Code, m.Data.Connection, m.Data.Desk, m.Data.Count, m.Data.Text, m.Data.Do, m.Data.URL = string(a.Code), a.Connection, a.Desk, a.Count, a.Text, a.Do, s.console
	if !a.SeenAt.IsZero() {
		m.Data.Since = &a.SeenAt
	}
	body, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings, numbers and times
	}
	return Delivery{ID: provision.NewID[DeliveryID](), Target: t.ID, Alarm: a.Key, Event: e, Code: a.Code, Text: a.Text, Body: string(body), At: at, State: Waiting, NextAt: &at}
}

// Mail returns what is told as the text of a mail.
func (d *Delivery) Mail() string {
	var m message
	if err := json.Unmarshal([]byte(d.Body), &m); err != nil {
		return d.Text
	}
	var out strings.Builder
	if d.Event == Cleared {
		out.WriteString("This is over:\n\n")
	}
	fmt.Fprintln(&out, d.Text)
	if m.Data.Do != "" && d.Event != Cleared {
		fmt.Fprintf(&out, "\nWhat to do: %s\n", m.Data.Do)
	}
	if m.Data.Since != nil {
		fmt.Fprintf(&out, "\nSeen since %s.\n", m.Data.Since.UTC().Format("2 January 2006, 15:04 UTC"))
	}
	fmt.Fprintf(&out, "\n%s\n", m.Data.URL)
	return out.String()
}

// Deliveries returns up to limit of those to a target, "" for all, the newest first.
func (s *Service) Deliveries(ctx context.Context, name string, limit int) ([]Delivery, error) {
	var of TargetID
	if name != "" {
		t, err := targetNamed(ctx, s.store, name)
		if err != nil {
			return nil, err
		}
		of = t.ID
	}
	return s.store.Deliveries(ctx, of, limit)
}

// SendAgain has what was sent, or given up, sent again, under the same id. NotFound
// when there is none; Conflict when it tells of something that is over: nobody hears
// that it needs them after the word that it does not.
func (s *Service) SendAgain(ctx context.Context, c provision.Cause, id DeliveryID) (d Delivery, _ error) {
	err := s.inTx(ctx, func(tx Store) (err error) {
		if err := tx.LockAlarms(ctx); err != nil {
			return err
		}
		if d, err = tx.Delivery(ctx, id); err != nil {
			return err
		}
		open, err := tx.Alarms(ctx)
		if err != nil {
			return err
		}
		same := func(a Alarm) bool { return a.Key == d.Alarm && !a.SeenAt.After(d.At) }
		if d.Event == Raised && !slices.ContainsFunc(open, same) {
			return provision.Errorf(provision.Conflict, "", "what this message tells of is over; deskbridge alarm deliveries shows what tells so")
		}
		now := s.now()
		d.State, d.Tries, d.NextAt, d.EndedAt = Waiting, 0, &now, nil
		if err := tx.SaveDelivery(ctx, d); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, provision.Entry{At: now, Cause: c, Action: audit.AlarmSentAgain, Subject: string(d.ID), Detail: map[string]any{"event": d.Event, "code": d.Code}})
	})
	return d, err
}

// Send sends what is due, each target by itself and all of them at once, and deletes
// what is too old. It returns how many were delivered, and how many were given up.
func (s *Service) Send(ctx context.Context, send Sender) (delivered, failed int, _ error) {
	if err := s.store.PruneDeliveries(ctx, s.now().Add(-keep)); err != nil {
		return 0, 0, err
	}
	due, targets, err := s.take(ctx)
	if err != nil {
		return 0, 0, err
	}
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		errs   []error
		counts = make(map[State]int)
	)
	for i := range targets {
		t := &targets[i]
		wg.Go(func() {
			bounded, cancel := context.WithTimeout(ctx, roundTime)
			defer cancel()
			for _, d := range due {
				if d.Target != t.ID {
					continue
				}
				err := s.try(ctx, bounded, send, t, &d)
				mu.Lock()
				counts[d.State]++
				errs = append(errs, err)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return counts[Delivered], counts[Failed], errors.Join(errs...)
}

// take returns what is due, and has nobody else take that meanwhile.
func (s *Service) take(ctx context.Context) (due []Delivery, targets []Target, _ error) {
	found, err := s.store.DueDeliveries(ctx, s.now(), 1)
	if err != nil || len(found) == 0 {
		return nil, nil, err
	}
	err = s.inTx(ctx, func(tx Store) error {
		if err := tx.LockAlarms(ctx); err != nil {
			return err
		}
		now := s.now()
		if due, err = tx.DueDeliveries(ctx, now, atOnce); err != nil {
			return err
		}
		if targets, err = tx.AlarmTargets(ctx); err != nil {
			return err
		}
		until := now.Add(lease)
		for i := range due {
			due[i].NextAt = &until
			if err := tx.SaveDelivery(ctx, due[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return due, targets, err
}

// try sends d within bounded, and notes what came of it.
func (s *Service) try(ctx, bounded context.Context, send Sender, t *Target, d *Delivery) error {
	err := errSilent
	if bounded.Err() == nil {
		sending, cancel := context.WithTimeout(bounded, sendTime)
		err = send(sending, t, d)
		cancel()
	}
	if ctx.Err() != nil {
		return nil // the process ends: it is tried again after the lease
	}
	now := s.now()
	d.Tries++
	switch {
	case err == nil:
		d.State, d.Answer, d.NextAt, d.EndedAt = Delivered, "received", nil, &now
	case errors.Is(err, ErrRefused) || d.Tries > len(retries):
		d.State, d.Answer, d.NextAt, d.EndedAt = Failed, err.Error(), nil, &now
	default:
		next := now.Add(retries[d.Tries-1])
		d.Answer, d.NextAt = err.Error(), &next
	}
	save := s.store.SaveTry
	if d.State == Delivered {
		save = s.store.SaveDelivery // whatever became of it meanwhile: the receiver has it
	}
	if err := save(ctx, *d); err != nil && !provision.IsNotFound(err) { // the target was removed meanwhile, or it is over
		return fmt.Errorf("alarm %s: %w", d.ID, err)
	}
	return nil
}

// Subject returns a delivery in one line, as a mail's subject.
func (d *Delivery) Subject() string {
	text := provision.Plain(d.Text)
	switch d.Event {
	case Cleared:
		text = "Over: " + text
	case Test:
		text = "Test"
	case Raised:
	}
	return "[Deskbridge] " + cmp.Or(text, string(d.Code))
}
