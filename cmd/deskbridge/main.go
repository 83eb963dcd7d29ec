package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/provision"
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
	app := &app{environ: environ, stdout: stdout, stderr: stderr}
	root := rootCommand(app)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(stderr, "deskbridge: %s\n", explainError(err))
	if misuse(err) {
		return exitMisuse
	}
	return exitFailed
}

// usageError is a command line that cannot be run.
type usageError struct{ error }

func misuse(err error) bool {
	var u usageError
	return errors.As(err, &u)
}

// explainError returns err for people: an error of the core is its detail.
func explainError(err error) string {
	if e, ok := errors.AsType[*provision.Error](err); ok && e.Detail != "" {
		return e.Detail
	}
	return err.Error()
}

func rootCommand(a *app) *cobra.Command {
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
				return usageError{fmt.Errorf("unknown command %q; `deskbridge --help` lists them", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; `%s --help` shows how", err, cmd.CommandPath())}
	})
	root.PersistentFlags().StringVar(&a.configFile, "config", a.getenv("DESKBRIDGE_CONFIG"), "settings file (YAML)")
	root.AddCommand(
		serveCommand(a), migrateCommand(a), demoCommand(a), connectionCommand(a), tokenCommand(a), deskCommand(a), ruleCommand(a),
		planCommand(a), applyCommand(a), domainCommand(a), sessionCommand(a), keyCommand(a), adminCommand(a), explainCommand(a), statusCommand(a), retryCommand(a), auditCommand(a), versionCommand(a), healthcheckCommand(a),
	)
	wrapArgs(root)
	return root
}

// wrapArgs makes wrong arguments of every command a misuse.
func wrapArgs(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(c *cobra.Command, args []string) error {
			err := check(c, args)
			if err == nil || misuse(err) {
				return err
			}
			return usageError{fmt.Errorf("%w; `%s --help` shows how", err, c.CommandPath())}
		}
	}
	for _, child := range cmd.Commands() {
		wrapArgs(child)
	}
}

// group returns a command that only holds others.
func group(use, short string, children ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("unknown command %q; `%s --help` lists them", args[0], c.CommandPath())}
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(children...)
	return cmd
}

// release is set by the linker: -X main.release=v1.2.3.
var release = "dev"

func versionCommand(a *app) *cobra.Command {
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
			return output.JSON(a.stdout, map[string]string{"version": release, "commit": commit, "go": runtime.Version()})
		}
		fmt.Fprintf(a.stdout, "deskbridge %s %s %s/%s %s\n", release, runtime.Version(), runtime.GOOS, runtime.GOARCH, commit)
		return nil
	}
	return cmd
}
