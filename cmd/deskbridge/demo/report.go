package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/reconcile"
)

// report shows who has what, and why, and verifies the audit log.
func (m *morning) report(ctx context.Context, c *company) error {
	m.step("Who has what, and why")
	var rows [][]string
	for _, p := range slices.Concat(supporters, leads, billers, agency, []simulated.Person{joiner}) {
		row, err := m.reportLine(ctx, c, p)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	if err := m.table("PERSON | ROLE | TEAMS | MAILBOXES | BECAUSE OF", rows); err != nil {
		return err
	}
	if err := m.handedOver(ctx, c); err != nil {
		return err
	}
	m.step("The audit log is verified")
	var report audit.Report
	ok, err := m.comes(ctx, func() (_ bool, err error) {
		if _, err = c.sys.Core.Audit.Seal(ctx); err != nil {
			return false, err
		}
		report, err = c.sys.Core.Audit.Verify(ctx, audit.Head{})
		// The server goes on: what it wrote in between is not sealed yet.
		return report.Sealed > 0 && report.Sealed == report.Entries, err
	})
	if err != nil {
		return err
	}
	m.check(ok, "%d audit entries, the hash chain is intact, head %s…", report.Entries, report.Head[:12])
	m.say("the morning took %s", time.Since(c.started).Round(time.Millisecond))
	return nil
}

func (m *morning) reportLine(ctx context.Context, c *company, p simulated.Person) ([]string, error) {
	found, err := c.sys.Core.Directory.FindPeople(ctx, c.ids[p.Mail])
	if err != nil {
		return nil, err
	}
	all, err := c.sys.Core.Explanation.Explain(ctx, found[0])
	if err != nil {
		return nil, err
	}
	u, err := c.has(ctx, p.Mail)
	if err != nil {
		return nil, err
	}
	if !u.Active {
		return []string{p.Name(), "deactivated", "-", "-", "suspended at the IdP"}, nil
	}
	var sources []string
	for _, e := range all {
		if !e.Desired.Same(provision.Access{Status: provision.AccessActive, Role: u.Role, Teams: u.Teams, Mailboxes: u.Mailboxes}) {
			m.check(false, "%s has on the desk what the rules say", p.Name())
		}
		for _, r := range e.Reasons() {
			for _, g := range r.Grants {
				if source := g.Source(); !slices.Contains(sources, source) {
					sources = append(sources, source)
				}
			}
		}
	}
	return []string{u.GivenName + " " + u.FamilyName, string(u.Role), output.List(u.Teams), output.List(u.Mailboxes), strings.Join(sources, ", ")}, nil
}

// handedOver shows who has the leaver's conversations now. An assignee may have left since,
// and their conversations were handed over again.
func (m *morning) handedOver(ctx context.Context, c *company) error {
	leaver := supporters[1]
	m.step("What %s left behind", leaver.Name())
	with := make(map[string]string) // desk user by conversation
	err := c.sys.Core.Audit.EachEntry(ctx, func(e provision.Entry) error {
		conversation := fmt.Sprint(e.Detail["conversation"])
		if _, left := with[conversation]; e.Action == provision.Action(reconcile.WriteHandOver) && (left || e.Subject == c.ids[leaver.Mail]) {
			with[conversation] = fmt.Sprint(e.Detail["to_desk_user"])
		}
		return nil
	})
	if err != nil {
		return err
	}
	to := make(map[string]int)
	for _, user := range with {
		to[user]++
	}
	var rows [][]string
	total := 0
	for _, p := range slices.Concat(supporters, leads, agency, []simulated.Person{joiner}) {
		u, err := c.has(ctx, p.Mail)
		if err != nil {
			return err
		}
		if n := to[string(u.ID)]; n > 0 {
			total += n
			rows = append(rows, []string{p.Name(), fmt.Sprint(n)})
		}
	}
	if err := m.table("CONVERSATIONS NOW WITH | NUMBER", rows); err != nil {
		return err
	}
	m.check(total == demoOpen, "%d of %d handed over to people who are at work", total, demoOpen)
	return nil
}

// table prints rows under a header, indented as the rest.
func (m *morning) table(header string, rows [][]string) error {
	var text strings.Builder
	if err := output.Table(&text, header, rows); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		m.say("%s", strings.TrimRight(line, " \n"))
	}
	return nil
}
