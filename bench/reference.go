package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/deskbridge/deskbridge/bench/reference"
)

// serveReference runs one of the servers to compare with, in a process of its own:
// args are its name and its address.
func serveReference(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("reference takes a name and an address")
	}
	base := "http://" + args[1] + "/v2"
	var handler http.Handler
	var err error
	switch args[0] {
	case "bare":
		handler, err = reference.Bare(base, referenceToken)
	case "lean":
		handler, err = reference.Lean(ctx, base, referenceToken, os.Getenv("BENCH_DSN"))
	default:
		err = fmt.Errorf("there is no reference server %q", args[0])
	}
	if err != nil {
		return err
	}
	server := &http.Server{Addr: args[1], Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close() // the process ends
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
