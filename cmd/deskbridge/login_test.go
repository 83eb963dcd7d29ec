package main

import (
	"bytes"
	"context"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/apitoken"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/provision"
)

var (
	loginAddress = regexp.MustCompile(`http://\S+/admin/command-line\?\S+`)
	hiddenField  = regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`)
	shownCode    = regexp.MustCompile(`<code id="code">([^<]+)</code>`)
)

// browser is where somebody is signed in.
type browser struct {
	t      *testing.T
	cookie string
}

// ask returns an answer, wherever it leads.
func (w *browser) ask(method, address string, form url.Values) (*http.Response, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Error(err)
		return &http.Response{}, ""
	}
	r.Header.Set("Cookie", "deskbridge_session="+w.cookie)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Error(err)
		return &http.Response{}, ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Error(err)
	}
	return resp, string(text)
}

// agree opens the address of a login and presses a button there.
func (w *browser) agree(address, with string) (*http.Response, string) {
	w.t.Helper()
	resp, page := w.ask("GET", address, nil)
	if resp.StatusCode != http.StatusOK {
		w.t.Errorf("the question: %d %s", resp.StatusCode, page)
		return resp, page
	}
	form := url.Values{"answer": {with}}
	for _, m := range hiddenField.FindAllStringSubmatch(page, -1) {
		form.Add(m[1], html.UnescapeString(m[2]))
	}
	at, _, _ := strings.Cut(address, "?")
	return w.ask("POST", at, form)
}

// login runs the command, and what somebody does meanwhile with the address that it
// prints.
func (e *elsewhere) login(meanwhile func(address string), args ...string) (out, problems string, status int) {
	e.t.Helper()
	ctx, cancel := context.WithCancel(e.t.Context())
	defer cancel()
	read, write := io.Pipe()
	typed, typing := io.Pipe()
	e.typing = typing
	var said bytes.Buffer
	var doing sync.WaitGroup
	doing.Go(func() {
		text := make([]byte, 4096)
		for seen := false; ; {
			n, err := read.Read(text)
			said.Write(text[:n])
			if address := loginAddress.FindString(said.String()); !seen && address != "" && strings.Contains(said.String(), address+"\n") {
				seen = true
				doing.Go(func() {
					meanwhile(address)
					if e.t.Failed() { // nobody comes back
						cancel()
						typing.Close()
					}
				})
			}
			if err != nil {
				return
			}
		}
	})
	var o bytes.Buffer
	a := &command.App{Environ: append(slices.Clone(e.environ), "BROWSER=true"), Stdout: &o, Stderr: write, Stdin: typed, Terminal: func() bool { return true }}
	status = runWith(ctx, a, append([]string{"login"}, args...))
	write.Close()
	doing.Wait()
	return o.String(), said.String(), status
}

// TestLogin: somebody agrees at a browser, and their command line may what they may,
// for as long as they may it.
func TestLogin(t *testing.T) {
	b := newBridge(t)
	okta := b.connect("acme")
	ada := okta.mustPush(t, "Users", map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "userName": "ada@acme.example", "active": true})
	group := okta.group(t, "IT", ada)
	b.command("admin", "grant", "acme", "IT", "admin")
	conn, err := b.sys.Core.Settings.Connection(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	now := b.sys.Core.Now()
	_, cookie, err := b.sys.Core.Sessions.StartSession(t.Context(), provision.Cause{Actor: "test"}, provision.Session{Connection: conn.ID, Identity: provision.IdentityID(ada), Protocol: provision.ProtocolOIDC, AuthnAt: now}, time.Time{}, "")
	if err != nil {
		t.Fatal(err)
	}
	w := &browser{t, cookie}
	e := b.elsewhere("")
	e.environ = e.environ[:1:1]
	home := t.TempDir()
	e.environ = append(e.environ, "XDG_CONFIG_HOME="+home)
	if _, problems, status := e.run("person", "list"); status != exitMisuse || !strings.Contains(problems, "`deskbridge login --server "+b.url+"` gets one") {
		t.Errorf("without a token: %d %s", status, problems)
	}

	back := ""
	out, problems, status := e.login(func(address string) {
		// Another page of the browser knows neither the state nor a code.
		at, err := url.Parse(address)
		if err != nil {
			t.Error(err)
		}
		loopback := "http://127.0.0.1:" + at.Query().Get("port")
		if resp, _ := w.ask("GET", loopback+"/?code=made-up&state=other", nil); resp.StatusCode != http.StatusNotFound {
			t.Errorf("an answer that is not ours: %d", resp.StatusCode)
		}
		resp, text := w.agree(address, "yes")
		if back = resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(back, loopback+"/?code=") {
			t.Errorf("agreed: %d %s %s", resp.StatusCode, back, text)
			return
		}
		if resp, text := w.ask("GET", back, nil); resp.StatusCode != http.StatusOK || !strings.Contains(text, "You can close this page") {
			t.Errorf("back: %d %s", resp.StatusCode, text)
		}
	})
	if status != exitDone || !strings.Contains(out, "with the role admin") {
		t.Fatalf("login: %d %s%s", status, out, problems)
	}
	stored, err := filepath.Glob(home + "/deskbridge/logins/*.json")
	if err != nil || len(stored) != 1 {
		t.Fatalf("stored: %v, %v", stored, err)
	}
	if info, err := os.Stat(stored[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("stored as %v, %v", info.Mode(), err)
	}
	if out := e.done("person", "list"); !strings.Contains(out, "ada@acme.example") {
		t.Errorf("people: %s", out)
	}
	if _, problems, status := e.run("token", "create", "acme", "more"); status != exitFailed || !strings.Contains(problems, "only where it names token.create") {
		t.Errorf("what needs a fresh sign-in: %d %s", status, problems)
	}
	mine := commandJSON[[]apitoken.Line](b, "api-token", "list")
	if len(mine) != 1 || mine[0].Person != ada || mine[0].CreatedBy != "person:"+ada || !strings.HasPrefix(mine[0].Name, "ada-acme-example-") || mine[0].ExpiresAt.Sub(mine[0].CreatedAt).Hours() != 12 {
		t.Errorf("the token: %+v", mine)
	}
	// The code is used up.
	used, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	if status, text := b.askAPI("", "POST", "/api/v1/login", `{"code":"`+used.Query().Get("code")+`","verifier":"x"}`, nil); status != 403 || !strings.Contains(text, "was used") {
		t.Errorf("the same code: %d %s", status, text)
	}

	// A machine without a browser, and a verb that needs a fresh sign-in. The login before ends.
	out, problems, status = e.login(func(address string) {
		_, page := w.agree(address, "yes")
		code := shownCode.FindStringSubmatch(page)
		if code == nil {
			t.Errorf("no code: %s", page)
			code = []string{"", "none"}
		}
		go io.WriteString(e.typing, code[1]+"\n")
	}, "--no-browser", "--may", "token.create")
	if status != exitDone {
		t.Fatalf("without a browser: %d %s%s", status, out, problems)
	}
	e.done("token", "create", "acme", "more")
	if mine = commandJSON[[]apitoken.Line](b, "api-token", "list"); len(mine) != 2 || mine[0].RevokedAt == nil || mine[1].RevokedAt != nil {
		t.Errorf("tokens: %+v", mine)
	}

	// No is no.
	_, problems, status = e.login(func(address string) {
		resp, _ := w.agree(address, "no")
		w.ask("GET", resp.Header.Get("Location"), nil)
	})
	if status != exitFailed || !strings.Contains(problems, "it was not agreed to") {
		t.Errorf("no: %d %s", status, problems)
	}

	e.done("person", "list")
	okta.mustPatch(t, "/Groups/"+group, map[string]any{"op": "remove", "path": "members"})
	if _, problems, status := e.run("person", "list"); status != exitFailed || !strings.Contains(problems, "has left") {
		t.Errorf("after the role has ended: %d %s", status, problems)
	}
	okta.mustPatch(t, "/Groups/"+group, map[string]any{"op": "add", "path": "members", "value": []any{map[string]any{"value": ada}}})
	e.done("person", "list")
	if err := os.Chmod(stored[0], 0o644); err != nil {
		t.Fatal(err)
	}
	if _, problems, status := e.run("person", "list"); status != exitFailed || !strings.Contains(problems, "others may read") {
		t.Errorf("a token that others may read: %d %s", status, problems)
	}
	if err := os.Chmod(stored[0], 0o600); err != nil {
		t.Fatal(err)
	}
	e.done("logout")
	if mine = commandJSON[[]apitoken.Line](b, "api-token", "list"); mine[1].RevokedAt == nil {
		t.Errorf("after logout: %+v", mine)
	}
	if _, err := os.Stat(stored[0]); !os.IsNotExist(err) {
		t.Errorf("after logout: %v", err)
	}
	if log := b.log.String(); strings.Contains(log, "code=") || strings.Contains(log, used.Query().Get("code")) || strings.Contains(log, "dbm_") {
		t.Error("the log holds a code or a token")
	}
}
