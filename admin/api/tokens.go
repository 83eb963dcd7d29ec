package api

import (
	"context"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/api/answer"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
	"github.com/deskbridge/deskbridge/provision/credential"
)

func (a *API) tokenOf(t credential.Token) answer.Token { return answer.TokenOf(t, a.core.Now()) }

func (n *names) apiToken(t administration.Token) answer.APIToken {
	return answer.APIToken{ID: string(t.ID), Name: t.Name, Role: string(t.Role), Verbs: t.Verbs, Reach: n.reach(t.Reach), Person: string(t.Person), CreatedBy: t.CreatedBy,
		CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, RevokedAt: t.RevokedAt, LastUsedAt: t.LastUsedAt}
}

func (a *API) tokenRoutes() {
	handle(a, route{"list-tokens", http.MethodGet, "/connections/{connection}/tokens", admin.TokensRead, "Tokens", "The tokens of a connection, the oldest first", 0},
		func(ctx context.Context, _ asked, in *ConnectionName) (*paged[answer.Token], error) {
			conn, err := a.connection(ctx, in.Connection)
			if err != nil {
				return nil, err
			}
			tokens, err := a.core.Tokens.Tokens(ctx, conn)
			return all(tokens, a.tokenOf), err
		})
	handle(a, route{"get-token", http.MethodGet, "/connections/{connection}/tokens/{token}", admin.TokensRead, "Tokens", "A token of a connection", 0},
		func(ctx context.Context, _ asked, in *OneToken) (*struct{ Body answer.Token }, error) {
			conn, err := a.connection(ctx, in.Connection)
			if err != nil {
				return nil, err
			}
			t, err := a.core.Tokens.Token(ctx, conn, in.Token)
			return &struct{ Body answer.Token }{a.tokenOf(t)}, err
		})
	handle(a, route{"create-token", http.MethodPost, "/connections/{connection}/tokens", admin.TokenCreate, "Tokens", "Make a token for an identity provider", http.StatusCreated},
		func(ctx context.Context, who asked, in *struct {
			ConnectionName
			Body answer.NewToken
		}) (*struct{ Body answer.Token }, error) {
			conn, err := a.connection(ctx, in.Connection)
			if err != nil {
				return nil, err
			}
			t, secret, err := a.core.Tokens.DraftToken(ctx, who.cause, conn, credential.TokenDraft{Name: in.Body.Name, Life: days(in.Body.Days), ReadOnly: in.Body.ReadOnly, Client: in.Body.Client})
			out := a.tokenOf(t)
			out.Secret = secret
			return &struct{ Body answer.Token }{out}, err
		})
	handle(a, route{"rotate-token", http.MethodPost, "/connections/{connection}/tokens/{token}/rotate", admin.TokenRotate, "Tokens", "Replace the secret of a token; the old one goes on for a while", http.StatusCreated},
		func(ctx context.Context, who asked, in *struct {
			OneToken
			Body struct {
				// No default: huma takes a 0 that was sent for one that was left out.
				OverlapHours *int `json:"overlap_hours,omitempty" minimum:"0" maximum:"2160" doc:"for how long the old one works still: 24 unless said otherwise; 0 ends it at once"`
				Days         int  `json:"days,omitempty" minimum:"1" maximum:"3660" doc:"how long the new one lives; absent: as long as the old one was made for"`
			}
		}) (*struct{ Body answer.Token }, error) {
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
			return &struct{ Body answer.Token }{out}, err
		})
	handle(a, route{"revoke-token", http.MethodDelete, "/connections/{connection}/tokens/{token}", admin.TokenRevoke, "Tokens", "End a token at once", 0},
		func(ctx context.Context, who asked, in *OneToken) (*struct{ Body answer.Token }, error) {
			conn, err := a.connection(ctx, in.Connection)
			if err != nil {
				return nil, err
			}
			t, err := a.core.Tokens.RevokeToken(ctx, who.cause, conn, in.Token)
			return &struct{ Body answer.Token }{a.tokenOf(t)}, err
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
		func(ctx context.Context, _ asked, _ *struct{}) (*paged[answer.APIToken], error) {
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
		}) (*struct{ Body answer.APIToken }, error) {
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
					return &struct{ Body answer.APIToken }{n.apiToken(t)}, nil
				}
			}
			return nil, provision.Errorf(provision.NotFound, "token", "there is no token of this id")
		})
	handle(a, route{"create-api-token", http.MethodPost, "/api-tokens", admin.APITokenCreate, "Admins", "Make a token of the admin API, which may no more than who makes it", http.StatusCreated},
		func(ctx context.Context, who asked, in *struct{ Body answer.NewAPIToken }) (*struct{ Body answer.APIToken }, error) {
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
			return &struct{ Body answer.APIToken }{out}, err
		})
	handle(a, route{"revoke-api-token", http.MethodDelete, "/api-tokens/{token}", admin.APITokenRevoke, "Admins", "End a token of the admin API at once", 0},
		func(ctx context.Context, who asked, in *struct {
			Token string `path:"token" maxLength:"64" doc:"name or id"`
		}) (*struct{ Body answer.APIToken }, error) {
			t, err := a.core.Administration.RevokeToken(ctx, who.cause, in.Token)
			if err != nil {
				return nil, err
			}
			n, err := a.names(ctx)
			return &struct{ Body answer.APIToken }{n.apiToken(t)}, err
		})
}

