package explain

import (
	"context"
	"fmt"
	"io"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/explanation"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// WhyNot is one reason why somebody has not what is asked for.
type WhyNot struct {
	Code  string `json:"code"`
	Text  string `json:"text"`
	Rule  string `json:"rule,omitempty"`
	Group string `json:"group,omitempty"`
}

// mostWhy is how many reasons are shown of one desk; programs are told all.
const mostWhy = 8

func whyNot(reasons []explanation.Why) (out []WhyNot) {
	for _, r := range reasons {
		out = append(out, WhyNot{string(r.Code), r.Text, string(r.Rule), r.Group})
	}
	return out
}

// Answer says whether somebody has what is asked for on a desk: `explain
// --mailbox … --json`.
type Answer struct {
	Person     string           `json:"person"`
	Connection string           `json:"connection"`
	Status     string           `json:"status"`
	Asked      string           `json:"asked"` // "mailbox Invoices", "access"
	Desk       string           `json:"desk"`
	Has        bool             `json:"has"`    // by the desk's last word
	Desired    bool             `json:"wanted"` // rules give it now
	GivenBy    []Source         `json:"given_by,omitempty"`
	WhyNot     []WhyNot         `json:"why_not,omitempty"`
	Granted    provision.Access `json:"granted"`
}

func answer(ctx context.Context, sys *server.System, person provision.Identity, q explanation.Question) (command.Result, error) {
	if q.Team != "" && q.Mailbox != "" {
		return command.Result{}, command.Misuse("ask for a team or a mailbox, one at a time")
	}
	names, err := sys.LoadNames(ctx)
	if err != nil {
		return command.Result{}, err
	}
	if q.Desk != "" {
		desk, err := command.Desk(ctx, sys, q.Desk)
		if err != nil {
			return command.Result{}, err
		}
		q.Desk = string(desk.ID)
	}
	found, err := sys.Core.Explanation.WhyNot(ctx, person, q)
	if err != nil {
		return command.Result{}, err
	}
	groups := make(map[provision.GroupID]string)
	out := make([]Answer, len(found))
	for i, a := range found {
		for _, m := range a.Groups {
			groups[m.Group] = m.Name
		}
		out[i] = Answer{Person: string(person.ID), Connection: a.Connection.Name, Status: string(person.Status), Asked: q.String(), Desk: a.Desk.Name, Has: a.Has, Desired: a.Desired, WhyNot: whyNot(a.Why),
			Granted: provision.Access{Status: provision.AccessAbsent}}
		if a.Account != nil && a.Account.ConfirmedAt != nil {
			out[i].Granted = a.Account.Confirmed
		}
		for _, g := range a.Givers(q) {
			out[i].GivenBy = append(out[i].GivenBy, Source{Source: g.Source(), Via: viaNames(groups, g.Via), Rule: string(g.Rule), When: a.Rules[g.Rule].String()})
		}
	}
	return command.Result{Data: out, Text: func(w io.Writer) error {
		fmt.Fprintf(w, "%s · connection %s · %s\n", output.Plain(plan.PersonOf(person).String()), names.Connection(person.Connection), person.Status)
		if len(out) == 0 {
			fmt.Fprintf(w, "\n  no %s anywhere: no rule is about connection %s\n", output.Plain(q.String()), names.Connection(person.Connection))
		}
		for _, a := range out {
			a.print(w)
		}
		return nil
	}}, nil
}

func (a Answer) print(w io.Writer) {
	has := "has no"
	if a.Has {
		has = "has"
	}
	fmt.Fprintf(w, "\n  %s: %s %s\n", a.Desk, has, output.Plain(a.Asked))
	for _, g := range a.GivenBy {
		fmt.Fprintf(w, "    given by %s%s, by rule %s (%s)\n", output.Plain(g.Source), through(g.Via), g.Rule, g.When)
	}
	if a.Has && !a.Desired {
		fmt.Fprintln(w, "    no rule gives it any more: it is about to end")
	}
	for _, why := range a.WhyNot {
		fmt.Fprintf(w, "    %s\n", output.Plain(why.Text))
	}
}
