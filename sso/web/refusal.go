package web

import (
	"cmp"
	"net/http"

	"github.com/deskbridge/deskbridge/internal/lingering"
	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
)

// Refusal is why something is not done, for the log and for a page. Nothing of
// what the browser sent is in it.
type Refusal struct {
	Status     int                  // of HTTP: 4xx
	Connection provision.Connection // zero when it is not known
	Protocol   provision.Protocol   // "" when it is not known
	Reason     string               // stable; docs/sign-in.md lists them
	Detail     string               // for the log
	Person     string               // for the page: what to do about it; "" stands for a general text
	Audit      bool                 // somebody tried to sign in: the audit log tells of it
	Again      string               // path of ours where the person begins anew; "": where they land without any other
}

// general is what a page says when the reason is not for whoever sees it.
const general = "Your sign-in could not be completed. Please start again from the beginning. If it happens again, tell your IT department the reference below."

// Refuse refuses a request: a page for the person, a line for the log, an entry
// for the audit log, all with the same reference. A request that begins anew is
// not refused yet.
func (s *Site) Refuse(w http.ResponseWriter, r *http.Request, f Refusal) {
	if !s.Confirmed(r) {
		return
	}
	ctx := r.Context()
	reference := s.Reference(ctx)
	s.counts.refused(f)
	note(requestlog.Of(ctx), f)
	s.Log.WarnContext(ctx, "sign-in refused", "request", reference, "connection", f.Connection.Name, "protocol", f.Protocol, "reason", f.Reason, "detail", f.Detail)
	if f.Audit && f.Connection.ID != "" {
		detail := map[string]any{"protocol": f.Protocol, "ip": s.ClientAddress(r).String()}
		if err := s.core.SignIn.RecordRefusal(ctx, f.Connection.ID, s.Cause(r, f.Protocol), f.Reason, detail); err != nil {
			s.Log.ErrorContext(ctx, "a refused sign-in is not in the audit log", "request", reference, "err", err)
		}
	}
	if f.Person == "" {
		f.Person = general
	}
	if f.Again == "" {
		f.Again = Home
	}
	page := func() {
		s.Show(w, r, f.Status, "refused.html", map[string]any{"Text": f.Person, "Reference": reference, "Status": f.Status, "Again": f.Again})
	}
	if f.Status == http.StatusTooManyRequests {
		page()
		return
	}
	lingering.Close(w, r.Body, page)
}

// note tells the request log of a refusal. Whatever else is refused below /sso/,
// such as a path that leads nowhere, is no sign-in.
func note(line *requestlog.Line, f Refusal) {
	if f.Connection.ID != "" {
		line.Set("connection", f.Connection.Name)
		line.About(string(f.Connection.ID))
	}
	if line.Get("did") == "" && f.Status != http.StatusMethodNotAllowed && (f.Status != http.StatusNotFound || f.Reason == "connection") {
		line.Did(requestlog.SignIn, string(f.Protocol))
	}
	line.Set("refused", f.Reason)
	line.Set("reason", cmp.Or(f.Detail, f.Reason))
}

// Broken answers an error of our own: the only 5xx. While the database does not
// answer, trying again helps, and the answer says so.
func (s *Site) Broken(w http.ResponseWriter, r *http.Request, err error) {
	if !s.Confirmed(r) {
		return
	}
	reference := s.Reference(r.Context())
	requestlog.Of(r.Context()).Set("reason", "an error of our own, which the log has under this request")
	if provision.IsUnavailable(err) {
		requestlog.Of(r.Context()).Set("reason", "the database does not answer, or takes no writes")
	}
	s.Log.ErrorContext(r.Context(), "sign-in failed", "request", reference, "err", err)
	status, text := http.StatusInternalServerError, general
	if provision.IsUnavailable(err) {
		status, text = http.StatusServiceUnavailable, "Sign-in is not available for a moment. Please try again."
		w.Header().Set("Retry-After", "5")
	}
	s.Show(w, r, status, "refused.html", map[string]any{"Text": text, "Reference": reference, "Again": Home})
}
