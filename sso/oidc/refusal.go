package oidc

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"

	"github.com/deskbridge/deskbridge/internal/fetch"
)

// The reasons of a [Refusal]. They are stable: metrics and audit logs count
// them. Beside these there are those of [fetch.Reason], for what could not be
// fetched.
const (
	ReasonConfig      = "config"          // our own settings cannot work
	ReasonIssuerURL   = "issuer_url"      // the issuer is no https URL without query and fragment
	ReasonEntraTenant = "entra_tenant"    // an issuer of Entra ID that stands for any tenant
	ReasonDiscovery   = "discovery"       // the discovery document lacks something, or cannot be read
	ReasonMismatch    = "issuer_mismatch" // the document is another issuer's
	ReasonEndpoint    = "endpoint"        // an end point in the document may not be used
	ReasonWeak        = "weak_algorithms" // the provider signs with none of the algorithms that we accept

	ReasonParameter     = "parameter"      // a parameter came twice
	ReasonState         = "state"          // the answer belongs to another attempt
	ReasonAnswerIssuer  = "answer_issuer"  // iss of the answer is missing or another one (RFC 9207)
	ReasonProviderError = "provider_error" // the provider says that it did not sign the person in
	ReasonCode          = "code"           // the answer has no code
	ReasonExchange      = "exchange"       // the provider gave no tokens for the code
	ReasonNoIDToken     = "no_id_token"    // the provider gave tokens, but not that one

	ReasonMalformed    = "malformed"        // no JWT in compact serialization, or claims that cannot be read in one way only
	ReasonAlgorithm    = "algorithm"        // not on the list, such as none and HS256
	ReasonType         = "type"             // the header says that it is a JWT of another kind
	ReasonSignature    = "signature"        // no key of the provider made it
	ReasonIssuer       = "issuer"           // iss is another one
	ReasonAudience     = "audience"         // aud does not name us
	ReasonAuthorized   = "authorized"       // azp is another client, or missing beside several audiences
	ReasonExpired      = "expired"          // exp is over, or missing
	ReasonNotYet       = "not_yet"          // nbf is ahead
	ReasonIssuedAt     = "issued_at"        // iat is ahead, long ago, or missing
	ReasonNonce        = "nonce"            // another attempt's, or missing; in a logout token: there
	ReasonSubject      = "subject"          // sub is missing, or could not name anybody
	ReasonAccessToken  = "at_hash"          // the access token beside it belongs to another ID token
	ReasonLogout       = "logout_token"     // a logout token where an ID token belongs
	ReasonAuthTime     = "auth_time"        // the person signed in longer ago than allowed, or it does not say
	ReasonACR          = "acr"              // signed in by other means than demanded
	ReasonHostedDomain = "hosted_domain"    // hd is no domain of the connection
	ReasonTenant       = "tenant"           // tid is another tenant than the issuer's
	ReasonUserInfo     = "userinfo"         // the end point gave nothing that can be read
	ReasonUserInfoSub  = "userinfo_subject" // it spoke of somebody else

	ReasonEvents  = "events"     // no back-channel logout event
	ReasonTokenID = "jti"        // missing, or too long to remember
	ReasonSession = "sub_or_sid" // names neither person nor session
)

// Refusal is why a provider, an answer or a token was not accepted. Every
// error of this package is one.
type Refusal struct {
	Reason string // one of the constants, or a fetch.Reason
	Detail string // for an admin: what is wrong and what to do; no token, no personal data, nothing that the browser sent but Code
	Code   string // the provider's own error code (RFC 6749 §4.1.2.1 and §5.2), if it gave one that can be shown
	Err    error  // the cause, when it came from the network; may be nil
}

// Error returns the reason, the detail, and what the network said.
func (r *Refusal) Error() string {
	text := "oidc: " + r.Reason + ": " + r.Detail
	cause := r.Err
	if e, ok := errors.AsType[*fetch.Error](cause); ok {
		cause = e.Err // Detail has the rest
	}
	if cause != nil {
		text += ": " + cause.Error()
	}
	return text
}

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Err }

func refuse(reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// because returns a refusal whose detail goes on with why an address could not
// be fetched.
func because(reason, detail string, e *fetch.Error) *Refusal {
	if e.Host != "" {
		detail += ": " + e.Host
	}
	return &Refusal{Reason: reason, Detail: detail + ": " + e.Detail, Err: e}
}

// unusable returns the refusal for an address that may not be fetched.
func unusable(reason, detail string, err error) *Refusal {
	if e, ok := errors.AsType[*fetch.Error](err); ok {
		return because(reason, detail, e)
	}
	return &Refusal{Reason: reason, Detail: detail}
}

// unfetched returns the refusal for what could not be had from the network;
// for every other error it is reason with detail, and the error stays out of
// it: the libraries put what the provider sent into theirs.
func unfetched(err error, reason, detail string) *Refusal {
	if e, ok := errors.AsType[*fetch.Error](err); ok {
		return because(string(e.Reason), detail, e)
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return &Refusal{Reason: string(fetch.Unreachable), Detail: detail, Err: e.Err}
	}
	return &Refusal{Reason: reason, Detail: detail}
}

// errorCode is what an error code may look like for us to repeat it.
var errorCode = regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,63}$`)

// shown returns the provider's error code, or "" when it is none that can be
// shown: the browser may have made it up.
func shown(code string) string {
	if errorCode.MatchString(code) {
		return code
	}
	return ""
}
