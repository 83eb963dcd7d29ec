package alarms

import (
	"embed"
	"net/http"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/console/layout"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/alarm"
)

//go:embed templates
var templateFiles embed.FS

// pages are the templates of the pages here.
var pages = layout.Templates(templateFiles)

// Room is the page about alarms, and what it asks of the core.
type Room struct {
	Alarms *alarm.Service
}

// Routes are its page and its buttons.
func (r *Room) Routes() []layout.Route {
	return []layout.Route{
		{Pattern: "GET /admin/alarms", Verb: admin.SettingsRead, Serve: r.all},
		{Pattern: "POST /admin/alarms/targets", Verb: admin.AlarmChange, Serve: r.add},
		{Pattern: "POST /admin/alarms/targets/{target}/test", Verb: admin.AlarmChange, Serve: r.try},
		{Pattern: "POST /admin/alarms/targets/{target}/remove", Verb: admin.AlarmChange, Serve: r.remove},
		{Pattern: "POST /admin/alarms/deliveries/{id}/send-again", Verb: admin.AlarmChange, Serve: r.sendAgain},
	}
}

// alarmsPage is all about alarms.
type alarmsPage struct {
	Open       []alarm.Alarm
	Targets    []alarm.Target
	Deliveries []delivery
	Target     string        // of whom deliveries are shown; "": of all
	Added      *alarm.Target // with its secret, once; nil: none was added just now
	Problem    string        // why none was
	Typed      alarm.Target  // what the form had then
	Now        time.Time
}

// delivery is one message.
type delivery struct {
	alarm.Delivery
	Target string // name
}

// mostDeliveries is how many messages the page shows.
const mostDeliveries = 100

func (r *Room) all(p *layout.Page) error {
	return r.show(p, http.StatusOK, alarmsPage{Target: p.URL.Query().Get("target")})
}

func (r *Room) show(p *layout.Page, status int, body alarmsPage) (err error) {
	body.Now = p.Now
	if body.Open, err = r.Alarms.Open(p.Context()); err != nil {
		return err
	}
	if body.Targets, err = r.Alarms.Targets(p.Context()); err != nil {
		return err
	}
	sent, err := r.Alarms.Deliveries(p.Context(), body.Target, mostDeliveries)
	if err != nil {
		return err
	}
	for _, d := range sent {
		one := delivery{d, string(d.Target)}
		for _, t := range body.Targets {
			if t.ID == d.Target {
				one.Target = t.Name
			}
		}
		body.Deliveries = append(body.Deliveries, one)
	}
	return p.Show(status, pages, "alarms", "/admin/alarms", "Alarms", layout.Frame{Body: body, Live: body.Added == nil, Command: "deskbridge alarm deliveries"})
}

// add has somebody told. The secret of a webhook is in the answer, once.
func (r *Room) add(p *layout.Page) error {
	t := alarm.Target{Name: strings.TrimSpace(p.PostFormValue("name")), Kind: alarm.Kind(p.PostFormValue("kind")), Address: strings.TrimSpace(p.PostFormValue("address"))}
	added, err := r.Alarms.Add(p.Context(), p.Cause(), t)
	if layout.IsMistake(err) {
		return r.show(p, http.StatusUnprocessableEntity, alarmsPage{Problem: layout.Detail(err), Typed: t})
	}
	if err != nil {
		return err
	}
	if added.Kind != alarm.Webhook {
		return p.Done("/admin/alarms", "told", 1)
	}
	return r.show(p, http.StatusOK, alarmsPage{Added: &added})
}

func (r *Room) try(p *layout.Page) error {
	if _, err := r.Alarms.Try(p.Context(), p.PathValue("target")); err != nil {
		return err
	}
	return p.Done("/admin/alarms", "tried", 1)
}

// remove has somebody told no more: the name is typed, for what was to be sent is gone.
func (r *Room) remove(p *layout.Page) error {
	name := p.PathValue("target")
	if strings.TrimSpace(p.PostFormValue("name")) != name {
		return provision.Errorf(provision.Invalid, "name", "type %s to tell them no more: what was to be sent to them is gone then", name)
	}
	if _, err := r.Alarms.Remove(p.Context(), p.Cause(), name); err != nil {
		return err
	}
	return p.Done("/admin/alarms", "untold", 1)
}

func (r *Room) sendAgain(p *layout.Page) error {
	if _, err := r.Alarms.SendAgain(p.Context(), p.Cause(), alarm.DeliveryID(p.PathValue("id"))); err != nil {
		return err
	}
	return p.Done("/admin/alarms", "resent", 1)
}
