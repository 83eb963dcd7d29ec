package redmine

import (
	"net/http"
	"net/url"
	"time"

	"github.com/deskbridge/deskbridge/desk/kit"
)

const (
	maxParallel    = 4 // requests at once; a small Redmine has a handful of threads
	requestTimeout = 30 * time.Second
	readRetries    = 2
)

func newClient(home *url.URL, key string) *kit.Client {
	return kit.New(kit.Config{
		Kind:     "redmine",
		Base:     home,
		Suffix:   ".json",
		Header:   http.Header{"X-Redmine-Api-Key": {key}},
		Parallel: maxParallel,
		Timeout:  requestTimeout,
		Retries:  readRetries,
		Vendor:   vendor,
		Explain:  explain,
	})
}
