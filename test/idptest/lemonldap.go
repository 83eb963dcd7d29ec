package idptest

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/test/processtest"
	"github.com/deskbridge/deskbridge/test/servicetest"
	_ "modernc.org/sqlite" // for the people, in a table
)

// lemonLDAPPortal is where Debian has it.
const lemonLDAPPortal = "/usr/share/lemonldap-ng/portal"

// LemonLDAP is LemonLDAP::NG: a SAML identity provider and an OpenID provider
// at the same address. Over SAML it gives each person their address as NameID
// (format emailAddress), and uid, email, displayName and groups as attributes;
// over OpenID Connect the login as sub, and email, email_verified, name,
// preferred_username and groups in the ID token.
type LemonLDAP struct {
	URL         string // which is the issuer as well
	MetadataURL string // and its entity ID

	dir    folder
	server *processtest.Server
	config map[string]any
}

// NewLemonLDAP starts one that knows people.
func NewLemonLDAP(t *testing.T, people ...Person) *LemonLDAP {
	t.Helper()
	servicetest.Need(t)
	address := processtest.Address(t)
	l := &LemonLDAP{URL: "http://" + address, dir: newFolder(t)}
	l.MetadataURL = l.URL + "/saml/metadata"
	l.dir.make("conf", "cache", "sessions/lock", "psessions/lock")
	l.dir.write("lemonldap-ng.ini", fmt.Appendf(nil, lemonLDAPIni, l.dir.path, lemonLDAPPortal))
	l.dir.write("app.psgi", fmt.Appendf(nil, lemonLDAPApp, lemonLDAPPortal+"/htdocs"))
	l.addPeople(people)
	l.configure(people)
	l.dir.writeJSON("conf/lmConf-1.json", l.config)
	l.server = &processtest.Server{Name: "LemonLDAP::NG", Ready: l.MetadataURL, Command: func() *exec.Cmd {
		// Of several processes: browsers open connections that they may need
		// later, and each keeps one busy.
		host, port, _ := strings.Cut(address, ":")
		cmd := exec.Command("plackup", "-E", "deployment", "-s", "Starlet", "--max-workers", "8", "--host", host, "--port", port, l.dir.join("app.psgi"))
		cmd.Env = append(os.Environ(), "LLNG_DEFAULTCONFFILE="+l.dir.join("lemonldap-ng.ini"))
		return cmd
	}}
	l.server.Start(t)
	return l
}

const lemonLDAPIni = `[all]
logger = Lemonldap::NG::Common::Logger::Std
logLevel = notice
[configuration]
type = File
dirName = %[1]s/conf
localStorage = Cache::FileCache
localStorageOptions = { namespace => 'config', cache_root => '%[1]s/cache', cache_depth => 0, default_expires_in => 1 }
[portal]
staticPrefix = /static
templateDir = %[2]s/templates
languages = en
`

// lemonLDAPApp serves the pages, and the scripts that send their forms off.
const lemonLDAPApp = `use Plack::Builder;
use Plack::Util;
builder {
    enable 'Static', path => qr{^/static/}, root => '%[1]s';
    Plack::Util::load_psgi('%[1]s/index.psgi');
};
`

// addPeople writes the table that people are looked up in.
func (l *LemonLDAP) addPeople(people []Person) {
	l.dir.t.Helper()
	db, err := sql.Open("sqlite", l.dir.join("people.sqlite3"))
	if err != nil {
		l.dir.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE TABLE people (uid TEXT PRIMARY KEY, password TEXT, mail TEXT, cn TEXT)"); err != nil {
		l.dir.t.Fatal(err)
	}
	for _, p := range people {
		if _, err := db.Exec("INSERT INTO people VALUES (?, ?, ?, ?)", p.Login, p.Password, p.Email, p.Name()); err != nil {
			l.dir.t.Fatal(err)
		}
	}
}

