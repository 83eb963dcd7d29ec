package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) migrate() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "migrate",
		Short:   "Bring the database up to date; serve does it at start, too",
		Example: "  deskbridge migrate",
		Args:    cobra.NoArgs,
	}
	asJSON := addJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		sys, err := a.open(cmd.Context()) // runs all migrations
		if err != nil {
			return err
		}
		defer sys.close()
		if *asJSON {
			return printJSON(a.stdout, map[string]string{"database": string(sys.store.Dialect()), "state": "up to date"})
		}
		fmt.Fprintf(a.stdout, "The %s database is up to date.\n", sys.store.Dialect())
		return nil
	}
	return cmd
}
