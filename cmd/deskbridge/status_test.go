package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/explain"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/status"
	"github.com/deskbridge/deskbridge/provision"
)

// told is what a command prints, without what is another one each time.
func told(text string) string {
	for _, blank := range []struct{ what, by string }{
		{`(?m)^Database: .*$`, "Database: PLACE"},
		{`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z0-9+-]+`, "TIME"},
		{`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`, "UUID"},
		{` [0-9a-f]{8}\b`, " ID"},
		{`for \d+ (s|min)\b`, "for AGE"},
		{`kept by \S+:`, "kept by WHO:"},
		{`(\S)  +`, "$1  "},
		{`( days  \d+)  .*`, "${1}  N s  N s"},
	} {
		text = regexp.MustCompile(blank.what).ReplaceAllString(text, blank.by)
	}
	return text
}

var update = flag.Bool("update", false, "write the golden files")

// golden compares what is told with a file in testdata/status.
func golden(t *testing.T, name, text string) {
	t.Helper()
	file := "testdata/status/" + name + ".txt"
	if *update {
		if err := os.WriteFile(file, []byte(told(text)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), told(text)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// staff pushes so many people of Support, and waits until they are as they can be.
func staff(t *testing.T, b *bridge, from idp, count int) (ids []string) {
	t.Helper()
	for i := range count {
		given := string(rune('A'+i)) + "da"
		ids = append(ids, from.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: given, Family: "Byron", Mail: strings.ToLower(given) + "@acme.example"})))
		from.group(t, fmt.Sprintf("Support %d", i), ids[i]) // one after the other, so that the first ones have the seats
		b.synced()
	}
	return ids
}

// agentsOf are rules for the groups of staff.
func agentsOf(count int) string {
	rules := "rules:\n"
	for i := range count {
		rules += fmt.Sprintf("  - {connection: acme, group: Support %d, desk: d, role: agent, teams: [Tier 1]}\n", i)
	}
	return rules
}

// TestStatusGroupsCauses: what waits for the same reason is one line, with the
// people's names.
func TestStatusGroupsCauses(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		okta := b.connect("acme")
		b.apply("desks: [{name: d, kind: builtin, seats: 2, drift: off, settings: {teams: Tier 1}}]\n" + agentsOf(8))
		staff(t, b, okta, 8)
		golden(t, "seats", b.command("status"))
		o := commandJSON[status.Overview](b, "status")
		if len(o.Attention) != 6 || len(o.Causes) != 1 || o.Causes[0].People != 6 || !o.NeedsPerson || o.Attention[0].Name == "" {
			t.Errorf("for programs: %+v", o.Report)
		}
		short := o.Attention[0].Account[len(o.Attention[0].Account)-8:]
		if out := b.command("retry", short); !strings.Contains(out, "1 account is") {
			t.Errorf("by the short id: %s", out)
		}
	}, "DESKBRIDGE_SWEEP=off")
}

