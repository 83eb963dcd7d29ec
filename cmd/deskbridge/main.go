package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/admin"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/apply"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/auditlog"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/connection"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/desk"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/explain"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/export"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/forget"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/key"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/rule"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/session"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/status"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/token"
)

// Exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitMisuse = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run executes one command line and returns its exit status. It is main
// without the process, so that tests can call it.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	app := &command.App{Environ: environ, Stdout: stdout, Stderr: stderr}
	root := rootCommand(app)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(stderr, "deskbridge: %s\n", command.Explain(err))
	if command.IsMisuse(err) {
		return exitMisuse
	}
	return exitFailed
}

func rootCommand(a *command.App) *cobra.Command {
	root := &cobra.Command{
		Use:   "deskbridge",
		Short: "Bridge between identity providers and help desks",
		Long: `Deskbridge keeps help desks in line with an identity provider: it takes people
and groups over SCIM 2.0, signs people in over SAML and OpenID Connect, and
gives them their role, teams and mailboxes.

Settings come from the environment (DESKBRIDGE_…) or a file; none is needed to
begin. Commands work on the database directly, beside a running server.`,
		Example:       "  deskbridge demo\n  deskbridge serve",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return command.Misuse("unknown command %q; `deskbridge --help` lists them", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return command.Misuse("%w; `%s --help` shows how", err, cmd.CommandPath())
	})
	root.PersistentFlags().StringVar(&a.ConfigFile, "config", a.Getenv("DESKBRIDGE_CONFIG"), "settings file (YAML)")
	root.AddCommand(
		serveCommand(a), migrateCommand(a), demoCommand(a), connection.Command(a), token.Command(a), desk.Command(a), rule.Command(a),
		apply.PlanCommand(a), apply.ApplyCommand(a), export.Command(a), connection.DomainCommand(a), session.Command(a), key.Command(a), admin.Command(a), explain.Command(a), forget.Command(a),
		status.Command(a), status.RetryCommand(a), auditlog.Command(a), versionCommand(a), healthcheckCommand(a),
	)
	command.CheckArgs(root)
	return root
}

// release is set by the linker: -X main.release=v1.2.3.
var release = "dev"

func versionCommand(a *command.App) *cobra.Command {
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
			return output.JSON(a.Stdout, map[string]string{"version": release, "commit": commit, "go": runtime.Version()})
		}
		fmt.Fprintf(a.Stdout, "deskbridge %s %s %s/%s %s\n", release, runtime.Version(), runtime.GOOS, runtime.GOARCH, commit)
		return nil
	}
	return cmd
}
