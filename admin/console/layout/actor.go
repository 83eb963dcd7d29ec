package layout

import (
	"bytes"
	"html/template"
	"strings"
)

// asWritten are the elements whose text is to be copied, and stays what it is.
var asWritten = []string{"code", "pre", "textarea"}

// named returns a page with people's names where its text calls them as the audit log does,
// by id: whoever reads of a pause or a wave wants to know who that was. Attributes stay, which
// forms and addresses go by.
func (p *Page) named(page []byte) ([]byte, error) {
	if p.site.Actors == nil || !bytes.Contains(page, []byte("person:")) {
		return page, nil
	}
	called, err := p.site.Actors(p.Context(), string(page))
	if err != nil || len(called) == 0 {
		return page, err
	}
	pairs := make([]string, 0, 2*len(called))
	for actor, name := range called {
		pairs = append(pairs, actor, template.HTMLEscapeString(name))
	}
	names := strings.NewReplacer(pairs...)
	var out strings.Builder
	within := "" // the element whose text stays
	for rest := string(page); rest != ""; {
		text, after, more := strings.Cut(rest, "<") // no template has one that is no tag
		if within == "" {
			text = names.Replace(text)
		}
		out.WriteString(text)
		if !more {
			break
		}
		tag, next, _ := strings.Cut(after, ">")
		out.WriteString("<" + tag + ">")
		for _, element := range asWritten {
			switch name, _, _ := strings.Cut(tag, " "); {
			case within == "" && name == element:
				within = element
			case within == element && name == "/"+element:
				within = ""
			}
		}
		rest = next
	}
	return []byte(out.String()), nil
}
