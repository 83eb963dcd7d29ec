package requesttracker

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
)

// errForbidden is the cause of an error for status 403.
var errForbidden = errors.New("HTTP 403")

// errForeign is the cause of an error for an answer that is none of RT's.
var errForeign = errors.New("not an answer of RT")

// statusError returns what the status of an answer means; nil for success.
func statusError(resp *http.Response, body []byte) error {
	status := resp.StatusCode
	switch {
	case status >= 200 && status <= 299:
		return nil
	case status >= 300 && status <= 399:
		// Not Permanent: a proxy may send everybody to its page for maintenance.
		return desk.Errorf(desk.Retryable, "the address redirects (HTTP %d), and the token is not sent elsewhere; set the desk's URL to where RT really is", status)
	case status == http.StatusUnauthorized:
		return desk.Errorf(desk.Unauthorized, "RT refuses the token; is the service account enabled? Make a new token at Admin > Users > (the service account) > Auth Tokens")
	case status == http.StatusForbidden:
		return &desk.Error{Kind: desk.Permanent, Detail: "the service account may not do this; compare its rights at Admin > Global > User Rights with the documentation", Err: errForbidden}
	case status == http.StatusNotFound && message(body) == "":
		// RT says it in JSON. To take a proxy's page for "no such user" would
		// mean to make the user again.
		return &desk.Error{Kind: desk.Retryable, Detail: "somebody other than RT answers (HTTP 404); is a proxy in the way?", Err: errForeign}
	case status == http.StatusNotFound:
		return desk.Errorf(desk.NotFound, "RT has no such record")
	case status == http.StatusMethodNotAllowed:
		return desk.Errorf(desk.Permanent, "this is not REST 2.0 of Request Tracker 5 (HTTP %d); check the desk's URL", status)
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500:
		return &desk.Error{Kind: desk.Retryable, Detail: "RT cannot answer now (HTTP " + strconv.Itoa(status) + ")", RetryAfter: retryAfter(resp.Header, time.Now())}
	}
	e := desk.Errorf(desk.Permanent, "RT refuses the request (HTTP %d)", status)
	if sentence := known(message(body)); sentence != "" {
		e.Detail += ": " + sentence
	}
	return e
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

// message returns the sentence in RT's error document.
func message(body []byte) string {
	var doc struct {
		Message string `json:"message"`
	}
	_ = json.Unmarshal(body, &doc) // no sentence is an answer too
	return doc.Message
}

// sentences are what RT is known to say. Others are not passed on: they may
// hold names and addresses.
var sentences = []string{
	"Name in use",
	"Email address in use",
	"Could not create user",
	"Invalid syntax for email address",
	"Permission Denied",
	"Couldn't find that principal",
	"That user may not own tickets in that queue",
	"That user does not exist",
	"You can only reassign tickets that you own or that are unowned",
	"JSON parse error",
}

// known returns the known sentence within said; "" when there is none.
func known(said ...string) string {
	for _, text := range said {
		for _, sentence := range sentences {
			if strings.Contains(text, sentence) {
				return sentence
			}
		}
	}
	return ""
}

// disobeyed is the error for a write that RT answered with 200 and did not
// carry out. advice is for the case that RT does not say why.
func disobeyed(what string, said []string, advice string) *desk.Error {
	switch sentence := known(said...); sentence {
	case "":
		return desk.Errorf(desk.Permanent, "RT did not %s; %s", what, advice)
	case "Permission Denied":
		return desk.Errorf(desk.Permanent, "RT did not %s: the service account lacks a right; %s", what, advice)
	default:
		return desk.Errorf(desk.Permanent, "RT did not %s: %s; %s", what, sentence, advice)
	}
}
