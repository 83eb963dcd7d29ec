package layout

import (
	"context"
	"net/http"
	"testing"
)

// TestNamed: what a page says has names, and what its forms send and what is to be copied
// keep the ids.
func TestNamed(t *testing.T) {
	const ada = "person:0190a000-0000-7000-8000-000000000001"
	p := &Page{Request: new(http.Request), site: &Site{Options: Options{Actors: func(context.Context, string) (map[string]string, error) {
		return map[string]string{ada: `Ada <b>"`}, nil
	}}}}
	for page, want := range map[string]string{
		"<p>by " + ada + "</p>": `<p>by Ada &lt;b&gt;&#34;</p>`,
		`<a href="/x?y=` + ada + `" title="` + ada + `">` + ada + `</a>` + ada:             `<a href="/x?y=` + ada + `" title="` + ada + `">Ada &lt;b&gt;&#34;</a>Ada &lt;b&gt;&#34;`,
		`<code id="a">x ` + ada + `<b>` + ada + `</b></code><em>` + ada + `</em>`:          `<code id="a">x ` + ada + `<b>` + ada + `</b></code><em>Ada &lt;b&gt;&#34;</em>`,
		"<pre>" + ada + "</pre><textarea>" + ada + "</textarea>\n" + ada + " <br> the end": "<pre>" + ada + "</pre><textarea>" + ada + "</textarea>\nAda &lt;b&gt;&#34; <br> the end",
		"no person: " + ada[:20]: "no person: " + ada[:20],
	} {
		if got, err := p.named([]byte(page)); err != nil || string(got) != want {
			t.Errorf("%s\nis %s, %v\nnot %s", page, got, err, want)
		}
	}
	p.site.Actors = nil
	if got, err := p.named([]byte(ada)); err != nil || string(got) != ada {
		t.Errorf("where nobody knows names: %s, %v", got, err)
	}
}
