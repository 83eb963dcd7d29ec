package redmine

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/listing"
)

const (
	maxParallel    = 4 // requests at once; a small Redmine has a handful of threads
	requestTimeout = 30 * time.Second
	readRetries    = 2
	pageSize       = 100 // Redmine's maximum
	maxPages       = 10_000
)

// errRefused is the cause of an error for a value that Redmine does not take.
var errRefused = errors.New("HTTP 422")

var vendor = kit.Vendor{
	Name:         "Redmine",
	API:          "Redmine's REST API",
	Unauthorized: "Redmine refuses the API key; is the service account locked, or its key reset? Take the key at My account > API access key > Show",
	Forbidden:    "Redmine does not allow this: the service account must be an administrator, and the project neither closed nor archived",
	NotFound:     "Redmine has no such record",
	LeavesOut:    "a plugin, or an LDAP directory that Redmine reads, may undo the change",
}

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

// explain makes e say what the status of an answer means on Redmine. The body of
// its own 404 is nothing at all or, from some calls, JSON.
func explain(a *kit.Answer, e *desk.Error) {
	switch {
	case a.Status == http.StatusNotFound && len(bytes.TrimSpace(a.Body)) > 0 && !json.Valid(a.Body):
		*e = *vendor.NotItsAPI(a.Status)
	case a.Status == http.StatusConflict:
		*e = *vendor.Busy(a)
	case a.Status == http.StatusUnprocessableEntity && e.Kind == desk.Permanent:
		e.Detail, e.Err = "Redmine refuses it"+reasons(a), errRefused
	}
}

// reasons returns the sentences of a refusal, in Redmine's words, as the end of
// a sentence of ours.
func reasons(a *kit.Answer) string {
	var refusal struct{ Errors []string }
	_ = json.Unmarshal(a.Body, &refusal) // no reason is an answer too
	return a.Quotes(refusal.Errors...)
}

// list is the list at path; the items are under key in the answer.
func list[E any](c *kit.Client, path, key string, query url.Values) listing.Offset[E] {
	return listing.Offset[E]{Client: c, Vendor: vendor, Path: path, Key: key, Query: query, Size: pageSize, Most: maxPages}
}
