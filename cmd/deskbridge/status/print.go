package status

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// So many leavers, and accounts with drift, are named; programs are told all.
const (
	mostLeavers = 10
	mostDrifts  = 10
	mostTerms   = 10
)

// PrintTables prints connections, desks, and what is wrong with desks as a whole.
func (r *Report) PrintTables(w io.Writer) error {
	var rows [][]string
	for _, c := range r.Connections {
		brake := "-"
		if c.Held {
			brake = "on hold"
		}
		rows = append(rows, []string{c.Name, c.IdP, fmt.Sprint(c.Active), c.LastUsed.String(), brake})
	}
	if err := output.Table(w, "CONNECTION | IDP | ACTIVE PEOPLE | LAST USED | BRAKE", rows); err != nil {
		return err
	}
	rows = nil
	for _, d := range r.Desks {
		seats := fmt.Sprint(d.Use.Used)
		if d.Use.Limit > 0 {
			seats += fmt.Sprintf(" of %d", d.Use.Limit)
		}
		if d.Use.Price != "" {
			seats += ", each " + d.Use.Price
		}
		n := func(s provision.AccountState) string { return fmt.Sprint(d.Accounts[s]) }
		rows = append(rows, []string{d.Name, d.Kind, n(provision.AccountReady), n(provision.AccountWaiting), n(provision.AccountEnded),
			n(provision.AccountNeedsAttention), n(provision.AccountOnHold), seats, d.swept()})
	}
	fmt.Fprintln(w)
	if err := output.Table(w, "DESK | KIND | READY | WAITING | ENDED | NEEDS ATTENTION | ON HOLD | SEATS | SWEPT", rows); err != nil {
		return err
	}
	if err := r.printTimes(w); err != nil {
		return err
	}
	r.printSteps(w)
	r.printFindings(w)
	r.printDesks(w)
	r.printDrifts(w)
	return nil
}