// groupRules returns for each group the Perl expression that is true of its
// members.
func groupRules(people []Person) map[string]string {
	members := make(map[string][]string)
	for _, p := range people {
		for _, g := range p.Groups {
			members[g] = append(members[g], fmt.Sprintf("$uid eq '%s'", p.Login))
		}
	}
	rules := make(map[string]string, len(members))
	for group, tests := range members {
		slices.Sort(tests)
		rules[group] = strings.Join(tests, " or ")
	}
	return rules
}

// provenRule returns the Perl expression that is 1 for people whose address is
// theirs, and 0 for others.
func provenRule(people []Person) string {
	doubtful := []string{"0"}
	for _, p := range people {
		if p.Unverified {
			doubtful = append(doubtful, fmt.Sprintf("$uid eq '%s'", p.Login))
		}
	}
	return "(" + strings.Join(doubtful, " or ") + ") ? 0 : 1"
}

func (l *LemonLDAP) configure(people []Person) {
	pair := newKeyPair(l.dir.t)
	key, certificate := string(pair.key), string(pair.certificate)
	files := func(folder string) map[string]string {
		return map[string]string{"Directory": l.dir.join(folder), "LockDirectory": l.dir.join(folder + "/lock"),
			"generateModule": "Lemonldap::NG::Common::Apache::Session::Generate::SHA256"}
	}
	l.config = map[string]any{
		"cfgNum": 1, "cfgDate": time.Now().Unix(), "cfgVersion": "2.16.1", "portal": l.URL + "/", "domain": "127.0.0.1", "cookieName": "lemonldap", "securedCookie": 0, "httpOnly": 1,
		"sameSite": "Lax", "timeout": 72000, "whatToTrace": "uid", "portalSkin": "bootstrap", "locationRules": map[string]any{},

		// One page with one form, and nothing to confirm.
		"portalDisplayRegister": 0, "portalDisplayResetPassword": 0, "portalCheckLogins": 0, "skipRenewConfirmation": 1, "requireToken": 0,
		"loginHistoryEnabled": 0, "notification": 0, "tokenUseGlobalStorage": 0,

		"globalStorage": "Apache::Session::File", "globalStorageOptions": files("sessions"),
		"persistentStorage": "Apache::Session::File", "persistentStorageOptions": files("psessions"),
		"localSessionStorage": "",

		"authentication": "DBI", "userDB": "Same", "passwordDB": "Null", "registerDB": "Null",
		"dbiAuthChain": "dbi:SQLite:dbname=" + l.dir.join("people.sqlite3"), "dbiAuthTable": "people", "dbiAuthLoginCol": "uid", "dbiAuthPasswordCol": "password",
		"dbiUserChain": "dbi:SQLite:dbname=" + l.dir.join("people.sqlite3"), "dbiUserTable": "people", "dbiUserUser": "", "dbiAuthUser": "",
		"dbiExportedVars": map[string]string{"uid": "uid", "mail": "mail", "cn": "cn"}, "groups": groupRules(people),
		"macros": map[string]string{"proven": provenRule(people)},

		"issuerDBSAMLActivation": 1, "samlEntityID": "#PORTAL#/saml/metadata",
		"samlServicePrivateKeySig": key, "samlServicePublicKeySig": certificate, "samlServicePrivateKeyEnc": key, "samlServicePublicKeyEnc": certificate,
		"samlServiceSignatureMethod": "RSA_SHA256", "samlNameIDFormatMapEmail": "mail",
		"samlOrganizationName": "Corp", "samlOrganizationDisplayName": "Corp", "samlOrganizationURL": l.URL,

		"issuerDBOpenIDConnectActivation": 1, "oidcServiceMetaDataIssuer": l.URL, "oidcServiceAllowAuthorizationCodeFlow": 1,
		"oidcServicePrivateKeySig": key, "oidcServicePublicKeySig": string(pair.public), "oidcServiceKeyIdSig": "first",
	}
}

// partner is the name of the one service provider and client.
const partner = "deskbridge"

