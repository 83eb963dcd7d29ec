package command

import (
	"slices"

	"github.com/spf13/cobra"
)

// beginning is the annotation of [Begins].
const beginning = "deskbridge-begins"

// Begins marks a command with which one may begin: it makes the data directory,
// the database and the secret key when they are not there yet. For every other
// command it is an error that they are not: a wrong folder must not look like
// an empty Deskbridge.
func Begins(cmd *cobra.Command) *cobra.Command {
	if cmd.Annotations == nil {
		cmd.Annotations = map[string]string{}
	}
	cmd.Annotations[beginning] = "yes"
	return cmd
}

func begins(cmd *cobra.Command) bool { return cmd.Annotations[beginning] != "" }

// reading are the names of commands that change nothing.
var reading = []string{"status", "list", "show", "explain", "plan", "verify", "export", "history", "orphans"}

// lists reports whether a command prints a list.
func lists(cmd *cobra.Command) bool { return cmd.Name() == "list" || cmd.Name() == "orphans" }

// reads reports whether a command only reads.
func reads(cmd *cobra.Command) bool { return slices.Contains(reading, cmd.Name()) }
