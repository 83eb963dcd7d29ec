package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options are the command line.
type options struct {
	binary   string // Deskbridge
	postgres string // URL of a server on which databases may be made
	bindir   string // where pgbench is
	json     string // file for the results; "" is none
	only     string // name of the one stage to run; "" is all
	quick    bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var err error
	if len(os.Args) > 1 && os.Args[1] == "reference" {
		err = serveReference(ctx, os.Args[2:])
	} else {
		err = run(ctx, os.Args[1:])
	}
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.binary, "deskbridge", "", "the Deskbridge binary")
	flags.StringVar(&o.postgres, "postgres", os.Getenv("DESKBRIDGE_TEST_POSTGRES"), "URL of a PostgreSQL on this machine that nobody else uses")
	flags.StringVar(&o.bindir, "bindir", "", "directory of pgbench")
	flags.StringVar(&o.json, "json", "", "write the results to this file, too; - is standard output")
	flags.StringVar(&o.only, "only", "", "run one stage only: small, large, members, desk, neighbours, console")
	flags.BoolVar(&o.quick, "quick", false, "a tenth of the people and shorter runs: for trying things, not for publishing")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b, err := newBench(ctx, o)
	if err != nil {
		return err
	}
	defer b.close()
	began := time.Now()
	if err := b.stages(ctx); err != nil {
		return err
	}
	b.report.Took = time.Since(began).Round(time.Second).String()
	b.report.print(os.Stdout, o.json != "-")
	return b.save(o.json)
}

func (b *bench) save(file string) error {
	if file == "" {
		return nil
	}
	raw, err := json.MarshalIndent(b.report, "", "  ")
	if err != nil {
		return err
	}
	raw = append(raw, '\n')
	if file == "-" {
		_, err = os.Stdout.Write(raw)
		return err
	}
	return os.WriteFile(file, raw, 0o644)
}
