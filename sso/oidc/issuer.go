package oidc

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const googleIssuer = "https://accounts.google.com"

// entraHosts are the hosts of Entra ID in its national clouds
// (https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud).
var entraHosts = []string{
	"login.microsoftonline.com",
	"login.microsoft.com",
	"login.windows.net",
	"sts.windows.net",
	"login.microsoftonline.us",
	"login.microsoftonline.de",
	"login.partner.microsoftonline.cn",
	"login.chinacloudapi.cn",
}

// manyTenants are the names with which Entra ID lets in people of more than
// one tenant; the last is the tenant of everybody's personal account.
var manyTenants = []string{"common", "organizations", "consumers", "9188040d-6c67-4c5b-b112-36a304b66dad"}

// tenantID is what a tenant's id looks like.
var tenantID = regexp.MustCompile(`(?i)^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// checkIssuer judges the issuer by its text (OpenID Connect Discovery §3).
func (c Config) checkIssuer() error {
	if err := c.Fetch.Check(c.Issuer); err != nil {
		return unusable(ReasonIssuerURL, "the issuer cannot be used", err)
	}
	u, err := url.Parse(c.Issuer)
	if err != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.ContainsAny(c.Issuer, "#") {
		return refuse(ReasonIssuerURL, "an issuer has neither query nor fragment; copy it from the provider's discovery document")
	}
	if c.isEntra() && slices.Contains(manyTenants, strings.ToLower(tenantOf(u))) {
		return refuse(ReasonEntraTenant, "this issuer signs in people of any tenant; write your tenant's id in its place: https://login.microsoftonline.com/TENANT-ID/v2.0")
	}
	return nil
}

// isEntra reports whether the provider is Entra ID.
func (c Config) isEntra() bool {
	u, err := url.Parse(c.Issuer)
	return c.Entra || err == nil && slices.Contains(entraHosts, strings.ToLower(u.Hostname()))
}

// isGoogle reports whether the provider is Google, whose accounts may have an
// address of any company.
func (c Config) isGoogle() bool { return c.Issuer == googleIssuer }

// tenant returns the tenant's id in an issuer of Entra ID, "" if there is none.
func (c Config) tenant() string {
	u, err := url.Parse(c.Issuer)
	if err != nil || !tenantID.MatchString(tenantOf(u)) {
		return ""
	}
	return tenantOf(u)
}

// tenantOf returns the first segment of the path, where Entra ID has the
// tenant.
func tenantOf(issuer *url.URL) string {
	first, _, _ := strings.Cut(strings.TrimLeft(issuer.Path, "/"), "/")
	return first
}
