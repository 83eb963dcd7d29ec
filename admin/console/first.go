package console

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/admin/console/layout"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/session"
)

// firstAdmin is the kind of the one-time token that makes the first admin.
const firstAdmin session.OneTimeKind = "first-admin"

// firstLife is for how long the link to make the first admin is good.
const firstLife = 24 * time.Hour

// FirstAdminLink returns an address that makes the first break-glass admin, once;
// "" when there is an admin already. Whoever has it may become the owner.
func FirstAdminLink(ctx context.Context, core Core, publicURL string) (string, error) {
	admins, err := core.BreakGlass.Admins(ctx)
	if err != nil || len(admins) > 0 {
		return "", err
	}
	secret, err := core.Sessions.IssueOneTime(ctx, firstAdmin, "", true, firstLife)
	return publicURL + "/admin/first?link=" + secret, err
}

// firstPage is the form that makes the first admin, or what they must keep.
type firstPage struct {
	Link    string
	Name    string
	Problem string

	URL    string // otpauth://…; "": the form is shown
	Secret string // the same for typing
	Codes  []string
}

// first shows the form to whoever has the link.
func (h *handler) first(p *page) error {
	link := p.URL.Query().Get("link")
	var yes bool
	if err := h.core.Sessions.PeekOneTime(p.Context(), firstAdmin, "", link, &yes); err != nil {
		return noLink(err)
	}
	return p.show(http.StatusOK, "first", "", "Make the first admin", layout.Frame{Body: firstPage{Link: link, Name: "break-glass"}})
}

// makeFirst makes the first admin. The link is used up by that, and so is any other
// once there is one.
func (h *handler) makeFirst(p *page) error {
	body := firstPage{Link: p.PostFormValue("link"), Name: strings.TrimSpace(p.PostFormValue("name"))}
	var yes bool
	if err := h.core.Sessions.PeekOneTime(p.Context(), firstAdmin, "", body.Link, &yes); err != nil {
		return noLink(err)
	}
	password := p.PostFormValue("password")
	if password != p.PostFormValue("again") {
		body.Problem = "The two passwords differ."
		return p.show(http.StatusUnprocessableEntity, "first", "", "Make the first admin", layout.Frame{Body: body})
	}
	cause := provision.Cause{Actor: "first-link", Action: p.Pattern, Request: p.Reference()}
	// The name and the password are tried before the link is used up; of several who
	// come at once one takes it.
	if err := h.core.BreakGlass.CheckNew(body.Name, password); err != nil {
		body.Problem = layout.Detail(err)
		return p.show(http.StatusUnprocessableEntity, "first", "", "Make the first admin", layout.Frame{Body: body})
	}
	if err := h.core.Sessions.TakeOneTime(p.Context(), firstAdmin, "", body.Link, &yes); err != nil {
		return noLink(err)
	}
	_, enrolment, err := h.core.BreakGlass.AddFirst(p.Context(), cause, body.Name, password)
	if err != nil {
		return err
	}
	body.URL, body.Codes = enrolment.URL, enrolment.Codes
	if _, after, ok := strings.Cut(enrolment.URL, "secret="); ok {
		body.Secret, _, _ = strings.Cut(after, "&")
	}
	return p.show(http.StatusOK, "first", "", "Keep this", layout.Frame{Body: body})
}

// noLink says that a link is none; other errors as they are.
func noLink(err error) error {
	if provision.IsNotFound(err) {
		return provision.Errorf(provision.NotFound, "", "this link was used, or is older than a day; the server prints a new one when it starts, as long as there is no admin")
	}
	return err
}
