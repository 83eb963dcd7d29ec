package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
)

// healthTimeout bounds a health check. It is longer than the server's own look
// at the database, so that the server's answer arrives.
const healthTimeout = server.ReadyTimeout + time.Second

// healthcheck asks the server on this machine whether it is ready. It is for
// container runtimes: the image holds no shell and no HTTP client.
func healthcheckCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "healthcheck",
		Short:   "Ask the server on this machine whether it is ready",
		Long:    "Ask the server that listens on DESKBRIDGE_LISTEN whether it is ready. Exit 0 means yes.",
		Example: "  deskbridge healthcheck",
		Args:    cobra.NoArgs,
		Hidden:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := a.settings()
			if err != nil {
				return err
			}
			address, err := localAddress(settings.Listen)
			if err != nil {
				return err
			}
			return askReady(cmd.Context(), address)
		},
	}
}

// localAddress returns where this machine reaches a server that listens on
// listen: an address that stands for all interfaces is none to connect to.
func localAddress(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", err
	}
	switch ip := net.ParseIP(host); {
	case host == "" || ip.Equal(net.IPv4zero):
		host = "127.0.0.1"
	case ip.Equal(net.IPv6unspecified):
		host = "::1"
	}
	return net.JoinHostPort(host, port), nil
}

func askReady(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", nil)
	if err != nil {
		return err
	}
	// Not the default transport: a proxy from the environment is not meant.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("the server does not answer: %w", err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, 1<<10)); err != nil {
		return fmt.Errorf("the server does not answer: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the server is not ready: status %d; its log tells more", res.StatusCode)
	}
	return nil
}

func migrateCommand(a *app) *cobra.Command {
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
	return a.verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (result, error) {
		resealed := 0 // opening the system has run all migrations
		if reseal {
			var err error
			if resealed, err = sys.Store.Reseal(ctx); err != nil {
				return result{}, err
			}
		}
		data := map[string]any{"database": sys.Store.Dialect(), "state": "up to date", "resealed": resealed}
		return result{data, func(w io.Writer) error {
			fmt.Fprintf(w, "The %s database is up to date.\n", sys.Store.Dialect())
			if reseal {
				fmt.Fprintf(w, "Secrets sealed with the first key: %d.\n", resealed)
			}
			return nil
		}}, nil
	})
}

func serveCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Run the server: SCIM for identity providers, signing in for people, the workers
that write to desks, metrics and health. Without settings it listens on
127.0.0.1:8080 and keeps everything in SQLite under ./data. SIGTERM lets
requests and visits finish.`,
		Example: "  deskbridge serve\n  DESKBRIDGE_DATABASE_URL=postgres://… DESKBRIDGE_PUBLIC_URL=https://bridge.example.com deskbridge serve",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := a.settings()
			if err != nil {
				return err
			}
			sys, err := server.Open(cmd.Context(), settings, server.NewLogger(settings, a.stderr))
			if err != nil {
				return err
			}
			defer sys.Close()
			return sys.Serve(cmd.Context(), nil)
		},
	}
}
