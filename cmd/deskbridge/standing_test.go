package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/status"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// found returns what status says somebody has to see to, by code; the code of a
// connection or desk has its name behind.
func (b *bridge) found() (codes []string) {
	b.t.Helper()
	for _, f := range commandJSON[status.Overview](b, "status").Findings {
		codes = append(codes, strings.Join(slices.DeleteFunc([]string{f.Code, f.Connection, f.Desk}, func(s string) bool { return s == "" }), " "))
	}
	return codes
}

// exit runs a command and returns its exit status and what it printed.
func (b *bridge) exit(args ...string) (int, string) {
	var out, problems bytes.Buffer
	code := run(context.Background(), args, b.environ, &out, &problems)
	return code, out.String() + problems.String()
}

// TestStatusIsHonest: nothing needs attention only while that is true; else
// status says by name what is wrong and what to do, and metrics say the same.
func TestStatusIsHonest(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		expect := func(what string, want ...string) string {
			t.Helper()
			if got := b.found(); !slices.Equal(got, want) {
				t.Errorf("%s: found %q, want %q", what, got, want)
			}
			code, out := b.exit("status", "--exit-code")
			wantCode := 0
			if len(want) > 0 {
				wantCode = 3
			}
			if code != wantCode || strings.Contains(out, "Nothing needs attention.") != (len(want) == 0) {
				t.Errorf("%s: exit status %d, want %d; it says:\n%s", what, code, wantCode, out)
			}
			return out
		}
		b.eventually("the server has given a sign of life", func() bool { return !slices.Contains(b.found(), "no-server") })
		expect("nothing is set up", "no-connection")
		okta := b.connect("acme")
		if out := expect("a connection without a request", "never-used acme"); !strings.Contains(out, "The identity provider of acme has never sent a request") {
			t.Errorf("status says:\n%s", out)
		}
		b.apply("desks: [{name: d, kind: builtin, drift: off, settings: {teams: Tier 1}}]\nrules:\n  - {connection: acme, group: Support, desk: d, role: agent, teams: [Tier 1]}\n")
		ada := okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: "Ada", Family: "Byron", Mail: "ada@acme.example"}))
		if out := expect("a group that was never pushed", "groups acme"); !strings.Contains(out, "Rules name groups that acme has never pushed: Support.") {
			t.Errorf("status says:\n%s", out)
		}
		okta.group(t, "Support", ada)
		b.synced()
		expect("all is well")
		if n := b.metric(`deskbridge_connection_usable_tokens{connection="acme"}`); n != 1 {
			t.Errorf("%v usable tokens by the metric", n)
		}
		if at := b.metric(`deskbridge_connection_last_request_timestamp_seconds{connection="acme"}`); time.Since(time.Unix(int64(at), 0)) > 2*time.Minute {
			t.Errorf("the last request was at %v by the metric", at)
		}

		conn, err := b.sys.Core.Settings.Connection(t.Context(), "acme")
		if err != nil {
			t.Fatal(err)
		}
		tokens, err := b.sys.Core.Tokens.Tokens(t.Context(), conn.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.sys.Store.TouchToken(t.Context(), tokens[0].ID, time.Now().Add(-100*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if out := expect("a silent identity provider", "silent acme"); !strings.Contains(out, "The identity provider of acme has been silent for 4 days") {
			t.Errorf("status says:\n%s", out)
		}
		if n := b.metric(`deskbridge_findings{code="silent",connection="acme",desk=""}`); n != 1 {
			t.Errorf("%v by the metric of findings", n)
		}
		b.environ = append(b.environ, "DESKBRIDGE_SILENT_AFTER=10d")
		expect("one that may be silent for longer")

		b.command("token", "revoke", "acme", "first")
		if out := expect("no usable token", "no-token acme"); !strings.Contains(out, "Connection acme has no token that is accepted") || !strings.Contains(out, "deskbridge token create acme NAME") {
			t.Errorf("status says:\n%s", out)
		}
	}, "DESKBRIDGE_SWEEP=off")
}

