package browsertest

import (
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// complaints are what a browser has said against pages.
type complaints struct {
	mu  sync.Mutex
	all []string
}

func (c *complaints) add(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, text)
}

// Complaints has the browser note, from now on, what it says against pages: errors
// in its console, exceptions, and violations of a Content-Security-Policy. What it
// returns says which there were.
func (b *Browser) Complaints() func() []string {
	b.t.Helper()
	noted := new(complaints)
	err := chromedp.Listen(b.ctx, func(event any) {
		switch e := event.(type) {
		case *log.EventEntryAdded:
			if e.Entry.Level == "error" {
				noted.add(e.Entry.Text + " " + e.Entry.URL)
			}
		case *runtime.EventExceptionThrown:
			noted.add(e.ExceptionDetails.Text)
		}
	})
	if err == nil {
		_, err = chromedp.Call(b.ctx, log.Enable, cdp.Empty{})
	}
	if err == nil {
		_, err = chromedp.Call(b.ctx, runtime.Enable, cdp.Empty{})
	}
	if err != nil {
		b.t.Fatalf("Chromium: %v", err)
	}
	return func() []string {
		noted.mu.Lock()
		defer noted.mu.Unlock()
		return append([]string(nil), noted.all...)
	}
}

// Elsewhere returns the addresses of what the browser has asked for, of pages and
// whatever they load, that do not begin with one of these.
func (b *Browser) Elsewhere(prefixes ...string) (found []string) {
	b.trail.mu.Lock()
	defer b.trail.mu.Unlock()
	for _, to := range b.trail.all {
		if !slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(to, prefix) }) {
			found = append(found, to)
		}
	}
	return found
}

// Scripts has pages run their scripts, or not: from the next page on.
func (b *Browser) Scripts(on bool) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}); err != nil {
		b.t.Fatalf("Chromium: %v", err)
	}
}

// Dress has pages be shown in a window so many pixels wide, in light or dark
// colours, which change at once and do not fade over.
func (b *Browser) Dress(width int64, dark bool) {
	b.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	if err == nil {
		_, err = chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 600})
	}
	if err != nil {
		b.t.Fatalf("Chromium: %v", err)
	}
}

// Overflows reports whether the page is wider than the window.
func (b *Browser) Overflows() bool {
	return b.evaluate(`document.documentElement.scrollWidth > document.documentElement.clientWidth + 1 ? "yes" : "no"`) == "yes"
}

// Axe runs axe-core, whose script is in a file, on the page, and returns which of
// its rules the page breaks, and where.
func (b *Browser) Axe(script string) []string {
	b.t.Helper()
	var raw []byte
	if b.evaluate("typeof axe") != "object" { // the page has it from before
		var err error
		if raw, err = os.ReadFile(script); err != nil {
			b.t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(b.ctx, pageTimeout)
	defer cancel()
	const run = `;window.axeSays = ""; axe.run(document, {resultTypes: ["violations"]}).then(
		r => { window.axeSays = JSON.stringify(["done", ...r.violations.map(v => v.id + ": " + v.nodes.map(n => n.html.slice(0, 120) + " (" + (n.any[0]?.message ?? "") + ")").slice(0, 3).join(" | "))]) },
		e => { window.axeSays = JSON.stringify(["done", String(e)]) }); "started"`
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[string](string(raw)+run)); err != nil {
		b.t.Fatalf("axe-core: %v", err)
	}
	var says []string
	b.Until("axe-core is done", func() bool {
		return json.Unmarshal([]byte(b.evaluate("window.axeSays")), &says) == nil && len(says) > 0
	})
	return says[1:]
}

// Press sends a key to the page, and returns the id of what has the focus then.
func (b *Browser) Press(key string) string {
	b.t.Helper()
	b.do("press "+key, chromedp.KeyEvent(key))
	return b.evaluate(`document.activeElement?.id ?? ""`)
}

// Picture writes a picture of all of the page to a file, where the environment
// variable names a folder for them; else nothing.
func (b *Browser) Picture(name string) {
	b.t.Helper()
	dir := os.Getenv("DESKBRIDGE_TEST_PICTURES")
	if dir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(b.ctx, pageTimeout)
	defer cancel()
	raw, err := chromedp.Run(ctx, chromedp.FullScreenshot(90))
	if err == nil {
		err = os.WriteFile(dir+"/"+strings.ReplaceAll(name, "/", "_")+".jpg", raw, 0o600)
	}
	if err != nil {
		b.t.Fatalf("a picture of %s: %v", name, err)
	}
}
