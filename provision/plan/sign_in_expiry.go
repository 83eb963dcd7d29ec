package plan

import (
	"cmp"
	"context"
	"fmt"

	"github.com/deskbridge/deskbridge/provision"
)

// ofSignIns returns what somebody has to see to of the sign-ins of a connection whose
// people are known by nothing else.
func (s *Service) ofSignIns(ctx context.Context, conn provision.Connection) (out []Finding, _ error) {
	if s.SignIns == nil {
		return nil, nil
	}
	o, err := s.SignIns.Outlook(ctx, conn)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range o.Soon {
		names = append(names, PersonOf(p.Person).String()+" ("+p.Ends.UTC().Format("2 January")+")")
	}
	switch f := (Finding{Code: FindingSignInExpiry, Connection: conn.Name, Count: len(names)}); {
	case o.Held:
		if f.Text = fmt.Sprintf("Nobody has signed in through %s yet", conn.Name); !o.Last.IsZero() {
			f.At, f.Text = &o.Last, fmt.Sprintf("Nobody has signed in through %s since %s", conn.Name, provision.LastDay(o.Last))
		}
		f.Text += fmt.Sprintf(": no sign-in expires meanwhile. %s, or soon would", count(len(names), "person's would have by now", "people's would have by now"))
		f.Outside = f.Text + "."
		f.Text += ": " + few(names) + "."
		f.Do = fmt.Sprintf("`deskbridge connection test %s`; whoever has left: `deskbridge person block USER`", conn.Name)
		out = append(out, f)
	case len(names) > 0:
		f.At = &o.Soon[0].Ends
		f.Text = fmt.Sprintf("%s through %s, unless they sign in", count(len(names), "person's sign-in expires soon", "people's sign-ins expire soon"), conn.Name)
		f.Outside = f.Text + "."
		f.Text += ": " + few(names) + "."
		f.Do = "if they are still there, have them sign in; if they have left, nothing is to be done"
		out = append(out, f)
	}
	if n := o.Counts.Unanswered; n > 0 {
		out = append(out, Finding{Code: FindingSignInRecheck, Connection: conn.Name, Count: n, Do: fmt.Sprintf("`deskbridge connection test %s`", conn.Name),
			Text: fmt.Sprintf("The identity provider of %s does not answer whether it still vouches for %s: %s. They keep their access.", conn.Name, count(n, "person", "people"), cmp.Or(o.Counts.Problem, "it was not reached"))})
	}
	if n := o.Counts.Unasked; n > 0 {
		out = append(out, Finding{Code: FindingSignInRecheck, Connection: conn.Name, Count: n, Do: "nothing is to be done, if they sign in now and then; else `sign_in_expiry` ends their access",
			Text: fmt.Sprintf("The identity provider of %s cannot be asked about %s until they sign in again.", conn.Name, count(n, "person", "people"))})
	}
	return out, nil
}
