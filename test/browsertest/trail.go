package browsertest

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Step is a request that a browser made for a page: by itself, or because
// somebody clicked.
type Step struct {
	Method string
	URL    string
	Form   url.Values // what was posted
}

// trail is where a browser went.
type trail struct {
	mu    sync.Mutex
	steps []Step
	all   []string // addresses of pages, and of whatever they have loaded
}

// follow keeps the requests for pages that the window of ctx makes from now on.
func follow(ctx context.Context, t *testing.T) *trail {
	t.Helper()
	all := &trail{}
	err := chromedp.Listen(ctx, func(event any) {
		e, ok := event.(*network.EventRequestWillBeSent)
		if !ok {
			return
		}
		all.mu.Lock()
		all.all = append(all.all, e.Request.URL)
		all.mu.Unlock()
		if e.Type == network.ResourceTypeDocument {
			all.add(e.Request)
		}
	})
	if err == nil {
		_, err = chromedp.Call(ctx, network.Enable, network.EnableParams{})
	}
	if err != nil {
		t.Fatalf("Chromium: %v", err)
	}
	return all
}

func (a *trail) add(r *network.Request) {
	var body []byte
	for _, entry := range r.PostDataEntries {
		body = append(body, entry.Bytes...)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		form = nil // no form
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.steps = append(a.steps, Step{Method: r.Method, URL: r.URL, Form: form})
}

// Steps returns the requests for pages whose address begins with prefix, in the
// order in which they were made.
func (b *Browser) Steps(prefix string) []Step {
	b.trail.mu.Lock()
	defer b.trail.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.trail.steps), func(s Step) bool { return !strings.HasPrefix(s.URL, prefix) })
}

// Last returns the last of the requests that [Browser.Steps] returns.
func (b *Browser) Last(prefix string) Step {
	b.t.Helper()
	steps := b.Steps(prefix)
	if len(steps) == 0 {
		b.t.Fatalf("the browser was never at %s", prefix)
	}
	return steps[len(steps)-1]
}

// Repeat makes a request that this or another browser made before, as a page of
// another site would have it made.
func (b *Browser) Repeat(s Step) {
	b.t.Helper()
	if s.Method == "GET" {
		b.Open(s.URL)
		return
	}
	b.Open("about:blank")
	var script strings.Builder
	script.WriteString(`const form = document.body.appendChild(document.createElement("form")); form.method = "post"; form.action = ` + quote(s.URL) + ";")
	for name, values := range s.Form {
		for _, value := range values {
			script.WriteString(`form.append(Object.assign(document.createElement("input"), {type: "hidden", name: ` + quote(name) + ", value: " + quote(value) + "}));")
		}
	}
	b.Until("the form is sent off", func() bool {
		return b.evaluate("(() => { "+script.String()+` form.submit(); return "sent" })()`) == "sent"
	})
	b.Until("the page after it", func() bool { at := b.URL(); return at != "" && at != "about:blank" })
}
