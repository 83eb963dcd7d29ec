package helpy

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

const (
	maxParallel = 4 // requests at once; a small Helpy has a handful of threads
	// requestTimeout is just below what the worker lets a call be quiet for: the list
	// of all users has no pages, customers are users too, and Helpy takes seconds for
	// a thousand. It limits first.
	requestTimeout = 110 * time.Second
	readRetries    = 2
	// maxAnswerBytes has room for the list of some sixty thousand users.
	maxAnswerBytes = 64 << 20
)

// Causes of errors that are told apart here.
var (
	errMalformed = errors.New("HTTP 400")
	errRefused   = errors.New("HTTP 422")
	errInternal  = errors.New("HTTP 500")
)

var vendor = kit.Vendor{
	Name:         "Helpy",
	API:          "Helpy's API",
	Unauthorized: "Helpy refuses the API key; was it deleted? Sign in to Helpy as the service account and make one at Settings > API Keys",
	Forbidden:    "something before Helpy does not allow this (HTTP 403); Helpy itself never says so",
	NotFound:     "Helpy has no such record",
}

func newClient(s settings) *kit.Client {
	return kit.New(kit.Config{
		Kind:     "helpy",
		Base:     s.api,
		Header:   http.Header{"X-Token": {s.key}},
		Parallel: maxParallel,
		Timeout:  requestTimeout,
		Retries:  readRetries,
		MaxBytes: maxAnswerBytes,
		Vendor:   vendor,
		Explain:  explain,
	})
}

// explain makes e say what the status of an answer means on Helpy.
func explain(a *kit.Answer, e *desk.Error) {
	switch {
	case a.Status == http.StatusUnauthorized && strings.Contains(reason(a), "Insufficient"):
		// The same words as for a ticket that the key's owner may not see.
		e.Detail = "the owner of the API key lacks rights in Helpy: make the service account an admin again, at Users > (the service account) > Edit User > Role"
	case a.Status == http.StatusNotFound && !strings.HasPrefix(said(a), "Couldn't find "):
		*e = *vendor.NotItsAPI(a.Status)
	case a.Status == http.StatusInternalServerError:
		e.Err = errInternal
	case a.Status == http.StatusBadRequest && e.Kind == desk.Permanent:
		e.Err = errMalformed
		e.Detail += reason(a)
	case a.Status == http.StatusUnprocessableEntity && e.Kind == desk.Permanent:
		e.Err = errRefused
		e.Detail += reason(a)
	}
}

// said returns what an answer holds against a request; "" is nothing.
func said(a *kit.Answer) string {
	var body struct{ Error string }
	_ = json.Unmarshal(a.Body, &body) // no reason is an answer too
	return body.Error
}

// reason returns what Helpy says against a request, as the end of a sentence.
func reason(a *kit.Answer) string { return a.Quote(said(a)) }

// disobeyed is the error for a write that Helpy accepted and that does not show.
func disobeyed(what string) *desk.Error {
	return vendor.Disobeyed("%s", what)
}

func noUser(id provision.DeskUserID) *desk.Error {
	return desk.Errorf(desk.NotFound, "Helpy has no user %s", id)
}