func (n *names) reach(reach []administration.Reach) (out []answer.Reach) {
	for _, r := range reach {
		name := n.desks[r.Desk]
		if name == "" {
			name = string(r.Desk) // a desk that was removed
		}
		out = append(out, answer.Reach{Desk: name, Teams: r.Teams, Mailboxes: r.Mailboxes})
	}
	return out
}

func (a *API) reachOf(ctx context.Context, in []answer.Reach) (out []administration.Reach, _ error) {
	for _, r := range in {
		desk, err := a.desk(ctx, r.Desk)
		if err != nil {
			return nil, err
		}
		out = append(out, administration.Reach{Desk: desk, Teams: r.Teams, Mailboxes: r.Mailboxes})
	}
	return out, nil
}

func (n *names) grant(g administration.Grant) answer.AdminGrant {
	return answer.AdminGrant{ID: string(g.ID), Connection: n.connections[g.Connection], Group: g.GroupName, GroupID: string(g.Group), Claimed: g.Claimed(), Role: string(g.Role), Reach: n.reach(g.Reach), GrantedBy: g.CreatedBy, GrantedAt: g.CreatedAt}
}

func (a *API) adminRoutes() {
	handle(a, route{"list-admins", http.MethodGet, "/admins", admin.AdminsRead, "Admins", "Which groups have which role here", 0},
		func(ctx context.Context, _ asked, _ *struct{}) (*paged[answer.AdminGrant], error) {
			grants, err := a.core.Administration.Grants(ctx, "")
			if err != nil {
				return nil, err
			}
			n, err := a.names(ctx)
			return all(grants, n.grant), err
		})
	handle(a, route{"grant-admin", http.MethodPost, "/admins", admin.AdminGrant, "Admins", "Give a group a role here", http.StatusCreated},
		func(ctx context.Context, who asked, in *struct{ Body answer.NewGrant }) (*struct{ Body answer.AdminGrant }, error) {
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
			return &struct{ Body answer.AdminGrant }{n.grant(g)}, err
		})
	handle(a, route{"revoke-admin", http.MethodDelete, "/admins/{id}", admin.AdminRevoke, "Admins", "Take the role of a group away", 0},
		func(ctx context.Context, who asked, in *struct {
			ID string `path:"id" maxLength:"64" doc:"of the grant"`
		}) (*struct{ Body answer.AdminGrant }, error) {
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
			return &struct{ Body answer.AdminGrant }{n.grant(g)}, err
		})
}
