package kit

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/deskbridge/deskbridge/desk"
)

// Causes of errors that connectors tell apart.
var (
	ErrForbidden = errors.New("HTTP 403")
	ErrForeign   = errors.New("not an answer of the help desk") // a proxy's, or another program's
)

// maxPause is how long a desk is left alone, however long it asks for.
const maxPause = time.Hour

// Answer is what a desk said to a call.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Sent   []byte // body of the request; nil: there was none
}

// IsPage reports whether an answer is a page for people: a proxy's. JSON that
// goes by the type of text is none.
func (a *Answer) IsPage() bool {
	media, _, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	return err == nil && len(a.Body) > 0 && strings.HasPrefix(media, "text/") && !json.Valid(a.Body)
}

const (
	maxQuoteBytes = 200
	maxQuotes     = 5
)

// Quote returns words of an answer that say what is held against the request, as the
// end of a sentence. Words that repeat what was sent are left out, for they may be
// somebody's name; so are long ones. "" is nothing to quote.
func (a *Answer) Quote(words string) string { return a.Quotes(words) }

// Quotes is [Answer.Quote] for several sentences, of which it quotes the first few that it may.
func (a *Answer) Quotes(sentences ...string) string {
	var sent any
	_ = json.Unmarshal(a.Sent, &sent) // nothing that was sent has nothing to repeat
	secrets := texts(sent)
	var said []string
	for _, words := range sentences {
		repeats := func(text string) bool { return strings.Contains(strings.ToLower(words), text) }
		if words != "" && len(words) <= maxQuoteBytes && utf8.ValidString(words) && len(said) < maxQuotes && !slices.ContainsFunc(secrets, repeats) {
			said = append(said, OneLine(words))
		}
	}
	if len(said) == 0 {
		return ""
	}
	return ": " + strings.Join(said, "; ")
}

// texts returns the strings in a JSON document in small letters, and of addresses what is before
// and after the @. Those of one or two letters prove nothing.
func texts(document any) (found []string) {
	switch d := document.(type) {
	case string:
		for part := range strings.SplitSeq(strings.ToLower(d), "@") {
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

// RetryAfter returns how long the header of an answer asks us to wait, at most
// an hour: in seconds or as a date (RFC 9110 §10.2.3), under the standard name
// or that of rate limits. 0 means that neither is there, or past, or nonsense.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	for _, name := range []string{"X-RateLimit-Retry-After", "Retry-After"} {
		value := h.Get(name)
		if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
			return min(time.Duration(seconds)*time.Second, maxPause)
		}
		if at, err := http.ParseTime(value); err == nil && at.After(now) {
			return min(at.Sub(now), maxPause)
		}
	}
	return 0
}

// Vendor is what an administrator reads about a desk.
type Vendor struct {
	Name         string // of the desk, such as "RT"
	API          string // of what it speaks, such as "REST 2.0"
	Unauthorized string // sentence for refused credentials: where to get new ones
	Forbidden    string // sentence for a missing right: where to grant it
	NotFound     string // sentence for a record that is not there
	LeavesOut    string // why it may leave out, without a word, some of what is written; "": nothing is known
}

// Refusal returns what the status of an answer means that is no success.
func (v Vendor) Refusal(a *Answer) *desk.Error {
	switch status := a.Status; {
	case status >= 300 && status <= 399:
		return v.Redirected(status)
	case status == http.StatusUnauthorized:
		return &desk.Error{Kind: desk.Unauthorized, Detail: v.Unauthorized}
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500:
		return v.Busy(a)
	case status < 400, a.IsPage():
		// To take a proxy's page for "no such user" would mean to make the
		// user again; to take it for success, to lose the change.
		return v.Foreign(status)
	case status == http.StatusForbidden:
		return &desk.Error{Kind: desk.Permanent, Detail: v.Forbidden, Err: ErrForbidden}
	case status == http.StatusNotFound:
		return &desk.Error{Kind: desk.NotFound, Detail: v.NotFound}
	default:
		return desk.Errorf(desk.Permanent, "%s refuses the request (HTTP %d)", v.Name, status)
	}
}

// Several returns the error for users who have in common what only one may
// have: two are one too many to choose from. both says what, such as "have the
// same e-mail address"; at says where to change it.
func (v Vendor) Several(ids []string, both, at string) *desk.Error {
	return desk.Errorf(desk.Permanent, "the users %s of %s %s; change all but one at %s", strings.Join(ids, ", "), v.Name, both, at)
}

