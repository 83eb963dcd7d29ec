package token

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
)

// Line is a token as the commands show it.
type Line struct {
	ID         string     `json:"id"`
	Connection string     `json:"connection"`
	Name       string     `json:"name"`
	Token      string     `json:"token,omitempty"`
	ClientID   string     `json:"client_id,omitempty"`
	Secret     string     `json:"client_secret,omitempty"`
	TokenURL   string     `json:"token_url,omitempty"`
	ReadOnly   bool       `json:"read_only,omitempty"`
	State      string     `json:"state"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
	ReplacedAt *time.Time `json:"replaced_at,omitempty"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
}

func lineOf(s *server.System, conn string, t credential.Token) Line {
	return Line{ID: string(t.ID), Connection: conn, Name: t.Name, ClientID: t.ClientID, ReadOnly: t.ReadOnly, State: string(t.State(s.Core.Now())),
		CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt, RevokedAt: t.RevokedAt, ReplacedAt: t.ReplacedAt, LastUsedAt: t.LastUsedAt}
}

// shown returns the line of a token whose secret can be seen now, and the text
// that shows it.
func shown(s *server.System, conn string, t credential.Token, secret string) (line Line, text string) {
	line = lineOf(s, conn, t)
	if t.ClientID == "" {
		line.Token = secret
		return line, secret
	}
	line.Secret, line.TokenURL = secret, s.Settings.PublicURL+server.TokenPath
	return line, fmt.Sprintf("client_id      %s\nclient_secret  %s\ntoken URL      %s", t.ClientID, secret, line.TokenURL)
}

// kindOf says what a token is, for people.
func kindOf(t credential.Token) string {
	kind := "token"
	if t.ClientID != "" {
		kind = "client"
	}
	if t.ReadOnly {
		kind += ", reads"
	}
	return kind
}

// Command makes the commands of SCIM tokens.
func Command(a *command.App) *cobra.Command {
	return command.Group("token", "Create, list, show, rotate and revoke bearer tokens and OAuth clients of a connection",
		createCommand(a), listCommand(a), showCommand(a), rotateCommand(a), revokeCommand(a))
}

func createCommand(a *command.App) *cobra.Command {
	var draft credential.TokenDraft
	cmd := &cobra.Command{
		Use:   "create CONNECTION NAME",
		Short: "Create a token or an OAuth client; its secret is shown once",
		Example: "  deskbridge token create acme rotation-2027 --expires 365d\n" +
			"  deskbridge token create acme report --read-only\n  deskbridge token create acme entra --client",
		Args: cobra.ExactArgs(2),
	}
	cmd.Flags().Var((*config.Duration)(&draft.Life), "expires", "how long it lives, e.g. 365d; 0 means for ever")
	cmd.Flags().BoolVar(&draft.ReadOnly, "read-only", false, "it reads and searches, and changes nothing")
	cmd.Flags().BoolVar(&draft.Client, "client", false, "an OAuth 2.0 client, which gets access tokens with its id and secret")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		conn, err := command.Connection(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		draft.Name = args[1]
		token, secret, err := sys.Core.Tokens.DraftToken(ctx, sys.Cause, conn.ID, draft)
		if err != nil {
			return command.Result{}, err
		}
		line, text := shown(sys, conn.Name, token, secret)
		return command.Say(line, "%s", text), nil
	})
}

func listCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "list CONNECTION", Short: "List the tokens of a connection", Example: "  deskbridge token list acme", Args: cobra.ExactArgs(1)}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		conn, err := command.Connection(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		tokens, err := sys.Core.Tokens.Tokens(ctx, conn.ID)
		if err != nil {
			return command.Result{}, err
		}
		out := make([]Line, len(tokens))
		rows := make([][]string, len(tokens))
		for i, t := range tokens {
			out[i] = lineOf(sys, conn.Name, t)
			rows[i] = []string{t.Name, string(t.ID), output.Moment{At: &t.CreatedAt}.String(), output.Moment{At: t.ExpiresAt}.String(), output.Moment{At: t.RevokedAt}.String(), output.Moment{At: t.LastUsedAt}.String(), kindOf(t), out[i].State}
		}
		return command.Tabled(out, "NAME | ID | CREATED | EXPIRES | REVOKED | LAST USED | KIND | STATE", rows), nil
	})
}

