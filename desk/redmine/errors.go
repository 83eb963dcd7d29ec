package redmine

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// errRefused is the cause of an error for a value that Redmine does not take.
var errRefused = errors.New("HTTP 422")

var vendor = kit.Vendor{
	Name:         "Redmine",
	API:          "Redmine's REST API",
	Unauthorized: "Redmine refuses the API key; is the service account locked, or its key reset? Take the key at My account > API access key > Show",
	Forbidden:    "Redmine does not allow this: the service account must be an administrator, and the project neither closed nor archived",
	NotFound:     "Redmine has no such record",
}

// explain makes e say what the status of an answer means on Redmine.
func explain(a *kit.Answer, e *desk.Error) {
	switch {
	case a.Status == http.StatusNotFound && !ownNotFound(a.Body):
		*e = *vendor.NotItsAPI(a.Status)
	case a.Status == http.StatusConflict:
		*e = *vendor.Busy(a)
	case a.Status == http.StatusUnprocessableEntity && e.Kind == desk.Permanent:
		e.Detail, e.Err = "Redmine refuses it"+reasons(a.Body, a.Sent), errRefused
	}
}

// ownNotFound reports whether the body of a 404 is Redmine's: nothing at all or,
// from some calls, JSON.
func ownNotFound(body []byte) bool {
	return len(bytes.TrimSpace(body)) == 0 || json.Valid(body)
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
	e := desk.Errorf(desk.Permanent, "Redmine accepted to %s and did not do it; a plugin, or an LDAP directory that Redmine reads, may undo the change", what)
	e.NotShown = true
	return e
}
