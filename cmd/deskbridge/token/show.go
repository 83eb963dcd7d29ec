package token

import (
	"context"
	"fmt"
	"io"

	"github.com/deskbridge/deskbridge/internal/spelling"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
)

// find returns the token of a name or id, of which the beginning or end is
// enough, and whether the connection can push with no other.
func find(ctx context.Context, sys *server.System, conn provision.ConnectionID, nameOrID string) (found credential.Token, last bool, _ error) {
	tokens, err := sys.Core.Tokens.Tokens(ctx, conn)
	if err != nil {
		return found, false, err
	}
	pushes := func(t credential.Token) bool { return t.Usable(sys.Core.Now()) && !t.ReadOnly }
	for _, t := range tokens { // the newest that is in use, as the core goes by
		if t.Name == nameOrID && (found.ID == "" || found.RevokedAt != nil || found.ReplacedAt != nil) {
			found = t
		}
	}
	if found.ID == "" {
		if found, err = command.ByID("token", nameOrID, tokens, func(t credential.Token) string { return string(t.ID) }); err != nil {
			names := make([]string, len(tokens))
			for i, t := range tokens {
				names[i] = t.Name
			}
			if near := spelling.Closest(nameOrID, names); near != "" {
				err = provision.Errorf(provision.NotFound, "token", "this connection has no token %q; did you mean %s?", provision.Clip(nameOrID), near)
			} else if provision.IsNotFound(err) {
				err = provision.Errorf(provision.NotFound, "token", "this connection has no token %q; `deskbridge token list` shows them", provision.Clip(nameOrID))
			}
			return found, false, err
		}
	}
	last = pushes(found)
	for _, t := range tokens {
		ends := t.ID == found.ID || t.Name == found.Name && found.Name == nameOrID
		last = last && (ends || !pushes(t))
	}
	return found, last, nil
}

func showCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show CONNECTION NAME|ID",
		Short:   "Show a token: what it may do, until when, and when it was used; never its secret",
		Example: "  deskbridge token show acme first",
		Args:    cobra.ExactArgs(2),
	}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		conn, err := command.Connection(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		t, last, err := find(ctx, sys, conn.ID, args[1])
		if err != nil {
			return command.Result{}, err
		}
		line := lineOf(sys, conn.Name, t)
		return command.Result{Data: line, Text: func(w io.Writer) error {
			fmt.Fprintf(w, "%s · connection %s · %s · %s\n  id %s\n", t.Name, conn.Name, kindOf(t), line.State, t.ID)
			if t.ClientID != "" {
				fmt.Fprintf(w, "  client_id %s\n", t.ClientID)
			}
			if last {
				fmt.Fprintf(w, "  the only one that %s can push with\n", conn.Name)
			}
			_, err := fmt.Fprintf(w, "  created    %s\n  expires    %s\n  replaced   %s\n  revoked    %s\n  last used  %s\n", output.Moment{At: &t.CreatedAt}, output.Moment{At: t.ExpiresAt},
				output.Moment{At: t.ReplacedAt}, output.Moment{At: t.RevokedAt}, output.Moment{At: t.LastUsedAt})
			return err
		}}, nil
	})
}
