package sso

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/oidc"
	"github.com/deskbridge/deskbridge/sso/web"
)

// Finding is one thing that was looked at to see whether sign-in can work.
type Finding struct {
	What   string `json:"what"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// Test looks whether people could sign in through a connection: it fetches what
// a sign-in would need, and changes nothing but the kept metadata.
func (h *Handler) Test(ctx context.Context, conn provision.Connection) (out []Finding) {
	note := func(what string, err error, detail string) bool {
		f := Finding{What: what, OK: err == nil, Detail: detail}
		if err != nil {
			f.Detail = err.Error()
		}
		out = append(out, f)
		return err == nil
	}
	if conn.SignIn.Disabled {
		note("sign-in", provision.Errorf(provision.Denied, "", "switched off; `deskbridge connection set %s --sign-in on` switches it on", conn.Name), "")
	}
	if len(conn.SignIn.SAML) == 0 && len(conn.SignIn.OIDC) == 0 {
		note("protocol", provision.Errorf(provision.Invalid, "", "neither SAML nor OIDC is set up; `deskbridge connection set --help` shows how"), "")
	}
	if len(conn.Domains) == 0 {
		note("domains", provision.Errorf(provision.Invalid, "", "none is verified, so that nobody is made at a first sign-in; `deskbridge domain add %s DOMAIN`", conn.Name), "")
	} else {
		note("domains", nil, strings.Join(conn.Domains, ", "))
	}
	if len(conn.SignIn.SAML) > 0 {
		h.testSAML(ctx, conn, note)
	}
	if len(conn.SignIn.OIDC) > 0 {
		h.peers.forget(conn.ID)
		rp, _, err := h.peers.OIDC(ctx, conn)
		if note("OIDC discovery", err, "answers") {
			note("OIDC issuer", nil, rp.Issuer())
			if settings, err := parseOIDC(conn.SignIn.OIDC); err == nil && settings.AuthMethod == oidc.AuthPrivateKey {
				note("OIDC keys of ours", nil, "the provider reads them at "+h.site.PublicURL+clientKeysPath)
			}
			told, withSession := rp.BackChannelLogout()
			note("OIDC back-channel logout", nil, fmt.Sprintf("supported %t, names sessions %t", told, withSession))
		}
	}
	for _, warning := range h.Warnings(ctx, conn) {
		out = append(out, Finding{What: "warning", OK: true, Detail: warning})
	}
	return out
}

func (h *Handler) testSAML(ctx context.Context, conn provision.Connection, note func(string, error, string) bool) {
	settings, err := parseSAML(conn.SignIn.SAML)
	if err == nil && settings.MetadataURL != "" {
		_, err = h.Refresh(ctx, conn)
	}
	if !note("SAML metadata", err, "can be read") {
		return
	}
	peer, err := h.peers.SAML(ctx, conn)
	if !note("SAML settings", err, "fit together") {
		return
	}
	idp := peer.IdP()
	note("SAML entity ID", nil, idp.EntityID)
	for _, e := range idp.SSO {
		note("SAML sign-in address", nil, string(e.Binding)+" "+e.Location)
	}
	for _, c := range idp.Certificates {
		note("SAML certificate", nil, "good until "+c.NotAfter.UTC().Format(time.DateOnly))
	}
}

// trialLife is how long an admin has to begin a trial.
const trialLife = 15 * time.Minute

// TrialURL returns an address, good once, at which a sign-in through conn is
// tried: it goes the whole way, shows what the identity provider says and what
// would come of it, and changes nothing.
func (h *Handler) TrialURL(ctx context.Context, conn provision.Connection) (string, error) {
	secret, err := h.core.IssueTicket(ctx, ticketTrial, conn.ID, true, trialLife)
	return h.at(conn, "/login?trial="+url.QueryEscape(secret)), err
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
