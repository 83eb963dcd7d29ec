package deskidp

import (
	"net/url"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/handler/pkce"

	"github.com/deskbridge/deskbridge/provision"
)

const (
	codeLife        = 60 * time.Second
	accessTokenLife = 5 * time.Minute // for userinfo, and nothing else
	idTokenLife     = 5 * time.Minute // a desk reads it once, at sign-in

	ticketCode  provision.TicketKind = "idp.code"
	ticketToken provision.TicketKind = "idp.token"
	ticketSpent provision.TicketKind = "idp.spent" // what a code was exchanged for
)

// grant is what a code stands for.
type grant struct {
	App         provision.AppSessionID `json:"app"`
	Client      string                 `json:"client"`
	Scopes      []string               `json:"scopes"`
	Form        url.Values             `json:"form"` // what the token request is compared with
	Subject     string                 `json:"sub"`
	AuthTime    time.Time              `json:"auth_time"`
	RequestedAt time.Time              `json:"requested_at"`
	CodeExpires time.Time              `json:"code_expires"`
}

// keptParameters are those of an authorization request that count again when
// its code is exchanged.
var keptParameters = []string{"redirect_uri", "code_challenge", "code_challenge_method", "nonce", "max_age"}

// accessToken is what an access token stands for.
type accessToken struct {
	App    provision.AppSessionID `json:"app"`
	Scopes []string               `json:"scopes"`
}

// spent remembers what a code was exchanged for, so that its second use can
// undo the first (RFC 6749 §4.1.2).
type spent struct {
	Token string                 `json:"token"`
	App   provision.AppSessionID `json:"app"`
	Desk  provision.DeskID       `json:"desk"`
}

// exchange is one request at the authorization or the token endpoint. It is
// fosite's storage and its strategy for codes and tokens: fosite writes in
// several steps, and reads a code before it invalidates it. Here what is
// written is collected, for the caller to save at once, and a code is taken
// when it is read: of any number of replicas one gets it, once.
type exchange struct {
	handler *Handler
	code    string // the one that was made, or taken
	token   string // the access token that was made
	grant   *grant
	taken   fosite.Requester // by the code
	found   client           // the last client that was looked up
	err     error            // of our own: fosite knows only that there was one
}

var (
	_ fosite.Storage                     = (*exchange)(nil)
	_ oauth2.CoreStorage                 = (*exchange)(nil)
	_ oauth2.TokenRevocationStorage      = (*exchange)(nil)
	_ openid.OpenIDConnectRequestStorage = (*exchange)(nil)
	_ pkce.PKCERequestStorage            = (*exchange)(nil)
	_ oauth2.CoreStrategy                = (*exchange)(nil)
)

// provider returns fosite with e behind it: the code flow with PKCE and ID
// tokens, and nothing else.
func (h *Handler) provider(e *exchange) fosite.OAuth2Provider {
	config := &fosite.Config{
		AuthorizeCodeLifespan: codeLife, AccessTokenLifespan: accessTokenLife, IDTokenLifespan: idTokenLife, RefreshTokenLifespan: -1,
		IDTokenIssuer: h.issuer(), TokenURL: h.issuer() + "/token",
		EnforcePKCEForPublicClients: true, MinParameterEntropy: 1, // how desks guard themselves is theirs to know
		ScopeStrategy: fosite.ExactScopeStrategy, AudienceMatchingStrategy: fosite.ExactAudienceMatchingStrategy,
		RedirectSecureChecker: fosite.IsRedirectURISecureStrict, ClientSecretsHasher: digests{},
		RefreshTokenScopes: []string{"offline_access"}, AllowedPromptValues: prompts,
		SanitationWhiteList: keptParameters,
	}
	code := &oauth2.AuthorizeExplicitGrantHandler{AccessTokenStrategy: e, RefreshTokenStrategy: e, AuthorizeCodeStrategy: e,
		CoreStorage: e, TokenRevocationStorage: e, Config: config}
	tokens := &openid.OpenIDConnectExplicitHandler{
		OpenIDConnectRequestStorage: e, Config: config,
		OpenIDConnectRequestValidator: openid.NewOpenIDConnectRequestValidator(signer{h}, config),
		IDTokenHandleHelper:           &openid.IDTokenHandleHelper{IDTokenStrategy: &openid.DefaultStrategy{Signer: signer{h}, Config: config}},
	}
	proof := &pkce.Handler{AuthorizeCodeStrategy: e, Storage: e, Config: config}
	config.AuthorizeEndpointHandlers = fosite.AuthorizeEndpointHandlers{code, tokens, proof}
	config.TokenEndpointHandlers = fosite.TokenEndpointHandlers{code, tokens, proof}
	return fosite.NewOAuth2Provider(e, config)
}

// requester returns what fosite knows of a grant.
func (g *grant) requester(c fosite.Client) fosite.Requester {
	session := openid.NewDefaultSession()
	session.Subject = g.Subject
	session.Claims.Subject, session.Claims.AuthTime, session.Claims.RequestedAt = g.Subject, g.AuthTime, g.RequestedAt
	session.Claims.Add("sid", string(g.App))
	session.SetExpiresAt(fosite.AuthorizeCode, g.CodeExpires)
	return &fosite.Request{
		ID: string(g.App), RequestedAt: g.RequestedAt, Client: c, Session: session, Form: g.Form,
		RequestedScope: g.Scopes, GrantedScope: g.Scopes,
	}
}
