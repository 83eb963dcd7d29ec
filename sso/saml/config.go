package saml

import (
	"time"
)

// Binding is a way in which a browser carries a message.
type Binding string

// The bindings that both sides can use (SAML bindings §3.4, §3.5).
const (
	Redirect Binding = "redirect" // in the query; signed over the query string
	Post     Binding = "post"     // in a form; signed inside the XML
)

// Config is what a [ServiceProvider] needs to know. Only EntityID, ACSURL,
// Metadata and one of Keys are required.
type Config struct {
	EntityID string // ours, as the identity provider knows it; at most 1024 characters
	ACSURL   string // where answers are posted to; compared byte for byte with what answers name
	SLOURL   string // where logout messages go; "": none, and the logout methods refuse

	Metadata    []byte // the identity provider's; see [ParseMetadata] and [FieldsMetadata]
	IdPEntityID string // chooses among several in Metadata; "": there is only one
	Keys        []Key  // ours: the first signs, all decrypt, all are published

	ForceAuthn    bool     // ask for a fresh sign-in; compare [Assertion.AuthnInstant] with [Request.Issued]
	AuthnContexts []string // classes that are asked for and demanded, e.g. for a second factor; nil: any
	NameIDFormat  string   // asked for; "": none, the identity provider decides
	Binding       Binding  // of sign-in requests; "": Redirect if the identity provider takes it, else Post

	RequireEncryption     bool // refuse assertions that are not encrypted
	RequireSignedResponse bool // refuse answers of which only the assertion is signed
	AllowSHA1             bool // take RSA-SHA1 and SHA-1 digests: forgeable, for old servers only

	Skew time.Duration    // how far clocks may be apart; 0: 120 s
	Now  func() time.Time // nil: time.Now
}
