package api

import (
	"context"
	"net/http"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/api/answer"
	"github.com/deskbridge/deskbridge/provision/alarm"
)

// NewAlarmTarget is who is to be told of alarms.
type NewAlarmTarget struct {
	Name    string `json:"name"`
	Kind    string `json:"kind" enum:"mail,webhook"`
	Address string `json:"address" minLength:"1" maxLength:"2000" doc:"of mail, or the URL that messages are posted to"`
}

// targetName is the place of a target in an address.
type targetName struct {
	Target string `path:"target" maxLength:"100" doc:"name"`
}

func alarmRoutes(a *API) {
	handle(a, route{"list-alarms", http.MethodGet, "/alarms", admin.SettingsRead, "Alarms", "What needs somebody now; while nobody is told, nothing is looked for", 0},
		func(ctx context.Context, _ asked, _ *struct{}) (*paged[answer.Alarm], error) {
			open, err := a.core.Alarms.Open(ctx)
			return all(open, answer.AlarmOf), err
		})
	handle(a, route{"list-alarm-targets", http.MethodGet, "/alarms/targets", admin.SettingsRead, "Alarms", "Who is told of what needs somebody", 0},
		func(ctx context.Context, _ asked, _ *struct{}) (*paged[answer.AlarmTarget], error) {
			targets, err := a.core.Alarms.Targets(ctx)
			return all(targets, answer.AlarmTargetOf), err
		})
	handle(a, route{"add-alarm-target", http.MethodPost, "/alarms/targets", admin.AlarmChange, "Alarms", "Tell somebody, by mail or webhook", http.StatusCreated},
		func(ctx context.Context, who asked, in *struct{ Body NewAlarmTarget }) (*struct{ Body answer.AlarmTarget }, error) {
			added, err := a.core.Alarms.Add(ctx, who.cause, alarm.Target{Name: in.Body.Name, Kind: alarm.Kind(in.Body.Kind), Address: in.Body.Address})
			out := answer.AlarmTargetOf(added)
			out.Secret = added.Secret
			return &struct{ Body answer.AlarmTarget }{out}, err
		})
	handle(a, route{"test-alarm-target", http.MethodPost, "/alarms/targets/{target}/test", admin.AlarmChange, "Alarms", "Send a target a test, within seconds; the deliveries say what was answered", http.StatusAccepted},
		func(ctx context.Context, _ asked, in *targetName) (*struct{ Body answer.AlarmDelivery }, error) {
			d, err := a.core.Alarms.Try(ctx, in.Target)
			return a.delivery(ctx, d, err)
		})
	handle(a, route{"remove-alarm-target", http.MethodDelete, "/alarms/targets/{target}", admin.AlarmChange, "Alarms", "Tell somebody no more: what was to be sent to them is gone", 0},
		func(ctx context.Context, who asked, in *targetName) (*struct{ Body answer.AlarmTarget }, error) {
			t, err := a.core.Alarms.Remove(ctx, who.cause, in.Target)
			return &struct{ Body answer.AlarmTarget }{answer.AlarmTargetOf(t)}, err
		})
	handle(a, route{"list-alarm-deliveries", http.MethodGet, "/alarms/deliveries", admin.SettingsRead, "Alarms", "The last messages, of 30 days, and what was answered; the newest first", 0},
		func(ctx context.Context, _ asked, in *struct {
			Target string `query:"target" maxLength:"100" doc:"name; only those to this one"`
			Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"how many at most; there are no pages"`
		}) (*paged[answer.AlarmDelivery], error) {
			sent, err := a.core.Alarms.Deliveries(ctx, in.Target, in.Limit)
			if err != nil {
				return nil, err
			}
			targets, err := a.core.Alarms.Targets(ctx)
			return all(sent, func(d alarm.Delivery) answer.AlarmDelivery { return answer.AlarmDeliveryOf(d, targets) }), err
		})
	handle(a, route{"send-alarm-again", http.MethodPost, "/alarms/deliveries/{id}/send-again", admin.AlarmChange, "Alarms", "Send a message once more, under its id", http.StatusAccepted},
		func(ctx context.Context, who asked, in *struct {
			ID string `path:"id" maxLength:"64"`
		}) (*struct{ Body answer.AlarmDelivery }, error) {
			d, err := a.core.Alarms.SendAgain(ctx, who.cause, alarm.DeliveryID(in.ID))
			return a.delivery(ctx, d, err)
		})
}

// delivery answers with a message, unless err is one.
func (a *API) delivery(ctx context.Context, d alarm.Delivery, err error) (*struct{ Body answer.AlarmDelivery }, error) {
	if err != nil {
		return nil, err
	}
	targets, err := a.core.Alarms.Targets(ctx)
	return &struct{ Body answer.AlarmDelivery }{answer.AlarmDeliveryOf(d, targets)}, err
}