// certificate returns a certificate in PEM that ends after a while.
func certificate(t *testing.T, left time.Duration) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "idp"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(left)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// TestStatusTellsOfCertificates: those of identity providers and of desks that
// have expired or soon will, also before anybody has signed in.
func TestStatusTellsOfCertificates(t *testing.T) {
	b := newBridge(t, "DESKBRIDGE_SWEEP=off")
	b.eventually("the server has given a sign of life", func() bool { return !slices.Contains(b.found(), "no-server") })
	indented := func(pem string) string { return strings.ReplaceAll(strings.TrimSpace(pem), "\n", "\n          ") }
	file := func(idp, desk time.Duration) string {
		return fmt.Sprintf("connections:\n  - name: acme\n    idp: okta\n    saml:\n      entity_id: urn:idp\n      sso_url: https://idp.example.test/sso\n      certificates:\n        - |\n          %s\n"+
			"desks:\n  - name: d\n    kind: builtin\n    sign_in:\n      saml:\n        entity_id: urn:desk\n        acs_url: https://desk.example.test/acs\n        certificate: |\n          %s\n",
			indented(certificate(t, idp)), indented(certificate(t, desk)))
	}
	const day = 24 * time.Hour
	b.apply(file(300*day, 300*day))
	if got := b.found(); len(got) != 0 {
		t.Errorf("found %q of a connection for signing in alone, whose certificates are good", got)
	}
	b.apply(file(10*day+time.Hour, 300*day))
	if got := b.found(); !slices.Equal(got, []string{"sign-in acme"}) || !strings.Contains(b.command("status"), "Sign-in through acme: the last certificate of the identity provider runs out in 10 days.") {
		t.Errorf("found %q; status says:\n%s", got, b.command("status"))
	}
	b.apply(file(300*day, 10*day+time.Hour))
	if got := b.found(); !slices.Equal(got, []string{"desk-sign-in d"}) || !strings.Contains(b.command("status"), "The certificate of desk d, which signs what it asks of us, expires in 10 days.") {
		t.Errorf("found %q; status says:\n%s", got, b.command("status"))
	}
	b.apply(file(2*time.Second, 300*day))
	b.eventually("the identity provider's certificate is over", func() bool {
		return strings.Contains(b.command("status"), "every signing certificate in the metadata has expired")
	})
	if code, out := b.exit("status", "--exit-code"); code != 3 {
		t.Errorf("exit status %d:\n%s", code, out)
	}
	if n := b.metric(`deskbridge_findings{code="sign-in",connection="acme",desk=""}`); n != 1 {
		t.Errorf("%v by the metric of findings", n)
	}
}

// TestStatusOfADeskThatIsDown: a desk that has been down for more than a moment
// needs somebody, and status says why and how many wait.
func TestStatusOfADeskThatIsDown(t *testing.T) {
	b := newBridge(t, "DESKBRIDGE_SWEEP=off")
	okta := b.connect("acme")
	b.command("desk", "add", "d", "--kind", "redmine", "--url", "http://"+reserveAddress(t), "--secret", strings.Repeat("k", 40))
	okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: "Ada", Family: "Byron", Mail: "ada@acme.example"}))
	d, err := b.sys.Core.Settings.Desk(t.Context(), "d")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.sys.Core.DeskHealth.NotePause(t.Context(), d.ID, "it refuses the connection; is it running, and is its URL right?", time.Hour); err != nil {
		t.Fatal(err)
	}
	b.eventually("the server has given a sign of life", func() bool { return len(b.found()) == 0 })
	pauses, err := b.sys.Store.Pauses(t.Context())
	if err != nil || len(pauses) != 1 {
		t.Fatalf("%v, %v", pauses, err)
	}
	pauses[0].Since = time.Now().Add(-10 * time.Minute)
	if err := b.sys.Store.SavePause(t.Context(), pauses[0]); err != nil {
		t.Fatal(err)
	}
	o := commandJSON[status.Overview](b, "status")
	if len(o.Findings) != 1 || o.Findings[0].Code != string(plan.FindingDeskPaused) || !strings.Contains(o.Findings[0].Text, "Desk d is not called for 10 min, and 0 accounts wait: it refuses the connection") {
		t.Errorf("found %+v", o.Findings)
	}
	if code, out := b.exit("status", "--exit-code"); code != 3 || strings.Contains(out, "Nothing needs") || !strings.Contains(out, "it refuses the connection") {
		t.Errorf("exit status %d:\n%s", code, out)
	}
}

// TestStatusOfAServerThatHasEnded: nothing is synced any more, and status does
// not say that all is well.
func TestStatusOfAServerThatHasEnded(t *testing.T) {
	b := newBridge(t, "DESKBRIDGE_SWEEP=off")
	b.eventually("the server has given a sign of life", func() bool { return !slices.Contains(b.found(), "no-server") })
	b.eventually("its last one is old", func() bool {
		if _, err := b.sys.Store.DB().ExecContext(t.Context(), "UPDATE heartbeat SET at = ?", time.Now().Add(-3*time.Minute).UnixMicro()); err != nil {
			t.Fatal(err)
		}
		return strings.Contains(b.command("status"), "No server is running on this database")
	})
}

