package flow

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/web"
)

// trialLife is how long an admin has to begin a trial.
const trialLife = 15 * time.Minute

// TrialURL returns an address, good once, at which a sign-in through conn is
// tried: it goes the whole way, shows what the identity provider says and what
// would come of it, and changes nothing.
func (h *Handler) TrialURL(ctx context.Context, conn provision.Connection) (string, error) {
	secret, err := h.core.IssueTicket(ctx, ticketTrial, conn.ID, true, trialLife)
	return h.site.PublicURL + "/sso/" + conn.Name + "/login?trial=" + url.QueryEscape(secret), err
}

// refuseAttempt is refuse for a sign-in whose ticket is known: an admin who
// tries a connection sees the very reason.
func (h *Handler) refuseAttempt(w http.ResponseWriter, r *http.Request, conn provision.Connection, p provision.Protocol, a attempt, err error) {
	if !a.Trial {
		h.site.RefuseError(w, r, conn, p, err)
		return
	}
	h.site.Show(w, r, http.StatusBadRequest, "trial.html", map[string]any{"Connection": conn.Name, "Refused": err.Error()})
}

// told is one thing that an identity provider says, for people.
type told struct{ Name, Value string }

// showTrial shows what a sign-in would come to.
func (h *Handler) showTrial(w http.ResponseWriter, r *http.Request, conn provision.Connection, e provision.Entrance) {
	l := e.Login
	for _, ref := range e.Tickets { // a trial is no second time for a sign-in
		var data json.RawMessage
		if err := h.core.TakeTicket(r.Context(), ref.Kind, conn.ID, ref.Secret, &data); err != nil {
			h.site.RefuseError(w, r, conn, l.Protocol, err)
			return
		}
	}
	facts := []told{{"protocol", string(l.Protocol)}, {"issuer", l.Issuer}, {"subject", l.Subject}, {"user name", l.UserName}, {"external id", l.ExternalID},
		{"address", l.Email}, {"address is proven", string(l.Verified)}, {"name", l.Profile.DisplayName}}
	groups := "not told"
	switch {
	case l.GroupsKnown:
		groups = cmp.Or(strings.Join(l.Groups, ", "), "none")
	case l.GroupsOverage:
		groups = "more than the identity provider sends; assign groups to the application there, or push them over SCIM"
	}
	facts = append(facts, told{"groups", groups})
	for _, name := range slices.Sorted(maps.Keys(l.Attributes)) {
		facts = append(facts, told{"attribute " + name, strings.Join(l.Attributes[name], ", ")})
	}
	data := map[string]any{"Connection": conn.Name, "Facts": facts}
	trial, err := h.core.TrySignIn(r.Context(), conn.ID, h.site.Cause(r, l.Protocol), l)
	switch {
	case web.IsCode(err, provision.Denied) || web.IsCode(err, provision.Invalid):
		data["Refused"] = err.Error()
	case err != nil:
		h.site.Broken(w, r, err)
		return
	default:
		data["Who"] = trial.Person.UserName
		data["How"] = map[bool]string{true: "made by this sign-in", false: "known already"}[trial.Created]
		data["Managed"] = trial.Person.Managed()
		data["Access"] = accessLines(trial.Access)
	}
	h.site.Show(w, r, http.StatusOK, "trial.html", data)
}

func accessLines(list []provision.TrialAccess) (out []told) {
	for _, a := range list {
		text := "no access"
		if a.Access.Status == provision.AccessActive {
			parts := []string{"role " + string(a.Access.Role)}
			if len(a.Access.Teams) > 0 {
				parts = append(parts, "teams "+strings.Join(a.Access.Teams, ", "))
			}
			if len(a.Access.Mailboxes) > 0 {
				parts = append(parts, "mailboxes "+strings.Join(a.Access.Mailboxes, ", "))
			}
			text = strings.Join(parts, "; ")
		}
		out = append(out, told{a.Desk, text})
	}
	return out
}