// Redirected returns the error for an address that leads elsewhere. It is
// Retryable, and not Permanent: a proxy may send everybody to its page for
// maintenance.
func (v Vendor) Redirected(status int) *desk.Error {
	return desk.Errorf(desk.Retryable, "the address redirects (HTTP %d), and the credentials are not sent elsewhere; set the desk's URL to where %s really is", status, v.Name)
}

// Busy returns the error for a desk that will answer later.
func (v Vendor) Busy(a *Answer) *desk.Error {
	e := desk.Errorf(desk.Retryable, "%s cannot answer now (HTTP %d)", v.Name, a.Status)
	e.RetryAfter, e.TooOften = RetryAfter(a.Header, time.Now()), a.Status == http.StatusTooManyRequests
	return e
}

// Foreign returns the error for an answer of somebody else.
func (v Vendor) Foreign(status int) *desk.Error {
	e := desk.Errorf(desk.Retryable, "the answer (HTTP %d) is not what %s sends; is a proxy in the way?", status, v.API)
	e.Err = ErrForeign
	return e
}

// Decode reads JSON into what into points to.
func (v Vendor) Decode(data []byte, into any) error {
	err := json.Unmarshal(data, into)
	if err == nil {
		return nil
	}
	return &desk.Error{Kind: desk.Retryable, Detail: "the answer is not what " + v.API + " sends; is a proxy in the way?", Err: position(err)}
}

// position returns where decoding failed, and not at what: that may be somebody's
// name or number.
func position(err error) error {
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Errorf("no JSON at byte %d", e.Offset)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("no %v at byte %d", e.Type, e.Offset)
	}
	return nil
}

// NotItsAPI returns the error for a path that the desk does not have: to take that for "no
// such user" would mean to make the user again.
func (v Vendor) NotItsAPI(status int) *desk.Error {
	e := v.Foreign(status)
	e.Detail = fmt.Sprintf("this address is not part of %s (HTTP %d); check the desk's URL, and the proxy in front of it", v.API, status)
	return e
}

// NoNumber returns the error for an id that is no number, of what a desk calls so, such as
// "user": it does not have that.
func (v Vendor) NoNumber(what, id string) *desk.Error {
	return desk.Errorf(desk.NotFound, "%s has no %s %q: its ids are numbers", v.Name, what, id)
}

// NoList returns the error for an answer that holds none of what was asked for.
func (v Vendor) NoList(of string) *desk.Error {
	return desk.Errorf(desk.Retryable, "%s's answer holds no list of %s; is a proxy in the way?", v.Name, of)
}

// Disobeyed returns the error for a write that the desk accepted and that does not show:
// NotShown. What it was is said as in "add user 7 to the group".
func (v Vendor) Disobeyed(format string, args ...any) *desk.Error {
	e := desk.NotShownf("%s accepted to %s and did not do it", v.Name, fmt.Sprintf(format, args...))
	if v.LeavesOut != "" {
		e.Detail += "; " + v.LeavesOut
	}
	return e
}

// RefusedTo says in a refusal, which is an error with that cause, what was refused. Other
// errors are returned as they are.
func (v Vendor) RefusedTo(err, cause error, format string, args ...any) error {
	e, ok := errors.AsType[*desk.Error](err)
	if !ok || !errors.Is(err, cause) {
		return err
	}
	return &desk.Error{Kind: desk.Permanent, Field: e.Field, Err: err, Detail: fmt.Sprintf("%s refuses to %s (%v)", v.Name, fmt.Sprintf(format, args...), cause)}
}

// Namesakes returns a [Catalogue.Several] for things that a desk calls by a word, such as
// group.
func (v Vendor) Namesakes(what string) func(n int, name string) error {
	return func(n int, name string) error {
		return desk.Errorf(desk.Permanent, "%s has %d %ss %q; rename all but one", v.Name, n, what, name)
	}
}

// OwnLimit makes e, which an answer 429 means, say that only requests like this one are too
// many, if the headers of the answer say that others may still be sent: whoever asks for
// something else need not wait. detail says of what there are too many; wait is how long to
// wait where the desk does not say.
func OwnLimit(a *Answer, e *desk.Error, detail string, wait time.Duration) {
	for _, name := range []string{"X-Rate-Limit-Remaining", "Ratelimit-Remaining", "X-Ratelimit-Remaining"} {
		left, err := strconv.Atoi(a.Header.Get(name))
		if err != nil {
			continue
		}
		if a.Status == http.StatusTooManyRequests && left > 0 {
			e.Err, e.Detail, e.RetryAfter = desk.ErrNotAsked, detail, cmp.Or(e.RetryAfter, wait)
		}
		return
	}
}
