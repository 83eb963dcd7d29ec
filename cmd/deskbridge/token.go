package main

import (
	"fmt"
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
	asJSON := addJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		sys, conn, err := a.openConnection(cmd, args[0])
		if err != nil {
			return err
		}
		defer sys.close()
		token, secret, err := sys.core.CreateToken(cmd.Context(), cause(cmd), conn.ID, args[1], expires)
		if err != nil {
			return err
		}
		if *asJSON {
			line := lineOf(conn.Name, token)
			line.Token = secret
			return printJSON(a.stdout, line)
		}
		fmt.Fprintln(a.stdout, secret)
		return nil
	}
	return cmd
}

// openConnection opens the system and finds a connection.
func (a *app) openConnection(cmd *cobra.Command, name string) (*system, provision.Connection, error) {
	sys, err := a.open(cmd.Context())
	if err != nil {
		return nil, provision.Connection{}, err
	}
	conn, err := sys.core.Connection(cmd.Context(), name)
	if err != nil {
		sys.close()
		return nil, conn, err
	}
	return sys, conn, nil
}

func (a *app) tokenList() *cobra.Command {
	cmd := &cobra.Command{Use: "list CONNECTION", Short: "List the tokens of a connection", Example: "  deskbridge token list acme", Args: cobra.ExactArgs(1)}
	asJSON := addJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		sys, conn, err := a.openConnection(cmd, args[0])
		if err != nil {
			return err
		}
		defer sys.close()
		tokens, err := sys.core.Tokens(cmd.Context(), conn.ID)
		if err != nil {
			return err
		}
		out := make([]tokenLine, len(tokens))
		rows := make([][]string, len(tokens))
		for i, t := range tokens {
			out[i] = lineOf(conn.Name, t)
			rows[i] = []string{t.Name, string(t.ID), moment(&t.CreatedAt), moment(t.ExpiresAt), moment(t.RevokedAt), moment(t.LastUsedAt)}
		}
		if *asJSON {
			return printJSON(a.stdout, out)
		}
		return table(a.stdout, "NAME | ID | CREATED | EXPIRES | REVOKED | LAST USED", rows)
	}
	return cmd
}

func (a *app) tokenRevoke() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "revoke CONNECTION NAME|ID",
		Short:   "End a token at once",
		Example: "  deskbridge token revoke acme first",
		Args:    cobra.ExactArgs(2),
	}
	asJSON := addJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		sys, conn, err := a.openConnection(cmd, args[0])
		if err != nil {
			return err
		}
		defer sys.close()
		token, err := sys.core.RevokeToken(cmd.Context(), cause(cmd), conn.ID, args[1])
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(a.stdout, lineOf(conn.Name, token))
		}
		fmt.Fprintf(a.stdout, "Token %s is revoked.\n", token.Name)
		return nil
	}
	return cmd
}
