package explain

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/explanation"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// Person is one person in `explain --json`.
type Person struct {
	ID         string        `json:"id"`
	Connection string        `json:"connection"`
	UserName   string        `json:"user_name"`
	Name       string        `json:"name,omitempty"`
	ExternalID string        `json:"external_id,omitempty"`
	Status     string        `json:"status"`
	Groups     []Group       `json:"groups"`
	Terms      *output.Terms `json:"terms,omitempty"`   // what admins have said of them
	SignIn     *SignIn       `json:"sign_in,omitempty"` // how long it vouches for somebody known by nothing else
	Desks      []Desk        `json:"desks"`

	Offboarding string `json:"offboarding,omitempty"` // the command that shows how they left
}

// SignIn is how long the sign-in of somebody known by nothing else vouches for them.
type SignIn struct {
	Seen  output.Moment `json:"seen_at"`    // when they last signed in, or the identity provider last vouched for them
	Ends  output.Moment `json:"expires_at"` // unless they sign in
	Held  bool          `json:"held"`       // it does not while nobody signs in through the connection
	Asked bool          `json:"rechecked"`  // the identity provider is asked now and then whether it still vouches for them
}

// Group is a group that a person is in.
type Group struct {
	ID   string   `json:"id,omitempty"`
	Name string   `json:"name"`
	Via  []string `json:"via,omitempty"`

	Claimed bool `json:"claimed,omitempty"` // named by the IdP at a sign-in; there is no such group here
}

// Desk is what a person has on a desk, or should have.
type Desk struct {
	Desk      string             `json:"desk"`
	Kind      string             `json:"kind"`
	Desired   provision.Access   `json:"wanted"`
	Reasons   []Part             `json:"reasons"`
	Account   string             `json:"account,omitempty"`
	DeskUser  string             `json:"desk_user,omitempty"`
	Origin    string             `json:"origin,omitempty"`
	State     string             `json:"state,omitempty"`
	Confirmed provision.Access   `json:"granted"`
	As        output.Moment      `json:"confirmed_at,omitzero"`
	Why       string             `json:"reason,omitempty"`
	Code      string             `json:"reason_code,omitempty"`
	Ending    *output.Moment     `json:"ending_since,omitempty"` // access is to end, and the desk has not confirmed it
	HandOver  *output.HandOver   `json:"hand_over,omitempty"`    // of their conversations, while it is on its way
	Coming    *output.Coming     `json:"to_come,omitempty"`      // the step of on_leave that is still to come
	ByHand    string             `json:"by_hand,omitempty"`      // what an admin has to do on the desk about an absence
	Differs   []string           `json:"differs,omitempty"`      // what a sweep found changed by hand, and reported
	Idle      string             `json:"idle,omitempty"`         // why they have less than rules grant: they did not use their seat
	WhyNot    []WhyNot           `json:"why_not,omitempty"`      // of somebody without access
	Profile   []explanation.Told `json:"profile,omitempty"`      // what the desk makes of what is said of them, while they are to have access
}

// Part is one thing that rules grant.
type Part struct {
	What    string   `json:"what"` // role, team, mailbox
	Name    string   `json:"name"`
	GivenBy []Source `json:"given_by"`
}

// Source is what made a rule grant it.
type Source struct {
	Source string   `json:"source"` // "group Support", "attribute roles"
	Via    []string `json:"via,omitempty"`
	Rule   string   `json:"rule"`
	When   string   `json:"when"`
}