func rotateCommand(a *command.App) *cobra.Command {
	overlap, expires := 24*time.Hour, time.Duration(0)
	cmd := &cobra.Command{
		Use:   "rotate CONNECTION NAME|ID",
		Short: "Replace a token; the old one goes on for a while",
		Long: `Replace the secret of a token or client. The new one works at once and is shown
once; the old one works until the overlap is over, so that there is time to enter
the new one at the identity provider. It lives as long as the old one was made
for, unless --expires says otherwise.`,
		Example: "  deskbridge token rotate acme first --overlap 24h",
		Args:    cobra.ExactArgs(2),
	}
	cmd.Flags().Var((*config.Duration)(&overlap), "overlap", "how long the old one goes on, e.g. 48h or 7d; 0 ends it at once")
	cmd.Flags().Var((*config.Duration)(&expires), "expires", "how long the new one lives; 0 means as long as the old one was made for")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		conn, err := command.Connection(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		fresh, old, secret, err := sys.Core.Tokens.RotateToken(ctx, sys.Cause, conn.ID, args[1], overlap, expires)
		if err != nil {
			return command.Result{}, err
		}
		line, text := shown(sys, conn.Name, fresh, secret)
		if overlap > 0 {
			a.Warn(fmt.Sprintf("the old secret of %s works until %s; enter the new one at the identity provider before", old.Name, output.Moment{At: old.ExpiresAt}))
		} else {
			a.Warn(fmt.Sprintf("the old secret of %s is refused from now on; enter the new one at the identity provider", old.Name))
		}
		return command.Say(line, "%s", text), nil
	})
}

func revokeCommand(a *command.App) *cobra.Command {
	confirm := command.Confirm{Scripts: true}
	cmd := &cobra.Command{
		Use:   "revoke CONNECTION NAME|ID",
		Short: "End a token at once",
		Long: `End a token or client at once, with the access tokens of a client. By name it
ends what a rotation has replaced, too; by id just that one.`,
		Example: "  deskbridge token revoke acme first",
		Args:    cobra.ExactArgs(2),
	}
	confirm.Flag(cmd)
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		conn, err := command.Connection(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		found, last, err := find(ctx, sys, conn.ID, args[1])
		if err != nil {
			return command.Result{}, err
		}
		text := "The identity provider is refused with token " + found.Name + " from then on"
		if last {
			text += "; it is the last one that " + conn.Name + " can push with"
		}
		if err := confirm.Ask(a, text, found.Name); err != nil {
			return command.Result{}, err
		}
		nameOrID := string(found.ID)
		if found.Name == args[1] { // with what a rotation has replaced
			nameOrID = found.Name
		}
		token, err := sys.Core.Tokens.RevokeToken(ctx, sys.Cause, conn.ID, nameOrID)
		if err != nil {
			return command.Result{}, err
		}
		if err := warnOfLast(ctx, a, sys, conn); err != nil {
			return command.Result{}, err
		}
		return command.Say(lineOf(sys, conn.Name, token), "Token %s is revoked.", token.Name), nil
	})
}

// warnOfLast warns when a connection has no token left that is accepted.
func warnOfLast(ctx context.Context, a *command.App, sys *server.System, conn provision.Connection) error {
	tokens, err := sys.Core.Tokens.Tokens(ctx, conn.ID)
	if err != nil || conn.JWT != nil || slices.ContainsFunc(tokens, func(t credential.Token) bool { return t.Usable(sys.Core.Now()) }) {
		return err
	}
	a.Warn(fmt.Sprintf("that was the last token of %s: from now on everything its identity provider pushes is refused, also that somebody has left; `deskbridge token create %s NAME` makes another", conn.Name, conn.Name))
	return nil
}

// ToSee returns the tokens that somebody should look at, and those that
// a rotation has left behind for a while.
func ToSee(ctx context.Context, s *server.System) ([]Line, error) {
	tokens, err := s.Core.Tokens.Tokens(ctx, "")
	if err != nil {
		return nil, err
	}
	names, err := s.LoadNames(ctx)
	if err != nil {
		return nil, err
	}
	out := []Line{}
	for _, t := range tokens {
		switch t.State(s.Core.Now()) {
		case credential.TokenExpired, credential.TokenExpiring, credential.TokenUnused, credential.TokenReplaced:
			out = append(out, lineOf(s, names.Connection(t.Connection), t))
		case credential.TokenActive, credential.TokenEnded:
		}
	}
	return out, nil
}

// PrintToSee says what is to be done about tokens.
func PrintToSee(w io.Writer, tokens []Line) {
	if len(tokens) == 0 {
		return
	}
	fmt.Fprintf(w, "\nTokens to look at: %d\n", len(tokens))
	for _, t := range tokens {
		fmt.Fprintf(w, "  %s %s: %s\n", t.Connection, t.Name, map[credential.TokenState]string{
			credential.TokenExpired:  fmt.Sprintf("expired %s; `deskbridge token rotate %s %s` makes a new secret", output.Moment{At: t.ExpiresAt}, t.Connection, t.Name),
			credential.TokenExpiring: fmt.Sprintf("expires %s; `deskbridge token rotate %s %s` replaces it without a gap", output.Moment{At: t.ExpiresAt}, t.Connection, t.Name),
			credential.TokenUnused:   fmt.Sprintf("last used %s; if nobody needs it: `deskbridge token revoke %s %s`", output.Moment{At: t.LastUsedAt}, t.Connection, t.Name),
			credential.TokenReplaced: fmt.Sprintf("replaced %s, accepted until %s, last used %s", output.Moment{At: t.ReplacedAt}, output.Moment{At: t.ExpiresAt}, output.Moment{At: t.LastUsedAt}),
		}[credential.TokenState(t.State)])
	}
}
