package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/sso/oidc"
)

// Finding is one thing that was looked at to see whether sign-in can work.
type Finding struct {
	What   string `json:"what"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// Test looks whether people could sign in through a connection: it fetches what
// a sign-in would need, and changes nothing but the kept metadata.
func (cs *Clients) Test(ctx context.Context, conn provision.Connection) (out []Finding) {
	note := func(what string, err error, detail string) bool {
		f := Finding{What: what, OK: err == nil, Detail: detail}
		if err != nil {
			f.Detail = inWords(err)
		}
		out = append(out, f)
		return err == nil
	}
	if conn.SignIn.Disabled {
		note("sign-in", provision.Refuse("", "switched off; `deskbridge connection set %s --sign-in on` switches it on", conn.Name), "")
	}
	if conn.SignIn.SAML == nil && conn.SignIn.OIDC == nil {
		note("protocol", errNothingSetUp, "")
	}
	if len(conn.Domains) == 0 {
		note("domains", provision.Errorf(provision.Invalid, "", "none is verified, so that nobody is made at a first sign-in; `deskbridge domain add %s DOMAIN`", conn.Name), "")
	} else {
		note("domains", nil, strings.Join(conn.Domains, ", "))
	}
	if conn.SignIn.SAML != nil {
		cs.testSAML(ctx, conn, note)
	}
	if conn.SignIn.OIDC != nil {
		cs.forget(conn.ID)
		rp, options, err := cs.OIDC(ctx, conn)
		if note("OIDC discovery", err, "answers") {
			note("OIDC issuer", nil, rp.Issuer())
			if options.AuthMethod == oidc.AuthPrivateKey {
				note("OIDC keys of ours", nil, "the provider reads them at "+cs.site.PublicURL+keysPath)
			}
			supported, withSession := rp.BackChannelLogout()
			note("OIDC back-channel logout", nil, fmt.Sprintf("supported %t, names sessions %t", supported, withSession))
		}
	}
	for _, warning := range cs.Warnings(ctx, conn) {
		said := slices.ContainsFunc(out, func(f Finding) bool { return !f.OK && strings.HasSuffix(warning, f.Detail) })
		if !said {
			out = append(out, Finding{What: "warning", OK: true, Detail: warning})
		}
	}
	return out
}

// errNothingSetUp says what keeps everybody from signing in through a connection.
var errNothingSetUp = provision.Errorf(provision.Invalid, "", "neither SAML nor OIDC is set up; `deskbridge connection set --help` shows how")

// CheckSetUp returns an Invalid error when a connection has nothing to sign in with.
func CheckSetUp(conn provision.Connection) error {
	if conn.SignIn.SAML == nil && conn.SignIn.OIDC == nil {
		return errNothingSetUp
	}
	return nil
}

// inWords is what an admin reads of an error: without the words for programs, and
// with its cause.
func inWords(err error) string {
	e, ok := errors.AsType[*provision.Error](err)
	switch {
	case !ok || e.Detail == "":
		return err.Error()
	case e.Err != nil:
		return e.Detail + ": " + e.Err.Error()
	}
	return e.Detail
}

func (cs *Clients) testSAML(ctx context.Context, conn provision.Connection, note func(string, error, string) bool) {
	err := conn.SignIn.SAML.Readable()
	if err == nil && conn.SignIn.SAML.MetadataURL != "" {
		_, err = cs.Refresh(ctx, conn)
	}
	if !note("SAML metadata", err, "can be read") {
		return
	}
	client, err := cs.SAML(ctx, conn)
	if !note("SAML settings", err, "fit together") {
		return
	}
	idp := client.IdP()
	note("SAML entity ID", nil, idp.EntityID)
	for _, e := range idp.SSO {
		note("SAML sign-in address", nil, string(e.Binding)+" "+e.Location)
	}
	for _, c := range idp.Certificates {
		note("SAML certificate", nil, "good until "+c.NotAfter.UTC().Format(time.DateOnly))
	}
}
