package migrate

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
)

// Command makes the command migrate.
func Command(a *command.App) *cobra.Command {
	var reseal bool
	var to string
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database up to date, or move it to PostgreSQL",
		Long: `Bring the database up to date; serve does it at start, too. With --reseal every
secret in it is sealed anew with the first of DESKBRIDGE_SECRET_KEY: put a new
key in front, run this, and the old key is needed no more.

With --to everything in the SQLite database is copied to an empty PostgreSQL
database, all or nothing: people, accounts, rules, tokens, keys, sessions, the
audit log with its chain. Stop the server first. The SQLite database stays as it
is. The password is better in PGPASSWORD or in ~/.pgpass than in the address.`,
		Example: "  deskbridge migrate\n  DESKBRIDGE_SECRET_KEY=NEW,OLD deskbridge migrate --reseal\n" +
			"  PGPASSWORD=PASSWORD deskbridge migrate --to 'postgres://deskbridge@db.internal:5432/deskbridge?sslmode=verify-full'",
		Args: cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&reseal, "reseal", false, "seal every secret with the first key")
	cmd.Flags().StringVar(&to, "to", "", "copy everything from SQLite to this PostgreSQL database (postgres://…), which is empty; others on this machine may see a password in it")
	a.Verb(command.Begins(cmd), func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		resealed := 0 // opening the system has run all migrations
		if reseal {
			var err error
			if resealed, err = sys.Store.Reseal(ctx); err != nil {
				return command.Result{}, err
			}
		}
		data := map[string]any{"database": sys.Store.Dialect(), "state": "up to date", "resealed": resealed}
		return command.Result{Data: data, Text: func(w io.Writer) error {
			fmt.Fprintf(w, "The %s database is up to date.\n", sys.Store.Dialect())
			if reseal {
				fmt.Fprintf(w, "Secrets sealed with the first key: %d.\n", resealed)
			}
			return nil
		}}, nil
	})
	here := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !cmd.Flags().Changed("to") {
			return here(cmd, args)
		}
		if reseal {
			return command.Misuse("--reseal changes the database that --to leaves as it is; do it before or afterwards")
		}
		m, err := move(cmd.Context(), a, to)
		if err != nil {
			return err
		}
		if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
			return output.JSON(a.Stdout, m)
		}
		return m.print(a.Stdout)
	}
	return cmd
}
