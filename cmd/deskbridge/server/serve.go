package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/internal/notify"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/worker"
)

// sweepEvery is how often a server sweeps each desk.
func (s *System) sweepEvery() time.Duration {
	every, _ := s.Settings.SweepInterval() // config has checked it
	return every
}

const (
	// HeaderTimeout is how long a client may take to send its headers.
	HeaderTimeout = 10 * time.Second
	readTimeout   = 60 * time.Second // a slow client and a large body
	writeTimeout  = 120 * time.Second
	idleTimeout   = 120 * time.Second
	// requestTime is how long a request may be worked on. What it would have
	// changed is undone then, and it is answered within writeTimeout.
	requestTime = 100 * time.Second
	// collectAt is by how many percent the heap grows before garbage is collected,
	// unless GOGC says so: it is small, and Go's own 100 spends a tenth of the
	// server's time on keeping it so.
	collectAt = 200
	// alarmsEvery is how often it is looked for what needs somebody, and sendEvery how
	// often for messages about it that are due.
	alarmsEvery = 30 * time.Second
	sendEvery   = 5 * time.Second
	// graceTime is how long requests and reconcile runs may finish after a signal.
	graceTime = 20 * time.Second
)

// Serve runs the server until ctx ends. listening, when not nil, gets the address
// it listens on.
func (s *System) Serve(ctx context.Context, listening chan<- net.Addr) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	unlock, err := s.Store.LockDirectory(ctx)
	if err != nil {
		return err
	}
	defer unlock() //nolint:errcheck // the process may end at once
	listener, err := listen("DESKBRIDGE_LISTEN", s.Settings.Listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	var metrics net.Listener
	if s.Settings.MetricsListen != "" {
		if metrics, err = listen("DESKBRIDGE_METRICS_LISTEN", s.Settings.MetricsListen); err != nil {
			return err
		}
		defer metrics.Close()
	}
	if s.Store.Dialect() == string(store.SQLite) { // no other process reconciles: the leases of the last one are free
		if _, err := s.Core.Reconcile.Reclaim(ctx); err != nil {
			return err
		}
	}
	work := worker.New(WorkerCore(s.Core), s.Connector, s.Log)
	runner, err := work.Start(context.WithoutCancel(ctx), s.Store.RiverDriver(), worker.Options{Workers: s.Settings.Workers, Sweep: s.sweepEvery()})
	if err != nil {
		return err
	}
	ready := newReadiness(s, work.Late)
	public, operators := s.handlers(work, ready)
	server, inside := s.httpServer(public), s.httpServer(operators)
	if s.live != nil {
		server.RegisterOnShutdown(s.live.Close) // pages that follow would keep it waiting
	}
	keeping, stop := context.WithCancel(context.WithoutCancel(ctx))
	var keepers sync.WaitGroup
	keepers.Go(func() { ready.keep(keeping) })
	keepers.Go(func() { s.keepRemoving(keeping) })
	keepers.Go(func() { s.keepDates(keeping) })
	keepers.Go(func() { s.keepAlarms(keeping) })
	keepers.Go(func() { s.keepExpiries(keeping) })
	keepers.Go(func() { s.SignIn.Run(keeping) })
	keepers.Go(func() { s.Core.Requests.Run(keeping) }) // which ends after the last request has
	keepers.Go(func() { s.deskIDP.Run(keeping) })       //nolint:errcheck // it ends with keeping, and says nothing else
	defer func() { stop(); keepers.Wait() }()
	s.Log.InfoContext(ctx, "listening", "address", listener.Addr().String(), "public_url", s.Settings.PublicURL, "database", s.Store.Dialect())
	if listening != nil {
		listening <- listener.Addr()
	}
	failed := make(chan error, 2)
	go func() { failed <- server.Serve(listener) }()
	if metrics != nil {
		s.Log.InfoContext(ctx, "metrics and health checks", "address", metrics.Addr().String())
		go func() { failed <- inside.Serve(metrics) }()
	}
	select {
	case err = <-failed:
	case <-ctx.Done():
		s.Log.Info("stopping: requests and reconcile runs in progress may finish")
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceTime)
	defer cancel()
	return errors.Join(err, server.Shutdown(ending), runner.Stop(ending), inside.Shutdown(ending))
}

// keepAlarms tells whoever is to be told of what needs somebody.
func (s *System) keepAlarms(ctx context.Context) {
	server, _ := s.Settings.MailServer() // config has checked it
	sender := notify.New(fetch.New(fetch.Options{AllowHosts: s.Settings.Hosts()}), server, s.Settings.MailFrom)
	look := time.Time{}
	s.keep(ctx, sendEvery, "telling of alarms", func(ctx context.Context) (err error) {
		if now := time.Now(); now.Sub(look) >= alarmsEvery {
			look, err = now, s.Core.Alarms.Look(ctx)
		}
		sent, failed, problem := s.Core.Alarms.Send(ctx, sender.Send)
		if sent > 0 {
			s.Log.InfoContext(ctx, "alarms are delivered", "count", sent)
		}
		if failed > 0 {
			s.Log.WarnContext(ctx, "alarms cannot be delivered, and are given up", "count", failed, "do", "deskbridge alarm deliveries")
		}
		return errors.Join(err, problem)
	})
}

// listen listens on the address that a setting names.
func listen(setting, address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("another process listens on %s already; end it, or set %s to another address: %w", address, setting, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	return listener, nil
}

// httpServer returns a server of handler with every limit of time set.
func (s *System) httpServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           bounded(handler, requestTime),
		ReadHeaderTimeout: HeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: 1 << 20, // a filter that is too long gets an answer in SCIM words
		ErrorLog:       quietLog(s.Log),
	}
}
