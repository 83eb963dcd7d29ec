package adopt

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/admin/console/layout"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/adoption"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// planPage is a wave before it is begun.
type planPage struct {
	Desk  provision.Desk
	Steps []step
	In    int    // how many of them would be adopted
	Hash  string // of exactly those, and what would change
}

// step is one user of a wave.
type step struct {
	adoption.Step
	Person plan.Person
	Value  string // of the form that begins the wave: user=person
}

// chosen reads from a form who is meant: user=PERSON, or user alone for the first match.
func chosen(p *layout.Page) (sel adoption.Selection, _ error) {
	if err := p.ParseForm(); err != nil {
		return sel, provision.Errorf(provision.Invalid, "", "the form could not be read")
	}
	sel = adoption.Selection{Confidence: adoption.Confidence(p.PostForm.Get("confidence")), Named: make(map[provision.DeskUserID]provision.IdentityID)}
	for _, value := range p.PostForm["user"] {
		id, person, _ := cutLast(value)
		sel.Named[provision.DeskUserID(id)] = provision.IdentityID(person)
	}
	if sel.Confidence == adoption.None {
		return sel, nil
	}
	n, err := strconv.Atoi(p.PostForm.Get("limit"))
	if err != nil || n < 1 {
		return sel, provision.Errorf(provision.Invalid, "limit", "type how many users to adopt at most, as a number")
	}
	sel.Limit = n
	return sel, nil
}

// cutLast cuts at the last =: ids of people have none, and those of desk users may.
func cutLast(value string) (user, person string, found bool) {
	i := strings.LastIndex(value, "=")
	if i < 0 {
		return value, "", false
	}
	return value[:i], value[i+1:], true
}

// planned asks the desk about whom the form means.
func (r *Room) planned(p *layout.Page, d provision.Desk) (body planPage, steps []adoption.Step, _ error) {
	body.Desk = d
	sel, err := chosen(p)
	if err != nil {
		return body, nil, err
	}
	desk, err := r.Reach(p.Context(), d)
	if err != nil {
		return body, nil, err
	}
	if steps, err = r.Adoption.Plan(p.Context(), d, sel, desk); err != nil {
		return body, nil, err
	}
	body.Hash, body.In = adoption.HashOf(steps)
	for _, s := range steps {
		body.Steps = append(body.Steps, step{s, plan.PersonOf(s.Match.Person), string(s.User.ID) + "=" + string(s.Match.Person.ID)})
	}
	return body, steps, nil
}

// plan shows whom a wave would adopt, and what would change for each on the desk.
func (r *Room) plan(p *layout.Page) error {
	d, err := r.Settings.Desk(p.Context(), p.PathValue("desk"))
	if err != nil {
		return err
	}
	made, _, err := r.planned(p, d)
	if layout.IsMistake(err) {
		body, broken := r.usersOf(p, "", "")
		if broken != nil {
			return broken
		}
		body.Problem = layout.Detail(err)
		return showUsers(p, http.StatusUnprocessableEntity, body)
	}
	if err != nil {
		return err
	}
	return p.Show(http.StatusOK, pages, "plan", "/admin/desks", "A wave of "+d.Name, layout.Frame{Body: made, Command: "deskbridge adoption accept --desk " + d.Name})
}

// accept begins exactly the wave that was shown.
func (r *Room) accept(p *layout.Page) error {
	d, err := r.Settings.Desk(p.Context(), p.PathValue("desk"))
	if err != nil {
		return err
	}
	made, steps, err := r.planned(p, d)
	switch {
	case err != nil:
		return err
	case made.Hash != p.PostForm.Get("hash") || made.In == 0:
		return provision.Errorf(provision.Stale, "hash", "what would be adopted is not what was shown any more; look at the wave again, and begin it then")
	}
	w, err := r.Adoption.Accept(p.Context(), p.Cause(), d, steps)
	if err != nil && w.Users == 0 {
		return err
	}
	return p.Done(wavePath(d, w.ID), "wave", w.Users)
}

func wavePath(d provision.Desk, wave string) string {
	return "/admin/desks/" + d.Name + "/waves/" + wave
}

// wavePage is a wave that was begun.
type wavePage struct {
	Desk  provision.Desk
	Wave  adoption.Wave
	Users []adoption.Adopted
	Now   time.Time
	Back  []adoption.GivenBack // of which it was tried just now
	Again bool                 // the desk adopts by itself: the next change of a person's access may adopt a user again
}

// find returns the wave of an address, which is one of the desk there.
func (r *Room) find(p *layout.Page) (body wavePage, err error) {
	body.Now = p.Now
	if body.Desk, err = r.Settings.Desk(p.Context(), p.PathValue("desk")); err != nil {
		return body, err
	}
	body.Wave, body.Users, err = r.Adoption.Wave(p.Context(), p.PathValue("wave"))
	if err == nil && body.Wave.Desk != body.Desk.ID {
		err = provision.Errorf(provision.NotFound, "wave", "there is no such wave")
	}
	return body, err
}

func (r *Room) wave(p *layout.Page) error {
	body, err := r.find(p)
	if err != nil {
		return err
	}
	return showWave(p, body)
}

func showWave(p *layout.Page, body wavePage) error {
	command := "deskbridge adoption undo " + body.Wave.ID
	if body.Wave.Undone == body.Wave.Users {
		command = "deskbridge adoption wave list --desk " + body.Desk.Name
	}
	return p.Show(http.StatusOK, pages, "wave", "/admin/desks", "A wave of "+body.Desk.Name, layout.Frame{Body: body, Command: command})
}

// undo gives the users of a wave back, and says on its page how that went.
func (r *Room) undo(p *layout.Page) error {
	body, err := r.find(p)
	if err != nil {
		return err
	}
	desk, err := r.Reach(p.Context(), body.Desk)
	if err != nil {
		return err
	}
	_, back, err := r.Adoption.Undo(p.Context(), p.Cause(), body.Wave.ID, desk)
	if err != nil {
		return err
	}
	if body, err = r.find(p); err != nil {
		return err
	}
	body.Back, body.Again = back, body.Desk.Adoption == provision.AdoptAutomatic
	return showWave(p, body)
}
