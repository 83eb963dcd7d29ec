package main

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/spf13/cobra"
)

type tokenLine struct {
	ID         string     `json:"id"`
	Connection string     `json:"connection"`
	Name       string     `json:"name"`
	Token      string     `json:"token,omitempty"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
}

func lineOf(conn string, t provision.Token) tokenLine {
	return tokenLine{ID: string(t.ID), Connection: conn, Name: t.Name, CreatedAt: t.CreatedAt,
		ExpiresAt: t.ExpiresAt, RevokedAt: t.RevokedAt, LastUsedAt: t.LastUsedAt}
}

func (a *app) token() *cobra.Command {
	return group("token", "Create, list and revoke bearer tokens of a connection", a.tokenCreate(), a.tokenList(), a.tokenRevoke())
}

func (a *app) tokenCreate() *cobra.Command {
	var expires time.Duration
	cmd := &cobra.Command{
		Use:     "create CONNECTION NAME",
		Short:   "Create a token; it is shown once",
		Example: "  deskbridge token create acme rotation-2027 --expires 8760h",
		Args:    cobra.ExactArgs(2),
	}
	cmd.Flags().DurationVar(&expires, "expires", 0, "how long it lives, e.g. 8760h; 0 means for ever")
	return a.verb(cmd, func(ctx context.Context, sys *system, args []string) (result, error) {
		conn, err := sys.core.Connection(ctx, args[0])
		if err != nil {
			return result{}, err
		}
		token, secret, err := sys.core.CreateToken(ctx, sys.cause, conn.ID, args[1], expires)
		if err != nil {
			return result{}, err
		}
		line := lineOf(conn.Name, token)
		line.Token = secret
		return say(line, "%s", secret), nil
	})
}

func (a *app) tokenList() *cobra.Command {
	cmd := &cobra.Command{Use: "list CONNECTION", Short: "List the tokens of a connection", Example: "  deskbridge token list acme", Args: cobra.ExactArgs(1)}
	return a.verb(cmd, func(ctx context.Context, sys *system, args []string) (result, error) {
		conn, err := sys.core.Connection(ctx, args[0])
		if err != nil {
			return result{}, err
		}
		tokens, err := sys.core.Tokens(ctx, conn.ID)
		if err != nil {
			return result{}, err
		}
		out := make([]tokenLine, len(tokens))
		rows := make([][]string, len(tokens))
		for i, t := range tokens {
			out[i] = lineOf(conn.Name, t)
			rows[i] = []string{t.Name, string(t.ID), moment(&t.CreatedAt), moment(t.ExpiresAt), moment(t.RevokedAt), moment(t.LastUsedAt)}
		}
		return tabled(out, "NAME | ID | CREATED | EXPIRES | REVOKED | LAST USED", rows), nil
	})
}

func (a *app) tokenRevoke() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "revoke CONNECTION NAME|ID",
		Short:   "End a token at once",
		Example: "  deskbridge token revoke acme first",
		Args:    cobra.ExactArgs(2),
	}
	return a.verb(cmd, func(ctx context.Context, sys *system, args []string) (result, error) {
		conn, err := sys.core.Connection(ctx, args[0])
		if err != nil {
			return result{}, err
		}
		token, err := sys.core.RevokeToken(ctx, sys.cause, conn.ID, args[1])
		if err != nil {
			return result{}, err
		}
		return say(lineOf(conn.Name, token), "Token %s is revoked.", token.Name), nil
	})
}
