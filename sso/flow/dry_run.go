package flow

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/signin"
	"github.com/deskbridge/deskbridge/sso/client"
	"github.com/deskbridge/deskbridge/sso/web"
)

// testLife is how long an admin has to begin a test sign-in.
const testLife = 15 * time.Minute

// TestURL returns an address, good once, at which a sign-in through conn is
// tested: it goes the whole way, shows what the identity provider says and what
// would come of it, and changes nothing. Invalid when there is nothing to sign in with.
func (h *Handler) TestURL(ctx context.Context, conn provision.Connection) (string, error) {
	if err := client.CheckSetUp(conn); err != nil {
		return "", err
	}
	secret, err := h.core.Sessions.IssueOneTime(ctx, tokenTest, conn.ID, true, testLife)
	return h.site.PublicURL + "/sso/" + conn.Name + "/login?test=" + url.QueryEscape(secret), err
}

// refusePending is RefuseError for a sign-in whose token is known: an admin who
// tests a connection sees the very reason.
func (h *Handler) refusePending(w http.ResponseWriter, r *http.Request, conn provision.Connection, p provision.Protocol, pending pendingSignIn, err error) {
	if !pending.Test {
		h.site.RefuseStarted(w, r, conn, p, pending.Start, err)
		return
	}
	h.site.Show(w, r, http.StatusBadRequest, "test.html", map[string]any{"Connection": conn.Name, "Refused": err.Error()})
}

// fact is one thing that an identity provider says, for people.
type fact struct{ Name, Value string }

// showDryRun shows what a sign-in would come to.
func (h *Handler) showDryRun(w http.ResponseWriter, r *http.Request, conn provision.Connection, e signin.SignInRequest) {
	l := e.Login
	first, err := h.core.Sessions.Remember(r.Context(), conn.ID, e.Attempt.Key(), e.Attempt.Until)
	if err == nil && !first { // a test is no second time for a sign-in
		err = provision.Errorf(provision.NotFound, "", "this test was made before")
	}
	if err != nil {
		h.site.RefuseError(w, r, conn, l.Protocol, err)
		return
	}
	facts := []fact{{"protocol", string(l.Protocol)}, {"issuer", l.Issuer}, {"subject", l.Subject}, {"user name", l.UserName}, {"external id", l.ExternalID},
		{"address", l.Email}, {"address is proven", string(l.Verified)}, {"name", l.Profile.DisplayName}}
	groups := "not told"
	switch {
	case l.GroupsKnown:
		groups = cmp.Or(strings.Join(l.Groups, ", "), "none")
	case l.GroupsOverage:
		groups = "more than the identity provider sends; assign groups to the application there, or push them over SCIM"
	}
	facts = append(facts, fact{"groups", groups})
	for _, name := range slices.Sorted(maps.Keys(l.Attributes)) {
		facts = append(facts, fact{"attribute " + name, strings.Join(l.Attributes[name], ", ")})
	}
	data := map[string]any{"Connection": conn.Name, "Facts": facts, "Off": conn.SignIn.Disabled}
	dryRun, err := h.core.SignIn.DryRun(r.Context(), conn.ID, h.site.Cause(r, l.Protocol), l)
	switch {
	case web.IsCode(err, provision.Denied) || web.IsCode(err, provision.Invalid):
		data["Refused"] = err.Error()
	case err != nil:
		h.site.Broken(w, r, err)
		return
	default:
		data["Who"] = dryRun.Person.UserName
		data["How"] = map[bool]string{true: "made by this sign-in", false: "known already"}[dryRun.Created]
		data["Managed"] = dryRun.Person.SCIMManaged()
		data["Access"] = accessLines(dryRun.Access)
	}
	h.site.Show(w, r, http.StatusOK, "test.html", data)
}

func accessLines(list []signin.DryRunAccess) (out []fact) {
	for _, a := range list {
		text := "no access"
		if a.Access.Status == provision.AccessActive {
			parts := []string{"role " + string(a.Access.Role)}
			if len(a.Access.Teams) > 0 {
				parts = append(parts, "teams "+strings.Join(a.Access.Teams, ", "))
			}
			if len(a.Access.DeskRoles) > 0 {
				parts = append(parts, "roles "+strings.Join(a.Access.DeskRoles, ", "))
			}
			if len(a.Access.Mailboxes) > 0 {
				parts = append(parts, "mailboxes "+strings.Join(a.Access.Mailboxes, ", "))
			}
			text = strings.Join(parts, "; ")
		}
		out = append(out, fact{a.Desk, text})
	}
	return out
}
