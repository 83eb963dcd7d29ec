package offboarding

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"io"

	"github.com/deskbridge/deskbridge/provision/offboarding"
)

//go:embed page.html
var pageText string

// page has no script, and loads nothing: it is kept as a file and printed.
var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"named": named, "heading": heading, "deskHeading": deskHeading, "signal": signal, "noAccess": noAccess, "sessions": sessions, "span": span, "event": event,
	"conversations": conversations, "deskSessions": deskSessions, "moment": moment, "momentOf": momentOf, "took": took,
}).Parse(pageText))

// Page writes a signed record as a page that prints on A4.
func Page(w io.Writer, signed offboarding.Signed) error {
	var r offboarding.Record
	if err := json.Unmarshal(signed.Record, &r); err != nil {
		return err
	}
	return page.Execute(w, struct {
		offboarding.Record
		Signature offboarding.Signature
	}{r, signed.Signature})
}
