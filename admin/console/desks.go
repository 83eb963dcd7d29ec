package console

import (
	"errors"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/admin/console/layout"
	"github.com/deskbridge/deskbridge/admin/console/words"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/report"
)

// desksPage is all desks at a glance.
type desksPage struct {
	Desks []deskLine
	Kinds []string
	Now   time.Time
}

func (h *handler) desks(p *page) error {
	o, err := h.core.Plan.Company(p.Context())
	if err != nil {
		return err
	}
	body := desksPage{Kinds: h.options.Kinds, Now: p.Now}
	for _, d := range o.Desks {
		body.Desks = append(body.Desks, deskLineOf(d))
	}
	return p.show(http.StatusOK, "desks", "/admin/desks", "Desks", layout.Frame{Body: body, Live: true, Command: "deskbridge desk list"})
}

// deskPage is one desk.
type deskPage struct {
	deskLine
	Check   *DeskCheck // nil: it was not tried just now
	Failed  string     // what the desk said instead
	Asking  []waitingGroup
	Drifted []plan.Drifted
	Stopped provision.DeskPause // by an admin; zero: it is not
	Leaving []plan.Person       // who are still in, of a desk that is
	Coming  []report.Step       // what its on_leave is still to do, the soonest first
	Rules   int
	Now     time.Time
}

// waitingGroup is accounts that wait for a person for one reason.
type waitingGroup struct {
	Reason string
	Code   provision.ReasonCode
	People []waitingPerson
	More   int
}

// waitingPerson is one of them.
type waitingPerson struct {
	plan.Person
	Account provision.AccountID
	Doubted bool // it is asked whether the desk user is theirs
}

// mostWaiting is how many people a desk's page names for a reason.
const mostWaiting = 50

func (h *handler) desk(p *page) error {
	body, err := p.deskBody()
	if err != nil {
		return err
	}
	return p.showDesk(body)
}

func (p *page) showDesk(body deskPage) error {
	return p.show(http.StatusOK, "desk", "/admin/desks", "Desk "+body.Desk.Name, layout.Frame{Body: body, Live: true, Command: "deskbridge desk check " + body.Desk.Name})
}

func (p *page) deskBody() (body deskPage, _ error) {
	name := p.PathValue("desk")
	desk, err := p.h.core.Settings.Desk(p.Context(), name)
	if provision.IsNotFound(err) {
		return body, provision.Errorf(provision.NotFound, "desk", "there is no desk %q", provision.Clip(name))
	} else if err != nil {
		return body, err
	}
	o, err := p.h.core.Plan.OverviewOf(p.Context(), plan.Scope{Desk: desk.ID, Most: mostWaiting})
	if err != nil {
		return body, err
	}
	body.Now = p.Now
	found := false
	for _, d := range o.Desks {
		if d.Desk.Name == name {
			body.deskLine, found = deskLineOf(d), true
		}
	}
	if !found {
		return body, provision.Errorf(provision.NotFound, "desk", "there is no desk %q", provision.Clip(name))
	}
	body.Stopped = stopped(body.Health)
	for _, l := range o.Leavers {
		if body.Stopped.By != "" && l.Desk == body.Desk.ID && len(body.Leaving) < mostWaiting {
			body.Leaving = append(body.Leaving, l.Person)
		}
	}
	for _, c := range o.Causes {
		if c.State != provision.AccountNeedsAttention {
			continue
		}
		group := waitingGroup{Reason: c.Reason, Code: c.Code, More: c.Count - len(c.Accounts)}
		for _, a := range c.Accounts {
			group.People = append(group.People, waitingPerson{a.Person, a.ID, a.Evidence.Doubted})
		}
		body.Asking = append(body.Asking, group)
	}
	for _, d := range o.Drifted {
		if d.Desk == body.Desk.ID && len(body.Drifted) < mostWaiting {
			body.Drifted = append(body.Drifted, d)
		}
	}
	if body.Coming, _, err = p.h.core.Report.Steps(p.Context(), body.Desk.ID, report.Page{Limit: mostWaiting}); err != nil {
		return body, err
	}
	rules, err := p.h.core.Settings.Rules(p.Context(), "")
	if err != nil {
		return body, err
	}
	for _, r := range rules {
		if r.Desk == body.Desk.ID {
			body.Rules++
		}
	}
	return body, nil
}

// stopped returns the pause of a desk by an admin; zero when it has none.
func stopped(h deskhealth.Health) provision.DeskPause {
	p := h.Pause
	if p == nil || h.PausedBy == "" {
		return provision.DeskPause{}
	}
	return provision.DeskPause{Desk: p.Desk, Since: p.Since, Until: p.Until, Reason: p.Reason, By: h.PausedBy}
}

// stoppedThere is the same of the desk of a form.
func stoppedThere(p *page) (any, error) {
	d, err := p.h.core.Settings.Desk(p.Context(), p.PathValue("desk"))
	if err != nil {
		return nil, err
	}
	health, err := p.h.core.DeskHealth.All(p.Context())
	return stopped(health[d.ID]), err
}

// checkDesk tries a desk, and says on its page how that went.
func (h *handler) checkDesk(p *page) error {
	body, err := p.deskBody()
	if err != nil {
		return err
	}
	checked, err := h.options.CheckDesk(p.Context(), body.Desk)
	if err != nil {
		body.Failed = words.Sentence(err.Error())
		if e, ok := errors.AsType[*provision.Error](err); ok {
			body.Failed = words.Sentence(e.Detail)
		}
	} else {
		body.Check = &checked
	}
	return p.showDesk(body)
}

func (h *handler) retryDesk(p *page) error {
	d, err := h.core.Settings.Desk(p.Context(), p.PathValue("desk"))
	if err != nil {
		return err
	}
	n, err := h.core.Reconcile.Retry(p.Context(), p.Cause(), provision.AccountFilter{Desk: d.ID}, "", false)
	if err != nil {
		return err
	}
	return p.Done("/admin/desks/"+d.Name, "retried", n)
}

// sweepDesk has a desk swept as soon as a worker looks.
func sweepDesk(p *page) error {
	d, err := p.h.core.Settings.Desk(p.Context(), p.PathValue("desk"))
	if err != nil {
		return err
	}
	if !p.h.options.Sweeps {
		return provision.Errorf(provision.Invalid, "", "this server sweeps no desks (DESKBRIDGE_SWEEP); `deskbridge desk sweep %s` does", d.Name)
	}
	if err := p.h.core.DeskHealth.SweepSoon(p.Context(), d); err != nil {
		return err
	}
	return p.Done("/admin/desks/"+d.Name, "swept", 1)
}

// pauseDesk has a desk not be called until a day.
func pauseDesk(p *page) error {
	d, err := p.h.core.Settings.Desk(p.Context(), p.PathValue("desk"))
	if err != nil {
		return err
	}
	until, err := provision.ParseUntil("until", p.PostFormValue("until"))
	if err != nil {
		return err
	}
	if _, err := p.h.core.DeskHealth.PauseDesk(p.Context(), p.Cause(), d.ID, until, p.PostFormValue("reason")); err != nil {
		return err
	}
	return p.Done("/admin/desks/"+d.Name, "paused", 1)
}

// resumeDesk ends that before its day.
func resumeDesk(p *page) error {
	d, err := p.h.core.Settings.Desk(p.Context(), p.PathValue("desk"))
	if err != nil {
		return err
	}
	if err := p.h.core.DeskHealth.ResumeDesk(p.Context(), p.Cause(), d.ID); err != nil {
		return err
	}
	return p.Done("/admin/desks/"+d.Name, "resumed", 1)
}
