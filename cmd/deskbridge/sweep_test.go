package main

import (
	"bufio"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	verbs "github.com/deskbridge/deskbridge/cmd/deskbridge/desk"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/explain"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/status"
	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// meddler changes a built-in desk as people do by hand.
func (b *bridge) meddler(name string) desk.Desk {
	b.t.Helper()
	d, err := b.sys.Core.Settings.Desk(b.t.Context(), name)
	if err != nil {
		b.t.Fatal(err)
	}
	connector, err := b.sys.Builtin.Connector(d)
	if err != nil {
		b.t.Fatal(err)
	}
	return connector
}

// drifting has Ada and Bo at work on a desk with this policy, and then meddles
// with both.
func drifting(t *testing.T, b *bridge, policy string) (bo string) {
	t.Helper()
	okta := b.connect("acme")
	b.apply("desks: [{name: d, kind: builtin, drift: " + policy + ", settings: {teams: \"Tier 1\"}}]\n" +
		"rules: [{connection: acme, group: Support, desk: d, role: agent, teams: [Tier 1]}]\n")
	ada := okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: "Ada", Family: "Byron", Mail: "ada@acme.example"}))
	bo = okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: "Bo", Family: "Lund", Mail: "bo@acme.example"}))
	okta.group(t, "Support", ada, bo)
	b.eventually("both are at work", func() bool { return b.at("ada@acme.example") != "" && b.at("bo@acme.example") != "" })
	b.synced()
	okta.mustPatch(t, "/Users/"+bo, setActive(false))
	b.eventually("Bo is out", func() bool { return b.at("bo@acme.example") == "" })
	b.synced()
	hand := b.meddler("d")
	for mail, active := range map[string]bool{"ada@acme.example": false, "bo@acme.example": true} {
		u, err := hand.Find(t.Context(), desk.Key{Email: mail})
		if err == nil {
			err = hand.SetActive(t.Context(), u.ID, active)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return bo
}

// at returns the teams of an active user; "" for others.
func (b *bridge) at(mail string) string {
	b.t.Helper()
	for _, u := range b.desk("d") {
		if u.Email == mail && u.Active {
			return "in " + strings.Join(u.Teams, ", ")
		}
	}
	return ""
}

func TestSweepByHand(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		drifting(t, b, "repair")
		want := []string{"ada@acme.example: the user is deactivated", "bo@acme.example: the user is active, although access has ended"}
		swept := func(args ...string) (words []string, line verbs.Sweep) {
			line = commandJSON[verbs.Sweep](b, append([]string{"desk", "sweep", "d"}, args...)...)
			for _, acc := range line.Drifted {
				words = append(words, acc.UserName+": "+strings.Join(acc.Differences, ", "))
			}
			slices.Sort(words)
			return words, line
		}
		if words, line := swept("--dry-run"); !slices.Equal(words, want) || line.Action != "look" || line.Checked != 2 {
			t.Errorf("dry run: %+v", line)
		}
		if b.at("ada@acme.example") != "" {
			t.Error("a dry run changed something")
		}
		if words, line := swept(); !slices.Equal(words, want) || line.Action != "repair" || line.Drift != "repair" {
			t.Errorf("sweep: %+v", line)
		}
		b.eventually("both are as they should be", func() bool {
			return b.at("ada@acme.example") == "in Tier 1" && b.at("bo@acme.example") == ""
		})
		b.synced()
		if out := b.command("desk", "sweep", "d"); !strings.Contains(out, "2 accounts compared with desk d: none differs") {
			t.Errorf("a second sweep says:\n%s", out)
		}
		if out := b.command("status"); !strings.Contains(out, "SWEPT") || !strings.Contains(out, "Nothing needs attention.") {
			t.Errorf("status says:\n%s", out)
		}
	}, "DESKBRIDGE_SWEEP=off")
}

func TestSweepReported(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		bo := drifting(t, b, "report")
		status := func() status.Overview { return commandJSON[status.Overview](b, "status") }
		b.eventually("the server has reported both", func() bool {
			o := status()
			return len(o.Drifts) == 2 && o.Desks[0].Drifted == 2 && o.Desks[0].Sweep.FinishedAt.At != nil
		})
		b.eventually("a metric shows it", func() bool { return b.metric(`deskbridge_drifted_accounts{desk="d"}`) == 2 })
		if out := b.command("status"); !strings.Contains(out, "2 accounts were changed on their desk by hand") || strings.Contains(out, "Nothing needs") {
			t.Errorf("status says:\n%s", out)
		}
		explained := commandJSON[[]explain.Person](b, "explain", "bo@acme.example")
		account := explained[0].Desks[0]
		if !slices.Equal(account.Differs, []string{"the user is active, although access has ended"}) {
			t.Errorf("explain says %+v", account)
		}
		if out := b.command("explain", "bo@acme.example"); !strings.Contains(out, "by hand      the user is active") {
			t.Errorf("explain says:\n%s", out)
		}
		if b.at("bo@acme.example") == "" {
			t.Error("repaired")
		}
		b.command("retry", account.Account)
		b.eventually("Bo is out again, and the drift is gone", func() bool {
			return b.at("bo@acme.example") == "" && len(status().Drifts) == 1
		})
		n := 0
		for _, e := range b.entries(bo) {
			if e.Action == "account.drifted" {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d entries about Bo", n)
		}
	}, "DESKBRIDGE_SWEEP=1s")
}

func TestSweepBySchedule(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		drifting(t, b, "repair")
		b.eventually("the server has repaired both", func() bool {
			return b.at("ada@acme.example") == "in Tier 1" && b.at("bo@acme.example") == ""
		})
	}, "DESKBRIDGE_SWEEP=1s")
}

// TestDriftPolicies shows that the policy is part of a desk's settings, and of
// plans.
func TestDriftPolicies(t *testing.T) {
	b := newBridge(t, "DESKBRIDGE_SWEEP=off")
	added := commandJSON[verbs.Line](b, "desk", "add", "d", "--drift", "report", "--rate", "2.5")
	if added.Drift != "report" || added.Rate != 2.5 {
		t.Errorf("added %+v", added)
	}
	for _, args := range [][]string{{"--drift", "mend"}, {"--rate", "-1"}, {"--rate", "0.01"}, {"--rate", "NaN"}} {
		if _, err := b.try(append([]string{"desk", "add", "e"}, args...)...); err == nil {
			t.Errorf("%v is accepted", args)
		}
	}
	b.apply("desks: [{name: d, kind: builtin, drift: off, rate: 4}]\n")
	d, err := b.sys.Core.Settings.Desk(t.Context(), "d")
	if err != nil || d.Drift != provision.DriftOff || d.Rate != 4 {
		t.Errorf("after apply: %+v, %v", d, err)
	}
	if out := b.command("desk", "list"); !strings.Contains(out, "DRIFT") || !strings.Contains(out, "off") {
		t.Errorf("list says:\n%s", out)
	}
}

// metric returns the value of a metric with its labels, as they are written; -1
// when it is not there.
func (b *bridge) metric(name string) float64 {
	b.t.Helper()
	resp, err := http.Get(b.url + "/metrics")
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			f, err := strconv.ParseFloat(value, 64)
			if err != nil {
				b.t.Fatal(err)
			}
			return f
		}
	}
	return -1
}
