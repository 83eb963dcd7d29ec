package main

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/store/storetest"
	"github.com/deskbridge/deskbridge/test/browsertest"
)

// TestTheFirstHourInABrowser goes from the first start to a record of who has left,
// by pages alone: on both databases, and without scripts. What an identity provider
// pushes meanwhile appears on the page that is open, and the browser asks for nothing
// elsewhere and has nothing against anything.
func TestTheFirstHourInABrowser(t *testing.T) {
	window := browsertest.New(t)
	complaints := window.Complaints()
	url, _ := storetest.Postgres(t)
	for _, tt := range []struct {
		name     string
		scripts  bool
		settings []string
	}{
		{"postgres", true, []string{"DESKBRIDGE_DATABASE_URL=" + url}},
		{"sqlite, without scripts", false, nil}, // with them: TestTheConsoleInABrowser
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBridge(t, append(tt.settings, "DESKBRIDGE_SWEEP=off")...)
			w := hour{bridge: b, Browser: window.In(t), scripts: tt.scripts}
			w.Scripts(tt.scripts)
			w.Dress(1280, false)
			w.walk()
			w.Open("about:blank") // before the server ends, which the last page follows
			for _, text := range complaints() {
				t.Errorf("the browser complains: %s", text)
			}
			if found := w.Elsewhere("http://127.0.0.1:", "data:", "about:"); len(found) > 0 {
				t.Errorf("the browser asks elsewhere: %s", found)
			}
		})
	}
}

// hour is somebody who sets a server up.
type hour struct {
	*bridge
	*browsertest.Browser
	scripts bool
}

// comes waits until the page that is open shows text: by itself, or with no scripts
// when it is opened again.
func (w *hour) comes(text string) {
	w.t.Helper()
	page := w.URL()
	w.Mark()
	begun := time.Now()
	w.Until("a page that comes to show "+text, func() bool {
		if strings.Contains(strings.Join(strings.Fields(w.Text()), " "), text) {
			return true
		}
		if !w.scripts {
			w.Open(page)
		}
		return false
	})
	if took := time.Since(begun); w.scripts && (took > 10*time.Second || !w.Marked()) { // it looks by itself every 15 s
		w.t.Errorf("%q came after %s, on the same page: %t", text, took, w.Marked())
	} else {
		w.t.Logf("%q came after %s", text, took.Round(time.Millisecond))
	}
}

func (w *hour) walk() {
	t := w.t
	w.firstAdmin(w.Browser, func(string) {}) // axe-core, which looks elsewhere, needs scripts

	w.Follow(`nav a[href="/admin/connections"]`)
	w.Fill("#name", "acme")
	w.Fill("#domains", "acme.example")
	w.Click("main form button")
	w.UntilSees("It is shown once")
	secret := regexp.MustCompile(`dbr_[A-Za-z0-9_-]+`).FindString(w.Text())
	okta := idp{simulated.NewIdP(w.url+"/scim/acme/v2", secret)}

	w.Follow(`nav a[href="/admin/desks"]`)
	w.Fill("#name", "support")
	w.Fill("#settings", "teams=Tier 1")
	w.Fill("#seats", "10")
	w.Click("main form button")
	w.UntilSees("The desk is added")
	w.Click(`//button[text()="Check the desk now"]`)
	w.UntilSees("It answers")

	// The set-up goes on while the page about it is open.
	w.Open(w.url + "/admin/connections/acme")
	w.comes("Still to come: The first person")
	ada := okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: "Ada", Family: "Byron", Mail: "ada@acme.example"}))
	w.comes("Done: The first person")
	bo := okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: "Bo", Family: "Lund", Mail: "bo@acme.example"}))
	support := okta.group(t, "Support", ada)
	w.comes("Done: The first group")

	w.Open(w.url + "/admin/changes/support")
	w.Fill("tbody tr:last-child [name=group]", "Support")
	w.Choose("tbody tr:last-child [name=role]", "agent")
	w.Fill("tbody tr:last-child [name=teams]", "Tier 1")
	w.Click("main form button")
	w.UntilSees("1 person becomes agent on support")
	w.Click(`//button[text()="Apply exactly this plan"]`)
	w.UntilSees("The plan is applied.")
	w.Open(w.url + "/admin/people/" + ada)
	w.comes("Has agent · teams Tier 1, confirmed")

	// Bo has nothing, and the page says why; then he has, and then he leaves.
	w.Open(w.url + "/admin/people/" + bo)
	w.UntilSees("Why not")
	w.UntilSees("Support")
	okta.mustPatch(t, "/Groups/"+support, addMembers(bo))
	w.comes("by group Support")
	w.comes("Has agent · teams Tier 1, confirmed")
	okta.mustPatch(t, "/Users/"+bo, setActive(false))
	w.comes("the offboarding record")
	w.comes("Has suspended, confirmed")
	w.Follow(`a[href$="/record"]`)
	w.UntilSees("Offboarding record 1 of 1: Bo Lund")
	w.Follow(`nav a[href="/admin/"]`)
	w.UntilSees("Nothing needs you")
}
