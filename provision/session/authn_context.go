package session

import (
	"strings"

	"github.com/deskbridge/deskbridge/provision"
)

// AuthnContext is what an identity provider has said of how somebody signed in, and
// where they sit: for the audit log, which keeps neither assertions nor tokens.
type AuthnContext struct {
	Class   string   // SAML: AuthnContextClassRef; OIDC: acr; may be empty
	Methods []string // OIDC: amr
	Message string   // SAML: ID of the assertion; OIDC: jti of the ID token; may be empty
	Address string   // of the browser
}

const (
	// proofLength and proofMethods are how much is kept of what others have written.
	contextLength = 255 // bytes
	proofMethods  = 16
)

// detail is what the audit log says of the beginning of a session. What has not
// been said is left out.
func (p AuthnContext) detail(s provision.Session) map[string]any {
	names := map[provision.Protocol][3]string{
		provision.ProtocolSAML: {"authn_context", "assertion", "session_index"},
		provision.ProtocolOIDC: {"acr", "jti", "sid"},
	}[s.Protocol]
	detail := map[string]any{"session": s.ID, "protocol": s.Protocol}
	for name, value := range map[string]string{"issuer": s.Issuer, names[0]: p.Class, names[1]: p.Message, names[2]: s.Index, "ip": p.Address} {
		if name != "" && value != "" {
			detail[name] = cutTo(value, contextLength)
		}
	}
	var methods []string
	for _, m := range p.Methods[:min(len(p.Methods), proofMethods)] {
		methods = append(methods, cutTo(m, contextLength))
	}
	if methods != nil {
		detail["amr"] = methods
	}
	return detail
}

// cutTo returns text, or where it is longer than most bytes its beginning.
func cutTo(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
