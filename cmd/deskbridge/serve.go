package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/worker"
	"github.com/spf13/cobra"
)

const (
	headerTimeout = 10 * time.Second
	readTimeout   = 60 * time.Second // a slow client and a large body
	writeTimeout  = 120 * time.Second
	idleTimeout   = 120 * time.Second
	// collectAt is by how many percent the heap grows before garbage is collected,
	// unless GOGC says so: it is small, and Go's own 100 spends a tenth of the
	// server's time on keeping it so.
	collectAt = 200
	// graceTime is how long requests and visits may finish after a signal.
	graceTime = 20 * time.Second
)

func (a *app) serve() *cobra.Command {
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
			sys, err := openSystem(cmd.Context(), settings, newLogger(settings, a.stderr))
			if err != nil {
				return err
			}
			defer sys.close()
			return sys.serve(cmd.Context(), nil)
		},
	}
}

// serve runs the server until ctx ends. ready, when not nil, gets the address
// it listens on.
func (s *system) serve(ctx context.Context, ready chan<- net.Addr) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	listener, err := net.Listen("tcp", s.settings.Listen)
	if err != nil {
		return err
	}
	if s.store.Dialect() == string(store.SQLite) { // nobody else visits: what the last process left is free
		if _, err := s.core.Reconcile.Reclaim(ctx); err != nil {
			return errors.Join(err, listener.Close())
		}
	}
	work := worker.New(workerCore(s.core), s.connector, s.log)
	runner, err := work.Start(context.WithoutCancel(ctx), s.store.RiverDriver(), worker.Options{Workers: s.settings.Workers, Sweep: s.sweepEvery()})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{
		Handler:           s.handler(work),
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: 1 << 20, // a filter that is too long gets an answer in SCIM words
		ErrorLog:       quietLog(s.log),
	}
	keeping, stop := context.WithCancel(context.WithoutCancel(ctx))
	var keepers sync.WaitGroup
	keepers.Go(func() { s.signIn.Run(keeping) })
	keepers.Go(func() { s.apps.Run(keeping) }) //nolint:errcheck // it ends with keeping, and says nothing else
	defer func() { stop(); keepers.Wait() }()
	s.log.InfoContext(ctx, "listening", "address", listener.Addr().String(), "public_url", s.settings.PublicURL, "database", s.store.Dialect())
	if ready != nil {
		ready <- listener.Addr()
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err = <-failed:
	case <-ctx.Done():
		s.log.Info("stopping: requests and visits under way may finish")
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceTime)
	defer cancel()
	return errors.Join(err, server.Shutdown(ending), runner.Stop(ending))
}
