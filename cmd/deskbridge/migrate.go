package main

import (
	"fmt"

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
	asJSON := addJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		sys, err := a.open(cmd.Context()) // runs all migrations
		if err != nil {
			return err
		}
		defer sys.close()
		resealed := 0
		if reseal {
			if resealed, err = sys.store.Reseal(cmd.Context()); err != nil {
				return err
			}
		}
		if *asJSON {
			return printJSON(a.stdout, map[string]any{"database": sys.store.Dialect(), "state": "up to date", "resealed": resealed})
		}
		fmt.Fprintf(a.stdout, "The %s database is up to date.\n", sys.store.Dialect())
		if reseal {
			fmt.Fprintf(a.stdout, "%d secrets are sealed with the first key.\n", resealed)
		}
		return nil
	}
	return cmd
}
