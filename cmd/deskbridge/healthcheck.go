package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

// healthTimeout bounds a health check. It is longer than the server's own look
// at the database, so that the server's answer arrives.
const healthTimeout = readyTimeout + time.Second

// healthcheck asks the server on this machine whether it is ready. It is for
// container runtimes: the image holds no shell and no HTTP client.
func (a *app) healthcheck() *cobra.Command {
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
