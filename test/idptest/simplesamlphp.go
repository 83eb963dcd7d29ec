package idptest

import (
	"crypto/rand"
	"embed"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"testing"

	"github.com/deskbridge/deskbridge/test/processtest"
	"github.com/deskbridge/deskbridge/test/servicetest"
)

//go:embed simplesamlphp
var simpleSAMLphpFiles embed.FS

// simpleSAMLphpPages is where Debian has them.
const simpleSAMLphpPages = "/usr/share/simplesamlphp/www"

// SimpleSAMLphp is the SAML identity provider of that name. It signs responses
// and assertions, wants signed requests, gives each person the same persistent
// NameID every time, and their attributes as uid, mail, givenName, sn,
// displayName and groups.
type SimpleSAMLphp struct {
	URL         string // which also goes into DESKBRIDGE_ALLOW_HOSTS
	MetadataURL string // and its entity ID

	dir folder
}

// NewSimpleSAMLphp starts one that knows people.
func NewSimpleSAMLphp(t *testing.T, people ...Person) *SimpleSAMLphp {
	t.Helper()
	servicetest.Need(t)
	address := processtest.Address(t)
	s := &SimpleSAMLphp{URL: "http://" + address, dir: newFolder(t)}
	s.MetadataURL = s.URL + "/saml2/idp/metadata.php"
	files, err := fs.Sub(simpleSAMLphpFiles, "simplesamlphp")
	if err != nil {
		t.Fatal(err)
	}
	s.dir.copy(files)
	s.dir.make("partners", "data", "tmp", "sessions")
	s.dir.writeJSON("people.json", people)
	pair := newKeyPair(t)
	s.dir.write("cert/idp.key", pair.key)
	s.dir.write("cert/idp.crt", pair.certificate)

	secret := rand.Text()
	server := &processtest.Server{Name: "SimpleSAMLphp", Ready: s.MetadataURL, Command: func() *exec.Cmd {
		cmd := exec.Command("php", "-d", "display_errors=0", "-S", address, "-t", simpleSAMLphpPages, s.dir.join("router.php"))
		cmd.Env = append(os.Environ(), "SIMPLESAMLPHP_CONFIG_DIR="+s.dir.join("config"),
			"TEST_URL="+s.URL, "TEST_DIR="+s.dir.path, "TEST_SECRET="+secret)
		return cmd
	}}
	server.Start(t)
	return s
}

// Trust lets the service provider in whose metadata this is.
func (s *SimpleSAMLphp) Trust(metadata []byte) { s.dir.write("partners/partner.xml", metadata) }

// Encrypt has assertions encrypted from now on, with the key that the service
// provider's metadata gives for it.
func (s *SimpleSAMLphp) Encrypt() { s.dir.write("encrypt", nil) }

// Start returns the URL at which a sign-in begins that nobody asked for
// (IdP-initiated).
func (s *SimpleSAMLphp) Start(entityID, relayState string) string {
	return s.URL + "/saml2/idp/SSOService.php?" + url.Values{"spentityid": {entityID}, "RelayState": {relayState}}.Encode()
}

// SignOut returns the URL at which somebody signs out of the identity provider,
// and so of every service provider. It ends at [SimpleSAMLphp.SignedOut].
func (s *SimpleSAMLphp) SignOut() string {
	return s.URL + "/saml2/idp/SingleLogoutService.php?" + url.Values{"ReturnTo": {s.SignedOut()}}.Encode()
}

// SignedOut returns the URL of the page after signing out.
func (s *SimpleSAMLphp) SignedOut() string { return s.URL + "/logout.php" }
