package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// release is set by the linker: -X main.release=v1.2.3.
var release = "dev"

func (a *app) version() *cobra.Command {
	cmd := &cobra.Command{Use: "version", Short: "Print the version", Example: "  deskbridge version", Args: cobra.NoArgs}
	asJSON := cmd.Flags().Bool("json", false, "print JSON for programs")
	cmd.RunE = func(*cobra.Command, []string) error {
		commit := ""
		if info, ok := debug.ReadBuildInfo(); ok {
			for _, s := range info.Settings {
				if s.Key == "vcs.revision" {
					commit = s.Value
				}
			}
		}
		if *asJSON {
			return printJSON(a.stdout, map[string]string{"version": release, "commit": commit, "go": runtime.Version()})
		}
		fmt.Fprintf(a.stdout, "deskbridge %s %s %s/%s %s\n", release, runtime.Version(), runtime.GOOS, runtime.GOARCH, commit)
		return nil
	}
	return cmd
}
