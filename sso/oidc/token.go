package oidc

import (
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// Token is what a provider says of a person who has just signed in. All of it
// comes from the ID token; what is lacking there may come from the userinfo end
// point, if that is asked.
//
// The person is Issuer and Subject, and nothing else: addresses and names
// change hands.
type Token struct {
	Issuer  string
	Subject string    // sub: never empty, at most 255 bytes
	SID     string    // sid: the provider's session, which a logout token may name
	Issued  time.Time // iat
	JTI     string    // jti: the token's own id; may be empty
	TID     string    // tid: Entra ID's tenant
	OID     string    // oid: Entra ID's id of the person in that tenant, in all applications

	Email string // as sent; may be empty, and no address at all
	// EmailVerified says that the provider vouches for Email: email_verified is
	// true or "true", or for Entra ID, which never sends that, xms_edov is. It
	// always speaks of this very Email.
	EmailVerified        bool
	EmailVerifiedPresent bool // the provider said something of it, true or false

	Name, GivenName, FamilyName string
	PreferredUsername           string
	Locale, Zoneinfo            string
	HD                          string // hd: the domain of a Google Workspace account
	ACR                         string
	AMR                         []string
	AuthTime                    time.Time // when the person signed in at the provider; zero: not said

	Groups        []string // as sent: names, ids or paths
	GroupsPresent bool     // the claim is there, and may be empty
	// GroupsOverage says that there are more groups than fit into the token, and
	// that the provider tells of them elsewhere: the person is not without groups.
	// That place is never asked.
	GroupsOverage bool

	// Claims are scalars and lists by name, for rules; what is in objects by path,
	// with dots. email_verified among them says what EmailVerified says.
	Claims map[string][]string
	Expiry time.Time
	Raw    string // the ID token itself, for EndSessionURL

	Refresh string // what [RelyingParty.Refresh] asks by; "" where the provider gave none
}

// LogValue keeps the person and the token out of logs.
func (t *Token) LogValue() slog.Value {
	return slog.GroupValue(slog.String("issuer", t.Issuer), slog.Time("expiry", t.Expiry))
}

// newToken reads an ID token that has been checked, and what userinfo adds to
// it; info may be nil.
func (rp *RelyingParty) newToken(id, info claims, raw string) *Token {
	all := merge(id, info)
	expiry, _ := id.time("exp")
	authTime, _ := id.time("auth_time")
	issued, _ := id.time("iat")
	t := &Token{
		Issuer:            rp.metadata.Issuer,
		Subject:           id.text("sub"),
		SID:               id.text("sid"),
		Issued:            issued,
		JTI:               id.text("jti"),
		TID:               id.text("tid"),
		OID:               id.text("oid"),
		Name:              all.text("name"),
		GivenName:         all.text("given_name"),
		FamilyName:        all.text("family_name"),
		PreferredUsername: all.text("preferred_username"),
		Locale:            all.text("locale"),
		Zoneinfo:          all.text("zoneinfo"),
		HD:                id.text("hd"),
		ACR:               id.text("acr"),
		AMR:               id.texts("amr"),
		AuthTime:          authTime,
		Claims:            all.flat(),
		Expiry:            expiry,
		Raw:               raw,
	}
	t.readEmail(id, info, rp.config.isEntra())
	if delete(t.Claims, "email_verified"); t.EmailVerifiedPresent { // a rule may go by it: let it say what we mean
		t.Claims["email_verified"] = []string{strconv.FormatBool(t.EmailVerified)}
	}
	t.readGroups(all, rp.config.GroupsClaim)
	return t
}

// signed are the claims that only the ID token may make: how, when, where and
// for whom somebody was signed in.
var signed = []string{
	"iss", "sub", "aud", "azp", "exp", "nbf", "iat", "jti", "nonce", "sid", "events",
	"acr", "amr", "auth_time", "hd", "tid", "oid", "xms_edov",
}

// merge returns the claims of the ID token, and those of userinfo that it
// lacks.
func merge(id, info claims) claims {
	if info == nil {
		return id
	}
	all := make(claims, len(id)+len(info))
	for name, value := range info {
		all[name] = value
	}
	for _, name := range signed {
		delete(all, name)
	}
	for name, value := range id {
		if value != nil {
			all[name] = value
		}
	}
	return all
}

// readEmail takes the address and what is said of it from one source: who
// could have the one from here and the other from there would have any address
// verified.
func (t *Token) readEmail(id, info claims, entra bool) {
	from := id
	if id.text("email") == "" {
		from = info
	}
	t.Email = from.text("email")
	switch {
	case from.has("email_verified"):
		t.EmailVerified, t.EmailVerifiedPresent = from.yes("email_verified"), true
	case info.has("email_verified") && t.Email != "" && info.text("email") == t.Email:
		t.EmailVerified, t.EmailVerifiedPresent = info.yes("email_verified"), true
	case entra && id.text("email") != "" && id.has("xms_edov"):
		// Optional claim "xms_edov": the domain of the address is one that the
		// tenant has proven to own. It has been seen as true, "true", 1 and "1".
		value := strings.Join(id.texts("xms_edov"), " ")
		t.EmailVerified, t.EmailVerifiedPresent = value == "true" || value == "1", true
	}
}

// readGroups reads the groups and the signs of there being more.
func (t *Token) readGroups(all claims, name string) {
	value := all.find(name)
	t.Groups, t.GroupsPresent = list(value), value != nil
	elsewhere, _ := all["_claim_names"].(map[string]any)
	t.GroupsOverage = claims(elsewhere).has(name) || claims(elsewhere).has(DefaultGroupsClaim) || all.yes("hasgroups")
	for claim := range all {
		// Entra ID writes the SAML claim http://schemas.microsoft.com/claims/groups.link,
		// and its proxies hand it on.
		if claim == "groups.link" || strings.HasSuffix(claim, "/groups.link") {
			t.GroupsOverage = true
		}
	}
}
