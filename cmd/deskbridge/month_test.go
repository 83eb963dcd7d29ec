package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/provision"
)

// TestAMonth plays what an admin says of single people in a month whose days are
// moments from now: a block, ends of people and of a rule, an absence, and what waits
// for approval.
func TestAMonth(t *testing.T) {
	w := &week{bridge: newBridge(t), groups: map[string]string{}, file: t.TempDir() + "/access.yaml"}
	soon := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339Nano) }
	mail := func(i int) string { return fmt.Sprintf("p%02d@acme.example", i) }
	w.okta = w.connect("acme")
	for i := range 5 {
		w.people = append(w.people, w.okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: fmt.Sprintf("p%02d", i), Family: "Byron", Mail: mail(i)})))
	}
	w.okta.group(t, "Support", w.people[:4]...)
	w.okta.group(t, "Contractors", w.people[4])
	const file = "connections: [{name: acme, idp: okta, domains: [acme.example]}]\n" +
		"desks: [{name: support, kind: builtin, settings: {teams: Choir, mailboxes: Help}, on_leave: delete, approve: deletes, approve_timeout: 30d}]\n" +
		"rules:\n  - {connection: acme, group: Support, desk: support, role: agent, teams: [Choir]}\n" +
		"  - {connection: acme, group: Contractors, desk: support, role: agent, until: 2099-01-31}\n"
	w.write(file)
	answer := func(i int, answer string, want ...string) {
		waiting := commandJSON[[]struct{ Account, Person string }](w.bridge, "approval", "list")
		at := slices.IndexFunc(waiting, func(l struct{ Account, Person string }) bool { return l.Person == w.people[i] })
		if at < 0 {
			w.t.Fatalf("waiting: %+v", waiting)
		}
		w.says("approval "+answer+" "+waiting[at].Account, want...)
	}

	w.event("a rule with an end", func() {
		w.says("plan -f "+w.file, "until 2099-01-31")
		w.says("apply -f "+w.file, "Applied")
		w.eventually("everybody has access", func() bool {
			ready, err := w.sys.Store.AccountsWhere(context.Background(), provision.AccountFilter{State: provision.AccountReady}, 0)
			return err == nil && len(ready) == len(w.people)
		})
		w.says("rule list", "2099-01-31")
	})
	w.event("a block that no push clears", func() {
		w.says("person block "+mail(0)+" --reason dismissed", "is blocked")
		w.okta.mustPatch(w.t, "/Users/"+w.people[0], setActive(true))
		w.okta.mustPatch(w.t, "/Users/"+w.people[0], map[string]any{"op": "replace", "path": "name.familyName", "value": "Lovelace"})
		w.synced()
		w.says("explain "+mail(0), "blocked by", "dismissed", "suspended", "ended", "person unblock")
		w.says("status", "1 person is blocked", "dismissed")
		w.says("person list --connection acme", "active, blocked")
		if got := w.okta.mustDo(w.t, "GET", "/Users/"+w.people[0], nil, 200); got["active"] != true {
			w.t.Errorf("SCIM says active %v", got["active"])
		}
	})
	w.event("deleted once an admin has approved it", func() {
		w.says("status", "1 user waits on desk support to be deleted or anonymized", "approval list")
		answer(0, "approve", "It is done")
		w.synced()
		w.says("status", "!to be deleted or anonymized")
		w.says("person unblock "+mail(0), "blocked no more")
		w.synced()
		w.says("explain "+mail(0), "agent", "!blocked by")
	})
	w.event("a contractor", func() {
		w.says("person valid-until "+mail(1)+" 2001-01-01", "has passed")
		w.says("person valid-until "+mail(1)+" "+soon(72*time.Hour), "has access until")
		w.says("status", "1 person's access ends within 14 days", mail(1))
		w.says("person valid-until "+mail(1)+" "+soon(3*time.Second), "has access until")
		w.says("explain "+mail(1), "access ended with", "suspended", "ended")
		w.logs("dates of people or rules have passed")
		w.eventually("asked", func() bool { a := w.accountOf(w.people[1]); return a.Approval.Open() })
		answer(1, "refuse", "stays, deactivated")
		w.says("person valid-until "+mail(1)+" never", "has access for as long as")
		w.synced()
		w.says("explain "+mail(1), "agent", "ready")
	})
	w.event("away until", func() {
		w.says("person away "+mail(2)+" --until "+soon(72*time.Hour)+" --keep", "is away until", "stays with them")
		w.eventually("confirmed", func() bool { return w.accountOf(w.people[2]).Confirmed.Away != nil })
		w.says("status", "1 person is away", "To do by hand", "keep new conversations on support")
		w.says("explain "+mail(2), "away until", "to do", "agent")
		w.says("person done "+mail(2), "it was on 1 desk")
		w.says("person away "+mail(2)+" --until "+soon(3*time.Second), "is away until")
		w.eventually("back by the clock", func() bool {
			a := w.accountOf(w.people[2])
			return a.Confirmed.Away == nil && a.State == provision.AccountReady
		})
		w.says("status", "give them new conversations again", "!is away")
		w.says("person done "+mail(2), "it was on 1 desk")
		w.says("person away "+mail(3)+" --until 2099-01-12", "is away until 2099-01-12")
		w.says("person back "+mail(3), "is back")
	})
	w.event("idle, and back", func() {
		w.says("seat idle --desk support", "Nobody is known to be idle on support")
		w.says("seat free "+mail(3)+" --desk support --downgrade", "not known to be idle")
		w.says("seat free "+mail(3)+" --desk support --downgrade --anyway", "gets role limited on support")
		w.synced()
		w.says("explain "+mail(3), "limited", "given role limited", "seat give-back")
		w.says("seat give-back "+mail(3)+" --desk support", "has again what rules grant")
		w.synced()
		w.says("explain "+mail(3), "agent", "!limited")
		w.says("seat ledger --since 1d", "p03 Byron", "downgraded", "came-back")
		w.says("seat list", "support", "COUNTED BY")
	})
	w.event("the rule has ended", func() {
		w.write(strings.Replace(file, "2099-01-31", soon(72*time.Hour), 1))
		w.says("plan -f "+w.file, "until 2099-01-31 →")
		w.says("apply -f "+w.file, "Applied")
		w.says("status", "1 rule ends within 14 days")
		w.write(strings.Replace(file, "2099-01-31", soon(3*time.Second), 1))
		w.says("apply -f "+w.file, "Applied")
		w.says("explain "+mail(4), "no access", "which ended on")
		w.says("plan -f "+w.file, "grants nothing any more")
	})
	w.event("what the log says", func() {
		text := w.command("audit", "export", "--format", "text")
		for _, want := range []string{"blocked p00 Byron", "took back the block of", "said when the access of", "whose end has passed", "noted that p02 Byron", "approved that the desk user of p00", "refused that the desk user of p01", "told the desk whether p02", "took the seat of p03"} {
			if !strings.Contains(text, want) {
				w.t.Errorf("the log lacks %q:\n%s", want, text)
			}
		}
		w.says("audit verify", "The chain is intact")
	})
}
