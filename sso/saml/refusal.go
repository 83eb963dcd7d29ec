package saml

import "fmt"

// Reason says why a message, metadata or a setting was refused. Reasons are
// stable: logs, metrics and tests may depend on them.
type Reason string

// The reasons, in the order in which a message meets them.
const (
	ReasonSetting  Reason = "setting"  // what an admin entered for the connection
	ReasonEndpoint Reason = "endpoint" // the identity provider has no such endpoint, or one that is no http(s) address

	ReasonSize        Reason = "size"        // too many bytes, before or after inflating
	ReasonEncoding    Reason = "encoding"    // not base64, not DEFLATE, a missing or doubled parameter
	ReasonXML         Reason = "xml"         // not well-formed, or read differently by different parsers
	ReasonDoctype     Reason = "doctype"     // a document type declaration
	ReasonInstruction Reason = "instruction" // a processing instruction
	ReasonComplexity  Reason = "complexity"  // too deep, too many elements, attributes or namespaces

	ReasonMessage    Reason = "message"    // another kind of message than expected
	ReasonID         Reason = "id"         // an ID that is missing, doubled, or in a foreign namespace
	ReasonShape      Reason = "shape"      // elements where the profile has none, or not as often
	ReasonAlgorithm  Reason = "algorithm"  // an algorithm that is unknown or too weak
	ReasonStatus     Reason = "status"     // the identity provider reports a failure
	ReasonUnsigned   Reason = "unsigned"   // no signature where one is demanded
	ReasonSignature  Reason = "signature"  // a signature that no certificate of the identity provider confirms
	ReasonExpired    Reason = "expired"    // a signature that only an expired certificate confirms; expired metadata
	ReasonDecryption Reason = "decryption" // an encrypted part that cannot be read; never says more
	ReasonPlain      Reason = "plain"      // not encrypted, though the connection demands it

	ReasonVersion      Reason = "version"        // another version than 2.0
	ReasonInstant      Reason = "instant"        // issued in the future, or too long ago
	ReasonIssuer       Reason = "issuer"         // missing, or another identity provider
	ReasonDestination  Reason = "destination"    // sent to another address than ours
	ReasonInResponseTo Reason = "in-response-to" // answers no request, or another one
	ReasonSubject      Reason = "subject"        // no Subject
	ReasonNameID       Reason = "name-id"        // no NameID, an empty one, or more than one
	ReasonConfirmation Reason = "confirmation"   // no bearer confirmation, or one that is expired
	ReasonRecipient    Reason = "recipient"      // confirmed for another address than ours
	ReasonConditions   Reason = "conditions"     // missing, unknown
	ReasonAudience     Reason = "audience"       // meant for another service
	ReasonTime         Reason = "time"           // not valid yet, or no longer
	ReasonAuthn        Reason = "authn"          // no AuthnStatement, or one without its parts
	ReasonSessionTime  Reason = "session-time"   // the session at the identity provider has ended
	ReasonContext      Reason = "context"        // signed in by weaker means than the connection demands
	ReasonAttribute    Reason = "attribute"      // an attribute that cannot be read

	ReasonMetadata     Reason = "metadata"     // metadata of no or of another identity provider
	ReasonCertificates Reason = "certificates" // metadata without a usable signing certificate
	ReasonInternal     Reason = "internal"     // a library gave up on the message; worth a bug report
)

// Refusal is every error of this package that the outside has caused.
type Refusal struct {
	Reason Reason
	Detail string // for an admin's log: what is wrong and what to do; no personal data, no XML

	// KeyUnknown says that no certificate in the metadata that is good now
	// confirms the signature: newer metadata may hold one that does.
	KeyUnknown bool
}

// Error returns the reason and the detail.
func (r *Refusal) Error() string { return "saml: " + string(r.Reason) + ": " + r.Detail }

// refuse returns a [Refusal]. Nothing that came from outside goes into args
// but what was compared with a list of our own.
func refuse(reason Reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}
