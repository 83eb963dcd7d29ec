package answer

import (
	"time"

	"github.com/deskbridge/deskbridge/provision/alarm"
)

// Alarm is something that needs somebody now.
type Alarm struct {
	Code       string     `json:"code" doc:"of the finding, or hold"`
	Connection string     `json:"connection,omitempty"`
	Desk       string     `json:"desk,omitempty"`
	Text       string     `json:"text" doc:"what is wrong, without names of people"`
	Do         string     `json:"do,omitempty" doc:"what to do about it"`
	Count      int        `json:"count,omitempty" doc:"of accounts, when it was told last"`
	Since      time.Time  `json:"since"`
	ToldAt     *time.Time `json:"told_at,omitempty" doc:"when it was told last; absent: not yet"`
}

// AlarmOf returns an alarm that is open.
func AlarmOf(a alarm.Alarm) Alarm {
	return Alarm{string(a.Code), a.Connection, a.Desk, a.Text, a.Do, a.Count, a.SeenAt, a.ToldAt}
}

// AlarmTarget is who is told of alarms.
type AlarmTarget struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Kind      string    `json:"kind" enum:"mail,webhook"`
	Address   string    `json:"address" doc:"of a webhook without its path, which may be a secret of the receiver"`
	Secret    string    `json:"secret,omitempty" doc:"that signs what a webhook gets; in the answer that makes it, and nowhere else"`
	CreatedBy string    `json:"created_by"`
	CreatedAt time.Time `json:"created_at"`
}

// AlarmTargetOf returns a target without its secret.
func AlarmTargetOf(t alarm.Target) AlarmTarget {
	return AlarmTarget{ID: string(t.ID), Name: t.Name, Kind: string(t.Kind), Address: t.Shown(), CreatedBy: t.CreatedBy, CreatedAt: t.CreatedAt}
}

// AlarmDelivery is one message to one target, and what became of it.
type AlarmDelivery struct {
	ID      string     `json:"id" doc:"the same at every try: webhook-id"`
	Target  string     `json:"target" doc:"name"`
	Event   string     `json:"event" enum:"raised,cleared,test"`
	Code    string     `json:"code,omitempty"`
	Text    string     `json:"text"`
	At      time.Time  `json:"at"`
	State   string     `json:"state" enum:"waiting,delivered,failed,dropped" doc:"dropped: what it tells of was over before it was received"`
	Tries   int        `json:"tries"`
	NextAt  *time.Time `json:"next_at,omitempty" doc:"when it is tried next; absent: not"`
	Answer  string     `json:"answer,omitempty" doc:"of the last try, in words"`
	EndedAt *time.Time `json:"ended_at,omitempty"`
}

// AlarmDeliveryOf returns a message to one of targets.
func AlarmDeliveryOf(d alarm.Delivery, targets []alarm.Target) AlarmDelivery {
	out := AlarmDelivery{string(d.ID), string(d.Target), string(d.Event), string(d.Code), d.Text, d.At, string(d.State), d.Tries, d.NextAt, d.Answer, d.EndedAt}
	for i := range targets {
		if targets[i].ID == d.Target {
			out.Target = targets[i].Name
		}
	}
	return out
}
