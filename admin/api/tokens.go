package api

import (
	"context"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
	"github.com/deskbridge/deskbridge/provision/credential"
)

// Token lets an identity provider in. Its secret is shown when it is made, and
// never again.
type Token struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	ClientID   string     `json:"client_id,omitempty" doc:"of an OAuth client"`
	ReadOnly   bool       `json:"read_only,omitempty"`
	State      string     `json:"state" enum:"expired,expiring,unused,replaced,active,ended"`
	Secret     string     `json:"secret,omitempty" doc:"in the answer that makes it, and nowhere else"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
	ReplacedAt *time.Time `json:"replaced_at,omitempty"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty" doc:"to the minute"`
}

func (a *API) tokenOf(t credential.Token) Token {
	return Token{ID: string(t.ID), Name: t.Name, ClientID: t.ClientID, ReadOnly: t.ReadOnly, State: string(t.State(a.core.Now())),
		CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, RevokedAt: t.RevokedAt, ReplacedAt: t.ReplacedAt, LastUsedAt: t.LastUsedAt}
}

// NewToken is what a new token of an identity provider is to be.
type NewToken struct {
	Name     string `json:"name"`
	Days     int    `json:"days,omitempty" minimum:"1" maximum:"3660" doc:"how long it lives; absent: for ever"`
	ReadOnly bool   `json:"read_only,omitempty"`
	Client   bool   `json:"client,omitempty" doc:"an OAuth client rather than a bearer token"`
}

// APIToken is a token of the admin API. Its secret is shown when it is made, and
// never again.
type APIToken struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Role       string     `json:"role"`
	Verbs      []string   `json:"verbs,omitempty" doc:"what it may of what the role may; absent: all that needs no fresh sign-in"`
	Reach      []Reach    `json:"reach,omitempty"`
	Person     string     `json:"person,omitempty" doc:"id of whose it is: it ends with them"`
	CreatedBy  string     `json:"created_by"`
	Secret     string     `json:"secret,omitempty" doc:"in the answer that makes it, and nowhere else"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty" doc:"to the minute"`
}

func (n *names) apiToken(t administration.Token) APIToken {
	return APIToken{ID: string(t.ID), Name: t.Name, Role: string(t.Role), Verbs: t.Verbs, Reach: n.reach(t.Reach), Person: string(t.Person), CreatedBy: t.CreatedBy,
		CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, RevokedAt: t.RevokedAt, LastUsedAt: t.LastUsedAt}
}

// NewAPIToken is what a new token of the admin API is to be.
type NewAPIToken struct {
	Name  string   `json:"name"`
	Role  string   `json:"role" enum:"owner,admin,operator,auditor,mailbox-manager"`
	Verbs []string `json:"verbs,omitempty" maxItems:"100"`
	Reach []Reach  `json:"reach,omitempty" maxItems:"100" doc:"of a mailbox manager"`
	Days  int      `json:"days,omitempty" minimum:"1" maximum:"366" default:"90"`
}

