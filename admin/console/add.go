package console

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/console/layout"
	"github.com/deskbridge/deskbridge/provision"
)

// addConnection adds a connection with its first token, whose secret is in the
// answer, once.
func addConnection(p *page) error {
	if err := p.Who.May(admin.TokenCreate); err != nil {
		return err
	}
	conn := provision.Connection{Name: strings.TrimSpace(p.PostFormValue("name")), IdP: provision.IdP(p.PostFormValue("idp")), Domains: lines(p.PostFormValue("domains"))}
	made, secret, err := p.h.core.Settings.AddConnection(p.Context(), p.Cause(), conn)
	if err != nil {
		return err
	}
	p.SetPathValue("connection", made.Name)
	return p.h.tellSecret(p, "first", secret)
}

// addDesk adds a desk. Nothing is written to it until a rule gives somebody access.
func addDesk(p *page) error {
	d := provision.Desk{Name: strings.TrimSpace(p.PostFormValue("name")), Kind: provision.DeskKind(p.PostFormValue("kind")),
		URL: strings.TrimRight(strings.TrimSpace(p.PostFormValue("url")), "/"), Secret: strings.TrimSpace(p.PostFormValue("secret"))}
	if seats := strings.TrimSpace(p.PostFormValue("seats")); seats != "" {
		n, err := strconv.Atoi(seats)
		if err != nil || n < 0 {
			return provision.Errorf(provision.Invalid, "seats", "type how many seats the desk has as a number, or nothing for no limit")
		}
		d.Seats = n
	}
	for _, line := range lines(p.PostFormValue("settings")) {
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			return provision.Errorf(provision.Invalid, "settings", "write each setting as NAME=VALUE, on a line of its own")
		}
		if d.Settings == nil {
			d.Settings = make(map[string]string)
		}
		d.Settings[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	if err := p.h.options.AddDesk(p.Context(), p.Cause(), d); err != nil {
		return err
	}
	return p.Done("/admin/desks/"+d.Name, "added", 1)
}

// lines splits a text into its lines, without those that say nothing.
func lines(text string) (out []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// recordPage is how somebody left.
type recordPage struct {
	ID   provision.IdentityID
	Text string
}

// showRecord shows the offboarding record of somebody, or hands it over to be kept: as
// signed JSON, or as a page to print.
func showRecord(p *page) error {
	id := provision.IdentityID(p.PathValue("id"))
	r, err := p.h.options.Record(p.Context(), id)
	if err != nil {
		return err
	}
	kept, kind := r.Signed, "application/json"
	switch p.URL.Query().Get("as") {
	case "":
		return p.show(http.StatusOK, "record", "/admin/people", "How somebody left", layout.Frame{Body: recordPage{id, r.Text}, Command: "deskbridge offboarding show " + string(id)})
	case "json":
	case "html":
		kept, kind = r.Page, "text/html; charset=utf-8"
	default:
		return provision.Errorf(provision.Invalid, "as", "a record is handed over as json or html")
	}
	p.W.Header().Set("Content-Type", kind)
	p.W.Header().Set("Content-Disposition", `attachment; filename="offboarding-`+string(id)+`.`+p.URL.Query().Get("as")+`"`)
	_, _ = p.W.Write(kept) // the client may be gone
	return nil
}
