package guide

import (
	"fmt"
	"html/template"
	"regexp"
	"strings"

	"github.com/deskbridge/deskbridge/docs/idps"
	"github.com/deskbridge/deskbridge/provision"
)

// Section is a part of a page.
type Section struct {
	Title string
	Text  template.HTML
}

// file returns the page about a kind of identity provider.
func file(idp provision.IdP) string {
	switch idp {
	case provision.IdPOkta, provision.IdPEntra, provision.IdPOneLogin:
		return string(idp) + ".md"
	}
	return "generic.md"
}

// For returns the page about an identity provider, section by section, for a
// connection at a public URL. What does not read as Markdown is shown as it stands.
func For(idp provision.IdP, publicURL, connection string) []Section {
	raw, err := idps.Pages.ReadFile(file(idp))
	if err != nil {
		return nil // the files are ours, and a test reads them
	}
	var sections []Section
	for _, part := range strings.Split("\n"+here(string(raw), publicURL, connection), "\n## ")[1:] {
		title, text, _ := strings.Cut(part, "\n")
		r := &reader{lines: strings.Split(text, "\n")}
		sections = append(sections, Section{Title: title, Text: template.HTML(r.blocks(""))}) // each piece is escaped
	}
	return sections
}

var example = regexp.MustCompile(`\bacme(\.example)?\b`)

// here puts the addresses of a connection in place of those of the example.
func here(text, publicURL, connection string) string {
	text = strings.ReplaceAll(text, "https://bridge.example.com", publicURL)
	text = strings.ReplaceAll(text, `https:\/\/bridge\.example\.com`, strings.NewReplacer(".", `\.`, "/", `\/`).Replace(publicURL))
	return example.ReplaceAllStringFunc(text, func(found string) string {
		if found != "acme" { // a domain
			return found
		}
		return connection
	})
}

// reader turns lines of Markdown into HTML.
type reader struct {
	lines []string
}

var (
	item    = regexp.MustCompile(`^(\d+\.|[*-]) +(.*)$`)
	heading = regexp.MustCompile(`^#{3,6} +(.*)$`)
	ruler   = regexp.MustCompile(`^\|[-| :]+\|$`)
)

// next returns the line that comes next without the indent of the block that it is
// in; false when that block is over.
func (r *reader) next(indent string) (string, bool) {
	if len(r.lines) == 0 {
		return "", false
	}
	line := r.lines[0]
	if strings.TrimSpace(line) == "" {
		return "", true
	}
	return strings.CutPrefix(line, indent)
}

func (r *reader) skip() { r.lines = r.lines[1:] }

// blocks reads what is indented by indent, up to what is not.
func (r *reader) blocks(indent string) string {
	var out strings.Builder
	for {
		line, ok := r.next(indent)
		if !ok {
			return out.String()
		}
		switch {
		case line == "" || strings.HasPrefix(line, "<!--"):
			r.skip()
		case strings.HasPrefix(line, "```"):
			r.skip()
			out.WriteString("<pre tabindex=\"0\"><code>" + template.HTMLEscapeString(r.code(indent)) + "</code></pre>")
		case strings.HasPrefix(line, "|"):
			out.WriteString(r.table(indent))
		case heading.MatchString(line):
			r.skip()
			out.WriteString("<h4>" + inline(heading.FindStringSubmatch(line)[1]) + "</h4>")
		case item.MatchString(line):
			out.WriteString(r.list(indent))
		default:
			out.WriteString("<p>" + inline(r.paragraph(indent)) + "</p>")
		}
	}
}

func (r *reader) code(indent string) string {
	var lines []string
	for len(r.lines) > 0 {
		line := strings.TrimPrefix(r.lines[0], indent)
		r.skip()
		if strings.HasPrefix(line, "```") {
			break
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// paragraph reads lines up to one that begins something else.
func (r *reader) paragraph(indent string) string {
	var lines []string
	for {
		line, ok := r.next(indent)
		if !ok || line == "" || len(lines) > 0 && (strings.HasPrefix(line, "|") || strings.HasPrefix(line, "```") || item.MatchString(line)) {
			return strings.Join(lines, " ")
		}
		lines = append(lines, strings.TrimSpace(line))
		r.skip()
	}
}

func (r *reader) list(indent string) string {
	line, _ := r.next(indent)
	kind := "ol"
	if strings.ContainsAny(line[:1], "*-") {
		kind = "ul"
	}
	var out strings.Builder
	out.WriteString("<" + kind + ">")
	for {
		line, ok := r.next(indent)
		found := item.FindStringSubmatch(line)
		if !ok || found == nil {
			return out.String() + "</" + kind + ">"
		}
		inner := indent + strings.Repeat(" ", len(line)-len(found[2]))
		r.lines[0] = inner + found[2]
		out.WriteString("<li>" + r.blocks(inner) + "</li>")
	}
}

func (r *reader) table(indent string) string {
	var out strings.Builder
	out.WriteString(`<div class="wide" role="region" aria-label="What to enter" tabindex="0"><table>`)
	cell := "th"
	for {
		line, ok := r.next(indent)
		if !ok || !strings.HasPrefix(line, "|") {
			return out.String() + "</table></div>"
		}
		r.skip()
		if ruler.MatchString(line) {
			cell = "td"
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if cell == "th" && strings.TrimSpace(strings.Join(cells, "")) == "" {
			continue // a table without names of columns
		}
		out.WriteString("<tr>")
		for i, text := range cells {
			open, end := "<"+cell+">", cell
			switch {
			case cell == "th":
				open = `<th scope="col">`
			case i == 0:
				open, end = `<th scope="row">`, "th"
			}
			fmt.Fprintf(&out, "%s%s</%s>", open, inline(strings.TrimSpace(text)), end)
		}
		out.WriteString("</tr>")
	}
}

var (
	link   = regexp.MustCompile(`\[([^\]]+)\]\([^)]*\)`)
	strong = regexp.MustCompile(`\*\*([^*]+)\*\*`)
	clicks = regexp.MustCompile(`\*([^*]+)\*`)
)

// inline reads what stands within a line. Links of a page lead to other pages, which
// are not here: their text stays.
func inline(text string) string {
	var out strings.Builder
	for i, part := range strings.Split(text, "`") {
		part = template.HTMLEscapeString(part)
		if i%2 == 1 {
			out.WriteString("<code>" + part + "</code>")
			continue
		}
		part = link.ReplaceAllString(part, "$1")
		part = strong.ReplaceAllString(part, "<strong>$1</strong>")
		out.WriteString(clicks.ReplaceAllString(part, "<em>$1</em>"))
	}
	return out.String()
}