func (a *API) tokenRoutes() {
	handle(a, route{"list-tokens", http.MethodGet, "/connections/{connection}/tokens", admin.TokensRead, "Tokens", "The tokens of a connection, the oldest first", 0},
		func(ctx context.Context, _ asked, in *ConnectionName) (*paged[Token], error) {
			conn, err := a.connection(ctx, in.Connection)
			if err != nil {
				return nil, err
			}
			tokens, err := a.core.Tokens.Tokens(ctx, conn)
			return all(tokens, a.tokenOf), err
		})
	handle(a, route{"get-token", http.MethodGet, "/connections/{connection}/tokens/{token}", admin.TokensRead, "Tokens", "A token of a connection", 0},
		func(ctx context.Context, _ asked, in *OneToken) (*struct{ Body Token }, error) {
			conn, err := a.connection(ctx, in.Connection)
			if err != nil {
				return nil, err
			}
			t, err := a.core.Tokens.Token(ctx, conn, in.Token)
			return &struct{ Body Token }{a.tokenOf(t)}, err
		})
	handle(a, route{"create-token", http.MethodPost, "/connections/{connection}/tokens", admin.TokenCreate, "Tokens", "Make a token for an identity provider", http.StatusCreated},
		func(ctx context.Context, who asked, in *struct {
			ConnectionName
			Body NewToken
		}) (*struct{ Body Token }, error) {
			conn, err := a.connection(ctx, in.Connection)
			if err != nil {
				return nil, err
			}
			t, secret, err := a.core.Tokens.DraftToken(ctx, who.cause, conn, credential.TokenDraft{Name: in.Body.Name, Life: days(in.Body.Days), ReadOnly: in.Body.ReadOnly, Client: in.Body.Client})
			out := a.tokenOf(t)
			out.Secret = secret
			return &struct{ Body Token }{out}, err
		})
	handle(a, route{"rotate-token", http.MethodPost, "/connections/{connection}/tokens/{token}/rotate", admin.TokenRotate, "Tokens", "Replace the secret of a token; the old one goes on for a while", http.StatusCreated},
		func(ctx context.Context, who asked, in *struct {
			OneToken
			Body struct {
				// No default: huma takes a 0 that was sent for one that was left out.
				OverlapHours *int `json:"overlap_hours,omitempty" minimum:"0" maximum:"2160" doc:"for how long the old one works still: 24 unless said otherwise; 0 ends it at once"`
				Days         int  `json:"days,omitempty" minimum:"1" maximum:"3660" doc:"how long the new one lives; absent: as long as the old one was made for"`
			}
		}) (*struct{ Body Token }, error) {
			conn, err := a.connection(ctx, in.Connection)
			if err != nil {
				return nil, err
			}
			overlap := 24 * time.Hour
			if hours := in.Body.OverlapHours; hours != nil {
				overlap = time.Duration(*hours) * time.Hour
			}
			fresh, _, secret, err := a.core.Tokens.RotateToken(ctx, who.cause, conn, in.Token, overlap, days(in.Body.Days))
			out := a.tokenOf(fresh)
			out.Secret = secret
			return &struct{ Body Token }{out}, err
		})
	handle(a, route{"revoke-token", http.MethodDelete, "/connections/{connection}/tokens/{token}", admin.TokenRevoke, "Tokens", "End a token at once", 0},
		func(ctx context.Context, who asked, in *OneToken) (*struct{ Body Token }, error) {
			conn, err := a.connection(ctx, in.Connection)
			if err != nil {
				return nil, err
			}
			t, err := a.core.Tokens.RevokeToken(ctx, who.cause, conn, in.Token)
			return &struct{ Body Token }{a.tokenOf(t)}, err
		})
	a.apiTokenRoutes()
}

// OneToken is the place of a token of a connection in an address.
type OneToken struct {
	ConnectionName
	Token string `path:"token" maxLength:"64" doc:"name or id"`
}

func (a *API) apiTokenRoutes() {
	handle(a, route{"list-api-tokens", http.MethodGet, "/api-tokens", admin.APITokensRead, "Admins", "The tokens of the admin API, the oldest first", 0},
		func(ctx context.Context, _ asked, _ *struct{}) (*paged[APIToken], error) {
			tokens, err := a.core.Administration.Tokens(ctx)
			if err != nil {
				return nil, err
			}
			n, err := a.names(ctx)
			return all(tokens, n.apiToken), err
		})
	handle(a, route{"get-api-token", http.MethodGet, "/api-tokens/{token}", admin.APITokensRead, "Admins", "A token of the admin API", 0},
		func(ctx context.Context, _ asked, in *struct {
			Token string `path:"token" maxLength:"64" doc:"id"`
		}) (*struct{ Body APIToken }, error) {
			tokens, err := a.core.Administration.Tokens(ctx)
			if err != nil {
				return nil, err
			}
			n, err := a.names(ctx)
			if err != nil {
				return nil, err
			}
			for _, t := range tokens {
				if string(t.ID) == in.Token {
					return &struct{ Body APIToken }{n.apiToken(t)}, nil
				}
			}
			return nil, provision.Errorf(provision.NotFound, "token", "there is no token of this id")
		})
	handle(a, route{"create-api-token", http.MethodPost, "/api-tokens", admin.APITokenCreate, "Admins", "Make a token of the admin API, which may no more than who makes it", http.StatusCreated},
		func(ctx context.Context, who asked, in *struct{ Body NewAPIToken }) (*struct{ Body APIToken }, error) {
			role := administration.Role(in.Body.Role)
			if err := admin.CheckVerbs(role, in.Body.Verbs); err != nil {
				return nil, err
			}
			reach, err := a.reachOf(ctx, in.Body.Reach)
			if err != nil {
				return nil, err
			}
			t, secret, err := a.core.Administration.CreateToken(ctx, who.cause, who.Maker(), administration.TokenDraft{Name: in.Body.Name, Role: role, Verbs: in.Body.Verbs, Reach: reach, Life: days(in.Body.Days)})
			if err != nil {
				return nil, err
			}
			n, err := a.names(ctx)
			out := n.apiToken(t)
			out.Secret = secret
			return &struct{ Body APIToken }{out}, err
		})
	handle(a, route{"revoke-api-token", http.MethodDelete, "/api-tokens/{token}", admin.APITokenRevoke, "Admins", "End a token of the admin API at once", 0},
		func(ctx context.Context, who asked, in *struct {
			Token string `path:"token" maxLength:"64" doc:"name or id"`
		}) (*struct{ Body APIToken }, error) {
			t, err := a.core.Administration.RevokeToken(ctx, who.cause, in.Token)
			if err != nil {
				return nil, err
			}
			n, err := a.names(ctx)
			return &struct{ Body APIToken }{n.apiToken(t)}, err
		})
}

