package api

import (
	"context"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/api/answer"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/expiry"
	"github.com/deskbridge/deskbridge/provision/explanation"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/report"
)

// Person is a line of a list of people.
type Person struct {
	ID         string          `json:"id"`
	Connection string          `json:"connection"`
	UserName   string          `json:"user_name"`
	Name       string          `json:"name,omitempty"`
	Address    string          `json:"address,omitempty"`
	ExternalID string          `json:"external_id,omitempty"`
	Status     string          `json:"status" enum:"active,suspended,removed"`
	SCIM       bool            `json:"scim_managed" doc:"SCIM describes them; else they are known by sign-in only"`
	UpdatedAt  time.Time       `json:"updated_at"`
	Accounts   []PersonAccount `json:"accounts"`
}

// PersonAccount is what somebody has on a desk, in short.
type PersonAccount struct {
	ID     string       `json:"id"`
	Desk   string       `json:"desk"`
	State  string       `json:"state" enum:"waiting,ready,ended,needs-attention,on-hold"`
	Reason string       `json:"reason,omitempty"`
	Code   string       `json:"reason_code,omitempty"`
	ToCome *answer.Step `json:"to_come,omitempty" doc:"the step of the desk's on_leave that is still to come"`
}

func (n *names) person(p report.Person) Person {
	out := Person{ID: string(p.ID), Connection: p.ConnectionName, UserName: p.UserName, Name: plan.PersonOf(p.Identity).Name, Address: p.Profile.Email,
		ExternalID: p.ExternalID, Status: string(p.Status), SCIM: p.SCIMManaged(), UpdatedAt: p.UpdatedAt, Accounts: []PersonAccount{}}
	for _, acc := range p.Accounts {
		out.Accounts = append(out.Accounts, PersonAccount{string(acc.ID), n.desks[acc.Desk], string(acc.State), acc.Reason, string(acc.ReasonCode), answer.StepOf(n.policies[acc.Desk], &acc)})
	}
	return out
}

// PeopleFilter selects people.
type PeopleFilter struct {
	Connection string `json:"connection,omitempty" query:"connection" doc:"name or id"`
	Desk       string `json:"desk,omitempty" query:"desk" doc:"name or id: who has an account there that has not ended"`
	Status     string `json:"status,omitempty" query:"status" enum:"active,suspended,removed" doc:"else all who are not removed"`
}

// PeopleSearch is what is looked for among people.
type PeopleSearch struct {
	PeopleFilter
	Query  string `json:"q,omitempty" maxLength:"200" doc:"somewhere in a userName, displayName or address, letter case aside; or the whole externalId"`
	Limit  int    `json:"limit,omitempty" minimum:"1" maximum:"1000" default:"100"`
	Cursor string `json:"cursor,omitempty" maxLength:"4000"`
}

