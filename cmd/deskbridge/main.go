package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"syscall"
	_ "time/tzdata" // TZ works in a container without files, too

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/accesslist"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/admin"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/adoption"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/alarm"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/apitoken"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/apply"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/approval"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/auditlog"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/connection"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/csvimport"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/delegation"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/desk"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/explain"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/export"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/forget"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/group"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/key"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/migrate"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/offboarding"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/person"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/remote"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/requestlist"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/rule"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/seat"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/secondadmin"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/session"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/status"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/step"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/task"
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
	return runWith(ctx, &command.App{Environ: environ, Stdout: output.Visible(stdout), Stderr: output.Visible(stderr)}, args)
}

// runWith is run with an App: that of the process, or one that a server has made for
// somebody elsewhere.
func runWith(ctx context.Context, app *command.App, args []string) int {
	stdout, stderr := app.Stdout, app.Stderr
	root := rootCommand(app)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	if status := command.ExitStatus(err); status != 0 {
		return status
	}
	if err := app.FailJSON(cmd, args, err); err != nil {
		fmt.Fprintf(stderr, "deskbridge: %v\n", err)
	}
	fmt.Fprintf(stderr, "deskbridge: %s\n", command.Explain(err))
	if command.IsMisuse(err) && !(slices.Contains(args, "plan") && slices.Contains(args, "--"+command.ExitCodeFlag)) {
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
begin. Commands work on the database directly, beside a running server; or with
--server on that server, from anywhere: ` + "`deskbridge login`" + ` gets the token for it.`,
		Example:       "  deskbridge demo\n  deskbridge serve\n  deskbridge login --server https://bridge.example.com\n  deskbridge person list --server https://bridge.example.com",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return command.Unknown(cmd, args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return command.Misuse("%w; `%s --help` shows how", err, cmd.CommandPath())
	})
	root.PersistentFlags().StringVar(&a.ConfigFile, "config", a.Getenv("DESKBRIDGE_CONFIG"), "settings file (YAML)")
	remote.Flags(root, a)
	for _, g := range []struct {
		title    string
		commands []*cobra.Command
	}{
		{"Start", []*cobra.Command{demoCommand(a), serveCommand(a)}},
		{"Describe", []*cobra.Command{connection.Command(a), token.Command(a), desk.Command(a), rule.Command(a), apply.PlanCommand(a), apply.ApplyCommand(a), export.Command(a), csvimport.Command(a)}},
		{"Watch", []*cobra.Command{status.Command(a), status.RetryCommand(a), task.Command(a), adoption.Command(a), approval.Command(a), secondadmin.Command(a), step.Command(a), seat.Command(a), alarm.Command(a), person.Command(a), group.Command(a), accesslist.Command(a), offboarding.Command(a), explain.Command(a), auditlog.Command(a), requestlist.Command(a)}},
		{"Sign-in", []*cobra.Command{connection.DomainCommand(a), session.Command(a), key.Command(a), admin.Command(a), apitoken.Command(a), delegation.Command(a), delegation.LogoutCommand(a)}},
		{"Keep", []*cobra.Command{forget.Command(a), migrate.Command(a), versionCommand(a)}},
	} {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title + ":"})
		for _, cmd := range g.commands {
			cmd.GroupID = g.title
			root.AddCommand(cmd)
		}
	}
	root.AddCommand(healthcheckCommand(a))
	root.SetHelpCommandGroupID("Keep")
	root.SetCompletionCommandGroupID("Keep")
	root.Version = release
	root.SetVersionTemplate(versionText() + "\n")
	command.CheckArgs(root)
	a.Complete(root)
	return root
}

// commit returns what was built, "" when that is not known.
func commit() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return ""
}

// versionText is the version for people.
func versionText() string {
	return fmt.Sprintf("deskbridge %s %s %s/%s %s", release, runtime.Version(), runtime.GOOS, runtime.GOARCH, commit())
}

// release is set by the linker: -X main.release=v1.2.3.
var release = "dev"

func versionCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "version", Short: "Print the version", Example: "  deskbridge version", Args: cobra.NoArgs}
	asJSON := cmd.Flags().Bool("json", false, "print JSON for programs")
	cmd.RunE = func(*cobra.Command, []string) error {
		if *asJSON {
			return output.JSON(a.Stdout, map[string]string{"version": release, "commit": commit(), "go": runtime.Version()})
		}
		fmt.Fprintln(a.Stdout, versionText())
		return nil
	}
	return cmd
}
