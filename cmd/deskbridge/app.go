package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/config"
)

// app is one run of the program.
type app struct {
	environ        []string
	stdout, stderr io.Writer
	configFile     string
}

func (a *app) getenv(name string) string {
	value, _ := a.lookupEnv(name)
	return value
}

func (a *app) lookupEnv(name string) (string, bool) {
	for _, pair := range a.environ {
		if key, value, _ := strings.Cut(pair, "="); key == name {
			return value, true
		}
	}
	return "", false
}

func (a *app) settings() (config.Server, error) {
	s, err := config.Load(a.configFile, a.environ)
	if err != nil {
		return s, usageError{fmt.Errorf("settings: %w", err)}
	}
	return s, nil
}

// open opens the database for a command, with all migrations run. Commands
// speak for themselves: of the log they show warnings.
func (a *app) open(ctx context.Context) (*server.System, error) {
	settings, err := a.settings()
	if err != nil {
		return nil, err
	}
	if settings.LogLevel == "info" {
		settings.LogLevel = "warn"
	}
	return server.Open(ctx, settings, server.NewLogger(settings, a.stderr))
}