// Of explains what a person has.
func Of(ctx context.Context, s *server.System, person provision.Identity) (Person, error) {
	all, err := s.Core.Explanation.Explain(ctx, person)
	if err != nil {
		return Person{}, err
	}
	conn, err := s.Core.Settings.Connection(ctx, string(person.Connection))
	if err != nil {
		return Person{}, err
	}
	out := Person{ID: string(person.ID), Connection: conn.Name, UserName: person.UserName, Name: plan.PersonOf(person).Name, ExternalID: person.ExternalID, Status: string(person.Status), Groups: []Group{}, Desks: []Desk{}, Terms: output.TermsOf(person.Terms, s.Core.Now())}
	standing, err := s.Core.Expiry.Of(ctx, person)
	if err != nil {
		return out, err
	}
	if standing != nil {
		out.SignIn = &SignIn{output.Moment{At: &standing.Seen}, output.Moment{At: &standing.Ends}, standing.Held, standing.Asked}
	}
	groups, err := s.Core.Directory.MembershipsOf(ctx, person.Connection, []provision.IdentityID{person.ID})
	if err != nil {
		return out, err
	}
	groupNames := make(map[provision.GroupID]string)
	for _, m := range groups[person.ID] {
		groupNames[m.Group] = m.Name
	}
	for _, m := range groups[person.ID] {
		out.Groups = append(out.Groups, Group{ID: string(m.Group), Name: m.Name, Via: viaNames(groupNames, m.Via)})
	}
	for _, m := range person.Claimed() {
		out.Groups = append(out.Groups, Group{Name: m.Name, Claimed: true})
	}
	answers, err := s.Core.Explanation.WhyNot(ctx, person, explanation.Question{})
	if err != nil {
		return out, err
	}
	for _, e := range all {
		d := Desk{Idle: explanation.IdleText(&e), Desk: e.Desk.Name, Kind: string(e.Desk.Kind), Desired: e.Desired, Reasons: []Part{}, Confirmed: provision.Access{Status: provision.AccessAbsent}}
		for _, r := range e.Reasons() {
			part := Part{What: r.What, Name: r.Name}
			for _, g := range r.Grants {
				part.GivenBy = append(part.GivenBy, Source{Source: g.Source(), Via: viaNames(groupNames, g.Via), Rule: string(g.Rule), When: e.Rules[g.Rule].String()})
			}
			d.Reasons = append(d.Reasons, part)
		}
		d.Profile = e.Profile
		if acc := e.Account; acc != nil {
			d.Account, d.DeskUser, d.Origin, d.State, d.Why, d.Code = string(acc.ID), string(acc.DeskUser), string(acc.Origin), string(acc.State), acc.Reason, string(acc.ReasonCode)
			d.HandOver, d.Coming = output.HandOverOf(acc.Transfer), output.ComingOf(&e.Desk, acc)
			if acc.EndingSince != nil && acc.State != provision.AccountEnded {
				d.Ending = &output.Moment{At: acc.EndingSince}
			}
			drifts, err := s.Core.DeskHealth.Drifts(ctx, deskhealth.DriftFilter{Account: acc.ID})
			if err != nil {
				return out, err
			}
			for _, drift := range drifts {
				d.Differs = drift.Differences()
			}
			if acc.ConfirmedAt != nil {
				d.Confirmed, d.As, d.ByHand = acc.Confirmed, output.Moment{At: acc.ConfirmedAt}, acc.Confirmed.ByHand
			}
		}
		for _, a := range answers {
			if a.Desk.ID == e.Desk.ID && d.Why == "" {
				d.WhyNot = whyNot(a.Why)
			}
		}
		out.Desks = append(out.Desks, d)
	}
	if left(person, all) {
		out.Offboarding = "deskbridge offboarding show " + out.ID
	}
	return out, nil
}

// left reports whether somebody has left: they are not active, or have an account
// and nothing gives them access to any desk.
func left(person provision.Identity, all []explanation.Explanation) bool {
	had := false
	for _, e := range all {
		if e.Desired.Status == provision.AccessActive {
			return !person.Active()
		}
		had = had || e.Account != nil && explanation.IdleText(&e) == ""
	}
	return had || !person.Active()
}

func viaNames(names map[provision.GroupID]string, via []provision.GroupID) (out []string) {
	for _, id := range via {
		out = append(out, names[id])
	}
	return out
}

// mostGroups is how many groups are shown; what gives access is told of each desk.
const mostGroups = 30

