package alarm

import (
	"context"
	"fmt"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
)

const (
	// goneAfter is how long something must be over before that is told: what comes
	// and goes is told of once.
	goneAfter = 10 * time.Minute
	// againAfter is how long it is not told again of what grows.
	againAfter = time.Hour
	// attentionLate is how long accounts may need attention before that is told.
	attentionLate = 24 * time.Hour
)

// Hold is the code of an alarm about accounts that mass-change protection holds on a
// desk. The others are those of findings.
const Hold plan.FindingCode = "hold"

// Alarm is something that needs somebody, for as long as it does.
type Alarm struct {
	Key        string // unique: what it is about
	Code       plan.FindingCode
	Connection string // name; "" when it is about none
	Desk       string // name; "" when it is about none
	Text       string // what is wrong, without names of people
	Do         string // what to do about it
	Count      int    // of accounts, when it was told last; 0: it is about none
	SeenAt     time.Time
	ToldAt     *time.Time // when it was told last; nil: not yet
	GoneAt     *time.Time // since when it is not there any more; nil: it is
}

// late is how long something is watched before it is told.
func (a *Alarm) late() time.Duration {
	if a.Code == plan.FindingNeedAttention {
		return attentionLate
	}
	return 0
}

// due reports whether a, which is there with so many accounts now, is to be told.
func (a *Alarm) due(n int, now time.Time) bool {
	if a.ToldAt == nil {
		return now.Sub(a.SeenAt) >= a.late()
	}
	return n > a.Count && now.Sub(*a.ToldAt) >= againAfter
}

// quiet are the findings that nobody is told of: nothing could tell of a server that
// does not run, and the others are about what was never set up, or comes in time.
var quiet = map[plan.FindingCode]bool{
	plan.FindingNoServer: true, plan.FindingNoConnection: true, plan.FindingNoToken: true, plan.FindingNeverUsed: true, plan.FindingGroups: true, plan.FindingEnds: true,
}

// of returns what an overview gives to tell of.
func of(o *plan.Overview) (out []Alarm) {
	for _, f := range o.Findings {
		if quiet[f.Code] {
			continue
		}
		out = append(out, Alarm{Code: f.Code, Key: key(f.Code, f.Connection, f.Desk, f.Token), Connection: f.Connection, Desk: f.Desk, Text: f.Text, Do: f.Do, Count: f.Count})
	}
	for _, d := range o.Desks {
		if n := d.Accounts[provision.AccountOnHold]; n > 0 {
			out = append(out, Alarm{Code: Hold, Key: key(Hold, "", d.Desk.Name, ""), Desk: d.Desk.Name, Count: n,
				Text: fmt.Sprintf("Mass-change protection holds the access of %d on desk %s: nothing changes for them until somebody decides.", n, d.Desk.Name),
				Do:   "look who it is and why, then release or reject them: `deskbridge status`"})
		}
	}
	return out
}

func key(code plan.FindingCode, connection, desk, token string) string {
	return string(code) + "|" + connection + "|" + desk + "|" + token
}

// Look notes what needs somebody now and what does no more, and writes deliveries of
// what is to be told. While there is no target nothing is noted, and no time is spent.
func (s *Service) Look(ctx context.Context) error {
	targets, err := s.store.AlarmTargets(ctx)
	if err != nil || len(targets) == 0 {
		return err
	}
	o, err := s.overview(ctx)
	if err != nil {
		return err
	}
	return s.inTx(ctx, func(tx Store) error {
		if err := tx.LockAlarms(ctx); err != nil {
			return err
		}
		if targets, err = tx.AlarmTargets(ctx); err != nil {
			return err
		}
		open, err := tx.Alarms(ctx)
		if err != nil {
			return err
		}
		save, over, told := s.compare(open, of(&o), targets)
		if err := tx.SaveAlarms(ctx, save); err != nil {
			return err
		}
		if err := tx.DeleteAlarms(ctx, over); err != nil {
			return err
		}
		if err := tx.DropRaised(ctx, over, s.now()); err != nil { // it would come after the word that it is over
			return err
		}
		return tx.InsertDeliveries(ctx, told)
	})
}

// compare returns which alarms are other than in open, which are over, and what is
// told of both.
func (s *Service) compare(open, now []Alarm, targets []Target) (save []Alarm, over []string, told []Delivery) {
	at := s.now()
	tell := func(e Event, a *Alarm) {
		for i := range targets {
			told = append(told, s.delivery(&targets[i], e, a, at))
		}
	}
	known := make(map[string]Alarm, len(open))
	for _, a := range open {
		known[a.Key] = a
	}
	for _, a := range now {
		before, seen := known[a.Key]
		delete(known, a.Key)
		if !seen {
			before = a
			before.SeenAt = at
		}
		n, changed := a.Count, !seen || before.GoneAt != nil
		before.Text, before.Do, before.GoneAt = a.Text, a.Do, nil
		if before.due(n, at) {
			before.ToldAt, before.Count, changed = &at, n, true
			tell(Raised, &before)
		}
		if changed {
			save = append(save, before)
		}
	}
	for _, a := range open {
		if _, gone := known[a.Key]; !gone {
			continue
		}
		switch {
		case a.GoneAt == nil:
			a.GoneAt = &at
			save = append(save, a)
		case at.Sub(*a.GoneAt) >= goneAfter:
			over = append(over, a.Key)
			if a.ToldAt != nil {
				tell(Cleared, &a)
			}
		}
	}
	return save, over, told
}