// TestStatusWatches: it shows the state again and again until it is interrupted,
// which is no failure, and survives that the state cannot be read.
func TestStatusWatches(t *testing.T) {
	b := newBridge(t, "DESKBRIDGE_SWEEP=off")
	ctx, interrupt := context.WithCancel(t.Context())
	out, problems, ended := &lockedBuffer{}, &lockedBuffer{}, make(chan int, 1)
	go func() { ended <- run(ctx, []string{"status", "--watch", "--every", "100ms"}, b.environ, out, problems) }()
	b.eventually("it has shown the state three times", func() bool { return strings.Count(out.String(), "CONNECTION") >= 3 })
	b.connect("acme")
	b.eventually("it shows what is new", func() bool { return strings.Contains(out.String(), "acme") })
	if strings.Contains(out.String(), "\x1b") {
		t.Error("it draws where there is no terminal")
	}
	interrupt()
	if code := <-ended; code != exitDone || problems.String() != "" {
		t.Errorf("exit status %d: %s", code, problems.String())
	}
}

// TestApplyWaits until the desks are done with a change, and says with its exit
// status whether somebody has to see to an account of it.
func TestApplyWaits(t *testing.T) {
	eachBridge(t, func(t *testing.T, b *bridge) {
		okta := b.connect("acme")
		var ids []string
		for _, given := range []string{"Ada", "Bo", "Cy"} {
			ids = append(ids, okta.mustPush(t, "Users", simulated.OktaUser(simulated.Person{Given: given, Family: "Byron", Mail: strings.ToLower(given) + "@acme.example"})))
		}
		okta.group(t, "Support", ids...)
		file := func(seats int) string {
			path := t.TempDir() + "/access.yaml"
			writeFile(t, path, fmt.Sprintf("desks: [{name: d, kind: builtin, drift: off, seats: %d, settings: {teams: Tier 1}}]\nrules:\n  - {connection: acme, group: Support, desk: d, role: agent, teams: [Tier 1]}\n", seats))
			return path
		}
		code, out := b.exit("apply", "-f", file(2), "--wait")
		if code != 3 || !strings.Contains(out, "in sync: 2, need attention: 1, waiting: 0") {
			t.Errorf("one of three has no seat: exit status %d:\n%s", code, out)
		}
		code, out = b.exit("apply", "-f", file(3), "--wait", "--json")
		if code != exitDone || !strings.Contains(out, `"progress": {`) {
			t.Errorf("seats alone change: exit status %d:\n%s", code, out)
		}
		b.synced()
		path := t.TempDir() + "/access.yaml"
		writeFile(t, path, "desks: [{name: d, kind: builtin, drift: off, seats: 3, settings: {teams: Tier 1}}]\nrules:\n  - {connection: acme, group: Support, desk: d, role: limited}\n")
		code, out = b.exit("apply", "-f", path, "--wait", "--timeout", "1d")
		if code != exitDone || !strings.Contains(out, "in sync: 3, need attention: 0, waiting: 0") {
			t.Errorf("all are in sync: exit status %d:\n%s", code, out)
		}
		for _, id := range ids {
			accounts, err := b.sys.Store.AccountsOf(t.Context(), []provision.IdentityID{provision.IdentityID(id)})
			if err != nil || len(accounts) != 1 || accounts[0].Confirmed.Role != provision.RoleLimited {
				t.Errorf("%v, %v: the desk has not confirmed it", accounts, err)
			}
		}
	}, "DESKBRIDGE_SWEEP=off")
}

// TestListenAddressInUse says which setting to change.
func TestListenAddressInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var problems bytes.Buffer
	code := run(t.Context(), []string{"serve"}, []string{"DESKBRIDGE_DATA_DIR=" + t.TempDir(), "DESKBRIDGE_LISTEN=" + l.Addr().String()}, &bytes.Buffer{}, &problems)
	if code != exitFailed || !strings.Contains(problems.String(), "deskbridge: another process listens on "+l.Addr().String()+" already; end it, or set DESKBRIDGE_LISTEN to another address") {
		t.Errorf("exit status %d: %s", code, problems.String())
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
