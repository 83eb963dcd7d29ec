package portal

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/web"
)

const (
	// patience is how long somebody waits for a desk without a word: a desk that
	// answers has made an account by then.
	patience = 5 * time.Second
	// desksPath is below which desks sign people in through us.
	desksPath = "/sso/idp/"

	paramBack  = "back"  // the page says that they get their seat back
	paramSince = "since" // when the page was first shown, in seconds since 1970
)

// provisioning shows how far somebody's account is on the desk that they are
// heading to, until they can work there. No other desk has them wait, and no page
// of ours does.
func (h *Handler) provisioning(w http.ResponseWriter, r *http.Request) {
	start := h.site.StartOf(r.URL.Query())
	_, person, _, err := h.site.Current(r)
	if err != nil {
		h.site.SignIn(w, r, start)
		return
	}
	given, err := h.giveBack(r, person, start.Desk)
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	given = given || r.URL.Query().Has(paramBack)
	desks, err := h.desks(r, person)
	if err != nil {
		h.site.Broken(w, r, err)
		return
	}
	now := h.site.Now()
	awaited, ok := awaitedOf(desks, start, now)
	if !ok {
		http.Redirect(w, r, start.ReturnTo, http.StatusSeeOther)
		return
	}
	since := sinceOf(r.URL.Query(), now)
	late := now.Sub(since) >= patience
	if !awaited.stuck {
		again := start.Params()
		again.Set(paramSince, strconv.FormatInt(since.Unix(), 10))
		if given {
			again.Set(paramBack, "1")
		}
		pause := time.Second
		if late { // they may be reading
			pause = patience
		}
		w.Header().Set("Refresh", strconv.Itoa(int(pause/time.Second))+"; url=/sso/waiting?"+again.Encode())
	}
	others := slices.DeleteFunc(desks, func(d deskEntry) bool { return d.Name == awaited.Name })
	h.site.Show(w, r, http.StatusOK, "provisioning.html", map[string]any{"Desk": awaited, "Stuck": awaited.stuck, "Late": late, "Back": given, "Others": others,
		"To": start.ReturnTo, "Reference": h.site.Reference(r.Context())})
}

// giveBack gives somebody who has signed in the seats back that were taken because they
// did not use them: on the desk that they are heading to, and on those where nobody signs
// in through us. It reports whether there was any.
func (h *Handler) giveBack(r *http.Request, person provision.Identity, heading string) (given bool, _ error) {
	if len(person.Terms.Idle) == 0 {
		return false, nil
	}
	accounts, err := h.core.Entitlement.AccountsOf(r.Context(), person.ID)
	if err != nil {
		return false, err
	}
	for _, a := range accounts {
		if provision.Fold(a.Desk.Name) != provision.Fold(heading) && !a.Desk.SignIn.Empty() {
			continue
		}
		one, err := h.core.Seats.GiveBack(r.Context(), h.site.Cause(r, ""), person.ID, a.Desk.ID)
		if err != nil {
			return false, err
		}
		given = given || one
	}
	return given, nil
}

// awaitedOf returns the desk that somebody has to wait for before they go on;
// false when there is none. Who is not told which desk they are heading to waits
// for their only one, else for those that were made for them just now.
func awaitedOf(desks []deskEntry, start web.Start, now time.Time) (deskEntry, bool) {
	throughUs := strings.HasPrefix(start.ReturnTo, desksPath)
	waits := func(d deskEntry) bool {
		if throughUs {
			return !d.enters
		}
		return !d.usable
	}
	var i int
	switch {
	case start.Desk != "":
		i = slices.IndexFunc(desks, func(d deskEntry) bool { return provision.Fold(d.Name) == provision.Fold(start.Desk) && waits(d) })
	case strings.HasPrefix(start.ReturnTo, "/sso/"):
		i = -1
	default:
		i = slices.IndexFunc(desks, func(d deskEntry) bool {
			return waits(d) && (len(desks) == 1 || !d.stuck && now.Sub(d.since) < patience)
		})
	}
	if i < 0 {
		return deskEntry{}, false
	}
	return desks[i], true
}

// sinceOf returns when the page was first shown to somebody.
func sinceOf(params url.Values, now time.Time) time.Time {
	if seconds, err := strconv.ParseInt(params.Get(paramSince), 10, 64); err == nil {
		if since := time.Unix(seconds, 0); since.Before(now) {
			return since
		}
	}
	return now
}
