package redmine

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// Causes of errors that callers here tell apart.
var (
	errForbidden = errors.New("HTTP 403")
	errRefused   = errors.New("HTTP 422")
	errForeign   = errors.New("not an answer of Redmine's REST API")
)

// statusError returns what the status of an answer means; nil for success. sent
// is the body of the request.
func statusError(resp *http.Response, received, sent []byte) error {
	status := resp.StatusCode
	switch {
	case status >= 200 && status <= 299:
		return nil
	case status >= 300 && status <= 399:
		// Not Permanent: a proxy may send everybody to its page for maintenance.
		return desk.Errorf(desk.Retryable, "the address redirects (HTTP %d), and the key is not sent elsewhere; set the desk's URL to where Redmine really is", status)
	case status == http.StatusUnauthorized:
		return desk.Errorf(desk.Unauthorized, "Redmine refuses the API key; is the service account locked, or its key reset? Take the key at My account > API access key > Show")
	case status == http.StatusForbidden:
		return &desk.Error{Kind: desk.Permanent, Detail: "Redmine does not allow this: the service account must be an administrator, and the project neither closed nor archived", Err: errForbidden}
	case status == http.StatusNotFound && !ownNotFound(received):
		// To take a proxy's page for "no such user" would mean to make the user
		// again.
		return &desk.Error{Kind: desk.Retryable, Detail: "this address is not part of Redmine's REST API (HTTP 404); check the desk's URL, and the proxy in front of it", Err: errForeign}
	case status == http.StatusNotFound:
		return desk.Errorf(desk.NotFound, "Redmine has no such record")
	case status == http.StatusUnprocessableEntity:
		return &desk.Error{Kind: desk.Permanent, Detail: "Redmine refuses it" + reasons(received, sent), Err: errRefused}
	case status == http.StatusConflict, status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500:
		return &desk.Error{Kind: desk.Retryable, Detail: "Redmine cannot answer now (HTTP " + strconv.Itoa(status) + ")", RetryAfter: retryAfter(resp.Header, time.Now())}
	}
	return desk.Errorf(desk.Permanent, "Redmine does not take the request (HTTP %d)", status)
}

// ownNotFound reports whether the body of a 404 is Redmine's: nothing at all or,
// from some calls, JSON.
func ownNotFound(body []byte) bool {
	return len(bytes.TrimSpace(body)) == 0 || json.Valid(body)
}

// retryAfter reads the header of that name: seconds or a date (RFC 9110
// §10.2.3). 0 means that it is absent, past or nonsense.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

const maxReasonBytes = 200

// reasons returns the sentences of a refusal, in Redmine's words, as the end of
// a sentence of ours. One that quotes what was sent is left out: it may be
// somebody's name or address.
func reasons(received, sent []byte) string {
	var refusal struct{ Errors []string }
	var body any
	_ = json.Unmarshal(received, &refusal) // no reason is an answer too
	_ = json.Unmarshal(sent, &body)
	secrets := texts(body)
	said := slices.DeleteFunc(refusal.Errors, func(sentence string) bool {
		return len(sentence) > maxReasonBytes || !utf8.ValidString(sentence) ||
			slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(provision.Fold(sentence), s) })
	})
	if len(said) == 0 {
		return ""
	}
	return ": " + strings.Join(said[:min(len(said), 5)], "; ")
}

// texts returns the strings in a JSON document, folded, and of addresses the
// domains too. Those of one or two letters prove nothing.
func texts(document any) []string {
	var found []string
	switch d := document.(type) {
	case string:
		for part := range strings.SplitSeq(provision.Fold(d), "@") {
			if len(part) > 2 {
				found = append(found, part)
			}
		}
	case []any:
		for _, item := range d {
			found = append(found, texts(item)...)
		}
	case map[string]any:
		for _, item := range d {
			found = append(found, texts(item)...)
		}
	}
	return found
}

// disobeyed is the error for a write that Redmine accepted and that does not
// show.
func disobeyed(what string) *desk.Error {
	return desk.Errorf(desk.Permanent, "Redmine accepted to %s and did not do it; a plugin, or an LDAP directory that Redmine reads, may undo the change", what)
}
