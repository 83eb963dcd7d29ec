package breakglass

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/breakglass"
	"github.com/deskbridge/deskbridge/sso/client"
	"github.com/deskbridge/deskbridge/sso/web"
)

const (
	adminCookie = "deskbridge_break_glass"
	adminLife   = time.Hour
)

// Handler serves the break-glass sign-in. It is safe for concurrent use.
type Handler struct {
	core     Core
	site     *web.Site
	clients  *client.Clients
	throttle *throttle
	tries    *prometheus.CounterVec
}

// New returns the Handler for core.
func New(core Core, site *web.Site, clients *client.Clients) *Handler {
	return &Handler{core: core, site: site, clients: clients, throttle: newThrottle(site.Now),
		tries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deskbridge_break_glass_total", Help: "Tries of the break-glass sign-in by result: ok, refused. Any is worth an alarm.",
		}, []string{"result"})}
}

// Routes returns what the Handler serves.
func (h *Handler) Routes() []web.Route {
	return []web.Route{
		{Pattern: "GET /sso/break-glass", Serve: h.form},
		{Pattern: "POST /sso/break-glass", Serve: h.signIn, FormToken: true},
		{Pattern: "POST /sso/break-glass/end", Serve: h.signOut, FormToken: true},
	}
}

// Collectors returns the metrics of the break-glass sign-in.
func (h *Handler) Collectors() []prometheus.Collector { return []prometheus.Collector{h.tries} }

// Admin returns the break-glass admin who is signed in in this browser, and since
// when; Denied when none is.
func (h *Handler) Admin(r *http.Request) (breakglass.Admin, time.Time, error) {
	return h.core.BreakGlass.SignedIn(r.Context(), h.site.Cookie(r, adminCookie))
}

// form shows the form, or to a break-glass admin how sign-in is doing.
func (h *Handler) form(w http.ResponseWriter, r *http.Request) {
	_, err := h.core.BreakGlass.Session(r.Context(), h.site.Cookie(r, adminCookie))
	if web.IsCode(err, provision.Denied) {
		h.site.Show(w, r, http.StatusOK, "breakglass.html", map[string]any{"Token": h.site.FormToken(w, r)})
		return
	}
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	h.overview(w, r)
}

// signIn signs the break-glass admin in. It is for when nothing else works, so
// that everybody hears of it.
func (h *Handler) signIn(w http.ResponseWriter, r *http.Request) {
	requestlog.Of(r.Context()).Did(requestlog.BreakGlass, "")
	form, err := web.ReadForm(w, r, web.MaxForm)
	if err != nil {
		h.site.Refuse(w, r, web.Refusal{Status: http.StatusBadRequest, Reason: "form", Detail: err.Error()})
		return
	}
	from := h.site.ClientAddress(r)
	if !h.throttle.allow(from) {
		h.tooManyTries(w, r)
		return
	}
	cause := provision.Cause{Actor: "break-glass", Action: "break-glass", Request: h.site.Reference(r.Context())}
	ctx, stop := context.WithTimeout(r.Context(), tryWait)
	defer stop()
	secret, err := h.core.BreakGlass.SignIn(ctx, cause, form.Get("name"), form.Get("password"), form.Get("code"))
	if errors.Is(err, context.DeadlineExceeded) {
		h.tooManyTries(w, r)
		return
	}
	if web.IsCode(err, provision.Denied) {
		h.throttle.failed(from)
		h.tries.WithLabelValues("refused").Inc()
		h.site.Log.ErrorContext(r.Context(), "BREAK GLASS: a sign-in was refused", "request", cause.Request, "from", from.String())
		h.site.Refuse(w, r, web.Refusal{Status: http.StatusForbidden, Reason: "break-glass", Detail: "name, password or code is wrong", Person: "The name, the password or the code is wrong."})
		return
	}
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	h.tries.WithLabelValues("ok").Inc()
	h.site.Log.ErrorContext(r.Context(), "BREAK GLASS: an admin signed in", "request", cause.Request, "from", from.String())
	h.site.SetCookie(w, adminCookie, secret, adminLife)
	http.Redirect(w, r, "/sso/break-glass", http.StatusSeeOther)
}

func (h *Handler) tooManyTries(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "60")
	h.site.Refuse(w, r, web.Refusal{Status: http.StatusTooManyRequests, Reason: "rate", Detail: "too many tries of the break-glass sign-in",
		Person: "Too many tries. Wait a minute."})
}

// signOut signs the break-glass admin out.
func (h *Handler) signOut(w http.ResponseWriter, r *http.Request) {
	err := h.core.BreakGlass.SignOut(r.Context(), h.site.Cookie(r, adminCookie))
	h.site.ClearCookie(w, adminCookie)
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	http.Redirect(w, r, "/sso/break-glass", http.StatusSeeOther)
}