// TestStatusNamesLeavers: whoever should be out and is not stands there by name,
// and the brake takes one line.
func TestStatusNamesLeavers(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		okta := b.connect("acme")
		b.apply("desks: [{name: d, kind: builtin, drift: off, settings: {teams: Tier 1}}]\n" + agentsOf(8))
		ids := staff(t, b, okta, 8)
		for _, id := range ids[:5] {
			okta.mustPatch(t, "/Users/"+id, setActive(false))
			b.synced()
		}
		for _, id := range ids[5:] {
			okta.mustPatch(t, "/Users/"+id, setActive(false))
			b.synced()
		}
		golden(t, "brake", b.command("status"))
		golden(t, "brake-explain", b.command("explain", "gda@acme.example"))
		if n := b.metric(`deskbridge_leavers{desk="d"}`); n != 3 {
			t.Errorf("%v leavers by the metric", n)
		}
		if n := strings.Count(b.log.String(), "mass-change protection"); n != 1 || strings.Count(b.log.String(), `"ERROR"`) != 1 {
			t.Errorf("the hold is told %d times in the log", n)
		}

		o := commandJSON[status.Overview](b, "status")
		if _, err := b.try("retry", o.Attention[0].Account); err == nil || !strings.Contains(err.Error(), "`deskbridge connection release acme --person fda@acme.example` ends the access") {
			t.Errorf("retry of an account on hold: %v", err)
		}
		if out := b.command("connection", "release", "acme", "--person", "fda@acme.example"); out != "Released: access ends for 1 account.\n" {
			t.Error(out)
		}
		b.synced()
		if out := b.command("connection", "reject", "acme", "--all"); out != "Rejected: nothing changes for 2 accounts.\n" {
			t.Error(out)
		}
		golden(t, "brake-rejected", b.command("status"))
		if o := commandJSON[status.Overview](b, "status"); o.NeedsPerson || len(o.Causes) != 1 || o.Causes[0].Code != string(provision.ReasonRejected) || o.Causes[0].Since == nil {
			t.Errorf("for programs: %+v", o.Report)
		}
		okta.mustPatch(t, "/Users/"+ids[7], setActive(true))
		b.synced()
		if n := b.metric(`deskbridge_accounts{desk="d",state="ready"}`); n != 1 {
			t.Errorf("%v are at work", n)
		}
	}, "DESKBRIDGE_SWEEP=off")
}

// TestAHoldNamesTheApply: what an admin applied is not put down to the identity
// provider, and one line says who it was.
func TestAHoldNamesTheApply(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		okta := b.connect("acme")
		desk := "desks: [{name: d, kind: builtin, drift: off, settings: {teams: Tier 1}}]\n"
		b.apply(desk + agentsOf(8))
		ids := staff(t, b, okta, 8)
		b.apply(desk + agentsOf(1))
		b.eventually("seven accounts are on hold", func() bool { return b.metric(`deskbridge_accounts{desk="d",state="on-hold"}`) == 7 })
		o := commandJSON[status.Overview](b, "status")
		if len(o.Causes) != 1 || o.Causes[0].People != 7 || o.Causes[0].Since == nil ||
			!regexp.MustCompile(`by the apply of the plan [0-9a-f]{12} by \S+; take that back`).MatchString(o.Causes[0].Reason) || strings.Contains(o.Causes[0].Reason, "identity provider") {
			t.Errorf("causes: %+v", o.Causes)
		}
		if log := b.log.String(); strings.Count(log, `"ERROR"`) != 1 || !strings.Contains(log, `"people":7,"of":8,"limit":5,"cause":"apply of the plan `) {
			t.Errorf("the log:\n%s", log)
		}
		okta.mustPatch(t, "/Users/"+ids[7], setActive(false)) // dismissed meanwhile
		b.eventually("who is dismissed is out", func() bool { return b.metric(`deskbridge_accounts{desk="d",state="ended"}`) == 1 })
		b.apply(desk + agentsOf(8)) // taken back
		b.eventually("nobody else lost access", func() bool {
			return b.metric(`deskbridge_accounts{desk="d",state="ready"}`) == 7 && b.metric(`deskbridge_accounts{desk="d",state="on-hold"}`) <= 0
		})
	}, "DESKBRIDGE_SWEEP=off")
}