func (a *API) peopleRoutes() {
	handle(a, route{"list-people", http.MethodGet, "/people", admin.PeopleRead, "People", "People, by userName", 0},
		func(ctx context.Context, _ asked, in *struct {
			PeopleFilter
			Paging
		}) (*paged[Person], error) {
			return a.people(ctx, PeopleSearch{PeopleFilter: in.PeopleFilter, Limit: in.Limit, Cursor: in.Cursor})
		})
	handle(a, route{"search-people", http.MethodPost, "/people/search", admin.PeopleRead, "People", "Look for people; a POST, since an address must hold no name", 0},
		func(ctx context.Context, _ asked, in *struct{ Body PeopleSearch }) (*paged[Person], error) {
			return a.people(ctx, in.Body)
		})
	handle(a, route{"get-person", http.MethodGet, "/people/{id}", admin.PeopleRead, "People", "Somebody: what they have on each desk, and why or why not", 0},
		func(ctx context.Context, _ asked, in *PersonID) (*struct{ Body PersonDetail }, error) {
			person, err := a.somebody(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			out, err := a.detail(ctx, person)
			return &struct{ Body PersonDetail }{out}, err
		})
	handle(a, route{"explain-person", http.MethodGet, "/people/{id}/why", admin.PeopleRead, "People", "Whether somebody has a team, a mailbox or access, and why or why not; the desks are asked", 0},
		func(ctx context.Context, _ asked, in *struct {
			PersonID
			Desk    string `query:"desk" doc:"name or id; else each that it may be about"`
			Team    string `query:"team"`
			Mailbox string `query:"mailbox"`
		}) (*paged[Answer], error) {
			if in.Team != "" && in.Mailbox != "" {
				return nil, provision.Errorf(provision.Invalid, "mailbox", "ask for a team or a mailbox, one at a time")
			}
			person, err := a.somebody(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			q := explanation.Question{Desk: in.Desk, Team: in.Team, Mailbox: in.Mailbox}
			found, err := a.core.Explanation.WhyNot(ctx, person, q)
			if err != nil {
				return nil, err
			}
			return all(found, func(one explanation.Answer) Answer { return answerOf(one, q) }), nil
		})
	handle(a, route{"person-out", http.MethodPost, "/people/{id}/out", admin.PersonOut, "People", "End the sessions of somebody, here and at the desks that they were signed in to from here", 0},
		func(ctx context.Context, who asked, in *PersonID) (*struct{ Body Done }, error) {
			person, err := a.somebody(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			ended, err := a.core.Sessions.EndSessions(ctx, who.cause, provision.SessionFilter{Identity: person.ID, Connection: person.Connection}, provision.EndedByAdmin)
			return done(len(ended)), err
		})
	handle(a, route{"forget-person", http.MethodPost, "/people/{id}/forget", admin.PersonForget, "People", "Erase what is known of somebody who is removed", 0},
		func(ctx context.Context, who asked, in *PersonID) (*struct{ Body Done }, error) {
			known, err := a.core.Erasure.Forget(ctx, who.cause, provision.IdentityID(in.ID))
			return done(len(known.Accounts)), err
		})
}

// PersonID is the place of a person in an address.
type PersonID struct {
	ID string `path:"id" maxLength:"64" doc:"of a person"`
}

// Done says that a change was made.
type Done struct {
	Count int `json:"count" doc:"of what it concerned"`
}

func done(n int) *struct{ Body Done } { return &struct{ Body Done }{Done{n}} }

func (a *API) people(ctx context.Context, q PeopleSearch) (*paged[Person], error) {
	f := report.PeopleFilter{Status: provision.Status(q.Status), Search: q.Query}
	var err error
	if f.Connection, err = a.connection(ctx, q.Connection); err != nil {
		return nil, err
	}
	if f.Desk, err = a.desk(ctx, q.Desk); err != nil {
		return nil, err
	}
	page, err := a.reportPage(Paging{q.Limit, q.Cursor})
	if err != nil {
		return nil, err
	}
	found, next, err := a.core.Report.People(ctx, f, page)
	if err != nil {
		return nil, err
	}
	n, err := a.names(ctx)
	if err != nil {
		return nil, err
	}
	return pageOf(a, found, next, n.person)
}

// somebody returns the person of an id, and nobody who is only called so.
func (a *API) somebody(ctx context.Context, id string) (provision.Identity, error) {
	found, err := a.core.Directory.FindPeople(ctx, id)
	if err != nil && !provision.IsNotFound(err) {
		return provision.Identity{}, err
	}
	for _, p := range found {
		if string(p.ID) == id {
			return p, nil
		}
	}
	return provision.Identity{}, provision.Errorf(provision.NotFound, "id", "there is nobody of this id")
}

// PersonDetail is somebody with all that is known of what they have.
type PersonDetail struct {
	Person
	Groups   []GroupOf       `json:"groups"`
	Desks    []PersonDesk    `json:"desks"`
	Logins   []Login         `json:"logins"`
	Sessions []PersonSession `json:"sessions" doc:"that have not ended, the newest first"`

	Terms  *provision.Terms `json:"terms,omitempty" doc:"what is said of their access beyond rules, when, and by whom: an admin's block, end (until) and absence, the end that the identity provider pushed, since when and why their sign-in has expired, where they are idle"`
	SignIn *expiry.Standing `json:"sign_in,omitempty" doc:"how long the sign-in of somebody known by nothing else vouches for them"`
}

// GroupOf is a group that somebody is in.
type GroupOf struct {
	ID      string   `json:"id,omitempty"`
	Name    string   `json:"name"`
	Via     []string `json:"via,omitempty" doc:"the groups in between, the person's own first"`
	Claimed bool     `json:"claimed,omitempty" doc:"the identity provider named it at the last sign-in; there is no such group here"`
}

// Access is what somebody has on a desk, or should have.
type Access struct {
	Status    string   `json:"status" enum:"active,suspended,absent"`
	Role      string   `json:"role,omitempty"`
	Teams     []string `json:"teams,omitempty"`
	Mailboxes []string `json:"mailboxes,omitempty"`
	DeskRoles []string `json:"desk_roles,omitempty" doc:"of the desk's own"`
}

func accessOf(a provision.Access) Access {
	if a.Status == "" {
		a.Status = provision.AccessAbsent
	}
	return Access{string(a.Status), string(a.Role), a.Teams, a.Mailboxes, a.DeskRoles}
}

// PersonDesk is what somebody has on one desk.
type PersonDesk struct {
	Desk        string     `json:"desk"`
	Kind        string     `json:"kind"`
	Wanted      Access     `json:"wanted" doc:"by rules, now"`
	Granted     Access     `json:"granted" doc:"as the desk confirmed it last"`
	ConfirmedAt *time.Time `json:"confirmed_at,omitempty"`
	Reasons     []Reason   `json:"reasons"`
	WhyNot      []WhyNot   `json:"why_not,omitempty"`

	Profile []explanation.Told `json:"profile,omitempty" doc:"what the desk makes of what is said of them, while they are to have access"`

	Account     string       `json:"account,omitempty"`
	DeskUser    string       `json:"desk_user,omitempty"`
	Origin      string       `json:"origin,omitempty"`
	State       string       `json:"state,omitempty"`
	Reason      string       `json:"reason,omitempty"`
	Code        string       `json:"reason_code,omitempty"`
	RetryAt     *time.Time   `json:"retry_at,omitempty"`
	EndingSince *time.Time   `json:"ending_since,omitempty"`
	Differs     []string     `json:"differs,omitempty" doc:"what a sweep found changed by hand"`
	ToCome      *answer.Step `json:"to_come,omitempty" doc:"the step of the desk's on_leave that is still to come"`
}

// Reason is one part of an access, and what gives it.
type Reason struct {
	What    string   `json:"what" enum:"role,desk role,team,mailbox"`
	Name    string   `json:"name"`
	GivenBy []Source `json:"given_by"`
}

// Source is what gives a part of an access.
type Source struct {
	Source string   `json:"source" doc:"group Support, attribute roles"`
	Via    []string `json:"via,omitempty"`
	Rule   string   `json:"rule"`
	When   string   `json:"when"`
}

// WhyNot is one reason why somebody has not something.
type WhyNot struct {
	Code  string `json:"code"`
	Text  string `json:"text"`
	Rule  string `json:"rule,omitempty"`
	Group string `json:"group,omitempty"`
}

func whyNot(reasons []explanation.Why) (out []WhyNot) {
	for _, r := range reasons {
		out = append(out, WhyNot{string(r.Code), r.Text, string(r.Rule), r.Group})
	}
	return out
}

// Login is what a protocol knows somebody by.
type Login struct {
	Protocol string    `json:"protocol"`
	Issuer   string    `json:"issuer"`
	Subject  string    `json:"subject"`
	UsedAt   time.Time `json:"used_at"`
}

// PersonSession is a browser that somebody is signed in in.
type PersonSession struct {
	ID        string    `json:"id"`
	Protocol  string    `json:"protocol"`
	Agent     string    `json:"agent,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"`
	EndsAt    time.Time `json:"ends_at"`
}

func sessionOf(s provision.Session) PersonSession {
	return PersonSession{string(s.ID), string(s.Protocol), s.Agent, s.CreatedAt, s.SeenAt, s.EndsAt}
}

// Answer says whether somebody has what is asked for on a desk, and why or why not.
type Answer struct {
	Asked   string   `json:"asked" doc:"mailbox Invoices, access"`
	Desk    string   `json:"desk"`
	Has     bool     `json:"has" doc:"by the desk's last word"`
	Wanted  bool     `json:"wanted" doc:"rules give it now"`
	GivenBy []Source `json:"given_by,omitempty"`
	WhyNot  []WhyNot `json:"why_not,omitempty"`
}

func answerOf(one explanation.Answer, q explanation.Question) Answer {
	out := Answer{Asked: q.String(), Desk: one.Desk.Name, Has: one.Has, Wanted: one.Desired, WhyNot: whyNot(one.Why)}
	called := groupNames(one.Groups)
	for _, g := range one.Givers(q) {
		out.GivenBy = append(out.GivenBy, Source{g.Source(), called.via(g.Via), string(g.Rule), one.Rules[g.Rule].String()})
	}
	return out
}

type calledGroups map[provision.GroupID]string

func groupNames(memberships []provision.Membership) calledGroups {
	out := make(calledGroups, len(memberships))
	for _, m := range memberships {
		out[m.Group] = m.Name
	}
	return out
}

func (c calledGroups) via(ids []provision.GroupID) (out []string) {
	for _, id := range ids {
		out = append(out, c[id])
	}
	return out
}

// detail says all that is known of somebody.
func (a *API) detail(ctx context.Context, person provision.Identity) (out PersonDetail, _ error) {
	n, err := a.names(ctx)
	if err != nil {
		return out, err
	}
	out.Person = n.person(report.Person{Identity: person, ConnectionName: n.connections[person.Connection]})
	out.Groups, out.Desks, out.Logins, out.Sessions = []GroupOf{}, []PersonDesk{}, []Login{}, []PersonSession{}
	memberships, err := a.core.Directory.MembershipsOf(ctx, person.Connection, []provision.IdentityID{person.ID})
	if err != nil {
		return out, err
	}
	called := groupNames(memberships[person.ID])
	for _, m := range append(memberships[person.ID], person.Claimed()...) {
		out.Groups = append(out.Groups, GroupOf{string(m.Group), m.Name, called.via(m.Via), m.Claimed})
	}
	answers, err := a.core.Explanation.WhyNot(ctx, person, explanation.Question{})
	if err != nil {
		return out, err
	}
	for i := range answers {
		desk, err := a.personDesk(ctx, &answers[i], called)
		if err != nil {
			return out, err
		}
		out.Desks = append(out.Desks, desk)
		if acc := answers[i].Account; acc != nil {
			out.Accounts = append(out.Accounts, PersonAccount{string(acc.ID), answers[i].Desk.Name, string(acc.State), acc.Reason, string(acc.ReasonCode), desk.ToCome})
		}
	}
	if !person.Terms.Empty() {
		out.Terms = &person.Terms
	}
	if out.SignIn, err = a.core.Expiry.Of(ctx, person); err != nil {
		return out, err
	}
	presence, err := a.core.Report.Presence(ctx, person.ID)
	if err != nil {
		return out, err
	}
	for _, l := range presence.Logins {
		out.Logins = append(out.Logins, Login{string(l.Protocol), l.Issuer, l.Name(), l.UsedAt})
	}
	for _, s := range presence.Sessions {
		out.Sessions = append(out.Sessions, sessionOf(s))
	}
	return out, nil
}

func (a *API) personDesk(ctx context.Context, e *explanation.Answer, called calledGroups) (PersonDesk, error) {
	d := PersonDesk{Desk: e.Desk.Name, Kind: string(e.Desk.Kind), Wanted: accessOf(e.Explanation.Desired), Granted: accessOf(provision.Access{}), Reasons: []Reason{}, WhyNot: whyNot(e.Why), Profile: e.Profile}
	for _, r := range e.Reasons() {
		reason := Reason{What: r.What, Name: r.Name, GivenBy: []Source{}}
		for _, g := range r.Grants {
			reason.GivenBy = append(reason.GivenBy, Source{g.Source(), called.via(g.Via), string(g.Rule), e.Rules[g.Rule].String()})
		}
		d.Reasons = append(d.Reasons, reason)
	}
	acc := e.Account
	if acc == nil {
		return d, nil
	}
	d.Account, d.DeskUser, d.Origin, d.State, d.Reason, d.Code, d.RetryAt = string(acc.ID), string(acc.DeskUser), string(acc.Origin), string(acc.State), acc.Reason, string(acc.ReasonCode), acc.RetryAt
	if acc.State != provision.AccountEnded {
		d.EndingSince = acc.EndingSince
	}
	d.ToCome = answer.StepOf(e.Desk, acc)
	if acc.ConfirmedAt != nil {
		d.Granted, d.ConfirmedAt = accessOf(acc.Confirmed), acc.ConfirmedAt
	}
	drifts, err := a.core.DeskHealth.Drifts(ctx, deskhealth.DriftFilter{Account: acc.ID})
	for _, drift := range drifts {
		d.Differs = drift.Differences()
	}
	return d, err
}