// Reach is what of a desk a mailbox manager may map.
type Reach struct {
	Desk      string   `json:"desk" doc:"name; an id does as well"`
	Teams     []string `json:"teams,omitempty"`
	Mailboxes []string `json:"mailboxes,omitempty"`
}

func (n *names) reach(reach []administration.Reach) (out []Reach) {
	for _, r := range reach {
		name := n.desks[r.Desk]
		if name == "" {
			name = string(r.Desk) // a desk that was removed
		}
		out = append(out, Reach{name, r.Teams, r.Mailboxes})
	}
	return out
}

func (a *API) reachOf(ctx context.Context, in []Reach) (out []administration.Reach, _ error) {
	for _, r := range in {
		desk, err := a.desk(ctx, r.Desk)
		if err != nil {
			return nil, err
		}
		out = append(out, administration.Reach{Desk: desk, Teams: r.Teams, Mailboxes: r.Mailboxes})
	}
	return out, nil
}

// AdminGrant is a group whose people have a role here.
type AdminGrant struct {
	ID         string    `json:"id"`
	Connection string    `json:"connection"`
	Group      string    `json:"group"`
	GroupID    string    `json:"group_id,omitempty"`
	Claimed    bool      `json:"claimed,omitempty" doc:"the identity provider names the group at sign-in only"`
	Role       string    `json:"role"`
	Reach      []Reach   `json:"reach,omitempty"`
	GrantedBy  string    `json:"granted_by"`
	GrantedAt  time.Time `json:"granted_at"`
}

func (n *names) grant(g administration.Grant) AdminGrant {
	return AdminGrant{string(g.ID), n.connections[g.Connection], g.GroupName, string(g.Group), g.Claimed(), string(g.Role), n.reach(g.Reach), g.CreatedBy, g.CreatedAt}
}

// NewGrant is a role that a group is to have.
type NewGrant struct {
	Connection string  `json:"connection" doc:"name or id"`
	Group      string  `json:"group" minLength:"1" maxLength:"1000" doc:"name or id"`
	Claimed    bool    `json:"claimed,omitempty"`
	Role       string  `json:"role" enum:"owner,admin,operator,auditor,mailbox-manager"`
	Reach      []Reach `json:"reach,omitempty" maxItems:"100"`
}

func (a *API) adminRoutes() {
	handle(a, route{"list-admins", http.MethodGet, "/admins", admin.AdminsRead, "Admins", "Which groups have which role here", 0},
		func(ctx context.Context, _ asked, _ *struct{}) (*paged[AdminGrant], error) {
			grants, err := a.core.Administration.Grants(ctx, "")
			if err != nil {
				return nil, err
			}
			n, err := a.names(ctx)
			return all(grants, n.grant), err
		})
	handle(a, route{"grant-admin", http.MethodPost, "/admins", admin.AdminGrant, "Admins", "Give a group a role here", http.StatusCreated},
		func(ctx context.Context, who asked, in *struct{ Body NewGrant }) (*struct{ Body AdminGrant }, error) {
			conn, err := a.connection(ctx, in.Body.Connection)
			if err != nil {
				return nil, err
			}
			reach, err := a.reachOf(ctx, in.Body.Reach)
			if err != nil {
				return nil, err
			}
			g, err := a.core.Administration.Grant(ctx, who.cause, administration.GrantDraft{Connection: conn, Group: in.Body.Group, Claimed: in.Body.Claimed, Role: administration.Role(in.Body.Role), Reach: reach})
			if err != nil {
				return nil, err
			}
			n, err := a.names(ctx)
			return &struct{ Body AdminGrant }{n.grant(g)}, err
		})
	handle(a, route{"revoke-admin", http.MethodDelete, "/admins/{id}", admin.AdminRevoke, "Admins", "Take the role of a group away", 0},
		func(ctx context.Context, who asked, in *struct {
			ID string `path:"id" maxLength:"64" doc:"of the grant"`
		}) (*struct{ Body AdminGrant }, error) {
			grants, err := a.core.Administration.Grants(ctx, "")
			if err != nil {
				return nil, err
			}
			conn := provision.ConnectionID("")
			for _, g := range grants {
				if string(g.ID) == in.ID {
					conn = g.Connection
				}
			}
			if conn == "" {
				return nil, provision.Errorf(provision.NotFound, "id", "no group has a role by this id")
			}
			g, err := a.core.Administration.Revoke(ctx, who.cause, conn, in.ID)
			if err != nil {
				return nil, err
			}
			n, err := a.names(ctx)
			return &struct{ Body AdminGrant }{n.grant(g)}, err
		})
}