// TestStatusTellsOfHandOvers: how far the hand-over of a leaver's conversations
// is stands there as it is now, whatever the reason said when it was written.
func TestStatusTellsOfHandOvers(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		okta := b.connect("acme")
		b.apply("desks: [{name: d, kind: builtin, drift: off, settings: {teams: Tier 1}}]\n" + agentsOf(3))
		ids := staff(t, b, okta, 3)
		for i, reason := range []string{"", "20 of 38 conversations are handed over; goes on by itself", "a task"} {
			accounts, err := b.sys.Store.AccountsOf(t.Context(), []provision.IdentityID{provision.IdentityID(ids[i])})
			if err != nil || len(accounts) != 1 {
				t.Fatalf("%v, %v", accounts, err)
			}
			a := accounts[0]
			a.State, a.Reason, a.Desired = provision.AccountWaiting, reason, provision.Access{Status: provision.AccessSuspended}
			if i == 2 {
				a.State = provision.AccountNeedsAttention
			}
			a.EndingSince = new(time.Now().Add(time.Duration(i-10) * time.Minute))
			a.Transfer = provision.Transfer{Before: 40, Moved: 23 + i, ToQueue: 2, Left: 17 - i}
			if err := b.sys.Store.SaveAccounts(t.Context(), []provision.Account{a}); err != nil {
				t.Fatal(err)
			}
		}
		golden(t, "hand-over", b.command("status"))
		golden(t, "hand-over-explain", b.command("explain", "bda@acme.example"))
		want := &output.HandOver{Before: 40, Moved: 24, ToQueue: 2, Left: 16}
		if got := commandJSON[status.Overview](b, "status").Leavers[1].HandOver; !reflect.DeepEqual(got, want) {
			t.Errorf("status, for programs: %+v", got)
		}
		if got := commandJSON[[]explain.Person](b, "explain", "bda@acme.example")[0].Desks[0].HandOver; !reflect.DeepEqual(got, want) {
			t.Errorf("explain, for programs: %+v", got)
		}
	}, "DESKBRIDGE_SWEEP=off")
}

// TestStatusOfADeskThatDoesNotAnswer says what is wrong with it in plain words.
func TestStatusOfADeskThatDoesNotAnswer(t *testing.T) {
	for _, tt := range []struct {
		name    string
		url     func(t *testing.T) string
		want    string
		needs   bool // a person
		account string
	}{
		{"nobody listens", func(t *testing.T) string { return "http://" + reserveAddress(t) }, "it refuses the connection", false, "d refuses the connection"},
		{"it breaks off", func(t *testing.T) string {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { l.Close() })
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					conn.Close()
				}
			}()
			return "http://" + l.Addr().String()
		}, "it broke off the connection", false, "d broke off the connection"},
		{"it refuses our credentials", func(t *testing.T) string {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusUnauthorized)
			}))
			t.Cleanup(s.Close)
			return s.URL
		}, "it refuses our credentials", true, "d refuses our credentials"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBridge(t, "DESKBRIDGE_SWEEP=off")
			okta := b.connect("acme")
			b.command("desk", "add", "d", "--kind", "redmine", "--url", tt.url(t), "--secret", strings.Repeat("k", 40))
			b.command("rule", "add", "--connection", "acme", "--desk", "d", "--group", "Support", "--role", "agent", "--unchecked")
			var ids []string
			for _, given := range []string{"Ada", "Bo", "Cy", "Di", "Ed", "Flo"} {
				ids = append(ids, okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: given, Family: "Byron", Mail: strings.ToLower(given) + "@acme.example"})))
			}
			okta.group(t, "Support", ids...)
			b.eventually("status says why", func() bool {
				o := commandJSON[status.Overview](b, "status")
				return o.Desks[0].Pause != nil && strings.Contains(o.Desks[0].Pause.Reason, tt.want)
			})
			if o := commandJSON[status.Overview](b, "status"); o.NeedsPerson != tt.needs {
				t.Errorf("needs a person: %t, want %t", o.NeedsPerson, tt.needs)
			}
			b.eventually("status says how much there is to do", func() bool {
				o := commandJSON[status.Overview](b, "status")
				todo := o.Desks[0].ToDo
				return todo != nil && todo.Others > 0 && todo.Left == nil && strings.Contains(b.command("status"), "On desk d: "+todo.Text) && strings.HasSuffix(todo.Text, " to go; how long that takes is not known yet")
			})
			if out := b.command("status"); strings.Contains(out, "Nothing needs attention") == tt.needs {
				t.Errorf("status says:\n%s", out)
			}
			b.eventually("explain says why of those that were tried", func() bool {
				return slices.ContainsFunc(ids, func(id string) bool { return strings.Contains(b.command("explain", id), tt.account) })
			})
		})
	}
}
