package offboarding

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"html/template"
	"io"

	"github.com/deskbridge/deskbridge/admin/console"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/offboarding"
	"github.com/deskbridge/deskbridge/sso/deskidp"
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

// Console returns the last record of somebody, for the console.
func Console(ctx context.Context, sys *server.System, id provision.IdentityID) (out console.Record, _ error) {
	r, err := find(ctx, sys, string(id), 0)
	if err != nil {
		return out, err
	}
	signed, err := sys.Core.Offboarding.Sign(ctx, r, deskidp.NewKey)
	if err != nil {
		return out, err
	}
	var text, kept, printed bytes.Buffer
	Print(&text, r)
	err = errors.Join(output.JSON(&kept, signed), Page(&printed, signed))
	return console.Record{Text: text.String(), Signed: kept.Bytes(), Page: printed.Bytes()}, err
}