// printTimes prints the time to no access, once there is any.
func (r *Report) printTimes(w io.Writer) error {
	var rows [][]string
	desks := make(map[string]bool)
	for _, t := range r.Times {
		desks[t.Desk] = true // "" stands for all of them
	}
	for _, t := range r.Times {
		if t.Endings > 0 && (t.Desk != "" || len(desks) != 2) {
			rows = append(rows, []string{cmp.Or(t.Desk, "all desks"), fmt.Sprintf("%d days", t.Days), fmt.Sprint(t.Endings), seconds(t.P50), seconds(t.P95)})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	return output.Table(w, "TIME TO NO ACCESS | OF THE LAST | ENDINGS | HALF WITHIN | 95 % WITHIN", rows)
}

// printSteps prints what on_leave of desks is still to do.
func (r *Report) printSteps(w io.Writer) {
	for _, d := range r.Desks {
		s := d.Steps
		if s == nil {
			continue
		}
		fmt.Fprintf(w, "\nDesk %s has %s of on_leave to come", d.Name, output.Count(s.Count, "step", "steps"))
		if s.Next.At != nil {
			fmt.Fprintf(w, ", the next on %s", s.Next)
		}
		if s.Asked > 0 {
			fmt.Fprintf(w, "; %s for an admin to approve", output.Count(s.Asked, "waits", "wait"))
		}
		fmt.Fprintf(w, ": `deskbridge step list --desk %s`\n", d.Name)
	}
}

// seconds is a time for people, to a tenth of a second while it is short.
func seconds(s float64) string {
	if s < 10 {
		return fmt.Sprintf("%.1f s", s)
	}
	return time.Duration(s * float64(time.Second)).Round(time.Second).String()
}

// elsewhere are the findings of which tables and lists of their own tell more.
var elsewhere = []plan.FindingCode{plan.FindingToken, plan.FindingDeskRefuses, plan.FindingDeskPaused, plan.FindingDeskStopped, plan.FindingHandOver, plan.FindingSweep, plan.FindingDrift,
	plan.FindingLeavers, plan.FindingNeedAttention}

func (r *Report) printFindings(w io.Writer) {
	for _, f := range r.Findings {
		if slices.Contains(elsewhere, plan.FindingCode(f.Code)) {
			continue
		}
		fmt.Fprintf(w, "\n%s\n", output.Plain(f.Text))
		if f.Do != "" {
			fmt.Fprintf(w, "  %s\n", output.Plain(f.Do))
		}
	}
}

func (d Desk) swept() string {
	switch {
	case d.Drift == string(provision.DriftOff):
		return "off"
	case d.Sweep == nil:
		return "-"
	case d.Sweep.Running:
		return "now"
	}
	return d.Sweep.FinishedAt.String()
}

func (r *Report) printDesks(w io.Writer) {
	for _, d := range r.Desks {
		if d.ToDo != nil {
			fmt.Fprintf(w, "\nOn desk %s: %s\n", d.Name, d.ToDo.Text)
		}
		if d.Pause != nil && d.Pause.By != "" {
			fmt.Fprintf(w, "\nDesk %s is paused by %s until %s (since %s):\n  %s\n  `deskbridge desk resume %[1]s` ends that.\n", d.Name, output.Plain(d.Pause.By), provision.LastDay(*d.Pause.Until.At), d.Pause.Since, output.Plain(d.Pause.Reason))
		} else if d.Pause != nil {
			fmt.Fprintf(w, "\nDesk %s is not called for now (since %s; tried again at %s):\n  %s\n", d.Name, d.Pause.Since, d.Pause.Until, output.Plain(d.Pause.Reason))
			if d.Pause.Code == string(provision.ReasonUnauthorized) {
				fmt.Fprintf(w, "  This does not end by itself: give the desk new credentials; `deskbridge desk check %s` tries them.\n", d.Name)
			}
		}
		if d.HandOver != nil {
			fmt.Fprintf(w, "\nConversations of people who leave desk %s are not handed over as they should be (found %s):\n  %s\n", d.Name, d.HandOver.FoundAt, output.Plain(d.HandOver.Reason))
		}
		if d.Sweep != nil && d.Sweep.Problem != "" {
			fmt.Fprintf(w, "\nThe last sweep of desk %s was not completed:\n  %s\n", d.Name, output.Plain(d.Sweep.Problem))
		}
	}
}

func (r *Report) printDrifts(w io.Writer) {
	if len(r.Drifts) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s by hand; `deskbridge retry ACCOUNT` repairs one:\n", output.Count(len(r.Drifts), "account was changed on its desk", "accounts were changed on their desk"))
	for i, d := range r.Drifts {
		if i == mostDrifts {
			fmt.Fprintf(w, "  and %d more; `deskbridge status --json` has all\n", len(r.Drifts)-i)
			break
		}
		fmt.Fprintf(w, "  %s on %s, found %s; account %s\n", d.label, d.Desk, d.FoundAt, d.Account)
		for _, difference := range d.Differences {
			fmt.Fprintf(w, "    %s\n", output.Plain(difference))
		}
	}
}

// printTerms prints of whom an admin has said something that counts now.
func (r *Report) printTerms(w io.Writer) {
	for _, of := range []struct {
		counted [2]string
		is      func(*output.Terms) bool
	}{
		{[2]string{"person is blocked", "people are blocked"}, func(t *output.Terms) bool { return t.Blocked != nil }},
		{[2]string{"person is away", "people are away"}, func(t *output.Terms) bool { return t.Blocked == nil && t.Away != nil }},
	} {
		these := slices.DeleteFunc(slices.Clone(r.Terms), func(t Termed) bool { return !of.is(t.Terms) })
		if len(these) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s:\n", output.Count(len(these), of.counted[0], of.counted[1]))
		for i, t := range these {
			if i == mostTerms {
				fmt.Fprintf(w, "  and %d more; `deskbridge status --json` has all\n", len(these)-i)
				break
			}
			fmt.Fprintf(w, "  %s: %s\n", t.label, strings.Join(t.Terms.Lines(), "; "))
		}
	}
}

// PrintPeople prints who has not left yet, who waits for a person and why, and of whom
// an admin has said something.
func (r *Report) PrintPeople(w io.Writer) {
	defer r.printTerms(w)
	if len(r.Leavers) > 0 {
		fmt.Fprintf(w, "\n%s still in; the longest is first:\n", output.Count(len(r.Leavers), "leaver is", "leavers are"))
		for i, a := range r.Leavers {
			if i == mostLeavers {
				fmt.Fprintf(w, "  and %d more; `deskbridge status --json` has all\n", len(r.Leavers)-i)
				break
			}
			fmt.Fprintf(w, "  %s on %s, for %s (%s)%s\n", a.label, a.Desk, r.age(a.Ending), a.State, why(a))
		}
	}
	kept := func(c Cause) bool { return c.Code == string(provision.ReasonRejected) }
	r.printCauses(w, [2]string{"account needs an admin", "accounts need an admin"}, func(c Cause) bool { return !kept(c) })
	r.printCauses(w, [2]string{"account keeps access that nothing grants any more", "accounts keep access that nothing grants any more"}, kept)
}

// printCauses prints those of the causes that are, one of them a line, below how
// many accounts these are.
func (r *Report) printCauses(w io.Writer, are [2]string, those func(Cause) bool) {
	causes := slices.DeleteFunc(slices.Clone(r.Causes), func(c Cause) bool { return !those(c) })
	n := 0
	for _, c := range causes {
		n += len(c.Accounts)
	}
	if n == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s:\n", output.Count(n, are[0], are[1]))
	for _, c := range causes {
		state := c.State
		if c.Since != nil {
			state += ", since " + c.Since.String()
		}
		fmt.Fprintf(w, "  %s, %s (%s): %s\n    %s\n", strings.Join(c.Desks, ", "), output.Count(c.People, "person", "people"), state, output.Plain(strings.TrimPrefix(c.Reason, "on hold: ")), output.Few(c.labels))
	}
}

// why says what keeps a leaver in, unless that stands among the causes, and how
// far the hand-over of their conversations is.
func why(a Account) string {
	reason, sep := a.Reason, ": "
	if a.State == string(provision.AccountNeedsAttention) || a.State == string(provision.AccountOnHold) {
		reason, sep = "see below", ", "
	}
	if text := a.HandOver.Reason(reason); text != "" {
		return sep + text
	}
	return ""
}

// age is how long ago something was, when the report was made.
func (r *Report) age(since *output.Moment) string {
	if since == nil || since.At == nil {
		return "some time"
	}
	age := max(r.at.Sub(*since.At), 0)
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}} {
		if age >= 2*unit.of || age >= unit.of && unit.of == time.Minute {
			return fmt.Sprintf("%d %s", age/unit.of, unit.name)
		}
	}
	return fmt.Sprintf("%d s", cmp.Or(age/time.Second, 1))
}