// apply starts the server afresh with its configuration as it is now.
func (l *LemonLDAP) apply() {
	l.dir.t.Helper()
	l.dir.writeJSON("conf/lmConf-1.json", l.config)
	l.server.Restart()
}

// Trust lets the service provider in whose metadata this is.
func (l *LemonLDAP) Trust(metadata []byte) {
	l.dir.t.Helper()
	l.config["samlSPMetaDataXML"] = map[string]any{partner: map[string]string{"samlSPMetaDataXML": string(metadata)}}
	l.config["samlSPMetaDataOptions"] = map[string]any{partner: map[string]any{
		"samlSPMetaDataOptionsNameIDFormat": "email", "samlSPMetaDataOptionsSignSSOMessage": 1, "samlSPMetaDataOptionsSignSLOMessage": 1,
		"samlSPMetaDataOptionsCheckSSOMessageSignature": 1, "samlSPMetaDataOptionsCheckSLOMessageSignature": 1,
		"samlSPMetaDataOptionsSignatureMethod": "RSA_SHA256", "samlSPMetaDataOptionsEncryptionMode": "none",
		"samlSPMetaDataOptionsEnableIDPInitiatedURL": 1, "samlSPMetaDataOptionsForceUTF8": 1,
		"samlSPMetaDataOptionsNotOnOrAfterTimeout": 600, "samlSPMetaDataOptionsSessionNotOnOrAfterTimeout": 36000,
	}}
	l.config["samlSPMetaDataExportedAttributes"] = map[string]any{partner: map[string]string{
		"uid": "1;uid;;", "mail": "1;email;;", "cn": "0;displayName;;", "groups": "0;groups;;"}}
	l.apply()
}

// Start returns the URL at which a SAML sign-in begins that nobody asked for
// (IdP-initiated).
func (l *LemonLDAP) Start(entityID string) string {
	return l.URL + "/saml/singleSignOn?IDPInitiated=1&sp=" + entityID
}

// TrustClient registers a client of the OpenID provider.
func (l *LemonLDAP) TrustClient(c Client) Credentials {
	l.dir.t.Helper()
	made := Credentials{ID: partner, Secret: rand.Text()}
	options := map[string]any{
		"oidcRPMetaDataOptionsClientID": made.ID, "oidcRPMetaDataOptionsClientSecret": made.Secret, "oidcRPMetaDataOptionsRedirectUris": c.RedirectURL,
		"oidcRPMetaDataOptionsIDTokenSignAlg": "RS256", "oidcRPMetaDataOptionsIDTokenForceClaims": 1, "oidcRPMetaDataOptionsBypassConsent": 1,
		"oidcRPMetaDataOptionsUserIDAttr": "uid", "oidcRPMetaDataOptionsIDTokenExpiration": 600, "oidcRPMetaDataOptionsAccessTokenExpiration": 600,
	}
	if c.BackChannelLogoutURL != "" {
		options["oidcRPMetaDataOptionsLogoutUrl"], options["oidcRPMetaDataOptionsLogoutType"] = c.BackChannelLogoutURL, "back"
		options["oidcRPMetaDataOptionsLogoutSessionRequired"] = 1
	}
	if c.PostLogoutRedirectURL != "" {
		options["oidcRPMetaDataOptionsPostLogoutRedirectUris"] = c.PostLogoutRedirectURL
	}
	l.config["oidcRPMetaDataOptions"] = map[string]any{partner: options}
	l.config["oidcRPMetaDataExportedVars"] = map[string]any{partner: map[string]string{
		"email": "mail", "email_verified": "proven;bool", "name": "cn", "preferred_username": "uid", "groups": "groups"}}
	l.config["oidcRPMetaDataOptionsExtraClaims"] = map[string]any{partner: map[string]string{"groups": "groups"}}
	l.apply()
	return made
}

// SignOut returns the URL at which somebody signs out.
func (l *LemonLDAP) SignOut() string { return l.URL + "/?logout=1" }
