package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func (a *app) migrate() *cobra.Command {
	var reseal bool
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database up to date; serve does it at start, too",
		Long: `Bring the database up to date; serve does it at start, too. With --reseal every
secret in it is sealed anew with the first of DESKBRIDGE_SECRET_KEY: put a new
key in front, run this, and the old key is needed no more.`,
		Example: "  deskbridge migrate\n  DESKBRIDGE_SECRET_KEY=NEW,OLD deskbridge migrate --reseal",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&reseal, "reseal", false, "seal every secret with the first key")
	return a.verb(cmd, func(ctx context.Context, sys *system, _ []string) (result, error) {
		resealed := 0 // opening the system has run all migrations
		if reseal {
			var err error
			if resealed, err = sys.store.Reseal(ctx); err != nil {
				return result{}, err
			}
		}
		data := map[string]any{"database": sys.store.Dialect(), "state": "up to date", "resealed": resealed}
		return result{data, func(w io.Writer) error {
			fmt.Fprintf(w, "The %s database is up to date.\n", sys.store.Dialect())
			if reseal {
				fmt.Fprintf(w, "Secrets sealed with the first key: %d.\n", resealed)
			}
			return nil
		}}, nil
	})
}
