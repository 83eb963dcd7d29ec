package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"

	"github.com/deskbridge/deskbridge/test/servicetest"
)

// pageTimeout is how long a page may take on a machine that has much else to do.
const pageTimeout = 90 * time.Second

// Loopback is the domain whose names all lead to 127.0.0.1. For a browser they
// are hosts as any: over http it keeps from them what it gives to localhost, the
// Fetch metadata above all.
const Loopback = "loopback.test"

// Browser is one window of a browser that nobody used before.
type Browser struct {
	t     *testing.T
	ctx   context.Context
	trail *trail
}

// New opens a browser that closes with the test. When the test fails, its log
// shows where the browser was and what stood there.
func New(t *testing.T) *Browser {
	t.Helper()
	servicetest.Need(t)
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.DisableGPU,
		chromedp.Flag("host-resolver-rules", "MAP *."+Loopback+" 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"))
	process, closeProcess := chromedp.NewExecAllocator(context.Background(), flags...)
	t.Cleanup(closeProcess)
	ctx, closeWindow := chromedp.NewContext(process)
	t.Cleanup(closeWindow)
	b := &Browser{t: t, ctx: ctx}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("Chromium: %v; run `make test`, which installs what the tests need", err)
	}
	b.trail = follow(ctx, t)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the browser is at %s\n%s", b.URL(), b.Text())
		}
	})
	return b
}

// do has the browser do something that it must be able to do.
func (b *Browser) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageTimeout)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

// Open goes to a URL and waits for the page. A page that goes on to another by
// itself may be there already, or not yet: see [Browser.Until].
func (b *Browser) Open(url string) {
	b.t.Helper()
	b.do("open "+url, chromedp.Navigate(url))
}

// Opens reports whether something answers at url.
func (b *Browser) Opens(url string) bool {
	ctx, cancel := context.WithTimeout(b.ctx, pageTimeout)
	defer cancel()
	return chromedp.Do(ctx, chromedp.Navigate(url)) == nil
}

// fillIn fills in the login form of a page, whatever it calls its fields, and
// sends it off as its button would. It sets a flag on the document, to tell it
// from the one that follows.
const fillIn = `((login, password) => {
	const seen = element => element.offsetParent !== null
	const secret = [...document.querySelectorAll("input[type=password]")].find(seen)
	if (document.readyState !== "complete" || !secret || document.filledIn) return "wait"
	const name = [...secret.form.elements].find(e => seen(e) && (e.type === "text" || e.type === "email"))
	if (name) name.value = login
	secret.value = password
	document.filledIn = true
	secret.form.requestSubmit(secret.form.querySelector("[type=submit], button:not([type])"))
	return "sent"
})(%s, %s)`

// SignIn fills in the login form of the page, sends it off, and waits for what
// comes after it.
func (b *Browser) SignIn(login, password string) {
	b.t.Helper()
	script := fmt.Sprintf(fillIn, quote(login), quote(password))
	b.Until("a login form", func() bool { return b.evaluate(script) == "sent" })
	b.Until("the page after the login form", func() bool { return b.evaluate(`document.filledIn ? "" : "next"`) == "next" })
}

// quote returns text as JavaScript has it.
func quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string is never no JSON
	}
	return string(quoted)
}

// In returns the browser for a part of the test, which fails by itself. Nobody is
// signed in any more.
func (b *Browser) In(t *testing.T) *Browser {
	t.Helper()
	part := *b
	part.t = t
	if _, err := chromedp.Call(b.ctx, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		t.Fatalf("Chromium: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the browser is at %s\n%s", part.URL(), part.Text())
		}
	})
	return &part
}

// Choose selects an option of the first list that a CSS selector finds, by its value.
func (b *Browser) Choose(field, value string) {
	b.t.Helper()
	script := fmt.Sprintf(`((list) => { if (list) list.value = %s; return list?.value ?? "" })(document.querySelector(%s))`, quote(value), quote(field))
	b.Until("an option "+value+" of "+field, func() bool { return b.evaluate(script) == value })
}

// Mark leaves a mark on the page, which is gone with it: Marked says whether it is
// the same page still.
func (b *Browser) Mark() { b.evaluate(`document.marked = "yes"`) }

// Marked reports whether the page is the one that was marked.
func (b *Browser) Marked() bool { return b.evaluate(`document.marked ?? ""`) == "yes" }

// Fill types text into the first field that a CSS selector finds, instead of
// what is there.
func (b *Browser) Fill(field, text string) {
	b.t.Helper()
	in := chromedp.CSS(field)
	b.do("find "+field, chromedp.WaitVisible(in))
	b.evaluate(fmt.Sprintf(`document.querySelector(%s).value = ""`, quote(field)))
	b.do("fill in "+field, chromedp.SendKeys(in, text))
}

// Click clicks on the first element that a CSS selector or an XPath finds; on the one
// that takes its place, where the page puts another there meanwhile.
func (b *Browser) Click(element string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, pageTimeout)
	defer cancel()
	err := chromedp.Do(ctx, chromedp.WaitVisible(element), chromedp.Click(element))
	if err != nil && strings.Contains(err.Error(), "Could not find node") {
		err = chromedp.Do(ctx, chromedp.WaitVisible(element), chromedp.Click(element))
	}
	if err != nil {
		b.t.Fatalf("click on %s: %v", element, err)
	}
}

// Follow goes where the first link leads that a CSS selector finds, be it in a
// menu that is folded away.
func (b *Browser) Follow(link string) {
	b.t.Helper()
	script := fmt.Sprintf(`((link) => { link?.click(); return link ? "followed" : "" })(document.querySelector(%s))`, quote(link))
	b.Until("a link "+link, func() bool { return b.evaluate(script) == "followed" })
}

// Until waits for ok: pages come and go by themselves during a sign-in.
func (b *Browser) Until(what string, ok func() bool) {
	b.t.Helper()
	for end := time.Now().Add(pageTimeout); !ok(); time.Sleep(25 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("did not come about in the browser: %s", what)
		}
	}
}

// UntilAt waits until the address begins with prefix.
func (b *Browser) UntilAt(prefix string) {
	b.t.Helper()
	b.Until("the address "+prefix, func() bool { return strings.HasPrefix(b.URL(), prefix) })
}

// UntilSees waits until the page shows text.
func (b *Browser) UntilSees(text string) {
	b.t.Helper()
	b.Until("a page that shows "+text, func() bool { return strings.Contains(b.Text(), text) })
}

// URL returns the address of the page; "" while one makes way for the next.
func (b *Browser) URL() string {
	return b.evaluate(`document.readyState === "complete" ? location.href : ""`)
}

// Text returns what the page shows; "" while one makes way for the next.
func (b *Browser) Text() string {
	return b.evaluate(`document.readyState === "complete" && document.body ? document.body.innerText : ""`)
}

// evaluate returns what a JavaScript expression comes to; "" when the page went
// away meanwhile.
func (b *Browser) evaluate(expression string) string {
	ctx, cancel := context.WithTimeout(b.ctx, pageTimeout)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression))
	if err != nil {
		return ""
	}
	return value
}

// Cookies returns all cookies of the profile, whatever their site.
func (b *Browser) Cookies() []*network.Cookie {
	b.t.Helper()
	result, err := chromedp.CallBrowser(b.ctx, storage.GetCookies, storage.GetCookiesParams{})
	if err != nil {
		b.t.Fatalf("read the cookies: %v", err)
	}
	return result.Cookies
}