// Print prints it for people.
func (e Person) Print(w io.Writer) {
	name := cmp.Or(e.UserName, "forgotten")
	if e.Name != "" && e.Name != e.UserName {
		name = e.Name + " (" + e.UserName + ")"
	}
	fmt.Fprintf(w, "%s · connection %s · %s\n", output.Plain(name), e.Connection, e.Status)
	for _, line := range e.Terms.Lines() {
		fmt.Fprintf(w, "  %s\n", line)
	}
	if in := e.SignIn; in != nil {
		fmt.Fprintf(w, "  access ends on %s unless they sign in%s%s\n", in.Ends.At.UTC().Format("2 January 2006"),
			map[bool]string{true: ", or the identity provider still vouches for them"}[in.Asked], map[bool]string{true: "; not while nobody signs in through the connection"}[in.Held])
	}
	for i, g := range e.Groups {
		if i == mostGroups {
			fmt.Fprintf(w, "  and in %s; --json has all\n", output.Count(len(e.Groups)-i, "other group", "other groups"))
			break
		}
		fmt.Fprintf(w, "  in group %s%s%s\n", output.Plain(g.Name), through(g.Via), map[bool]string{true: ", as the identity provider said at the last sign-in"}[g.Claimed])
	}
	if e.Offboarding != "" {
		fmt.Fprintf(w, "  offboarding record: %s\n", e.Offboarding)
	}
	if len(e.Desks) == 0 {
		fmt.Fprintf(w, "\n  no access anywhere: no rule is about connection %s; `deskbridge rule add` makes one\n", e.Connection)
	}
	for _, d := range e.Desks {
		account := ""
		if d.Account != "" {
			account = ", account " + plan.ShortID(provision.AccountID(d.Account))
		}
		fmt.Fprintf(w, "\n  %s (%s)%s\n    should have  %s\n    has          %s\n", d.Desk, d.Kind, account, output.Access(d.Desired), d.has())
		if d.Ending != nil {
			fmt.Fprintf(w, "    still in     since %s, when access was to end\n", d.Ending)
		}
		if why := d.HandOver.Reason(d.Why); why != "" {
			fmt.Fprintf(w, "    but          %s\n", why)
		}
		if d.Coming != nil {
			fmt.Fprintf(w, "    to come      %s\n", d.Coming)
		}
		for i, why := range d.WhyNot {
			if i == mostWhy {
				fmt.Fprintf(w, "                 and %s; --json has all\n", output.Count(len(d.WhyNot)-i, "other reason", "other reasons"))
				break
			}
			fmt.Fprintf(w, "    %-12s %s\n", map[bool]string{true: "why not"}[i == 0], output.Plain(why.Text))
		}
		if d.Idle != "" && len(d.WhyNot) == 0 {
			fmt.Fprintf(w, "    less         %s\n", output.Plain(d.Idle))
		}
		if d.ByHand != "" {
			fmt.Fprintf(w, "    to do        %s; then `deskbridge person done %s`\n", output.Plain(d.ByHand), e.ID)
		}
		for _, difference := range d.Differs {
			fmt.Fprintf(w, "    by hand      %s\n", output.Plain(difference))
		}
		for i, t := range d.Profile {
			fmt.Fprintf(w, "    %-12s %-12s %s\n", map[bool]string{true: "profile"}[i == 0], t.Text, output.Plain(t.String()))
		}
		for _, r := range d.Reasons {
			for i, g := range r.GivenBy {
				label := r.What + " " + output.Plain(r.Name)
				if i > 0 {
					label = strings.Repeat(" ", len(label)-1) + "+"
				}
				fmt.Fprintf(w, "    %s  ← %s%s, by rule %s (%s)\n", label, output.Plain(g.Source), through(g.Via), g.Rule, output.Plain(g.When))
			}
		}
	}
}

func (d Desk) has() string {
	switch {
	case d.As.At == nil && d.State == "":
		return "no account"
	case d.As.At == nil:
		return "nothing confirmed yet (" + d.State + ")"
	}
	return fmt.Sprintf("%s (%s, confirmed %s, desk user %s)", output.Access(d.Confirmed), d.State, d.As, output.Plain(d.DeskUser))
}

func through(via []string) string {
	if len(via) == 0 {
		return ""
	}
	return " through " + output.Plain(strings.Join(via, " → "))
}
