package browsertest_test

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/deskbridge/deskbridge/test/browsertest"
)

// site asks for a name and a password, takes the answer on through a form that
// sends itself off, as SAML does, and greets whoever it was.
func site(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	page := func(pattern, format string, fields ...string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			var values []any
			for _, f := range fields {
				values = append(values, html.EscapeString(r.FormValue(f)))
			}
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, format, values...)
		})
	}
	page("GET /{$}", `<form><input type="text" name="search"></form>
		<form method="post" action="/relay"><input type="text" name="who" value="somebody"><input type="password" name="secret"><button>Sign in</button></form>`)
	page("POST /relay", `<form method="post" action="/in"><input type="hidden" name="who" value="%s"></form>
		<script>document.forms[0].submit()</script>`, "who")
	mux.HandleFunc("POST /in", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "who", Value: r.FormValue("who"), HttpOnly: true})
		http.Redirect(w, r, "/home", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /home", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		who := "nobody"
		if c, err := r.Cookie("who"); err == nil {
			who = c.Value
		}
		fmt.Fprintf(w, `<p>Hello, <b>%s</b>.</p><a class="out" href="/">Leave</a>`, html.EscapeString(who))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestBrowser(t *testing.T) {
	url := site(t)
	b := browsertest.New(t)
	b.Open(url)
	b.SignIn("ada", "secret")
	b.UntilAt(url + "/home")
	b.UntilSees("Hello, ada.")

	cookies := b.Cookies()
	if len(cookies) != 1 || cookies[0].Name != "who" || cookies[0].Value != "ada" || !cookies[0].HTTPOnly {
		t.Errorf("cookies = %+v, want who=ada and nothing else", cookies)
	}
	b.Click("a.out")
	b.Until("the form again", func() bool { return b.URL() == url+"/" })

	other := browsertest.New(t)
	other.Open(url + "/home")
	other.UntilSees("Hello, nobody.")

	if form := b.Last(url + "/relay").Form; form.Get("who") != "ada" || form.Get("secret") != "secret" {
		t.Errorf("posted %v, want ada and secret", form)
	}
	other.Repeat(b.Last(url + "/relay"))
	other.UntilSees("Hello, ada.")
}

func TestBrowserStaysAtHome(t *testing.T) {
	b := browsertest.New(t)
	if b.Opens("http://desk.example.test/") {
		t.Error("the browser reaches a name that is not on loopback")
	}
	if !b.Opens(site(t)) {
		t.Error("the browser does not reach loopback")
	}
}
