package command

import (
	"context"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/config"
)

// App is one run of the program.
type App struct {
	Environ        []string // NAME=value, as the process has it
	Stdout, Stderr io.Writer
	ConfigFile     string // with settings; "": the environment alone

	Stdin    io.Reader   // nil: the process's
	Terminal func() bool // whether a person types at Stdin; nil: as the operating system says

	Server    string // whose commands run, by its address; "": the database's that settings name
	TokenFile string // with the token to show there; "": see package remote
	// Away runs a command of [App.Verb] on Server.
	Away func(cmd *cobra.Command, args []string) error
	// Hosted is set where a server runs the command for somebody elsewhere.
	Hosted *Hosted

	json bool // --json was given to the command
	csv  bool // --csv was given to the command, which is a list
	told bool // a command has printed its JSON
}

// Getenv returns the value of an environment variable, "" when it is not set.
func (a *App) Getenv(name string) string {
	value, _ := a.LookupEnv(name)
	return value
}

// LookupEnv returns the value of an environment variable, and whether it is set.
func (a *App) LookupEnv(name string) (string, bool) {
	for _, pair := range a.Environ {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			return value, true
		}
	}
	return "", false
}

// Settings reads and checks the settings of the server.
func (a *App) Settings() (config.Server, error) {
	if a.Server != "" {
		return config.Server{}, Misuse("this runs beside a database, not on %s: run it on that server's machine, without --server and DESKBRIDGE_SERVER", output.Plain(a.Server))
	}
	s, err := config.Load(a.ConfigFile, a.Environ)
	if err != nil {
		return s, Misuse("settings: %w", err)
	}
	return s, nil
}

// Open opens the database for a command that may be the first one, with all
// migrations run: what is missing is made. Commands speak for themselves: of the
// log they show warnings.
func (a *App) Open(ctx context.Context) (*server.System, error) { return a.open(ctx, server.Open) }

// OpenExisting opens the database for every other command: it is an error that
// there is none.
func (a *App) OpenExisting(ctx context.Context) (*server.System, error) {
	return a.open(ctx, server.OpenExisting)
}

func (a *App) open(ctx context.Context, open func(context.Context, config.Server, *slog.Logger) (*server.System, error)) (*server.System, error) {
	if a.Hosted != nil {
		own := *a.Hosted.System // its cause is this command's
		return &own, nil
	}
	settings, err := a.Settings()
	if err != nil {
		return nil, err
	}
	if settings.LogLevel == "info" {
		settings.LogLevel = "warn"
	}
	return open(ctx, settings, server.NewLogger(settings, a.Stderr))
}
